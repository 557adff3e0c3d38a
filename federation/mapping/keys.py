"""Keys of target records, their partitions, and fingerprints for deduplication."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from federation.errors import ConfigError
from federation.mapping.murmur import murmur2, murmur3
from federation.mapping.text import uuid_text
from federation.schemas import avro, codec
from federation.schemas.codec import Branch
from federation.schemas.refusal import MappingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from federation.schemas.avro import Schema, Type

_TEXT_KINDS = ("string", "enum", "int", "long", "boolean")


def key_schema(contract: Schema, fields: Sequence[str]) -> Schema:
    """The record ``<contract name>Key`` in the contract's namespace: these fields, in order.

    Raises:
        ConfigError: a field that the contract lacks.
    """
    space, _, name = contract.root.name.rpartition(".")
    by_name = {f["name"]: f for f in contract.json["fields"]}
    types = [_field_type(contract, one) for one in fields]
    # a type that is defined in a field left out, and only named here, must be defined here
    seen: set[str] = set()
    made = []
    for one, kind in zip(fields, types, strict=True):
        field = {k: v for k, v in by_name[one].items() if k in ("name", "default", "doc")}
        made.append(field | {"type": avro.render(kind, seen)})
    return avro.parse({"type": "record", "name": f"{name}Key", "namespace": space, "fields": made})


def key_text(contract: Schema, field: str, value: Any) -> bytes:
    """The UTF-8 text of one key field: string, enum, int, long, boolean or UUID.

    Raises:
        MappingError: stage ``key``, reason ``null``.
        ConfigError: a field whose type has no text as a key.
    """
    kind = _field_type(contract, field)
    if isinstance(value, Branch):
        kind, value = kind.branches[value.tag], value.value
    elif kind.kind == "union" and value is not None:
        kind = next(b for b in kind.branches if b.kind != "null")
    if value is None:
        raise MappingError("null", "a key is null", path=field, stage="key")
    if kind.logical == "uuid" and kind.kind == "fixed":
        return uuid_text(value).encode()
    if kind.kind not in _TEXT_KINDS:
        raise ConfigError(f"{field} is {kind} and has no text as a key", hint="use encoding: avro")
    if isinstance(value, bool):
        return b"true" if value else b"false"
    return str(value).encode()


def key_bytes(contract: Schema, fields: Sequence[str], datum: Any) -> bytes:
    """The Avro body (without frame) of the key record of :func:`key_schema`."""
    return b"".join(codec.encode_type(_field_type(contract, one), datum[one]) for one in fields)


def fingerprint(contract: Schema, fields: Sequence[str], datum: Any) -> bytes:
    """16 bytes for the values of these fields, in order: MurmurHash3 of their Avro bytes.

    For deduplication ``fields`` are its key, then the target key unless ``across_keys``.
    """
    return murmur3(key_bytes(contract, fields, datum))


def partition(key: bytes, partitions: int) -> int:
    """The partition that Kafka's default partitioner of the Java client gives a key."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def _field_type(contract: Schema, name: str) -> Type:
    field = contract.root.field(name)
    if field is None:
        known = ", ".join(f.name for f in contract.root.fields)
        raise ConfigError(f"the contract has no field {name}", hint=f"its fields: {known}")
    return field.type
