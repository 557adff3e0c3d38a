"""Whether a contender's output is right: counted, without repeats, and recomputed for a sample."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import fastavro
import httpx
from confluent_kafka import Consumer, TopicPartition
from workload import PARTITIONS, TIME, order

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from confluent_kafka import Message
    from contenders import Contender
    from workload import Loaded

_EVERY = 500  # one record in so many is decoded and compared
_HEAD = 5  # bytes: Confluent's magic byte and the schema's id


def check(contender: Contender, loaded: Loaded, env: Mapping[str, str]) -> None:
    """Read all committed output and judge it.

    Raises:
        RuntimeError: something is lost, twice, or not what it should be.
    """
    counts, keys, schemas = 0, set[bytes](), dict[int, Any]()
    for message in _committed(env["HUB_BOOTSTRAP"], contender.topics):
        counts += 1
        keys.add(message.key())
        if contender.contract and counts % _EVERY == 0:
            _compare(message, env["HUB_REGISTRY"], schemas)
    if len(keys) != loaded.distinct:
        raise RuntimeError(f"{contender.name} wrote {len(keys)} of {loaded.distinct} orders")
    expected = loaded.distinct if contender.contract else loaded.records
    if counts != expected:
        raise RuntimeError(f"{contender.name} wrote {counts} records, not {expected}")


def _compare(message: Message, registry: str, schemas: dict[int, Any]) -> None:
    value = message.value()
    number = int.from_bytes(value[1:_HEAD], "big")
    if number not in schemas:
        answer = httpx.get(f"{registry}/schemas/ids/{number}").raise_for_status()
        schemas[number] = fastavro.parse_schema(json.loads(answer.json()["schema"]))
    found: Any = fastavro.schemaless_reader(io.BytesIO(value[_HEAD:]), schemas[number])
    cluster, _, digits = message.key().decode().rpartition("-")
    wanted = order(cluster, int(digits))
    wanted["created_at"] = datetime.fromtimestamp(TIME / 1000, UTC)
    if found["created_at"].tzinfo is None:  # Flink SQL's timestamps are local ones
        found["created_at"] = found["created_at"].replace(tzinfo=UTC)
    if found != wanted:
        raise RuntimeError(f"{message.topic()} has {found}, not {wanted}")


def _committed(bootstrap: str, topics: tuple[str, ...]) -> Iterator[Message]:
    consumer = Consumer({
        "bootstrap.servers": bootstrap,
        "group.id": "bench-check",
        "enable.auto.commit": False,
        "isolation.level": "read_committed",
        "enable.partition.eof": True,
    })  # fmt: skip
    left = {(topic, number) for topic in topics for number in range(PARTITIONS)}
    consumer.assign([TopicPartition(topic, number, 0) for topic, number in left])
    try:
        while left:
            for message in consumer.consume(10_000, timeout=1.0):
                if message.error() is None:
                    yield message
                else:
                    left.discard((message.topic(), message.partition()))
    finally:
        consumer.close()
