"""Avro bytes to plain Python values and back, strictly.

Values: records are dicts in field order; ``bytes`` and fixed are ``bytes``; enums their symbol;
logical types stay physical. A union with at most one branch besides null gives the bare value; any
other gives ``None`` or :class:`Branch`, so that the branch is never guessed.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from federation.schemas.reading import MAX_DEPTH, MAX_ITEMS, Branch, Readers, as_map
from federation.schemas.refusal import DecodeError
from federation.schemas.writing import Write, Writers

if TYPE_CHECKING:
    from collections.abc import Callable

    from federation.schemas.avro import Schema, Type

__all__ = [
    "MAX_DEPTH",
    "MAX_ITEMS",
    "Branch",
    "as_map",
    "decode",
    "decoder",
    "encode",
    "encode_type",
]


def decode(schema: Schema, data: bytes) -> Any:
    """Read one datum that fills ``data`` exactly.

    Raises:
        DecodeError: with the reason and the writer's field path.
    """
    return decoder(schema)(data)


def encode(schema: Schema, datum: Any) -> bytes:
    """Write one datum; arrays and maps become one block.

    Raises:
        TypeError, ValueError, KeyError: the datum is not of the schema; a mistake of the caller.
    """
    out = bytearray()
    _writer_of(schema)(out, datum)
    return bytes(out)


def encode_type(node: Type, datum: Any) -> bytes:
    """Write a value of one type, for instance of one field of a record."""
    out = bytearray()
    _field_writer(node)(out, datum)
    return bytes(out)


@lru_cache(maxsize=1024)
def decoder(schema: Schema) -> Callable[[bytes], Any]:
    """The decode function of a schema, for loops."""
    read = Readers().of(schema.root)

    def run(data: bytes) -> Any:
        try:
            value, end = read(data, 0, [MAX_ITEMS], 0)
        except (IndexError, struct.error):
            raise DecodeError("truncated", "the bytes end within the value") from None
        if end != len(data):
            raise DecodeError("trailing", f"{len(data) - end} bytes after the record")
        return value

    return run


@lru_cache(maxsize=1024)
def _writer_of(schema: Schema) -> Write:
    return Writers().of(schema.root)


@lru_cache(maxsize=1024)
def _field_writer(node: Type) -> Write:
    return Writers().of(node)
