"""One cluster's trouble stays its own: what the other source writes goes on arriving, all the while."""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest
from network import Network
from small import Cluster, configured, confluent, record
from streams import clusters, eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from streams import Case

    from federation.sandbox import Sandbox

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

ORDER = record("Order", id="string", n="long")
CHECKPOINT_S = 2.0
# Two checkpoint intervals are promised; a shared machine with six servers gets as much again.
LONGEST_GAP_S = 2 * 2 * CHECKPOINT_S


def pid(box: Sandbox, node: str) -> int:
    """A node's process."""
    (found,) = (one.pid for one in box.status() if one.node == node)
    assert found is not None
    return found


class Flow:
    """Orders of one cluster, written all the time by a thread of its own."""

    def __init__(self, cluster: Cluster, topic: str, name: str) -> None:
        self._cluster, self._topic, self._name = cluster, topic, name
        self._number = cluster.schema(f"{topic}-value", ORDER)
        self._stop = Event()
        self._thread = Thread(target=self._run, daemon=True)
        self.count = 0

    def one(self, *, wait: bool = True) -> None:
        """Write the next order, once; all are written when it returns, unless it does not wait."""
        datum = {"id": f"{self._name}-{self.count}", "n": self.count}
        value = confluent(self._number, ORDER, datum)
        self._cluster.produce(self._topic, value, partition=self.count % 2, wait=wait)
        self.count += 1

    def many(self, number: int) -> None:
        """Write so many at once."""
        for _ in range(number - 1):
            self.one(wait=False)
        self.one()

    def _run(self) -> None:
        while not self._stop.wait(0.1):
            self.one()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Write while the block lasts, or until :meth:`stop`."""
        self._thread.start()
        try:
            yield
        finally:
            self.stop()

    def stop(self) -> None:
        """Write no more."""
        self._stop.set()
        self._thread.join(30)


class Scene:
    """A stream of two sources, and what arrives at its target."""

    def __init__(self, box: Sandbox, folder: Path, name: str) -> None:
        env = box.env()
        self.box, self.name = box, name
        self.eu, self.us, self.hub = (Cluster(env, alias) for alias in ("eu", "us", "hub"))
        for cluster in (self.eu, self.us):
            cluster.topic(name)
        stream = {
            "schema": "schemas/order.avsc",
            "sources": [{"cluster": alias, "topics": [name]} for alias in ("eu", "us")],
            "target": {"cluster": "hub", "topic": f"{name}.all", "key": ["id"]},
        }
        self.made: Case = configured(
            box, folder, name, {"orders": stream}, {"order.avsc": ORDER},
            run={"checkpoint": f"{CHECKPOINT_S:.0f}s"},
        )  # fmt: skip
        self.of_eu, self.of_us = Flow(self.eu, name, "eu"), Flow(self.us, name, "us")

    def arrived(self, of: str) -> int:
        """How many orders of a cluster are visible at the target."""
        return sum(v["id"].startswith(f"{of}-") for v in self.hub.values(f"{self.name}.all"))

    def stream(self) -> dict[str, Any]:
        """The stream's status."""
        return next(iter(self.made.status()["streams"]), {"state": "", "sources": []})

    def longest_gap(self, seconds: float) -> float:
        """The longest time in which nothing of us became visible, watched for so long."""
        last, seen, gap = time.monotonic(), self.arrived("us"), 0.0
        ends = last + seconds
        while time.monotonic() < ends:
            now = self.arrived("us")
            if now > seen:
                gap, last, seen = max(gap, time.monotonic() - last), time.monotonic(), now
            time.sleep(0.1)
        return max(gap, time.monotonic() - last)

    def ends_well(self, process: Any) -> None:
        """All of both sources is there, once, and nothing has restarted on the way."""
        for flow, name in ((self.of_eu, "eu"), (self.of_us, "us")):
            eventually(lambda f=flow, n=name: self.arrived(n) == f.count, f"all of {name}")
        eventually(lambda: self.stream()["state"] == "RUNNING", "well again")
        assert self.stream()["restarts"] == 0
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=120) == 0, self.made.log()
        values = [value["id"] for value in self.hub.values(f"{self.name}.all")]
        assert len(values) == len(set(values)) == self.of_eu.count + self.of_us.count
        found = json.loads(self.made.run("verify", "--all", "-o", "json"))
        assert found["verdict"] == "equal"


def _dies_of(box: Sandbox, node: str) -> Callable[[], object]:
    os.kill(pid(box, node), signal.SIGKILL)
    return lambda: box.up(())


def _dies(scene: Scene) -> Callable[[], object]:
    return _dies_of(scene.box, "eu/broker")


def _hangs(scene: Scene) -> Callable[[], object]:
    broker = pid(scene.box, "eu/broker")
    os.kill(broker, signal.SIGSTOP)
    return lambda: os.kill(broker, signal.SIGCONT)


