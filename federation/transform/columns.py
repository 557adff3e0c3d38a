"""Records as Arrow's columns, for functions that take batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from federation.errors import ConfigError

if TYPE_CHECKING:
    from federation.schemas.avro import Type

_SIMPLE = {
    "null": pa.null(),
    "boolean": pa.bool_(),
    "int": pa.int32(),
    "long": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "bytes": pa.binary(),
    "string": pa.string(),
    "enum": pa.string(),
    "date": pa.date32(),
    "time-millis": pa.time32("ms"),
    "time-micros": pa.time64("us"),
    "timestamp-millis": pa.timestamp("ms", "UTC"),
    "timestamp-micros": pa.timestamp("us", "UTC"),
    "local-timestamp-millis": pa.timestamp("ms"),
    "local-timestamp-micros": pa.timestamp("us"),
}
_MOST_DIGITS = 76


def schema(contract: Type) -> pa.Schema:
    """The Arrow schema of a contract's records.

    Raises:
        ConfigError: a field that has no Arrow type.
    """
    return pa.schema([_field(one.name, one.type, (), one.name) for one in contract.fields])


def _field(name: str, node: Type, within: tuple[Type, ...], path: str) -> pa.Field:
    return pa.field(name, _type(node, within, path), nullable=node.nullable)


def _type(node: Type, within: tuple[Type, ...], path: str) -> Any:
    if node in within:
        raise _none(path, f"{node}, which contains itself,")
    inside = (*within, node)
    if node.tagged:
        raise _none(path, f"{node}")
    if node.kind == "union":
        inner = next((one for one in node.branches if one.kind != "null"), node.branches[0])
        return _type(inner, inside, path)
    if node.logical == "decimal":
        if node.precision > _MOST_DIGITS:
            raise _none(path, f"{node}")
        wide = pa.decimal256 if node.precision > 38 else pa.decimal128  # digits of 128 bits
        return wide(node.precision, node.scale)
    if node.kind == "fixed":
        return pa.binary(node.size)
    if node.kind == "record":
        fields = node.fields
        return pa.struct([_field(f.name, f.type, inside, f"{path}.{f.name}") for f in fields])
    if node.kind == "array":
        return pa.list_(_field("item", node.of, inside, path))
    if node.kind == "map":
        return pa.map_(pa.string(), _field("value", node.of, inside, path))
    return _SIMPLE.get(node.logical) or _SIMPLE[node.kind]


def _none(path: str, what: str) -> ConfigError:
    return ConfigError(
        f"field {path}: {what} has no Arrow type",
        hint="let the function take records: without the annotation pyarrow.RecordBatch",
    )
