"""An independent judge of a merged stream: the seeder's truth file against the target topics.

Nothing of the gateway is imported here: the header, the frame and the rules are written down again.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import struct
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import fastavro
import httpx
from confluent_kafka import Consumer, KafkaError, TopicPartition

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from confluent_kafka import Message

Place = tuple[str, str, int, int]  # cluster, topic, partition, offset


@dataclass
class Verdict:
    """What was found; every list is empty where the promise holds."""

    missing: list[Any] = field(default_factory=list)
    duplicate: list[Any] = field(default_factory=list)
    altered: list[Any] = field(default_factory=list)
    disordered: list[Any] = field(default_factory=list)
    dead_letters: list[Any] = field(default_factory=list)
    foreign: list[Any] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def faults(self) -> dict[str, list[Any]]:
        """The kinds of fault that were found, with their first examples."""
        return {
            name: found[:5]
            for name in ("missing", "duplicate", "altered", "disordered", "dead_letters", "foreign")
            if (found := getattr(self, name))
        }


def judge(truth: Path, bootstrap: str, registry: str, target: str, dead: str) -> Verdict:
    """Compare a finished stream with its truth file."""
    verdict = Verdict()
    lines, places = _truth(truth)
    seen = _target(verdict, lines, places, (bootstrap, registry), target)
    _complete(verdict, lines, seen)
    _dead_letters(verdict, lines, bootstrap, dead)
    return verdict


def _truth(path: Path) -> tuple[dict[Place, dict[str, Any]], dict[tuple[bytes, int, int], Place]]:
    lines: dict[Place, dict[str, Any]] = {}
    places: dict[tuple[bytes, int, int], Place] = {}
    fingerprints: dict[tuple[str, str], bytes] = {}
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            fact = json.loads(line)
            if fact["kind"] == "run":
                for cluster, source in fact["sources"].items():
                    fingerprints[cluster, source["topic"]] = (
                        hashlib.sha256(source["cluster_id"].encode()).digest()[:6]
                        + hashlib.sha256(source["topic"].encode()).digest()[:4]
                    )
                continue
            place = (fact["cluster"], fact["topic"], fact["partition"], fact["offset"])
            lines[place] = fact
            places[fingerprints[place[:2]], *place[2:]] = place
    return lines, places


def _target(  # noqa: C901 - one pass over the target, each line one rule
    verdict: Verdict,
    lines: dict[Place, dict[str, Any]],
    places: dict[tuple[bytes, int, int], Place],
    where: tuple[str, str],
    topic: str,
) -> set[Place]:
    bootstrap, registry = where
    seen: set[Place] = set()
    events: set[str] = set()
    partitions: dict[bytes, int] = {}
    newest: dict[tuple[bytes, str, str, int], int] = {}
    schemas: dict[int, Any] = {}
    firsts: dict[tuple[str, str, str, int], int] = {}
    for place, fact in lines.items():
        if fact["kind"] == "record":
            firsts.setdefault((fact["event"], *place[:3]), place[3])
    for message in read(bootstrap, topic):
        at = f"{topic}-{message.partition()}@{message.offset()}"
        headers = message.headers() or []
        origin = [value for name, value in headers if name == "fed.origin"]
        place = places.get(_origin(origin[0])) if len(origin) == 1 else None
        if place is None:
            verdict.foreign.append((at, headers))
            continue
        fact, key = lines[place], message.key()
        verdict.counts[fact["kind"]] += 1
        if place in seen:
            verdict.duplicate.append((at, place))
        seen.add(place)
        if _altered(fact, message, headers, registry, schemas):
            verdict.altered.append((at, place, fact, message.value()))
        if fact["kind"] == "record":
            if fact["event"] in events:
                verdict.duplicate.append((at, place, fact["event"]))
            events.add(fact["event"])
            if firsts[fact["event"], *place[:3]] != place[3]:
                verdict.altered.append((at, place, "not the first of its partition"))
        if partitions.setdefault(key, message.partition()) != message.partition():
            verdict.disordered.append((at, key, "in two partitions"))
        last = newest.get((key, *place[:3]), -1)
        if place[3] < last:
            verdict.disordered.append((at, place, f"after offset {last}"))
        newest[key, *place[:3]] = place[3]
    return seen


def _altered(
    fact: dict[str, Any],
    message: Message,
    headers: list[Any],
    registry: str,
    schemas: dict[int, Any],
) -> bool:
    wanted = [(name, value.encode()) for name, value in fact["headers"]]
    if [h for h in headers if h[0] != "fed.origin"] != wanted:
        return True
    if message.key() != fact["key"].encode() or message.timestamp()[1] != fact["timestamp"]:
        return True
    if fact["kind"] == "tombstone":
        return message.value() is not None
    if fact["kind"] != "record" or message.value() is None:
        return True
    magic, number = struct.unpack(">bI", message.value()[:5])
    if number not in schemas:
        found = httpx.get(f"{registry}/schemas/ids/{number}", trust_env=False).json()
        schemas[number] = fastavro.parse_schema(json.loads(found["schema"]))
    body = io.BytesIO(message.value()[5:])
    value = fastavro.schemaless_reader(body, schemas[number])
    rest = body.read()
    return magic != 0 or rest != b"" or _plain(value) != fact["value"]


def _plain(value: Any) -> Any:
    """The JSON form of a datum: instants as milliseconds."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if hasattr(value, "timestamp"):
        return round(value.timestamp() * 1000)
    return value


