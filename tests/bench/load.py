"""Fills the source topics of a workload, and keeps what is loaded for the next run."""

from __future__ import annotations

import io
import json
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from types import MappingProxyType
from typing import TYPE_CHECKING

import fastavro
import httpx
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic
from workload import TIME, numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from workload import Source, Workload

HEAD = 5  # bytes: Confluent's magic byte and the schema's id


def load(
    workload: Workload, sources: Iterable[Source], env: Mapping[str, str], folder: Path
) -> None:
    """Fill the topics of these sources, save those that hold this workload already."""
    note = folder / "loaded.json"
    known = json.loads(note.read_text()) if note.exists() else {}
    facts = [workload.records, workload.repeats, workload.partitions]
    missing = [one for one in dict.fromkeys(sources) if known.get(one.topic) != facts]
    for source in missing:
        known.pop(source.topic, None)
    note.write_text(json.dumps(known))
    count = len(missing)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        done = pool.map(_fill, missing, [workload] * count, [dict(env)] * count)
        for source, _ in zip(missing, done, strict=True):
            known[source.topic] = facts
            note.write_text(json.dumps(known))


def _fill(source: Source, workload: Workload, env: Mapping[str, str]) -> None:
    head = begin(source, workload.partitions, env)
    schema = fastavro.parse_schema(dict(source.schema))
    producer = Producer(
        {
            "bootstrap.servers": env[f"{source.cluster.upper()}_BOOTSTRAP"],
            "compression.type": "lz4",
            "linger.ms": 50,
            "batch.size": 1 << 18,
            "batch.num.messages": 20_000,
            "queue.buffering.max.messages": 500_000,
        }
    )
    for i, number in enumerate(numbers(workload.records, workload.repeats)):
        datum = source.datum(number)
        out = io.BytesIO(head)
        out.seek(HEAD)
        fastavro.schemaless_writer(out, schema, datum)
        while True:
            try:
                producer.produce(
                    source.topic, out.getvalue(), key=datum[source.key], timestamp=TIME + i // 1000
                )
                break
            except BufferError:
                producer.poll(0.1)
        if i % 5000 == 0:
            producer.poll(0)
    producer.flush()


def begin(source: Source, partitions: int, env: Mapping[str, str], **config: str) -> bytes:
    """Make a source's topic anew and register its schema; what its values begin with."""
    bootstrap = env[f"{source.cluster.upper()}_BOOTSTRAP"]
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    _delete(admin, source.topic)
    create(admin, source.topic, partitions, config)
    return register(env[f"{source.cluster.upper()}_REGISTRY"], source.topic, source.schema)


def register(registry: str, topic: str, schema: Mapping[str, object]) -> bytes:
    """Register the schema of a topic's values; what these begin with."""
    answer = httpx.post(
        f"{registry}/subjects/{topic}-value/versions", json={"schema": json.dumps(schema)}
    )
    return b"\0" + int(answer.raise_for_status().json()["id"]).to_bytes(4, "big")


def _delete(admin: AdminClient, topic: str) -> None:
    if topic in admin.list_topics(timeout=30).topics:
        admin.delete_topics([topic])[topic].result(30)
    deadline = time.monotonic() + 30
    while topic in admin.list_topics(timeout=30).topics:
        if time.monotonic() > deadline:
            raise TimeoutError(f"topic {topic} is still there")
        time.sleep(0.1)


def create(
    admin: AdminClient,
    topic: str,
    partitions: int,
    config: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Make a topic that keeps what is old: records have the same time in every run."""
    new = NewTopic(topic, partitions, 1, config={"retention.ms": "-1", **config})
    admin.create_topics([new])[topic].result(30)
