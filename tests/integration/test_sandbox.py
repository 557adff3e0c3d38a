"""The sandbox's brokers and registries are real, separate, and under control."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING

import httpx
import psutil
import pytest
from click.testing import CliRunner
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from federation.cli.app import cli
from federation.sandbox import Sandbox
from federation.sandbox.seed import seed
from federation.sandbox.seed_truth import read_truth
from federation.sandbox.state import processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.integration


@pytest.fixture
def solo(tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox of this test's own with one cluster, to be ill-treated."""
    box = Sandbox(tmp_path / "solo")
    try:
        box.up(("eu",))
        yield box
    finally:
        box.reset()


def _until(what: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.05)


def _states(box: Sandbox) -> dict[str, str]:
    return {node.node: node.state for node in box.status()}


def _register(url: str, subject: str, schema: str) -> int:
    body = {"schema": json.dumps(schema)}
    return (
        httpx.post(f"{url}/subjects/{subject}/versions", json=body).raise_for_status().json()["id"]
    )


def _read(bootstrap: str, topic: str) -> dict[tuple[int, int], tuple]:
    """Every record of a topic by partition and offset, up to the ends found at the beginning."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "none"})
    try:
        partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
        ends = {p: consumer.get_watermark_offsets(TopicPartition(topic, p))[1] for p in partitions}
        consumer.assign([TopicPartition(topic, p, 0) for p in partitions])
        found: dict[tuple[int, int], tuple] = {}
        deadline = time.monotonic() + 60
        while len(found) < sum(ends.values()):
            assert time.monotonic() < deadline, f"read {len(found)} of {sum(ends.values())}"
            for message in consumer.consume(5000, timeout=1):
                assert message.error() is None
                place = message.partition(), message.offset()
                headers = [(name, value.decode()) for name, value in message.headers() or []]
                found[place] = message.value(), message.timestamp()[1], headers
        return found
    finally:
        consumer.close()


def test_every_cluster_is_up_and_a_cluster_of_its_own(sandbox: Sandbox, record_property):
    """Three brokers with three cluster ids, three registries, all on the loopback interface only."""
    status = sandbox.status()
    assert {node.state for node in status} == {"up"}
    ids = {
        AdminClient({"bootstrap.servers": c.bootstrap}).list_topics(timeout=10).cluster_id
        for c in sandbox.clusters().values()
    }
    assert len(ids) == 3
    for node in status:
        for listening in psutil.Process(node.pid).net_connections("inet"):
            if listening.status == psutil.CONN_LISTEN:
                assert listening.laddr.ip in {"127.0.0.1", "::1", "::ffff:127.0.0.1"}
    memory = sum(node.memory for node in status) / 2**20
    record_property("sandbox_memory_mib", round(memory))
    sys.stdout.write(f"three clusters with registries: {memory:.0f} MiB resident\n")


def test_starting_twice_is_harmless(sandbox: Sandbox):
    """What runs is left alone, and the command says so."""
    before = [node.pid for node in sandbox.status()]
    done = CliRunner().invoke(cli, ["sandbox", "up", "--folder", str(sandbox.folder), "-o", "json"])
    assert done.exit_code == 0, done.output
    assert "already" in done.stderr
    assert [node["pid"] for node in json.loads(done.stdout)] == before
    assert [node.pid for node in sandbox.status()] == before


def test_registries_refuse_incompatible_schemas(sandbox: Sandbox, unique):
    """Compatibility is BACKWARD, as with the registry that most people know."""
    url, subject = sandbox.env()["EU_REGISTRY"], unique("subject")
    _register(url, subject, "long")
    with pytest.raises(httpx.HTTPStatusError, match="409"):
        _register(url, subject, "string")


@pytest.mark.parametrize("domain", ["orders", "telemetry"])
def test_what_is_seeded_is_what_the_truth_says(sandbox: Sandbox, tmp_path: Path, domain: str):
    """Each of 5,000 records stands where the truth has it, with its kind, time and headers."""
    sources = {
        "orders": {"eu": ("orders", 6), "us": ("order_events", 4)},
        "telemetry": {"eu": ("telemetry", 8), "us": ("device_readings", 5)},
    }[domain]
    path = tmp_path / "truth.jsonl.gz"
    done = seed(sandbox, domain, records=5000, number=77, truth=path)
    assert done.records == 5000
    run, *lines = read_truth(path)
    assert (run["kind"], run["seed"], run["start"]) == ("run", 77, done.start)
    assert len(lines) == 5000
    kinds = Counter((line["cluster"], line["kind"]) for line in lines)
    assert kinds == {(c, k): n for c, found in done.counts.items() for k, n in found.items()}
    for cluster, (topic, partitions) in sources.items():
        there = _read(sandbox.clusters()[cluster].bootstrap, topic)
        mine = [line for line in lines if line["cluster"] == cluster]
        assert {line["partition"] for line in mine} == set(range(partitions))
        for line in mine:
            value, timestamp, headers = there[line["partition"], line["offset"]]
            assert (value is None) == (
                line["kind"] == "tombstone" or line.get("reason") == "bad-key"
            )
            assert timestamp == line["timestamp"]
            assert headers == [tuple(header) for header in line["headers"]]


def test_ids_collide_between_registries(sandbox: Sandbox):
    """One id is another schema in another registry, for every id that two of them know."""
    seed(sandbox, "orders", records=10)
    known: dict[int, list[str]] = {}
    for cluster in sandbox.clusters().values():
        for number in range(1, 6):
            answer = httpx.get(f"{cluster.registry}/schemas/ids/{number}")
            if answer.is_success:
                known.setdefault(number, []).append(answer.json()["schema"])
    shared = [schemas for schemas in known.values() if len(schemas) > 1]
    assert len(shared) >= 3
    assert all(len(set(schemas)) == len(schemas) for schemas in shared)


def test_a_rate_goes_on_until_it_is_interrupted(sandbox: Sandbox, tmp_path: Path):
    """--rate produces at its pace, ends cleanly at Ctrl-C, and adds to the truth if asked."""
    path = tmp_path / "truth.jsonl"
    seed(sandbox, "orders", records=10, truth=path)
    command = ["sandbox", "seed", "--rate", "200", "--truth", str(path), "--append", "-o", "json"]
    program = (
        f"from federation.cli.app import main; main({[*command, '--folder', str(sandbox.folder)]})"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    part = tmp_path / ".truth.jsonl.eu.jsonl"
    _until(lambda: part.exists() and part.stat().st_size > 20_000)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 0, err
    counts = json.loads(out)["counts"]
    written = sum(sum(kinds.values()) for kinds in counts.values())
    lines = list(read_truth(path))
    assert Counter(line["kind"] == "run" for line in lines) == {True: 2, False: 10 + written}
    newest = max(line["timestamp"] for line in lines if line["kind"] != "run")
    assert abs(newest - time.time() * 1000) < 60_000
    assert not part.exists()


def test_a_killed_broker_is_seen_and_healed(solo: Sandbox, topic: str):
    """A kill -9 shows as a crash; the next up starts what is missing, with its topics and ids."""
    cluster = solo.clusters()["eu"]
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    admin.create_topics([NewTopic(topic, 3, 1)])[topic].result(30)
    first = _register(cluster.registry, "before", "long")
    pids = {node.node: node.pid for node in solo.status()}
    for pid in pids.values():
        os.kill(pid, signal.SIGKILL)
    _until(lambda: set(_states(solo).values()) == {"crashed"})

    begun = time.monotonic()
    again = {node.node: node for node in solo.up()}
    sys.stdout.write(f"healed in {time.monotonic() - begun:.1f} s\n")
    assert {node.state for node in again.values()} == {"up"}
    assert not set(pids.values()) & {node.pid for node in again.values()}
    assert solo.clusters()["eu"].ports == cluster.ports
    assert len(admin.list_topics(timeout=10).topics[topic].partitions) == 3
    assert _register(cluster.registry, "before", "long") == first
    assert _register(cluster.registry, "after", "string") > first


def test_down_leaves_no_process_and_up_brings_all_back(solo: Sandbox, topic: str):
    """After down nothing runs; after up the topics, the schemas and their ids are as before."""
    cluster = solo.clusters()["eu"]
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    admin.create_topics([NewTopic(topic, 2, 1)])[topic].result(30)
    first = _register(cluster.registry, "kept", "double")
    pids = [node.pid for node in solo.status()]
    assert solo.down() == ["eu/broker", "eu/registry"]
    assert processes(solo.folder) == {}
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert set(_states(solo).values()) == {"down"}
    assert solo.down() == []

    solo.up()
    metadata = AdminClient({"bootstrap.servers": solo.env()["EU_BOOTSTRAP"]}).list_topics(
        timeout=10
    )
    assert metadata.cluster_id == cluster.cluster_id
    assert topic in metadata.topics
    kept = httpx.get(f"{solo.env()['EU_REGISTRY']}/schemas/ids/{first}").raise_for_status()
    assert kept.json()["schema"] == '"double"'


def test_a_killed_starter_leaves_nothing_that_down_cannot_find(tmp_path: Path):
    """A kill -9 of `up` at any moment: down stops what it had started, or up brings it to the end."""
    box = Sandbox(tmp_path / "box")
    program = (
        "from pathlib import Path; from federation.sandbox import Sandbox;"
        f"Sandbox(Path({str(box.folder)!r})).up(['eu'])"
    )
    try:
        for wanted in ("eu/registry", "eu/broker"):
            starter = subprocess.Popen([sys.executable, "-c", program])
            _until(lambda wanted=wanted: wanted in processes(box.folder))
            starter.kill()
            starter.wait()
            if wanted == "eu/registry":
                assert wanted in box.down()
                assert processes(box.folder) == {}
        assert {node.state for node in box.up()} == {"up"}
    finally:
        box.reset()
    assert processes(box.folder) == {}
