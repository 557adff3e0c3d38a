"""Shipments four levels deep: records in records, arrays of records with maps, arrays of arrays."""

from __future__ import annotations

from functools import partial
from typing import Any

from workload import INSTANT, TIME, Source, Workload, identity, record, same


def _shipment(name: str, number: str, **names: str) -> dict[str, Any]:
    def named(_record: str, /, **fields: Any) -> dict[str, Any]:
        return record(_record, **{names.get(field, field): kind for field, kind in fields.items()})

    place = named("Place", lat="double", lon="double")
    address = named("Address", street="string", city="string", place=place)
    party = named("Party", name="string", mail=["null", "string"], address=address)
    option = record("Option", code="string", value="string")
    line = record(
        "Line",
        sku="string",
        qty=number,
        options={"type": "array", "items": option},
        attributes={"type": "map", "values": "string"},
    )
    stop = record("Stop", hub="string", scans={"type": "array", "items": number})
    return named(
        name,
        shipment_id="string",
        sender=party,
        receiver=named("Receiver", party="Party", door="string"),
        lines={"type": "array", "items": line},
        route={"type": "array", "items": stop},
        sent_at=INSTANT,
    )


CONTRACT = _shipment("Shipment", "long")
_NAMES = {"shipment_id": "id", "receiver": "to", "mail": "email", "place": "geo", "city": "town"}
_EU = _shipment("Shipment", "int")
_US = _shipment("Parcel", "long", **_NAMES)
_PARTY = {"mail": "email", "address": {"fields": {"place": "geo", "city": "town"}}}
_RULES = {
    "shipment_id": "id",
    "sender": {"fields": _PARTY},
    "receiver": {"from": "to", "fields": {"party": {"fields": _PARTY}}},
}

_LINES = "ARRAY<ROW<sku STRING, qty BIGINT, options ARRAY<ROW<code STRING, `value` STRING>>, attributes MAP<STRING, STRING>>>"
_ROUTE = "ARRAY<ROW<hub STRING, scans ARRAY<BIGINT>>>"


def _columns(shipment_id: str, receiver: str, mail: str, place: str, city: str) -> str:
    party = (
        f"ROW<name STRING, {mail} STRING, address ROW<street STRING, {city} STRING,"
        f" {place} ROW<lat DOUBLE, lon DOUBLE>>>"
    )
    return (
        f"{shipment_id} STRING, sender {party}, {receiver} ROW<party {party}, door STRING>,"
        f" `lines` {_LINES}, route {_ROUTE}, sent_at TIMESTAMP(3)"
    )


_COLUMNS = _columns("shipment_id", "receiver", "mail", "place", "city")
_PARTY_ROW = (
    "ROW<name STRING, mail STRING, address ROW<street STRING, city STRING,"
    " place ROW<lat DOUBLE, lon DOUBLE>>>"
)
_US_SELECT = f"""
    id AS shipment_id, CAST(sender AS {_PARTY_ROW}) AS sender,
    CAST(`to` AS ROW<party {_PARTY_ROW}, door STRING>) AS receiver, `lines`, route, sent_at
"""


def _party(number: int) -> dict[str, Any]:
    return {
        "name": f"party-{number % 9973}",
        "mail": f"{number}@mail.test" if number % 3 else None,
        "address": {
            "street": f"street {number % 499}",
            "city": f"city-{number % 97}",
            "place": {"lat": number % 180 / 7, "lon": number % 360 / 7},
        },
    }


def _expected(name: str, number: int) -> dict[str, Any]:
    return {
        "shipment_id": identity(name, number),
        "sender": _party(number),
        "receiver": {"party": _party(number * 7), "door": f"door-{number % 9}"},
        "lines": [
            {
                "sku": f"sku-{(number + at) % 999}",
                "qty": number % 9,
                "options": [{"code": "size", "value": "xl"}, {"code": "tone", "value": "red"}],
                "attributes": {"lot": f"{number % 50}"},
            }
            for at in range(2)
        ],
        "route": [{"hub": f"hub-{at}", "scans": [number % 1000, at, 7]} for at in range(3)],
        "sent_at": TIME,
    }


def _renamed(value: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {
        names.get(name, name): _renamed(one, names) if isinstance(one, dict) else one
        for name, one in value.items()
    }


def _parcel(name: str, number: int) -> dict[str, Any]:
    return _renamed(_expected(name, number), _NAMES)


def _party_mapped(value: dict[str, Any]) -> dict[str, Any]:
    address = value["address"]
    return {
        "name": value["name"],
        "mail": value["email"],
        "address": {
            "street": address["street"], "city": address["town"], "place": address["geo"],
        },
    }  # fmt: skip


def _mapped(value: dict[str, Any]) -> dict[str, Any]:
    to = value["to"]
    return {
        "shipment_id": value["id"],
        "sender": _party_mapped(value["sender"]),
        "receiver": {"party": _party_mapped(to["party"]), "door": to["door"]},
        "lines": value["lines"],
        "route": value["route"],
        "sent_at": value["sent_at"],
    }


_IN_EU, _IN_US = partial(_expected, "eu"), partial(_expected, "us")
WORKLOAD = Workload(
    "nested",
    "shipments four levels deep",
    CONTRACT,
    (
        Source(
            *("eu", "eu", "bench.nested.eu", _EU, _IN_EU, _IN_EU, "shipment_id"),
            *({}, same, _COLUMNS, "shipment_id, sender, receiver, `lines`, route, sent_at"),
        ),
        Source(
            *("us", "us", "bench.nested.us", _US, partial(_parcel, "us"), _IN_US, "id"),
            *(_RULES, _mapped, _columns("id", "`to`", "email", "geo", "town"), _US_SELECT),
        ),
    ),
    columns=_COLUMNS,
    records=1_000_000,
    key="shipment_id",
)
