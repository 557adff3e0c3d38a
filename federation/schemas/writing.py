"""Closures that write values as Avro bytes: arrays and maps in one block."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from federation.schemas.avro import Type

Write = Callable[[bytearray, Any], None]
_INT = (-(2**31), 2**31 - 1)
_LONG = (-(2**63), 2**63 - 1)


def _put(out: bytearray, value: int) -> None:
    n = (value << 1) ^ (value >> 63)
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)


def _put_whole(low: int, high: int) -> Write:
    def write(out: bytearray, value: Any) -> None:
        if type(value) is not int or not low <= value <= high:
            raise ValueError(f"{value!r} is not a whole number from {low} to {high}")
        _put(out, value)

    return write


def _put_number(form: str) -> Write:
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


class Writers:
    """Builds the write closures, as :class:`Readers` does for reading."""

    SIMPLE: ClassVar[dict[str, Write]] = {
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
        self.made: dict[Type, Write] = {}

    def of(self, node: Type) -> Write:
        """The closure of a type."""
        if node.kind in self.SIMPLE:
            return self.SIMPLE[node.kind]
        if node not in self.made:
            self.made[node] = lambda out, value: self.made[node](out, value)  # noqa: PLW0108 - bound late, on purpose
            self.made[node] = getattr(self, f"_{node.kind}")(node)
        return self.made[node]

    def _record(self, node: Type) -> Write:
        fields = [(f.name, self.of(f.type)) for f in node.fields]

        def write(out: bytearray, value: Any) -> None:
            for name, one in fields:
                one(out, value[name])

        return write

    def _enum(self, node: Type) -> Write:
        places = {symbol: n for n, symbol in enumerate(node.symbols)}
        return lambda out, value: _put(out, places[value])

    def _fixed(self, node: Type) -> Write:
        def write(out: bytearray, value: Any) -> None:
            if len(value) != node.size:
                raise ValueError(f"{len(value)} bytes for a fixed of {node.size}")
            out += value

        return write

    def _array(self, node: Type) -> Write:
        item = self.of(node.of)

        def write(out: bytearray, value: Any) -> None:
            if value:
                _put(out, len(value))
                for one in value:
                    item(out, one)
            out.append(0)

        return write

    def _map(self, node: Type) -> Write:
        item = self.of(node.of)

        def write(out: bytearray, value: Any) -> None:
            entries = value.items()
            if entries:
                _put(out, len(entries))
                for key, one in entries:
                    _put_string(out, key)
                    item(out, one)
            out.append(0)

        return write

    def _union(self, node: Type) -> Write:
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
