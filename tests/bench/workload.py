"""The workload: two clusters hold orders in two shapes, some of them twice.

Every record follows from its number, so a contender's output can be recomputed without the input.
"""

from __future__ import annotations

import io
import json
import random
import struct
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import fastavro
import httpx
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PARTITIONS = 4
TIME = 1_780_000_000_000  # milliseconds since 1970: of every record, so that runs are alike
_MIB = 1 << 20


def _record(name: str, **fields: Any) -> dict[str, Any]:
    listed = [{"name": field, "type": kind} for field, kind in fields.items()]
    return {"type": "record", "name": name, "fields": listed}


def _array(name: str, count: str) -> dict[str, Any]:
    return {"type": "array", "items": _record(name, sku="string", qty=count)}


_INSTANT = {"type": "long", "logicalType": "timestamp-millis"}
_NOTE: dict[str, Any] = {"name": "note", "type": ["null", "string"], "default": None}
CURRENCIES = {"type": "enum", "name": "Currency", "symbols": ["EUR", "USD", "GBP"]}


def _order(currency: Any, count: str) -> dict[str, Any]:
    schema = _record(
        "Order",
        order_id="string",
        customer="string",
        amount="double",
        currency=currency,
        created_at=_INSTANT,
        items=_array("Item", count),
    )
    return {**schema, "fields": [*schema["fields"], _NOTE]}


ORDER = _order(CURRENCIES, "int")
CONTRACT = _order("string", "long")
EVENT = _record(
    "OrderEvent",
    id="string",
    client="string",
    total="float",
    cur="string",
    ts="long",
    lines=_array("Line", "long"),
)


@dataclass(frozen=True, slots=True)
class Source:
    """A topic of one cluster.

    Attributes:
        cluster: ``eu`` or ``us``.
        topic: its name.
        schema: what its records are written with.
    """

    cluster: str
    topic: str
    schema: Mapping[str, Any]


SOURCES = (Source("eu", "bench.orders", ORDER), Source("us", "bench.events", EVENT))
# Flink's avro-confluent reads no enums, so Flink SQL gets orders whose currency is a string.
PLAIN = (Source("eu", "bench.plain", CONTRACT), SOURCES[1])


@dataclass(frozen=True, slots=True)
class Workload:
    """How much of what.

    Attributes:
        name: as on the command line.
        records: in each source.
        repeats: share of records that repeat an earlier order.
        says: one line for people.
    """

    name: str
    records: int
    repeats: float
    says: str


def workloads(records: int) -> dict[str, Workload]:
    """All workloads, with so many records in each source."""
    listed = (
        Workload("baseline", records, 0.1, "the baseline's: 10 % repeat an earlier order"),
        Workload("repeats", records, 0.8, "heavy duplication: 80 % repeat an earlier order"),
    )
    return {one.name: one for one in listed}


@dataclass(frozen=True, slots=True)
class Loaded:
    """What lies in the source clusters.

    Attributes:
        records: in all sources of one run together.
        distinct: different orders among them.
    """

    records: int
    distinct: int


def order(cluster: str, number: int) -> dict[str, Any]:
    """An order as the contract has it."""
    amount = number / 7
    return {
        "order_id": f"{cluster}-{number:09d}",
        "customer": f"cust-{number % 50_000}",
        "amount": amount if cluster == "eu" else struct.unpack("f", struct.pack("f", amount))[0],
        "currency": "EUR" if cluster == "eu" else "USD",
        "created_at": TIME,
        "items": [{"sku": f"sku-{number % 999}", "qty": number % 9}, {"sku": "sku-a", "qty": 2}],
        "note": None,
    }


def datum(cluster: str, number: int) -> dict[str, Any]:
    """An order as its source cluster has it."""
    if cluster == "eu":
        return order("eu", number)
    same = order("us", number)
    names = {"id": "order_id", "client": "customer", "total": "amount", "cur": "currency"}
    names |= {"ts": "created_at", "lines": "items"}
    return {mine: same[theirs] for mine, theirs in names.items()}


def load(workload: Workload, env: Mapping[str, str], folder: Path) -> Loaded:
    """Fill the source topics, unless they still hold this workload."""
    note = folder / "loaded.json"
    wanted = {"workload": workload.name, "records": workload.records, "repeats": workload.repeats}
    if note.exists() and (known := json.loads(note.read_text()))["wanted"] == wanted:
        return Loaded(known["records"], known["distinct"])
    note.unlink(missing_ok=True)
    sources = [*SOURCES, PLAIN[0]]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        counts = list(
            pool.map(_fill, sources, [workload] * len(sources), [dict(env)] * len(sources))
        )
    distinct = counts[0] + counts[1]
    loaded = Loaded(workload.records * len(SOURCES), distinct)
    done = {"wanted": wanted, "records": loaded.records, "distinct": loaded.distinct}
    note.write_text(json.dumps(done))
    return loaded


def _fill(source: Source, workload: Workload, env: Mapping[str, str]) -> int:
    """Write one topic; returns how many different orders it holds."""
    bootstrap = env[f"{source.cluster.upper()}_BOOTSTRAP"]
    head = begin(source, env)
    schema = fastavro.parse_schema(dict(source.schema))
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "compression.type": "lz4",
            "linger.ms": 50,
            "batch.size": _MIB // 4,
            "batch.num.messages": 20_000,
            "queue.buffering.max.messages": 500_000,
        }
    )
    chance = random.Random(source.cluster)
    seen = set()
    for i in range(workload.records):
        number = chance.randrange(i) if i and chance.random() < workload.repeats else i
        seen.add(number)
        out = io.BytesIO(head)
        out.seek(len(head))
        fastavro.schemaless_writer(out, schema, datum(source.cluster, number))
        key = f"{source.cluster}-{number:09d}".encode()
        while True:
            try:
                producer.produce(source.topic, out.getvalue(), key=key, timestamp=TIME + i // 1000)
                break
            except BufferError:
                producer.poll(0.1)
        if i % 5000 == 0:
            producer.poll(0)
    producer.flush()
    return len(seen)


def begin(source: Source, env: Mapping[str, str], **config: str) -> bytes:
    """Make a source's topic anew and register its schema; what its values begin with."""
    bootstrap = env[f"{source.cluster.upper()}_BOOTSTRAP"]
    _recreate(AdminClient({"bootstrap.servers": bootstrap, "log_level": 0}), source.topic, config)
    registry = env[f"{source.cluster.upper()}_REGISTRY"]
    answer = httpx.post(
        f"{registry}/subjects/{source.topic}-value/versions",
        json={"schema": json.dumps(source.schema)},
    )
    return b"\0" + int(answer.raise_for_status().json()["id"]).to_bytes(4, "big")


def _recreate(admin: AdminClient, topic: str, config: Mapping[str, str]) -> None:
    known = admin.list_topics(timeout=30).topics
    if topic in known:
        admin.delete_topics([topic])[topic].result(30)
    deadline = time.monotonic() + 30
    while topic in admin.list_topics(timeout=30).topics:
        if time.monotonic() > deadline:
            raise TimeoutError(f"topic {topic} is still there")
    create(admin, topic, config)


def create(
    admin: AdminClient, topic: str, config: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Make a topic that keeps what is old: records have the same time in every run."""
    new = NewTopic(topic, PARTITIONS, 1, config={"retention.ms": "-1", **config})
    admin.create_topics([new])[topic].result(30)
