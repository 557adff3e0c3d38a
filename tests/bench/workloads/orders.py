"""Small orders in two shapes: the baseline, and the same with other keys, counts and repeats."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from workload import CLUSTERS, INSTANT, TIME, Source, Workload, identity, record, same, single


def _items(name: str, count: str) -> dict[str, Any]:
    return {"type": "array", "items": record(name, sku="string", qty=count)}


def _order(currency: Any, count: str) -> dict[str, Any]:
    return record(
        "Order",
        order_id="string",
        customer="string",
        amount="double",
        currency=currency,
        created_at=INSTANT,
        items=_items("Item", count),
        note=["null", "string"],
    )


CONTRACT = _order("string", "long")
_ORDER = _order({"type": "enum", "name": "Currency", "symbols": ["EUR", "USD", "GBP"]}, "int")
_EVENT = record(
    "OrderEvent",
    id="string",
    client="string",
    total="float",
    cur="string",
    ts="long",
    lines=_items("Line", "long"),
)
_NAMES = {
    "order_id": "id",
    "customer": "client",
    "amount": "total",
    "currency": "cur",
    "created_at": "ts",
    "items": "lines",
}
_COLUMNS = """
    order_id STRING, customer STRING, amount DOUBLE, currency STRING, created_at TIMESTAMP(3),
    items ARRAY<ROW<sku STRING, qty BIGINT>>, note STRING
"""
_EVENT_COLUMNS = """
    id STRING, client STRING, total FLOAT, cur STRING, ts BIGINT,
    `lines` ARRAY<ROW<sku STRING, qty BIGINT>>
"""
_SELECT = "order_id, customer, amount, currency, created_at, items, note"
_EVENT_SELECT = """
    id AS order_id, client AS customer, CAST(total AS DOUBLE) AS amount, cur AS currency,
    CAST(TO_TIMESTAMP_LTZ(ts, 3) AS TIMESTAMP(3)) AS created_at, `lines` AS items,
    CAST(NULL AS STRING) AS note
"""


def _expected(name: str, hot: int, number: int) -> dict[str, Any]:
    european = name.startswith("eu")
    customer = 0 if number % 100 < hot else number % 50_000
    return {
        "order_id": identity(name, number),
        "customer": f"cust-{customer}",
        "amount": number / 7 if european else single(number / 7),
        "currency": "EUR" if european else "USD",
        "created_at": TIME,
        "items": [{"sku": f"sku-{number % 999}", "qty": number % 9}, {"sku": "sku-a", "qty": 2}],
        "note": None,
    }


def _event(name: str, hot: int, number: int) -> dict[str, Any]:
    order = _expected(name, hot, number)
    return {theirs: order[ours] for ours, theirs in _NAMES.items()}


def _mapped(value: dict[str, Any]) -> dict[str, Any]:
    names = ("id", "client", "total", "cur", "ts", "lines")
    order_id, customer, amount, currency, created_at, items = (value[name] for name in names)
    return {
        "order_id": order_id, "customer": customer, "amount": amount, "currency": currency,
        "created_at": created_at, "items": items, "note": None,
    }  # fmt: skip


def _source(data: str, at: int, key: str, hot: int) -> Source:
    cluster = CLUSTERS[at % 2]
    name = f"{cluster}{at // 2 or ''}"
    topic, expected = f"bench.{data}.{name}", partial(_expected, name, hot)
    if cluster == "eu":
        reading = ({}, same, _COLUMNS, _SELECT)
        return Source(cluster, name, topic, _ORDER, expected, expected, key, *reading)
    rules = {**_NAMES, "created_at": {"from": "ts", "unit": "ms"}}
    datum = partial(_event, name, hot)
    reading = (rules, _mapped, _EVENT_COLUMNS, _EVENT_SELECT)
    return Source(cluster, name, topic, _EVENT, datum, expected, _NAMES[key], *reading)


def orders(
    name: str,
    says: str,
    *,
    data: str | None = None,
    sources: int = 2,
    key: str = "order_id",
    hot: int = 0,
    **more: Any,
) -> Workload:
    """A workload of orders.

    Args:
        name: its name.
        says: one line for people.
        data: whose topics it reads, where that is not its own.
        sources: how many, by turns of one cluster and the other.
        key: the field that is the key, of the sources and of the target.
        hot: per cent of the orders that are one customer's.
        more: as in Workload.
    """
    listed = tuple(_source(data or name, at, key, hot) for at in range(sources))
    # Flink's avro-confluent reads no enums.
    plain = tuple(
        replace(one, topic=f"{one.topic}.plain", schema=CONTRACT)
        for one in listed
        if one.schema is _ORDER
    )
    return Workload(name, says, CONTRACT, listed, columns=_COLUMNS, plain=plain, key=key, **more)


WORKLOADS = (
    orders("baseline", "small orders in two shapes, 10 % repeat an earlier one"),
    orders("nodedup", "the baseline's orders, repeats kept", data="baseline", deduplicate=False),
    orders("duplicates80", "orders of which 80 % repeat an earlier one", repeats=80),
    orders("hotkey", "orders of which 90 % have one customer, the key", key="customer", hot=90),
    orders("sources10", "orders from ten topics", sources=10, records=300_000),
)
