"""Schemas that appear while streams run, and registries that are not there when they do."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest
from small import Cluster, avro, configured, confluent, record, single
from streams import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from streams import Case

    from federation.sandbox import Sandbox

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

POLICIES = ("lenient", "ignore", "exception", "evolve", "try_evolve")
CONTRACT = record("Order", id="string", n="long", who=("string", "?"))
V1 = record("Sale", id="string", n="int")
V2 = record("Sale", id="string", n="int", note=(["null", "string"], None), size=("double", 0.0))
UNFIT = record("Sale", id="string", n={"type": "array", "items": "int"})


def _streams(prefix: str) -> dict[str, Any]:
    return {
        policy: {
            "schema": "schemas/order.avsc",
            "sources": [
                {"cluster": "eu", "topics": [f"{prefix}.{policy}"]},
                {"cluster": "us", "topics": [f"{prefix}.{policy}"]},
            ],
            "on_schema_change": policy,
            "target": {"cluster": "hub", "topic": f"{prefix}.{policy}.all", "key": ["id"]},
        }
        for policy in POLICIES
    }


def _stream(made: Case, name: str) -> dict[str, Any]:
    return next((s for s in made.status()["streams"] if s["name"] == name), {"sources": []})


def _changes(made: Case, name: str) -> dict[str, str]:
    return {
        change["schema"]: change["state"]
        for source in _stream(made, name)["sources"]
        for change in source["schema_changes"]
    }


def _ids(hub: Cluster, topic: str) -> list[str]:
    return sorted(value["id"] for value in hub.values(topic))


class _Scene:
    """Five streams, one for each policy, and what happens to them."""

    def __init__(self, box: Sandbox, made: Case) -> None:
        self.eu, self.us, self.hub = (Cluster(box.env(), alias) for alias in ("eu", "us", "hub"))
        self.made = made
        self.ids: dict[str, int] = {}

    def produce(
        self, policy: str, schema: Any, datum: Any, *, subject: str = "", **at: Any
    ) -> None:
        """One record at eu, its schema registered under the topic's subject or another one."""
        topic = f"change.{policy}"
        number = self.eu.schema(subject or f"{topic}-value", schema)
        self.ids[policy] = number
        self.eu.produce(topic, confluent(number, schema, datum), **at)

    def values(self, policy: str) -> list[Any]:
        return self.hub.values(f"change.{policy}.all")

    def dead(self, policy: str) -> list[Any]:
        return self.hub.read(f"change.{policy}.all.dead")

    def arrives(self, policy: str, *ids: str) -> None:
        eventually(
            lambda: set(ids) <= {value["id"] for value in self.values(policy)}, f"{policy}: {ids}"
        )

    def first_version(self) -> None:
        for policy in POLICIES:
            for cluster in (self.eu, self.us):
                cluster.topic(f"change.{policy}")
            number = self.us.schema(f"change.{policy}-value", V1)
            self.us.produce(f"change.{policy}", confluent(number, V1, {"id": "us", "n": 1}))
            self.produce(policy, V1, {"id": "eu", "n": 1})

    def a_version_with_new_fields(self) -> None:
        for policy in POLICIES:
            eventually(lambda p=policy: _stream(self.made, p).get("job_id"), "a job")
        jobs = {policy: _stream(self.made, policy)["job_id"] for policy in POLICIES}
        for policy in POLICIES:
            datum = {"id": "v2", "n": 2, "note": "new", "size": 0.5}
            self.produce(policy, V2, datum, partition=1)
        for policy in POLICIES:
            self.arrives(policy, "v2")
        for policy in ("lenient", "exception"):
            want = {str(self.ids[policy]): "flows"}
            eventually(lambda p=policy, w=want: _changes(self.made, p) == w, f"{policy}: shown")
            assert _stream(self.made, policy)["state"] == "RUNNING"
        assert _changes(self.made, "ignore") == {}
        for policy in ("lenient", "ignore", "exception"):
            assert _stream(self.made, policy)["job_id"] == jobs[policy], "no restart"
            assert {"id": "v2", "n": 2, "who": "?"} in self.values(policy)
        for policy in ("evolve", "try_evolve"):
            wide = {"id": "v2", "n": 2, "who": "?", "note": "new", "size": 0.5}
            assert wide in self.values(policy)

    def the_same_version_by_its_fingerprint(self) -> None:
        body = avro(V2, {"id": "single", "n": 2, "note": None, "size": 1})
        self.eu.produce("change.lenient", single(V2, body), partition=1)
        self.arrives("lenient", "single")
        assert self.dead("lenient") == []

    def a_version_that_cannot_meet_the_contract(self) -> None:
        for policy in POLICIES:
            # under another subject: the topic's own would refuse it
            bad = {"id": "bad", "n": [1]}
            self.produce(policy, UNFIT, bad, subject=f"other.{policy}", partition=1)
        unfit = dict(self.ids)
        for policy in POLICIES:
            self.produce(policy, V2, {"id": "after", "n": 3, "note": None, "size": 1})
        for policy in POLICIES:
            self.arrives(policy, "after")
        for policy in ("lenient", "ignore", "try_evolve"):
            (dead,) = eventually(lambda p=policy: self.dead(p), f"{policy}: a dead letter")
            assert dict(dead.headers())["fed.dead.reason"] == b"contract"
        for policy in ("exception", "evolve"):
            why = f"schema {unfit[policy]} cannot meet the contract"
            (trouble,) = eventually(lambda p=policy: _troubles(self.made, p), f"{policy}: held")
            assert trouble["where"] == f"change.{policy}-1"
            assert trouble["what"].startswith(f"held at offset 1: {why}")
            assert self.dead(policy) == []
            assert _stream(self.made, policy)["state"] == "DEGRADED"
        eventually(lambda: _stream(self.made, "lenient")["state"] == "DEGRADED", "lenient: shown")
        assert _stream(self.made, "ignore")["state"] == "RUNNING"


