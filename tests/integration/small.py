"""Small streams of a test's own: schemas, records and configuration said in the test itself."""

from __future__ import annotations

import io
import json
import time
from typing import TYPE_CHECKING, Any

import fastavro
import httpx
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from streams import Case

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from federation.sandbox import Sandbox


class Cluster:
    """One cluster of a sandbox, used as its owners use it: topics, schemas, records."""

    def __init__(self, env: Mapping[str, str], alias: str) -> None:
        self.bootstrap = env[f"{alias.upper()}_BOOTSTRAP"]
        self.registry = env[f"{alias.upper()}_REGISTRY"]
        self.admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
        self._producer = Producer(
            {"bootstrap.servers": self.bootstrap, "linger.ms": 0, "log_level": 0}
        )

    def topic(self, name: str, partitions: int = 2, **config: str) -> str:
        """Make a topic."""
        new = NewTopic(name, partitions, 1, config=config)
        self.admin.create_topics([new])[name].result(30)
        return name

    def schema(self, subject: str, schema: Any) -> int:
        """Register a schema."""
        answer = httpx.post(
            f"{self.registry}/subjects/{subject}/versions", json={"schema": json.dumps(schema)}
        )
        return int(answer.raise_for_status().json()["id"])

    def produce(
        self,
        topic: str,
        value: bytes | None,
        *,
        key: bytes | None = None,
        partition: int = 0,
        headers: Any = None,
        timestamp: int = 0,
        wait: bool = True,
    ) -> None:
        """Write one record and wait for its acknowledgement; time 0 is now."""
        self._producer.produce(topic, value, key, partition, timestamp=timestamp, headers=headers)
        assert not wait or self._producer.flush(30) == 0

    def read(self, topic: str) -> list[Any]:
        """All committed records of a topic, as they are now, by partition and offset."""
        if topic not in self.admin.list_topics(timeout=30).topics:
            return []
        consumer = Consumer({
            "bootstrap.servers": self.bootstrap, "group.id": "reads", "enable.auto.commit": False,
            "isolation.level": "read_committed", "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
        })  # fmt: skip
        try:
            parts = consumer.list_topics(topic, timeout=30).topics[topic].partitions
            consumer.assign([TopicPartition(topic, n, 0) for n in parts])
            left, found, ends = set(parts), [], time.monotonic() + 60
            while left and time.monotonic() < ends:
                message = consumer.poll(1.0)
                if message is None:
                    continue
                if message.error():
                    left.discard(message.partition())
                else:
                    found.append(message)
            assert not left, f"{topic} could not be read to its end"
            return sorted(found, key=lambda m: (m.partition(), m.offset()))
        finally:
            consumer.close()

    def values(self, topic: str) -> list[Any]:
        """The decoded values of a topic in Confluent's framing."""
        schemas: dict[int, Any] = {}
        found = []
        for message in self.read(topic):
            value = message.value()
            if value is None:
                found.append(None)
                continue
            number = int.from_bytes(value[1:5], "big")
            if number not in schemas:
                text = httpx.get(f"{self.registry}/schemas/ids/{number}").json()["schema"]
                schemas[number] = fastavro.parse_schema(json.loads(text))
            found.append(fastavro.schemaless_reader(io.BytesIO(value[5:]), schemas[number], None))
        return found


def avro(schema: Any, datum: Any) -> bytes:
    """Bare Avro bytes."""
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), datum)
    return out.getvalue()


def single(schema: Any, body: bytes) -> bytes:
    """Avro's single-object encoding."""
    canonical = fastavro.schema.to_parsing_canonical_form(schema)
    return b"\xc3\x01" + bytes.fromhex(fastavro.schema.fingerprint(canonical, "CRC-64-AVRO")) + body


def confluent(number: int, schema: Any, datum: Any) -> bytes:
    """A value in Confluent's framing."""
    return b"\0" + number.to_bytes(4, "big") + avro(schema, datum)


def record(name: str, **fields: Any) -> dict[str, Any]:
    """A record schema; a field is its type, or ``(type, default)``."""
    return {
        "type": "record",
        "name": name,
        "fields": [
            {"name": n, "type": t[0], "default": t[1]}
            if isinstance(t, tuple)
            else {"name": n, "type": t}
            for n, t in fields.items()
        ],
    }


def configured(
    box: Sandbox,
    folder: Path,
    name: str,
    streams: Mapping[str, Any],
    contracts: Mapping[str, Any],
    **more: Any,
) -> Case:
    """Write a configuration with these streams and contracts (file name to schema)."""
    (folder / "schemas").mkdir(exist_ok=True)
    for file, schema in contracts.items():
        (folder / "schemas" / file).write_text(json.dumps(schema))
    clusters = {
        alias: {
            "properties": {"bootstrap.servers": f"${{{alias.upper()}_BOOTSTRAP}}"},
            "registry": {"url": f"${{{alias.upper()}_REGISTRY}}"},
        }
        for alias in ("eu", "us", "hub")
    }
    config = {
        "version": 1, "federation": name, "clusters": clusters, "streams": dict(streams),
        "run": {"checkpoint": "1s"},
    }  # fmt: skip
    file = folder / f"{name}.yaml"
    file.write_text(json.dumps(config | more))  # JSON is YAML
    target = next(iter(streams.values()))["target"]["topic"]
    return Case(
        file, folder / "none", box.env(), target, f"{target}.dead", folder / ".federation" / name
    )
