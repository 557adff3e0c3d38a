"""A stream that the gateway has finished is verified; then one thing in it is changed.

That must be found and named.
"""

from __future__ import annotations

import itertools
import json
import random
import subprocess
import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from federation.cli.app import cli
from federation.cli.plan import compiled
from federation.kafka import offsets
from federation.kafka.clients import consumer, producer
from federation.kafka.reading import Span, read
from federation.mapping import origin
from federation.schemas import avro, codec
from federation.schemas.registry import Access, connect_target

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from confluent_kafka import Producer

pytestmark = pytest.mark.integration

START = 1_780_000_000_000
ITEM = {
    "type": "record",
    "name": "Item",
    "fields": [{"name": "sku", "type": "string"}, {"name": "n", "type": "int"}],
}
CONTRACT = {
    "type": "record",
    "name": "Order",
    "fields": [
        {"name": "id", "type": "string"},
        {"name": "total", "type": "double"},
        {"name": "items", "type": {"type": "array", "items": ITEM}},
        {"name": "note", "type": ["null", "string"], "default": None},
    ],
}
AMERICAN = {
    "type": "record",
    "name": "Sale",
    "fields": [
        {"name": "no", "type": "string"},
        {"name": "sum", "type": "float"},
        {"name": "items", "type": {"type": "array", "items": ITEM}},
    ],
}
KEYS = {
    "eu": {"type": "record", "name": "K", "fields": [{"name": "id", "type": "string"}]},
    "us": {"type": "string"},
}


def framed(schema_id: int, body: bytes) -> bytes:
    """As Confluent's serializers write it."""
    return b"\0" + schema_id.to_bytes(4, "big") + body


@dataclass
class Record:
    """A record of one of the outputs, as it is or as it should be written."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int
    headers: list[tuple[str, bytes | None]]

    def header(self, name: str) -> str:
        """The text of its first header of that name."""
        return next((v or b"").decode() for n, v in self.headers if n == name)


@dataclass
class Finished:
    """A stream that is done: its configuration, what is in its outputs, and how to make another config."""

    env: dict[str, str]
    folder: Path
    sources: dict[str, str]
    cluster_ids: dict[str, str]
    names: Iterator[int]
    target: list[Record] = field(default_factory=list)
    dead: list[Record] = field(default_factory=list)

    def config(self, target: str, dead: str, **stream: Any) -> Path:
        """A configuration of the same stream with these outputs."""
        clusters = {
            name: {
                "properties": {"bootstrap.servers": self.env[f"{name.upper()}_BOOTSTRAP"]},
                "registry": {"url": self.env[f"{name.upper()}_REGISTRY"]},
            }
            for name in ("eu", "us", "hub")
        }
        contract = self.folder / "order.avsc"
        contract.write_text(json.dumps(CONTRACT))
        path = self.folder / f"{target}.yaml"
        rules = {"id": "no", "total": "sum"}
        path.write_text(json.dumps({
            "version": 1, "federation": f"tamper-{target[-24:].strip('.-')}".replace(".", "-"), "clusters": clusters,
            "streams": {"orders": {
                "schema": str(contract),
                "sources": [
                    {"cluster": "eu", "topics": [self.sources["eu"]], "where": "total >= 0.0"},
                    {"cluster": "us", "topics": [self.sources["us"]], "key": {"id": "."}, "fields": rules},
                ],
                "deduplicate": {"key": ["id"], "window": "24h"},
                "target": {"cluster": "hub", "topic": target, "key": ["id"], "partitions": 3},
                "errors": {"dead_letter": dead},
                **stream,
            }},
        }))  # fmt: skip
        return path

    def source(self, record: Record) -> str:
        """``cluster/topic/partition@offset`` of a target record's or a dead letter's source."""
        if any(name == "fed.dead.topic" for name, _ in record.headers):
            said = {
                name: record.header(f"fed.dead.{name}")
                for name in ("cluster", "topic", "partition", "offset")
            }
            return "{cluster}/{topic}/{partition}@{offset}".format(**said)
        found = origin.decode(dict(record.headers)["fed.origin"])
        alias = next(
            a for a, i in self.cluster_ids.items() if origin.cluster_fingerprint(i) == found.cluster
        )
        return f"{alias}/{self.sources[alias]}/{found.partition}@{found.offset}"

    def republish(self, target: list[Record], dead: list[Record]) -> tuple[Path, str, str]:
        """Write outputs anew, record by record in their partitions; the config of that stream."""
        number = next(self.names)
        topics = [f"{self.sources['eu']}.copy{number}", f"{self.sources['eu']}.copydead{number}"]
        hub = self.env["HUB_BOOTSTRAP"]
        create(hub, {topics[0]: 3, topics[1]: 1})
        writer = producer("hub", {"bootstrap.servers": hub})
        for topic, records in zip(topics, (target, dead), strict=True):
            for one in records:
                write(writer, topic, one)
        assert writer.flush(30) == 0
        return self.config(*topics), *topics


def create(bootstrap: str, topics: dict[str, int]) -> None:
    """Create topics that keep everything."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    new = [
        NewTopic(name, count, 1, config={"retention.ms": "-1"}) for name, count in topics.items()
    ]
    for future in admin.create_topics(new).values():
        future.result(30)


