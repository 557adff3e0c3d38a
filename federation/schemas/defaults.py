"""Values in the JSON form of Avro defaults: read into datums, and datums shown as JSON."""

from __future__ import annotations

import math
import struct
from typing import Any

from federation.schemas.avro import ABSENT, Type
from federation.schemas.codec import MAX_DEPTH, Branch

_BITS = {"int": 31, "long": 63}


class NotOfType(ValueError):  # noqa: N818 - it names what was found
    """The JSON value is not of the type; the text says where and why."""


def from_json(node: Type, value: Any, depth: int = 0) -> Any:
    """The datum of a JSON value in Avro's default form.

    bytes and fixed are text of the code points 0-255; a union takes its first branch that fits;
    a record's missing fields take their own defaults.

    Raises:
        NotOfType: it is not of that type.
    """
    if depth > MAX_DEPTH:
        raise NotOfType(f"more than {MAX_DEPTH} levels; a default that contains itself")
    if node.kind == "union":
        return _union(node, value, depth)
    if node.kind == "record" and isinstance(value, dict):
        return _record(node, value, depth)
    if node.kind == "array" and isinstance(value, list):
        return [from_json(node.of, one, depth + 1) for one in value]
    if node.kind == "map" and isinstance(value, dict):
        return {key: from_json(node.of, one, depth + 1) for key, one in value.items()}
    if node.kind in ("bytes", "fixed") and isinstance(value, str):
        return _bytes(node, value)
    if _fits(node, value):
        return (
            _single(float(value))
            if node.kind == "float"
            else float(value)
            if node.kind == "double"
            else value
        )
    raise NotOfType(f"{value!r} is not of type {node}")


def to_json(node: Type, datum: Any) -> Any:
    """A datum in the same JSON form, for people: NaN and infinities as text, unions bare."""
    if node.kind == "union":
        if datum is None:
            return None
        if isinstance(datum, Branch):
            return to_json(node.branches[datum.tag], datum.value)
        return to_json(next(b for b in node.branches if b.kind != "null"), datum)
    if node.kind == "record":
        return {f.name: to_json(f.type, datum[f.name]) for f in node.fields}
    if node.kind == "array":
        return [to_json(node.of, one) for one in datum]
    if node.kind == "map":
        return {key: to_json(node.of, one) for key, one in datum.items()}
    if isinstance(datum, bytes):
        return datum.decode("latin-1")
    if isinstance(datum, float) and not math.isfinite(datum):
        return "NaN" if math.isnan(datum) else "Infinity" if datum > 0 else "-Infinity"
    return datum


def _union(node: Type, value: Any, depth: int) -> Any:
    for index, branch in enumerate(node.branches):
        try:
            datum = from_json(branch, value, depth)
        except NotOfType:
            continue
        return Branch(index, datum) if node.tagged and branch.kind != "null" else datum
    raise NotOfType(f"{value!r} is of no branch of {node}")


def _record(node: Type, value: dict[str, Any], depth: int) -> dict[str, Any]:
    strange = [key for key in value if node.field(key) is None]
    if strange:
        raise NotOfType(f"{node.short_name} has no field {strange[0]}")
    out = {}
    for one in node.fields:
        given = value.get(one.name, one.default)
        if given is ABSENT:
            raise NotOfType(f"field {one.name} of {node.short_name} is missing and has no default")
        out[one.name] = from_json(one.type, given, depth + 1)
    return out


def _bytes(node: Type, value: str) -> bytes:
    try:
        raw = value.encode("latin-1")
    except UnicodeEncodeError:
        raise NotOfType(f"{value!r} has code points over 255, so it is not {node}") from None
    if node.kind == "fixed" and len(raw) != node.size:
        raise NotOfType(f"{len(raw)} bytes for {node} of {node.size}")
    return raw


def _fits(node: Type, value: Any) -> bool:
    kind = node.kind
    if kind in _BITS:
        return type(value) is int and -(1 << _BITS[kind]) <= value < 1 << _BITS[kind]
    if kind in ("float", "double"):
        limit = 2.0**128 - 2.0**103 if kind == "float" else math.inf
        return type(value) in (int, float) and abs(value) < limit and abs(value) < 2**1024
    if kind == "enum":
        return isinstance(value, str) and value in node.symbols
    return (kind == "null" and value is None) or type(value) is {
        "boolean": bool,
        "string": str,
    }.get(kind)


def _single(value: float) -> float:
    (near,) = struct.unpack("<f", struct.pack("<f", value))
    return float(near)
