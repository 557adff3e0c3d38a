"""Records of a contract made up for measuring: sound, plain, the same each time."""

from __future__ import annotations

import string
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID

from federation.schemas import codec
from federation.schemas.codec import Branch

if TYPE_CHECKING:
    from federation.schemas.avro import Schema, Type

_LEVELS = 6  # of nesting, after which optional values are null and arrays empty
_DAYS = (18_262, 21_914)  # from 2020 to 2029
_DAY = 24 * 60 * 60
_PER_SECOND = {"millis": 10**3, "micros": 10**6, "nanos": 10**9}


def samples(contract: Schema, count: int) -> list[bytes]:
    """Avro bytes of so many records."""
    random = Random(1)  # noqa: S311 - to be the same each time
    return [codec.encode(contract, _value(random, contract.root, 0)) for _ in range(count)]


def _value(random: Random, node: Type, level: int) -> Any:
    if node.logical:
        return _logical(random, node)
    if node.kind in ("record", "array", "map", "union"):
        return _nested(random, node, level)
    if node.kind == "enum":
        return random.choice(node.symbols)
    if node.kind in ("bytes", "fixed"):
        return random.randbytes(node.size if node.kind == "fixed" else 8)
    return {
        "null": None,
        "boolean": random.random() < 0.5,
        "int": random.randrange(1000),
        "long": random.randrange(1_000_000),
        "float": float(random.randrange(1000)),
        "double": random.randrange(100_000) / 100,
        "string": _word(random),
    }[node.kind]


def _nested(random: Random, node: Type, level: int) -> Any:
    if node.kind == "record":
        return {one.name: _value(random, one.type, level + 1) for one in node.fields}
    if node.kind == "union":
        return _union(random, node, level)
    values = [_value(random, node.of, level + 1) for _ in range(2 if level < _LEVELS else 0)]
    return values if node.kind == "array" else {_word(random): one for one in values}


def _union(random: Random, node: Type, level: int) -> Any:
    if node.nullable and (level >= _LEVELS or random.random() < 0.2):
        return None
    tags = [n for n, one in enumerate(node.branches) if one.kind != "null"]
    tag = random.choice(tags) if tags else 0
    value = _value(random, node.branches[tag], level + 1)
    return Branch(tag, value) if node.tagged else value


def _logical(random: Random, node: Type) -> Any:
    if node.logical == "uuid":
        raw = UUID(int=random.getrandbits(128))
        return raw.bytes if node.kind == "fixed" else str(raw)
    if node.logical == "decimal":
        number = random.randrange(10 ** min(node.precision, 6))
        return number.to_bytes(node.size if node.kind == "fixed" else 4, signed=True)
    if node.logical == "duration":
        return random.randbytes(node.size)
    if node.logical == "date":
        return random.randrange(*_DAYS)
    name, _, unit = node.logical.rpartition("-")
    seconds = random.randrange(_DAY)
    if name != "time":
        seconds += random.randrange(*_DAYS) * _DAY
    return seconds * _PER_SECOND[unit]


def _word(random: Random) -> str:
    return "".join(random.choices(string.ascii_lowercase, k=8))
