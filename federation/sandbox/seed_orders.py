"""Orders: one shop, three countries, three ways to write an order down.

Business id and logical key are the order's id; the first record of an order wins.
"""

from __future__ import annotations

import struct

from federation.sandbox.seed_domain import (
    MICROS,
    MILLIS,
    Datum,
    Domain,
    Event,
    Source,
    array,
    nullable,
    record,
)

_CURRENCIES = ("EUR", "USD", "GBP")
_US_CURRENCIES = ("EUR", "US$", "GBP")
_TIERS = ("gold", "silver", "bronze", "none")
_CHANNELS = ("web", "store", "phone", "app")
_NOTES = ("leave at the door", "gift: bitte einpacken", "☎ vorher anrufen", "")
_FLOAT = struct.Struct("<f")


_EU = (
    ("order_id", "string"),
    ("customer", "string"),
    ("amount", "double"),
    ("currency", {"type": "enum", "name": "Currency", "symbols": list(_CURRENCIES)}),
    ("created_at", MILLIS),
    ("items", array(record("Item", ("sku", "string"), ("qty", "int")))),
)
_US = (
    ("id", "string"),
    ("client", record("Client", ("name", "string"), ("tier", "string"))),
    ("total", "float"),
    ("cur", "string"),
    ("ts", "long"),
    ("lines", array(record("Line", ("sku", "string"), ("qty", "long")))),
)
_AP = (
    ("chumon_no", "string"),
    ("kokyaku", "string"),
    ("goukei", "int"),
    ("ukeire", MICROS),
    ("meisai", array(record("Meisai", ("shohin", "string"), ("kosu", "int")))),
)


def order_id(event: Event) -> str:
    """The order that an event is about."""
    return f"o-{event.seed}-{event.number:08d}"


def _facts(event: Event) -> tuple[str, int, int, list[tuple[str, int]]]:
    """Customer, amount in cents, currency's index, lines: what all clusters agree on."""
    w = event.words
    customer = f"c-{w[8] * w[8] * w[8] >> 35:05d}"  # cubed: few customers order most
    lines = [(f"sku-{w[9 + n] % 900:03d}", 1 + w[10 + n] % 7) for n in range(1 + w[12] % 3)]
    return customer, 100 + (w[13] << 4) + (w[14] & 15), w[15] % 3, lines


def _contract(
    event: Event,
    customer: str,
    amount: float,
    currency: str,
    lines: list[tuple[str, int]],
    *,
    channel: str = "web",
    note: str | None = None,
) -> Datum:
    return {
        "order_id": order_id(event),
        "customer": customer,
        "amount": amount,
        "currency": currency,
        "channel": channel,
        "created_at": event.time,
        "items": [{"sku": sku, "qty": qty} for sku, qty in lines],
        "note": note,
    }


def _note(event: Event) -> str | None:
    word = event.words[16]
    return _NOTES[word & 3] if word & 7 > 4 else None


def _eu(event: Event, newer: bool) -> tuple[Datum, Datum]:  # noqa: FBT001 - as Source.make
    customer, cents, currency, lines = _facts(event)
    note = _note(event) if newer else None
    amount = cents / 100
    truth = _contract(event, customer, amount, _CURRENCIES[currency], lines, note=note)
    datum = {
        "order_id": truth["order_id"],
        "customer": customer,
        "amount": amount,
        "currency": _CURRENCIES[currency],
        "created_at": event.time,
        "items": truth["items"],
        "note": note,
    }
    return datum, truth


def _us(event: Event, newer: bool) -> tuple[Datum, Datum]:  # noqa: FBT001 - as Source.make
    customer, cents, currency, lines = _facts(event)
    channel = _CHANNELS[event.words[17] & 3]
    amount: float = _FLOAT.unpack(_FLOAT.pack(cents / 100))[0]  # what a 32-bit float keeps of it
    truth = _contract(
        event,
        customer,
        amount,
        _CURRENCIES[currency],
        lines,
        channel=channel if newer else "web",
    )
    datum = {
        "id": truth["order_id"],
        "client": {"name": customer, "tier": _TIERS[event.words[18] & 3]},
        "total": amount,
        "cur": _US_CURRENCIES[currency],
        "ts": event.time,
        "lines": truth["items"],
        "channel": channel,
    }
    return datum, truth


def _ap(event: Event, newer: bool) -> tuple[Datum, Datum]:  # noqa: FBT001 - as Source.make
    customer, cents, _, lines = _facts(event)
    note = _note(event) if newer else None
    truth = _contract(event, customer, float(cents), "JPY", lines, note=note)
    datum = {
        "chumon_no": truth["order_id"],
        "kokyaku": customer,
        "goukei": cents,
        "ukeire": event.time * 1000,
        "meisai": [{"shohin": sku, "kosu": qty} for sku, qty in lines],
        "biko": note,
    }
    return datum, truth


ORDERS = Domain(
    name="orders",
    sources={
        "eu": Source(
            cluster="eu",
            topic="orders",
            partitions=6,
            weight=5,
            key=record("shop.eu.OrderKey", ("order_id", "string")),
            older=record("shop.eu.Order", *_EU),
            newer=record("shop.eu.Order", *_EU, ("note", nullable("string"), None)),
            make=_eu,
            spoil=("currency", 7),
        ),
        "us": Source(
            cluster="us",
            topic="order_events",
            partitions=4,
            weight=4,
            key=record("com.acme.us.OrderEventKey", ("id", "string")),
            older=record("com.acme.us.OrderEvent", *_US),
            newer=record("com.acme.us.OrderEvent", *_US, ("channel", "string", "web")),
            make=_us,
            spoil=("id", -3),
        ),
        "ap": Source(
            cluster="ap",
            topic="jp_orders",
            partitions=3,
            weight=3,
            key="string",
            older=record("jp.co.shop.Chumon", *_AP),
            newer=record("jp.co.shop.Chumon", *_AP, ("biko", nullable("string"), None)),
            make=_ap,
            spoil=("biko", 5),
        ),
    },
    identify=lambda event: (order_id(event), order_id(event)),
    ghost=lambda event: f"o-{event.seed}-none-{event.number:08d}",
)
