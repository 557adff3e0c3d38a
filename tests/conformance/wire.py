"""Avro's binary forms, written from the specification alone: no code of the product is used here."""

from __future__ import annotations

import struct


def number(value: int) -> bytes:
    """An int or long: zigzag, then seven bits a byte, the lowest first."""
    bits = value << 1 if value >= 0 else (-value << 1) - 1
    out = bytearray()
    while bits > 0x7F:
        out.append(bits & 0x7F | 0x80)
        bits >>= 7
    return bytes([*out, bits])


def real32(value: float) -> bytes:
    """A float: IEEE 754, four bytes, the lowest first."""
    return struct.pack("<f", value)


def real64(value: float) -> bytes:
    """A double: IEEE 754, eight bytes, the lowest first."""
    return struct.pack("<d", value)


def raw(value: bytes) -> bytes:
    """Bytes: their length as a long, then themselves."""
    return number(len(value)) + value


def text(value: str) -> bytes:
    """A string: the bytes of its UTF-8."""
    return raw(value.encode())


def block(items: list[bytes], *, sized: bool = False) -> bytes:
    """One block of an array or map; ``sized`` writes its count negative and then its size in bytes."""
    body = b"".join(items)
    return number(-len(items)) + number(len(body)) + body if sized else number(len(items)) + body


def blocks(items: list[bytes]) -> bytes:
    """An array or map in one block; nothing but the end where it is empty."""
    return (block(items) if items else b"") + b"\0"