def _complete(verdict: Verdict, lines: dict[Place, dict[str, Any]], seen: set[Place]) -> None:
    events: dict[str, list[Place]] = defaultdict(list)
    for place, fact in lines.items():
        if fact["kind"] == "record":
            events[fact["event"]].append(place)
        elif fact["kind"] == "tombstone" and place not in seen:
            verdict.missing.append((place, fact))
    for event, candidates in events.items():
        if not any(place in seen for place in candidates):
            verdict.missing.append((event, candidates))
    verdict.counts["events"] = len(events)


def _dead_letters(
    verdict: Verdict, lines: dict[Place, dict[str, Any]], bootstrap: str, topic: str
) -> None:
    expected = {place for place, fact in lines.items() if fact["kind"] == "undecodable"}
    for message in read(bootstrap, topic):
        facts = {
            name.removeprefix("fed.dead."): value.decode()
            for name, value in message.headers() or []
            if name.startswith("fed.dead.")
        }
        place = (facts["cluster"], facts["topic"], int(facts["partition"]), int(facts["offset"]))
        verdict.counts[f"dead {facts['stage']}/{facts['reason']}"] += 1
        if place not in expected:
            verdict.dead_letters.append((place, facts, "unexpected, or twice"))
        expected.discard(place)
    verdict.dead_letters += [(place, lines[place], "missing") for place in expected]


def _origin(header: bytes) -> tuple[bytes, int, int]:
    numbers, at = [], 11
    for _ in range(2):
        value = shift = 0
        while True:
            byte = header[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        numbers.append(value)
    return header[1:11], numbers[0], numbers[1]


def read(bootstrap: str, topic: str) -> Iterator[Message]:
    """Every committed record of a topic, up to where it ends now."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "judge",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
        }
    )
    try:
        partitions = consumer.list_topics(topic, timeout=20).topics[topic].partitions
        consumer.assign([TopicPartition(topic, n, 0) for n in partitions])
        left = set(partitions)
        while left:
            for message in consumer.consume(5000, timeout=1.0):
                error = message.error()
                if error is None:
                    yield message
                elif error.code() == KafkaError._PARTITION_EOF:
                    left.discard(message.partition())
                else:
                    raise RuntimeError(error.str())
    finally:
        consumer.close()