@pytest.mark.parametrize("fault", [_dies, _hangs], ids=["dies", "hangs"])
def test_a_source_in_trouble_holds_up_no_other(
    fragile: Sandbox, tmp_path: Path, fault: Callable[[Scene], Callable[[], object]]
) -> None:
    """Status says which cluster within 10 s; the other's records keep arriving, nothing restarts.

    When the cluster is back its records follow by themselves.
    """
    scene = Scene(fragile, tmp_path, f"isolation{fault.__name__}")
    scene.of_eu.one()
    with scene.of_us.running(), scene.made.running() as process:
        eventually(lambda: scene.arrived("eu") == 1 and scene.arrived("us"), "both sources")
        mend = fault(scene)
        try:
            eventually(lambda: scene.stream()["state"] == "DEGRADED", "said", 10)
            (eu, us) = scene.stream()["sources"]
            assert eu["error"].startswith("cluster eu ")
            assert time.time() * 1000 - eu["error_since"] < 20_000
            assert (us["error"], us["troubles"]) == ("", [])
            assert scene.longest_gap(45) < LONGEST_GAP_S  # longer than every discovery's interval
            assert scene.stream()["restarts"] == 0
        finally:
            mend()
        scene.of_eu.one()
        eventually(lambda: scene.arrived("eu") == 2, "eu goes on where it was")
        scene.of_us.stop()
        scene.ends_well(process)


@pytest.fixture
def network(tmp_path: Path) -> Iterator[tuple[Sandbox, Network]]:
    """Clusters that are reached through a network, which may be bad."""
    between = Network()
    with between.between(), clusters(tmp_path / "narrow") as box:
        yield box, between


def test_a_source_behind_a_bad_network_holds_up_no_other(
    network: tuple[Sandbox, Network], tmp_path: Path
) -> None:
    """What is slow is late, and what is broken off is begun again; nothing else waits for it.

    That is so with half a second for an answer and 4 kB/s, and with connections that break once a
    second; all of it arrives, once, and no job restarts.
    """
    box, between = network
    scene = Scene(box, tmp_path, "narrow")
    scene.of_eu.one()
    with scene.of_us.running(), scene.made.running() as process:
        eventually(lambda: scene.arrived("eu") == 1 and scene.arrived("us"), "both sources")
        door = between.door(scene.eu.bootstrap)
        door.delay, door.rate = 0.5, 4_000
        between.cut(door)
        scene.of_eu.many(4000)
        assert scene.longest_gap(30) < LONGEST_GAP_S
        assert scene.arrived("eu") < scene.of_eu.count, "the network was not slow"
        door.delay, door.rate = 0.0, 0
        with between.breaking(door):
            assert scene.longest_gap(20) < LONGEST_GAP_S
        scene.of_us.stop()
        scene.ends_well(process)


def test_a_source_that_is_away_at_a_start(fragile: Sandbox, tmp_path: Path) -> None:
    """After a first run, a start needs no source: the others flow, and it follows when it is back."""
    scene = Scene(fragile, tmp_path, "startwithoutsource")
    scene.of_eu.one()
    scene.of_us.one()
    scene.made.run("start", "--until-caught-up")
    scene.of_eu.one()
    mend = _dies(scene)
    try:
        with scene.of_us.running(), scene.made.running() as process:
            try:
                eventually(lambda: scene.arrived("us") > 1, "us flows", 90)
                eventually(lambda: scene.stream()["state"] == "DEGRADED", "said", 10)
                assert scene.stream()["sources"][0]["error"].startswith("cluster eu ")
            finally:
                mend()
            eventually(lambda: scene.arrived("eu") == 2, "eu follows")
            scene.of_us.stop()
            scene.ends_well(process)
    finally:
        mend()


def test_a_target_that_is_away_at_a_start(fragile: Sandbox, tmp_path: Path) -> None:
    """It makes its own stream wait and no other; that stream starts when the target is back."""
    env, name = fragile.env(), "startwithouttarget"
    eu, us, hub = (Cluster(env, alias) for alias in ("eu", "us", "hub"))
    eu.topic(name)
    flow = Flow(eu, name, "eu")
    streams = {
        stream: {
            "schema": "schemas/order.avsc",
            "sources": [{"cluster": "eu", "topics": [name]}],
            "target": {"cluster": target, "topic": f"{name}.all", "key": ["id"]},
        }
        for stream, target in (("far", "us"), ("near", "hub"))
    }
    made = configured(fragile, tmp_path, name, streams, {"order.avsc": ORDER})
    flow.one()
    made.run("start", "--until-caught-up")
    flow.one()
    mend = _dies_of(fragile, "us/broker")
    try:
        with made.running() as process:
            eventually(lambda: len(hub.values(f"{name}.all")) == 2, "the other stream flows", 120)
            far, _ = made.status()["streams"]
            assert far["state"] == "DEGRADED"
            assert "cluster us" in far["error"]
            mend()
            eventually(lambda: len(us.values(f"{name}.all")) == 2, "its own stream follows", 120)
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=120) == 0, made.log()
    finally:
        mend()
