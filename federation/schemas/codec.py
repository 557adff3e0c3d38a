"""Avro bytes to plain Python values and back, strictly.

One closure per type, built once per schema. Every check of "What must hold of the bytes" is made
while reading, so hostile bytes cost no more than their length and end in a :class:`DecodeError`.

Values: records are dicts in field order; ``bytes`` and fixed are ``bytes``; enums their symbol; logical
types stay physical. A union with at most one branch besides null gives the bare value; any other
gives ``None`` or :class:`Branch`, so that the branch is never guessed.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from federation.schemas.avro import Schema, Type
from federation.schemas.refusal import DecodeError

MAX_DEPTH = 64  # records, arrays and maps around one value; the outermost is the first
MAX_ITEMS = 1_000_000  # array elements and map entries of one record, all together

# read(bytes, position, [items left], depth) -> (value, position after it)
_Read = Callable[[bytes, int, list[int], int], tuple[Any, int]]
_Write = Callable[[bytearray, Any], None]
_INT = (-(2**31), 2**31 - 1)
_LONG = (-(2**63), 2**63 - 1)


class Branch(NamedTuple):
    """A value of a union that has several branches besides null."""

    tag: int
    value: Any


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
    read = _Readers().of(schema.root)

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
def _writer_of(schema: Schema) -> _Write:
    return _Writers().of(schema.root)


@lru_cache(maxsize=1024)
def _field_writer(node: Type) -> _Write:
    return _Writers().of(node)


# reading


def _long(b: bytes, p: int, _s: list[int], _d: int) -> tuple[int, int]:
    x = b[p]
    p += 1
    if x < 0x80:
        return (x >> 1) ^ -(x & 1), p
    n, shift = x & 0x7F, 7
    while True:
        x = b[p]
        p += 1
        n |= (x & 0x7F) << shift
        if x < 0x80:
            break
        shift += 7
        if shift > 63:
            raise DecodeError("varint", "a long of more than 10 bytes")
    if not x or n >> 64:
        raise DecodeError("varint", "a long that is out of range or not in its shortest form")
    return (n >> 1) ^ -(n & 1), p


def _int(b: bytes, p: int, _s: list[int], _d: int) -> tuple[int, int]:
    x = b[p]
    p += 1
    if x < 0x80:
        return (x >> 1) ^ -(x & 1), p
    n, shift = x & 0x7F, 7
    while True:
        x = b[p]
        p += 1
        n |= (x & 0x7F) << shift
        if x < 0x80:
            break
        shift += 7
        if shift > 28:
            raise DecodeError("varint", "an int of more than 5 bytes")
    if not x or n >> 32:
        raise DecodeError("varint", "an int that is out of range or not in its shortest form")
    return (n >> 1) ^ -(n & 1), p


def _null(_b: bytes, p: int, _s: list[int], _d: int) -> tuple[None, int]:
    return None, p


def _boolean(b: bytes, p: int, _s: list[int], _d: int) -> tuple[bool, int]:
    x = b[p]
    if x > 1:
        raise DecodeError("boolean", f"a boolean byte {x}")
    return x == 1, p + 1


def _number(form: str) -> _Read:
    unpack, size = struct.Struct(form).unpack_from, struct.calcsize(form)

    def read(b: bytes, p: int, _s: list[int], _d: int) -> tuple[float, int]:
        return unpack(b, p)[0], p + size

    return read


def _bytes(b: bytes, p: int, s: list[int], d: int) -> tuple[bytes, int]:
    n, p = _long(b, p, s, d)
    end = p + n
    if n < 0 or end > len(b):
        raise DecodeError("length", f"a length of {n} with {len(b) - p} bytes left")
    return b[p:end], end


def _string(b: bytes, p: int, s: list[int], d: int) -> tuple[str, int]:
    n = b[p]  # most lengths take one byte
    if n < 0x80 and not n & 1:
        p += 1
        end = p + (n >> 1)
        if end > len(b):
            raise DecodeError("length", f"a length of {n >> 1} with {len(b) - p} bytes left")
        raw = b[p:end]
    else:
        raw, end = _bytes(b, p, s, d)
    try:
        return raw.decode(), end
    except UnicodeDecodeError as error:
        raise DecodeError("utf8", f"text that is not UTF-8: {error.reason}") from None


def _enter(depth: int) -> int:
    if depth >= MAX_DEPTH:
        raise DecodeError("depth", f"more than {MAX_DEPTH} levels of nesting")
    return depth + 1


def _blocks(b: bytes, p: int, s: list[int], d: int, item: Callable[[int], int]) -> int:
    """Read the blocks of an array or a map; ``item`` reads one element and returns its end."""
    while True:
        count, p = _long(b, p, s, d)
        if not count:
            return p
        end = -1
        if count < 0:
            count = -count
            size, p = _long(b, p, s, d)
            end = p + size
            if size < 0 or end > len(b):
                raise DecodeError("length", f"a block of {size} bytes with {len(b) - p} left")
        s[0] -= count
        if s[0] < 0:
            raise DecodeError("items", f"more than {MAX_ITEMS} elements in one record")
        for _ in range(count):
            p = item(p)
        if end not in (-1, p):
            raise DecodeError("length", "a block that does not end where its size says")


class _Readers:
    """Builds the read closures; a recursive type refers to itself through ``made``."""

    SIMPLE: dict[str, _Read] = {
        "null": _null,
        "boolean": _boolean,
        "int": _int,
        "long": _long,
        "float": _number("<f"),
        "double": _number("<d"),
        "bytes": _bytes,
        "string": _string,
    }

    def __init__(self) -> None:
        self.made: dict[Type, _Read] = {}

    def of(self, node: Type) -> _Read:
        if node.kind in self.SIMPLE:
            return self.SIMPLE[node.kind]
        if node not in self.made:
            # until it is made, whoever needs it meets this detour
            self.made[node] = lambda b, p, s, d: self.made[node](b, p, s, d)
            self.made[node] = getattr(self, node.kind)(node)
        return self.made[node]

    def record(self, node: Type) -> _Read:
        fields = [(f.name, self.of(f.type)) for f in node.fields]

        def read(b: bytes, p: int, s: list[int], d: int) -> tuple[dict[str, Any], int]:
            if d >= MAX_DEPTH:
                _enter(d)
            d += 1
            out: dict[str, Any] = {}
            name = ""
            try:
                for name, one in fields:
                    out[name], p = one(b, p, s, d)
            except DecodeError as error:
                raise error.under(name) from None
            except (IndexError, struct.error):
                raise DecodeError(
                    "truncated", "the bytes end within the value", path=name
                ) from None
            return out, p

        return read

    def enum(self, node: Type) -> _Read:
        symbols = node.symbols

        def read(b: bytes, p: int, s: list[int], d: int) -> tuple[str, int]:
            n, p = _int(b, p, s, d)
            if not 0 <= n < len(symbols):
                raise DecodeError("index", f"symbol {n} of {len(symbols)}")
            return symbols[n], p

        return read

    def fixed(self, node: Type) -> _Read:
        size = node.size

        def read(b: bytes, p: int, _s: list[int], _d: int) -> tuple[bytes, int]:
            end = p + size
            if end > len(b):
                raise DecodeError("truncated", "the bytes end within the value")
            return b[p:end], end

        return read

    def array(self, node: Type) -> _Read:
        item = self.of(node.of)

        def read(b: bytes, p: int, s: list[int], d: int) -> tuple[list[Any], int]:
            d = _enter(d)
            out: list[Any] = []

            def one(p: int) -> int:
                value, p = item(b, p, s, d)
                out.append(value)
                return p

            return out, _blocks(b, p, s, d, one)

        return read

    def map(self, node: Type) -> _Read:
        item = self.of(node.of)

        def read(b: bytes, p: int, s: list[int], d: int) -> tuple[dict[str, Any], int]:
            d = _enter(d)
            out: dict[str, Any] = {}

            def one(p: int) -> int:
                key, p = _string(b, p, s, d)
                out[key], p = item(b, p, s, d)
                return p

            return out, _blocks(b, p, s, d, one)

        return read

    def union(self, node: Type) -> _Read:
        branches = [self.of(b) for b in node.branches]
        bare = [not node.tagged or b.kind == "null" for b in node.branches]

        def read(b: bytes, p: int, s: list[int], d: int) -> tuple[Any, int]:
            n, p = _int(b, p, s, d)
            if not 0 <= n < len(branches):
                raise DecodeError("index", f"branch {n} of {len(branches)}")
            value, p = branches[n](b, p, s, d)
            return (value if bare[n] else Branch(n, value)), p

        return read


# writing


def _put(out: bytearray, value: int) -> None:
    n = (value << 1) ^ (value >> 63)
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)


def _put_whole(low: int, high: int) -> _Write:
    def write(out: bytearray, value: Any) -> None:
        if type(value) is not int or not low <= value <= high:
            raise ValueError(f"{value!r} is not a whole number from {low} to {high}")
        _put(out, value)

    return write


def _put_number(form: str) -> _Write:
    pack = struct.Struct(form).pack

    def write(out: bytearray, value: Any) -> None:
        out += pack(value)

    return write


def _put_boolean(out: bytearray, value: Any) -> None:
    if type(value) is not bool:
        raise TypeError(f"{value!r} is not a boolean")
    out.append(value)


def _put_bytes(out: bytearray, value: bytes) -> None:
    _put(out, len(value))
    out += value


def _put_string(out: bytearray, value: str) -> None:
    _put_bytes(out, value.encode())


def _put_null(_out: bytearray, value: Any) -> None:
    if value is not None:
        raise TypeError(f"{value!r} is not null")


class _Writers:
    """Builds the write closures, as :class:`_Readers` does for reading."""

    SIMPLE: dict[str, _Write] = {
        "null": _put_null,
        "boolean": _put_boolean,
        "int": _put_whole(*_INT),
        "long": _put_whole(*_LONG),
        "float": _put_number("<f"),
        "double": _put_number("<d"),
        "bytes": _put_bytes,
        "string": _put_string,
    }

    def __init__(self) -> None:
        self.made: dict[Type, _Write] = {}

    def of(self, node: Type) -> _Write:
        if node.kind in self.SIMPLE:
            return self.SIMPLE[node.kind]
        if node not in self.made:
            self.made[node] = lambda out, value: self.made[node](out, value)
            self.made[node] = getattr(self, node.kind)(node)
        return self.made[node]

    def record(self, node: Type) -> _Write:
        fields = [(f.name, self.of(f.type)) for f in node.fields]

        def write(out: bytearray, value: Any) -> None:
            for name, one in fields:
                one(out, value[name])

        return write

    def enum(self, node: Type) -> _Write:
        places = {symbol: n for n, symbol in enumerate(node.symbols)}
        return lambda out, value: _put(out, places[value])

    def fixed(self, node: Type) -> _Write:
        def write(out: bytearray, value: Any) -> None:
            if len(value) != node.size:
                raise ValueError(f"{len(value)} bytes for a fixed of {node.size}")
            out += value

        return write

    def array(self, node: Type) -> _Write:
        item = self.of(node.of)

        def write(out: bytearray, value: Any) -> None:
            if value:
                _put(out, len(value))
                for one in value:
                    item(out, one)
            out.append(0)

        return write

    def map(self, node: Type) -> _Write:
        item = self.of(node.of)

        def write(out: bytearray, value: Any) -> None:
            if value:
                _put(out, len(value))
                for key, one in value.items():
                    _put_string(out, key)
                    item(out, one)
            out.append(0)

        return write

    def union(self, node: Type) -> _Write:
        branches = [self.of(b) for b in node.branches]
        kinds = [b.kind for b in node.branches]
        null = kinds.index("null") if "null" in kinds else -1
        only = next((n for n, kind in enumerate(kinds) if kind != "null"), null)

        def write(out: bytearray, value: Any) -> None:
            if value is None and null >= 0:
                _put(out, null)
            elif node.tagged:
                _put(out, value.tag)
                branches[value.tag](out, value.value)
            else:
                _put(out, only)
                branches[only](out, value)

        return write