def write(writer: Producer, topic: str, one: Record) -> None:
    """Queue a record, to its partition and with its timestamp."""
    writer.produce(
        topic,
        one.value,
        one.key,
        partition=one.partition,
        timestamp=one.timestamp,
        headers=one.headers,
    )
    writer.poll(0)


def everything(alias: str, bootstrap: str, topic: str, partitions: int) -> list[Record]:
    """Every committed record of a topic, partition by partition."""
    admin, properties = (
        AdminClient({"bootstrap.servers": bootstrap}),
        {"bootstrap.servers": bootstrap},
    )
    ends = offsets.ends(admin, [(topic, p) for p in range(partitions)], alias)
    reader = consumer(alias, properties)
    try:
        spans = [Span(*at, 0, end) for at, end in ends.items()]
        found = [
            Record(
                m.partition(), m.offset(), m.key(), m.value(), m.timestamp()[1], m.headers() or []
            )
            for m in read(reader, spans)
        ]
    finally:
        reader.close()
    return sorted(found, key=lambda one: (one.partition, one.offset))


def seed(env: dict[str, str], sources: dict[str, str]) -> None:
    """Two shops: 150 and 120 orders, 40 of them told by both, some twice; delete markers; bad records."""
    draw = random.Random(7)
    schemas = {"eu": CONTRACT, "us": AMERICAN}
    for alias, size, partitions in (("eu", 150, 2), ("us", 120, 3)):
        bootstrap, topic = env[f"{alias.upper()}_BOOTSTRAP"], sources[alias]
        create(bootstrap, {topic: partitions})
        with connect_target(Access(env[f"{alias.upper()}_REGISTRY"])) as registry:
            key_id = registry.register(f"{topic}-key", KEYS[alias])
            value_id = registry.register(f"{topic}-value", schemas[alias])
        writer = producer(alias, {"bootstrap.servers": bootstrap})
        for n in range(size):
            name = f"both-{n}" if n < 40 else f"{alias}-{n}"
            items = [
                {"sku": f"s{draw.randrange(50)}", "n": draw.randrange(9)} for _ in range(n % 4)
            ]
            if alias == "eu":
                datum: Any = {
                    "id": name,
                    "total": -1.0 if n % 30 == 29 else n / 8,
                    "items": items,
                    "note": None,
                }
                key: Any = {"id": name}
            else:
                datum, key = {"no": name, "sum": n / 8, "items": items}, name
            codec_key, codec_value = avro.parse(KEYS[alias]), avro.parse(schemas[alias])
            framed_key = framed(key_id, codec.encode(codec_key, key))
            value = framed(value_id, codec.encode(codec_value, datum))
            one = Record(
                n % partitions, 0, framed_key, value, START + n * 1000,
                [("trace", b"%d" % n), ("trace", b"again"), ("empty", None)] if n % 3 else [],
            )  # fmt: skip
            write(writer, topic, one)
            if n % 20 == 5:
                write(
                    writer, topic, replace(one, timestamp=one.timestamp + 10)
                )  # a producer's retry
            if n % 25 == 7:
                write(writer, topic, replace(one, value=None))
                write(
                    writer,
                    topic,
                    replace(one, value=framed(value_id, codec.encode(codec_value, datum))),
                )
            if n % 40 == 11:
                bad = {0: value[:-1], 1: b"\1" + value[1:], 2: b"\0\0\xff\xff\xff" + value[5:]}
                write(writer, topic, replace(one, value=bad[n // 40 % 3]))
        assert writer.flush(30) == 0


def finish(config: Path) -> None:
    """Let the gateway merge the stream, as a person would."""
    done = subprocess.run(
        [sys.executable, "-m", "federation", "start", "--until-caught-up", "-c", str(config)],
        capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def finished(sandbox: Any, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """One finished stream, read once; tests make changed copies of it."""
    env, folder = sandbox.env(), tmp_path_factory.mktemp("tamper")
    stem = f"tamper-{random.SystemRandom().randrange(10**8)}"
    sources = {"eu": f"{stem}.orders", "us": f"{stem}.sales"}
    seed(env, sources)
    made = Finished(env, folder, sources, {}, itertools.count(1))
    target, dead = f"{stem}.unified", f"{stem}.dead"
    config = made.config(target, dead)
    plan = compiled(config)
    made.cluster_ids = {s.cluster.alias: s.cluster.cluster_id for s in plan.streams[0].sources}
    finish(config)
    made.target = everything("hub", env["HUB_BOOTSTRAP"], target, 3)
    made.dead = everything(
        "hub", env["HUB_BOOTSTRAP"], dead, plan.streams[0].target.creates[-1].partitions
    )
    made.dead = [replace(one, partition=0) for one in made.dead]
    return made


def verify(config: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """Run the command; its exit code and the one stream's report."""
    done = CliRunner().invoke(cli, ["verify", "--config", str(config), "-o", "json", *options])
    assert done.stdout, done.stderr
    return done.exit_code, json.loads(done.stdout)["streams"][0]


def found(report: dict[str, Any]) -> set[tuple[str, str | None, str | None]]:
    """Differences as (kind, source, target)."""
    at = [(d["kind"], d["source"], d["target"]) for d in report["samples"]]
    return {(kind, s and s["at"], t and t["at"]) for kind, s, t in at}


def values(one: Record) -> bool:
    """Whether it is a value that was published just once."""
    name, _, number = (one.key or b"").decode().partition("-")
    return (
        one.value is not None and name != "both" and int(number) % 20 != 5 and int(number) % 25 != 7
    )


def test_an_untouched_stream_is_equal(finished: Finished, tmp_path: Path) -> None:
    """A finished stream gives exit code 0, books that close, and a page that says so."""
    config, _, _ = finished.republish(finished.target, finished.dead)
    code, report = verify(config, "--all", "--report", str(tmp_path / "proof.html"))
    assert (code, report["verdict"], report["differences"]) == (0, "equal", {})
    sums = {
        name: sum(b[name] for b in report["balances"])
        for name in ("read", "out", "duplicates", "dead", "filtered", "missing")
    }
    assert sums["read"] == sums["out"] + sums["duplicates"] + sums["dead"] + sums["filtered"]
    assert sums["out"] == len(finished.target)
    assert sums["dead"] == len(finished.dead) > 3
    assert sums["filtered"] > 3
    assert sums["duplicates"] > 40
    assert all(report["promises"].values())
    page = (tmp_path / "proof.html").read_text()
    assert "Every record is accounted for" in page
    assert "http" not in page


def test_a_lost_record(finished: Finished) -> None:
    """A record taken from the target is named by its source, and the balance of its partition fails."""
    gone = next(r for r in finished.target[10:] if values(r))
    kept = [r for r in finished.target if r is not gone]
    code, report = verify(finished.republish(kept, finished.dead)[0])
    assert code == 3
    assert found(report) == {("lost", finished.source(gone), None)}
    assert sum(b["missing"] for b in report["balances"]) == 1
    assert not report["promises"]["Nothing lost"]


def test_a_lost_event_of_two_clusters(finished: Finished) -> None:
    """An event that both clusters told is lost once, and each of its records is named."""
    gone = next(r for r in finished.target if r.key == b"both-3")
    kept = [r for r in finished.target if r is not gone]
    code, report = verify(finished.republish(kept, finished.dead)[0])
    (difference,) = report["samples"]
    assert (code, report["differences"]) == (3, {"lost": 1})
    assert finished.source(gone) in difference["source"]["at"] + difference["detail"]
    assert "also missing: " in difference["detail"]


def test_a_duplicate(finished: Finished) -> None:
    """A record that is in the target twice is named with both places."""
    again = next(r for r in finished.target[20:] if values(r))
    config, topic, _ = finished.republish([*finished.target, again], finished.dead)
    code, report = verify(config)
    last = max(r.offset for r in finished.target if r.partition == again.partition) + 1
    assert code == 3
    assert found(report) == {
        ("duplicate", finished.source(again), f"hub/{topic}/{again.partition}@{last}")
    }
    assert (
        report["samples"][0]["other"]["at"]
        == f"hub/{topic}/{again.partition}@{renumbered(finished.target, again)}"
    )


def test_a_changed_byte(finished: Finished) -> None:
    """One bit of one value is found, with the field's path and both values."""
    one = next(r for r in finished.target if values(r) and finished.source(r).startswith("us/"))
    assert one.value is not None
    at = 5 + 1 + one.value[5] // 2 + 6  # behind the frame and the id: the seventh byte of the total
    changed = replace(one, value=one.value[:at] + bytes([one.value[at] ^ 1]) + one.value[at + 1 :])
    config, topic, _ = finished.republish(swapped(finished.target, one, changed), finished.dead)
    code, report = verify(config)
    place = f"hub/{topic}/{one.partition}@{renumbered(finished.target, one)}"
    assert code == 3
    assert found(report) == {("altered", finished.source(one), place)}
    assert report["samples"][0]["detail"].startswith("total: ")


def test_a_wrong_key(finished: Finished) -> None:
    """A record under another key is named, with both keys."""
    one = next(r for r in finished.target[5:] if values(r))
    config, topic, _ = finished.republish(
        swapped(finished.target, one, replace(one, key=b"other")), finished.dead
    )
    code, report = verify(config)
    place = f"hub/{topic}/{one.partition}@{renumbered(finished.target, one)}"
    assert code == 3
    assert found(report) == {("wrong_key", finished.source(one), place)}
    assert "'other' should be" in report["samples"][0]["detail"]


def test_a_wrong_partition(finished: Finished) -> None:
    """A record that is not in the partition of its key is named."""
    one = finished.target[3]
    moved = replace(one, partition=(one.partition + 1) % 3)
    config, topic, _ = finished.republish(
        [*(r for r in finished.target if r is not one), moved], finished.dead
    )
    code, report = verify(config)
    last = max(r.offset for r in finished.target if r.partition == moved.partition) + 1
    assert code == 3
    assert found(report) == {
        ("wrong_partition", finished.source(one), f"hub/{topic}/{moved.partition}@{last}")
    }


def test_out_of_order(finished: Finished) -> None:
    """Two records of one key and one source partition that change places are both named."""
    first, second = next(
        (a, b)
        for a, b in itertools.combinations(finished.target, 2)
        if a.key == b.key and finished.source(a).split("@")[0] == finished.source(b).split("@")[0]
    )
    records = [second if r is first else first if r is second else r for r in finished.target]
    code, report = verify(finished.republish(records, finished.dead)[0])
    (difference,) = report["samples"]
    assert code == 3
    assert difference["kind"] == "out_of_order"
    assert difference["source"]["at"] == finished.source(second)
    assert finished.source(first) in difference["detail"]


def test_a_dead_letter_that_can_be_mapped(finished: Finished) -> None:
    """A good record that lies in the dead letters instead of the target is named there."""
    one = next(r for r in finished.target[8:] if values(r))
    found_at = origin.decode(dict(one.headers)["fed.origin"])
    alias, topic = finished.source(one).split("/")[:2]
    said = {
        "cluster": alias, "cluster_id": finished.cluster_ids[alias], "topic": topic, "partition": found_at.partition,
        "offset": found_at.offset, "stage": "map", "reason": "null", "attempt": 1,
    }  # fmt: skip
    headers = [h for h in one.headers if h[0] != "fed.origin"]
    dead = replace(
        one,
        partition=0,
        headers=[*headers, *((f"fed.dead.{n}", str(v).encode()) for n, v in said.items())],
    )
    kept = [r for r in finished.target if r is not one]
    config, _, topic = finished.republish(kept, [*finished.dead, dead])
    code, report = verify(config)
    assert code == 3
    assert found(report) == {
        ("dead_letter_unexpected", finished.source(one), f"hub/{topic}/0@{len(finished.dead)}")
    }


def test_a_missing_dead_letter(finished: Finished) -> None:
    """A bad record that is nowhere is named by its source."""
    code, report = verify(finished.republish(finished.target, finished.dead[1:])[0])
    assert code == 3
    assert found(report) == {("dead_letter_missing", finished.source(finished.dead[0]), None)}


def test_a_dead_letter_that_was_touched(finished: Finished) -> None:
    """A dead letter must hold the record's own bytes."""
    one = finished.dead[2]
    dead = swapped(finished.dead, one, replace(one, value=(one.value or b"") + b"!"))
    config, _, topic = finished.republish(finished.target, dead)
    code, report = verify(config)
    assert code == 3
    assert found(report) == {("dead_letter_altered", finished.source(one), f"hub/{topic}/0@2")}


def test_a_record_from_nowhere(finished: Finished) -> None:
    """A target record without an origin is foreign."""
    stranger = replace(finished.target[0], headers=[])
    config, topic, _ = finished.republish([*finished.target, stranger], finished.dead)
    code, report = verify(config)
    last = max(r.offset for r in finished.target if r.partition == stranger.partition) + 1
    assert code == 3
    assert found(report) == {("foreign", None, f"hub/{topic}/{stranger.partition}@{last}")}


def test_lost_headers_and_timestamps(finished: Finished) -> None:
    """Headers count with their order and repeated names, and the timestamp is the source's."""
    one = next(r for r in finished.target if len(r.headers) > 3)
    other = next(r for r in finished.target if r is not one and values(r))
    records = swapped(finished.target, one, replace(one, headers=one.headers[1:]))
    records = swapped(records, other, replace(other, timestamp=other.timestamp + 1))
    config, topic, _ = finished.republish(records, finished.dead)
    code, report = verify(config)
    places = [f"hub/{topic}/{r.partition}@{renumbered(finished.target, r)}" for r in (one, other)]
    assert code == 3
    assert found(report) == {
        ("header_lost", finished.source(one), places[0]),
        ("timestamp_changed", finished.source(other), places[1]),
    }


def test_a_running_stream_is_verified_up_to_what_it_committed(finished: Finished) -> None:
    """Offsets that the gateway has not committed are pending, which only --all holds against it."""
    config, *_ = finished.republish(finished.target, finished.dead)
    (stream,) = compiled(config).streams
    group = f"federation.{compiled(config).federation}.orders"
    left = 0
    for source in stream.sources:
        admin, (topic,) = (
            AdminClient({"bootstrap.servers": source.cluster.properties["bootstrap.servers"]}),
            source.topics,
        )
        ends = offsets.ends(admin, [(topic.name, p) for p in range(topic.partitions)], "")
        left += 5 * len(ends)
        committed = [TopicPartition(*at, end - 5) for at, end in ends.items()]
        admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(group, committed)])[
            group
        ].result(30)
    code, report = verify(config)
    assert (code, report["verdict"], report["pending"]) == (0, "equal", left)
    assert verify(config, "--all")[0] == 4


def test_a_time_limit_that_is_too_short_gives_no_verdict(finished: Finished) -> None:
    """Exit code 4 and no promise ticked where not everything could be read."""
    config, *_ = finished.republish(finished.target, finished.dead)
    code, report = verify(config, "--timeout", "0.001")
    assert (code, report["verdict"], report["differences"]) == (4, "incomplete", {})
    assert not any(report["promises"].values())


def test_every_difference_goes_to_the_file(finished: Finished, tmp_path: Path) -> None:
    """The report shows the first of each kind; the file has them all."""
    path = tmp_path / "differences.jsonl"
    half = [r for r in finished.target if r.offset % 2 or not values(r)]
    code, report = verify(finished.republish(half, finished.dead)[0], "--differences", str(path))
    lost = [json.loads(line) for line in path.read_text().splitlines()]
    gone = {finished.source(r) for r in finished.target if r not in half}
    assert code == 3
    named = [one["source"]["at"] + one["detail"] for one in lost if one["kind"] == "lost"]
    assert len(named) == report["differences"]["lost"] == len(gone) > 20 == len(report["samples"])
    assert all(any(place in text for text in named) for place in gone)


def test_a_record_is_traced_to_its_source(finished: Finished) -> None:
    """By its place and by its key, a target record tells where it came from and when."""
    one = next(r for r in finished.target if values(r))
    config, topic, dead = finished.republish(finished.target, finished.dead)
    place = f"{topic}-{one.partition}@{renumbered(finished.target, one)}"
    for arguments in ([place], [topic, "--key", (one.key or b"").decode()]):
        done = CliRunner().invoke(cli, ["trace", "-c", str(config), "-o", "json", *arguments])
        said = json.loads(done.stdout)[0]
        assert (done.exit_code, said["source"], said["kind"]) == (0, finished.source(one), "record")
        assert said["timestamp"] == said["source_timestamp"] == one.timestamp
    done = CliRunner().invoke(cli, ["trace", "-c", str(config), "-o", "json", f"{dead}-0@0"])
    said = json.loads(done.stdout)[0]
    assert (said["kind"], said["source"]) == ("dead letter", finished.source(finished.dead[0]))
    assert said["dead"]["reason"] == finished.dead[0].header("fed.dead.reason")
    done = CliRunner().invoke(cli, ["trace", "-c", str(config), f"{topic}-0@999999"])
    assert done.exit_code == 1


def swapped(records: list[Record], old: Record, new: Record) -> list[Record]:
    """The list with one record replaced."""
    return [new if r is old else r for r in records]


def renumbered(records: list[Record], one: Record) -> int:
    """The offset that a record gets when the list is written to an empty topic."""
    return sum(
        1
        for r in itertools.takewhile(lambda r: r is not one, records)
        if r.partition == one.partition
    )
