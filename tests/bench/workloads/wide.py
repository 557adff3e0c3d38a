"""Records of 60 fields and about 1 KiB: texts, numbers, decimals, dates, instants, enums."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

from workload import INSTANT, TIME, Source, Workload, identity, record, same, single

if TYPE_CHECKING:
    from collections.abc import Callable

_DATE = {"type": "int", "logicalType": "date"}
_PRICE = {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}
_STATES = ("OPEN", "HELD", "SENT", "DONE")


def _names(group: str, count: int) -> tuple[str, ...]:
    return tuple(f"{group}_{at:02d}" for at in range(count))


_TEXT, _MAYBE, _TOTAL, _COUNT = (
    *(_names("text", 20), _names("maybe", 6), _names("total", 8), _names("count", 6)),
)
_RATIO, _FLAG, _MOMENT, _DAY, _PRICED, _STATE = (
    *(_names("ratio", 5), _names("flag", 4), _names("moment", 4), _names("day", 2)),
    *(_names("price", 2), _names("state", 2)),
)
_TYPES: dict[str, tuple[Any, str]] = {  # of the contract in Avro and in SQL
    "record_id": ("string", "STRING"),
    **dict.fromkeys(_TEXT, ("string", "STRING")),
    **dict.fromkeys(_MAYBE, (["null", "string"], "STRING")),
    **dict.fromkeys(_TOTAL, ("long", "BIGINT")),
    **dict.fromkeys(_COUNT, ("long", "BIGINT")),
    **dict.fromkeys(_RATIO, ("double", "DOUBLE")),
    **dict.fromkeys(_FLAG, ("boolean", "BOOLEAN")),
    **dict.fromkeys(_MOMENT, (INSTANT, "TIMESTAMP(3)")),
    **dict.fromkeys(_DAY, (_DATE, "DATE")),
    **dict.fromkeys(_PRICED, (_PRICE, "DECIMAL(12, 2)")),
    **dict.fromkeys(_STATE, ("string", "STRING")),
}
_AVRO = {name: avro for name, (avro, _sql) in _TYPES.items()}
_SQL = {name: sql for name, (_avro, sql) in _TYPES.items()}
CONTRACT = record("Wide", **_AVRO)

# One cluster counts in ints and has enums ...
_ENUMS = {name: {"type": "enum", "name": name.title(), "symbols": list(_STATES)} for name in _STATE}
_PLAIN_EU = {**_AVRO, **dict.fromkeys(_COUNT[:3], "int")}
_EU = {**_PLAIN_EU, **_ENUMS}
# ... the other has floats, bare milliseconds, and names of its own for a third of the fields.
_FLOATS, _BARE = _RATIO[:2], _MOMENT[2:]
_THEIRS = {name: f"{name[:2]}{name[-2:]}" for name in (*_TEXT[:12], *_TOTAL[:4], *_FLOATS, *_BARE)}
_THEIRS["record_id"] = "rid"
_PAIRS = tuple((name, _THEIRS.get(name, name)) for name in _AVRO)
_OTHER = {**_AVRO, **dict.fromkeys(_FLOATS, "float"), **dict.fromkeys(_BARE, "long")}
_OTHER_SQL = {**_SQL, **dict.fromkeys(_FLOATS, "FLOAT"), **dict.fromkeys(_BARE, "BIGINT")}
_CONVERTED = {
    **{name: f"CAST({_THEIRS[name]} AS DOUBLE)" for name in _FLOATS},
    **{name: f"CAST(TO_TIMESTAMP_LTZ({_THEIRS[name]}, 3) AS TIMESTAMP(3))" for name in _BARE},
}

_CHANCE = Random(60)
_TEXTS = tuple(
    "".join(_CHANCE.choices("abcdefghijklmnopqrstuvwxyz ", k=_CHANCE.randrange(30, 46)))
    for _ in range(4093)
)


def _text(number: int, at: int) -> str:
    return _TEXTS[(number * 31 + at * 997) % len(_TEXTS)]


_MADE: tuple[tuple[tuple[str, ...], Callable[[int, int], Any]], ...] = (
    (_TEXT, _text),
    (_MAYBE, lambda number, at: _text(number, 20 + at) if (number + at) % 3 else None),
    (_TOTAL, lambda number, at: number * 1_000_003 << at),
    (_COUNT, lambda number, at: (number + at) % 1000),
    (_RATIO, lambda number, at: (number + at) / 7),
    (_FLAG, lambda number, at: bool(number >> at & 1)),
    (_MOMENT, lambda number, at: TIME + number * 10 + at),
    (_DAY, lambda number, at: 20_000 + (number + at) % 1000),
    (_PRICED, lambda number, at: Decimal((number + at) % 100_000).scaleb(-2)),
    (_STATE, lambda number, at: _STATES[(number + at) % 4]),
)
_EACH = tuple((field, made, at) for group, made in _MADE for at, field in enumerate(group))


def _expected(name: str, number: int) -> dict[str, Any]:
    found = {"record_id": identity(name, number)}
    found |= {field: made(number, at) for field, made, at in _EACH}
    if name.startswith("us"):
        found |= {field: single(found[field]) for field in _FLOATS}
    return found


def _other(name: str, number: int) -> dict[str, Any]:
    expected = _expected(name, number)
    return {theirs: expected[ours] for ours, theirs in _PAIRS}


def _mapped(value: dict[str, Any]) -> dict[str, Any]:
    return {ours: value[theirs] for ours, theirs in _PAIRS}


def _columns(types: dict[str, str]) -> str:
    return ", ".join(f"{name} {kind}" for name, kind in types.items())


def _eu(name: str, topic: str, types: dict[str, Any]) -> Source:
    expected = partial(_expected, name)
    return Source(
        *("eu", name, topic, record("Wide", **types), expected, expected, "record_id"),
        *({}, same, _columns(_SQL), ", ".join(_SQL)),
    )


def _us(name: str, topic: str) -> Source:
    rules: dict[str, Any] = dict(_THEIRS)
    rules |= {field: {"from": _THEIRS[field], "unit": "ms"} for field in _BARE}
    columns = _columns({theirs: _OTHER_SQL[ours] for ours, theirs in _PAIRS})
    select = ", ".join(f"{_CONVERTED.get(ours, theirs)} AS {ours}" for ours, theirs in _PAIRS)
    schema = record("Other", **{theirs: _OTHER[ours] for ours, theirs in _PAIRS})
    return Source(
        *("us", name, topic, schema, partial(_other, name), partial(_expected, name), "rid"),
        *(rules, _mapped, columns, select),
    )


WORKLOAD = Workload(
    "wide",
    "records of 60 fields, 1 KiB",
    CONTRACT,
    (_eu("eu", "bench.wide.eu", _EU), _us("us", "bench.wide.us")),
    columns=_columns(_SQL),
    plain=(_eu("eu", "bench.wide.eu.plain", _PLAIN_EU),),
    records=500_000,
    key="record_id",
)
