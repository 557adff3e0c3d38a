"""Closures that read Avro bytes and check every byte of them.

One closure per type, built once per schema. Hostile bytes cost no more than their length, and end
in a :class:`DecodeError`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from federation.schemas.refusal import DecodeError

if TYPE_CHECKING:
    from federation.schemas.avro import Type

MAX_DEPTH = 64  # records, arrays and maps around one value; the outermost is the first
MAX_ITEMS = 1_000_000  # elements, entries and fields that take no bytes of one record, all together

# read(bytes, position, [items left], depth) -> (value, position after it)
Read = Callable[[bytes, int, list[int], int], tuple[Any, int]]


class Branch(NamedTuple):
    """A value of a union that has several branches besides null."""

    tag: int
    value: Any


class Repeated(dict[str, Any]):
    """A map in which a key stands more than once: readers see its last value, but all are data."""

    def __init__(self, entries: list[tuple[str, Any]]) -> None:
        super().__init__(entries)
        self.entries = entries

    def items(self) -> Any:
        """Every entry as it was written, also those that a later one hides."""
        return self.entries


def as_map(entries: list[tuple[str, Any]]) -> dict[str, Any]:
    """The map of these entries, in their order."""
    out = dict(entries)
    return out if len(out) == len(entries) else Repeated(entries)


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


def _number(form: str) -> Read:
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


def _spend(left: list[int], count: int) -> None:
    """Count what a few bytes can claim, so that no payload costs much more than its length."""
    left[0] -= count
    if left[0] < 0:
        raise DecodeError("items", f"more than {MAX_ITEMS} elements or empty fields in one record")


def _empty(node: Type) -> bool:
    """Whether a value takes no bytes, whatever it is; records that have fields count by these."""
    return node.kind == "null" or (
        node.kind in ("fixed", "record") and not node.size | len(node.fields)
    )


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
        _spend(s, count)
        for _ in range(count):
            p = item(p)
        if end not in (-1, p):
            raise DecodeError("length", "a block that does not end where its size says")


class Readers:
    """Builds the read closures; a recursive type refers to itself through ``made``."""

    SIMPLE: ClassVar[dict[str, Read]] = {
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
        self.made: dict[Type, Read] = {}

    def of(self, node: Type) -> Read:
        """The closure of a type."""
        if node.kind in self.SIMPLE:
            return self.SIMPLE[node.kind]
        if node not in self.made:
            # until it is made, whoever needs it meets this detour
            self.made[node] = lambda b, p, s, d: self.made[node](b, p, s, d)  # noqa: PLW0108 - bound late, on purpose
            self.made[node] = getattr(self, f"_{node.kind}")(node)
        return self.made[node]

    def _record(self, node: Type) -> Read:
        fields = [(f.name, self.of(f.type)) for f in node.fields]
        empty = sum(_empty(f.type) for f in node.fields)

        def read(b: bytes, p: int, s: list[int], d: int) -> tuple[dict[str, Any], int]:
            if d >= MAX_DEPTH:
                _enter(d)
            d += 1
            if empty:
                _spend(s, empty)
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

    def _enum(self, node: Type) -> Read:
        symbols = node.symbols

        def read(b: bytes, p: int, s: list[int], d: int) -> tuple[str, int]:
            n, p = _int(b, p, s, d)
            if not 0 <= n < len(symbols):
                raise DecodeError("index", f"symbol {n} of {len(symbols)}")
            return symbols[n], p

        return read

    def _fixed(self, node: Type) -> Read:
        size = node.size

        def read(b: bytes, p: int, _s: list[int], _d: int) -> tuple[bytes, int]:
            end = p + size
            if end > len(b):
                raise DecodeError("truncated", "the bytes end within the value")
            return b[p:end], end

        return read

    def _array(self, node: Type) -> Read:
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

    def _map(self, node: Type) -> Read:
        item = self.of(node.of)

        def read(b: bytes, p: int, s: list[int], d: int) -> tuple[dict[str, Any], int]:
            d = _enter(d)
            entries: list[tuple[str, Any]] = []

            def one(p: int) -> int:
                key, p = _string(b, p, s, d)
                value, p = item(b, p, s, d)
                entries.append((key, value))
                return p

            p = _blocks(b, p, s, d, one)
            return as_map(entries), p

        return read

    def _union(self, node: Type) -> Read:
        branches = [self.of(b) for b in node.branches]
        bare = [not node.tagged or b.kind == "null" for b in node.branches]

        def read(b: bytes, p: int, s: list[int], d: int) -> tuple[Any, int]:
            n, p = _int(b, p, s, d)
            if not 0 <= n < len(branches):
                raise DecodeError("index", f"branch {n} of {len(branches)}")
            value, p = branches[n](b, p, s, d)
            return (value if bare[n] else Branch(n, value)), p

        return read