def _troubles(made: Case, name: str) -> list[dict[str, Any]]:
    return [t for source in _stream(made, name)["sources"] for t in source["troubles"]]


def test_each_policy_does_what_it_says(fragile: Sandbox, tmp_path: Path) -> None:
    """New versions flow, widen the contract, hold or divert as configured; verify agrees after."""
    made = configured(fragile, tmp_path, "change", _streams("change"), {"order.avsc": CONTRACT})
    scene = _Scene(fragile, made)
    scene.first_version()
    with made.running() as process:
        for policy in POLICIES:
            scene.arrives(policy, "eu", "us")
        scene.a_version_with_new_fields()
        scene.the_same_version_by_its_fingerprint()
        scene.a_version_that_cannot_meet_the_contract()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=120) == 0, made.log()
    found = json.loads(made.run("verify", "-o", "json"))
    assert {one["stream"]: one["verdict"] for one in found["streams"]} == dict.fromkeys(
        POLICIES, "equal"
    )


def _checkpoint(made: Case, name: str) -> int:
    """The number of the last one that status tells of, or 0."""
    return (_stream(made, name)["checkpoint"] or {"number": 0})["number"]


def test_a_registry_outage_holds_only_what_needs_an_unknown_schema(
    fragile: Sandbox, tmp_path: Path
) -> None:
    """Partitions with known schemas go on, checkpoints too; the rest comes when it is back."""
    env = fragile.env()
    eu, us, hub = (Cluster(env, alias) for alias in ("eu", "us", "hub"))
    stream = _streams("outage")["lenient"]
    made = configured(fragile, tmp_path, "outage", {"orders": stream}, {"order.avsc": CONTRACT})
    topic, target = "outage.lenient", "outage.lenient.all"
    for cluster in (eu, us):
        cluster.topic(topic)
        number = cluster.schema(f"{topic}-value", V1)
    known = eu.schema(f"{topic}-value", V1)

    def send(cluster: Cluster, name: str, schema: Any, number: int, **more: Any) -> None:
        datum = {"id": name, "n": 1, "note": None, "size": 1}
        wanted = {field["name"] for field in schema["fields"]}
        body = avro(schema, {k: v for k, v in datum.items() if k in wanted})
        cluster.produce(topic, b"\0" + number.to_bytes(4, "big") + body, **more)

    send(eu, "eu-1", V1, known)
    send(us, "us-1", V1, number)
    with made.running() as process:
        eventually(lambda: _ids(hub, target) == ["eu-1", "us-1"], "both sources")
        fresh = eu.schema(f"{topic}-value", V2)
        (registry,) = (one.pid for one in fragile.status() if one.node == "eu/registry")
        assert registry is not None
        os.kill(registry, signal.SIGKILL)
        send(eu, "held", V2, fresh, partition=1)
        send(eu, "behind", V1, known, partition=1)
        send(eu, "eu-2", V1, known)
        send(us, "us-2", V1, number)
        eventually(lambda: {"eu-2", "us-2"} <= set(_ids(hub, target)), "what is known goes on")
        said = eventually(lambda: _troubles(made, "orders"), "the outage is said")
        assert [t["where"] for t in said] == [f"{topic}-1"]
        assert f"schema {fresh} is not known yet" in said[0]["what"]
        assert _stream(made, "orders")["state"] == "DEGRADED"
        # Flink tells of its checkpoints some seconds late; of a young stream it tells of none.
        before = eventually(lambda: _checkpoint(made, "orders"), "a checkpoint is told")
        eventually(lambda: _checkpoint(made, "orders") > before + 2, "checkpoints go on")
        assert _stream(made, "orders")["restarts"] == 0
        assert not {"held", "behind"} & set(_ids(hub, target))
        fragile.up(())
        eventually(lambda: {"held", "behind"} <= set(_ids(hub, target)), "what was held")
        eventually(lambda: _stream(made, "orders")["state"] == "RUNNING", "well again")
        values = [v["id"] for v in hub.values(target)]
        assert len(values) == len(set(values)), "nothing twice"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=120) == 0, made.log()
    assert json.loads(made.run("verify", "--all", "-o", "json"))["verdict"] == "equal"
