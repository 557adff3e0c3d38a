"""Events full of texts and unions: of records, of simple types, in arrays and maps."""

from __future__ import annotations

from functools import partial
from random import Random
from typing import Any

from workload import INSTANT, TIME, Source, Workload, identity, record, same

_CARD = record("Card", number="string", holder="string", expiry="string")
_TRANSFER = record("Transfer", iban="string", bic="string", holder="string", cents="long")
_VOUCHER = record("Voucher", code="string", issuer=["null", "string"])


def _event(
    name: str, *, payment: list[Any], value: list[Any], element: list[Any], names: dict[str, str]
) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "event_id": "string",
        "kind": "string",
        "title": "string",
        "body": "string",
        "agent": "string",
        "path": "string",
        "locale": "string",
        "referrer": ["null", "string"],
        "campaign": ["null", "string"],
        "payment": payment,
        "value": value,
        "tags": {"type": "array", "items": element},
        "labels": {"type": "map", "values": ["null", "string"]},
        "seen_at": ["null", INSTANT],
    }
    return record(name, **{names.get(field, field): kind for field, kind in fields.items()})


CONTRACT = _event(
    "Event",
    payment=["null", _CARD, _TRANSFER, _VOUCHER],
    value=["null", "string", "long", "double"],
    element=["null", "string", "long"],
    names={},
)
# The same branches in another order, and an int where the contract has a long.
_EU = _event(
    "Event",
    payment=[_TRANSFER, "null", _VOUCHER, _CARD],
    value=["double", "int", "string", "null"],
    element=["string", "int", "null"],
    names={},
)
_NAMES = {"event_id": "id", "kind": "type", "body": "text", "payment": "paid_by", "labels": "more"}
_US = _event(
    "Hit",
    payment=[_VOUCHER, _TRANSFER, _CARD, "null"],
    value=["string", "long", "null", "double"],
    element=["long", "null", "string"],
    names=_NAMES,
)
_PAIRS = tuple((one["name"], _NAMES.get(one["name"], one["name"])) for one in CONTRACT["fields"])

_CHANCE = Random(14)
_WORDS = tuple("".join(_CHANCE.choices("abcdefghijklmnopqrstuvwxyz", k=8)) for _ in range(997))
_BODIES = tuple(" ".join(_CHANCE.choices(_WORDS, k=_CHANCE.randrange(6, 15))) for _ in range(4093))


def _word(number: int) -> str:
    return _WORDS[number % len(_WORDS)]


def _payment(number: int) -> tuple[str, dict[str, Any]] | None:
    match number % 4:
        case 0:
            card = {"number": f"{number:016d}", "holder": _word(number), "expiry": "12/29"}
            return "Card", card
        case 1:
            account = {"iban": f"DE{number:020d}", "bic": "GENODEF1", "holder": _word(number)}
            return "Transfer", {**account, "cents": number}
        case 2:
            issuer = None if number % 8 == 2 else _word(number * 5)
            return "Voucher", {"code": _word(number * 3), "issuer": issuer}
    return None


def _expected(name: str, number: int) -> dict[str, Any]:
    values = (None, _word(number * 7), number, number / 7)
    return {
        "event_id": identity(name, number),
        "kind": ("view", "order", "pay", "leave")[number % 4],
        "title": f"{_word(number)} {_word(number * 11)}",
        "body": _BODIES[number % len(_BODIES)],
        "agent": f"agent/{number % 17}.{number % 5} ({_word(number * 13)})",
        "path": f"/{_word(number * 3)}/{_word(number * 17)}",
        "locale": ("de_DE", "en_US", "fr_FR")[number % 3],
        "referrer": None if number % 3 == 0 else f"/{_word(number * 19)}",
        "campaign": None if number % 5 else _word(number * 23),
        "payment": _payment(number),
        "value": values[number // 4 % 4],
        "tags": [_word(number * 29), number % 1000, None, _word(number * 31)],
        "labels": {"shop": _word(number * 37), "test": None},
        "seen_at": TIME if number % 2 else None,
    }


def _hit(name: str, number: int) -> dict[str, Any]:
    expected = _expected(name, number)
    return {theirs: expected[ours] for ours, theirs in _PAIRS}


def _mapped(value: dict[str, Any]) -> dict[str, Any]:
    return {ours: value[theirs] for ours, theirs in _PAIRS}


_IN_EU, _IN_US = partial(_expected, "eu"), partial(_expected, "us")
WORKLOAD = Workload(
    "union",
    "events full of texts and unions, 270 bytes",
    CONTRACT,
    (
        Source("eu", "eu", "bench.union.eu", _EU, _IN_EU, _IN_EU, "event_id", {}, same, "", ""),
        Source(
            *("us", "us", "bench.union.us", _US, partial(_hit, "us"), _IN_US, "id"),
            *(_NAMES, _mapped, "", ""),
        ),
    ),
    records=1_000_000,
    key="event_id",
)
