"""Random bytes of a type: sound records with values at the edges, and damaged ones."""

# ruff: noqa: SIM905 - texts between blanks are a table that can be read

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING

import wire

if TYPE_CHECKING:
    from random import Random

    from federation.schemas.avro import Type

MAX_LEVELS = 12  # of recursion, after which whatever can end ends
WHOLE = (0, 1, -1, 63, 64, -64, -65, 127, 128, 1000, 2**24 + 1, 2**31 - 1, -(2**31))
LONG = (*WHOLE, 2**31, -(2**31) - 1, 2**53 + 1, 2**62, 2**63 - 1, -(2**63), 1_700_000_000_123)
REAL = (0.0, -0.0, 1.0, -1.5, 0.1, 1e-45, 3.4e38, 2.0**31, 2.0**63, math.inf, -math.inf, math.nan)
REAL64 = (*REAL, 1e308, 5e-324, 2.0**128 - 2.0**103, 0.1 + 2**-40, 9007199254740993.0, -(2.0**63))
WORDS = (
    "",
    "A",
    "B",
    "red",
    "green",
    "true",
    "false",
    "é",
    "日本",
    "😀",
    "a\0b",
    "x" * 70,
    "é" * 40,
)
CODED = (  # bytes as text, right and wrong, and texts with separators
    *"00 ff0A abc zz AP8= AP8 AP9= +/8= -_8 -_8= AAAA ==== A= 00:ff 1-2-3 a.b..c -- é0é 10é20".split(),
)
NUMERALS = (
    "",
    " 1",
    "1" * 40,
    "\u0661",  # a digit, but not of ASCII
    *"0 1 -1 +7 007 12.50 -0.5 .5 5. 1e3 1.5E-3 NaN INF -INF inf 2147483648 -0 0.000 0.05 2.5".split(),
    *"3.5 -2.5 1.005 99999.995 -9223372036854775808 9223372036854775808 9007199254740993".split(),
    *"1_0 3.4028236e38 1e-400 1e400 16777217 0.1 - + . 1e 0x1 4.9e-324".split(),
)
DATES = (
    *"2024-02-29 2023-02-29 0001-01-01 9999-12-31 0000-01-01 2024-2-9 10000-01-01".split(),
    *"1970-01-01 1969-12-31 2024-13-01 2024-04-31 20240101 2024-01-01Z".split(),
)
CLOCKS = (
    *"12:30 23:59:59.999999999 24:00 12:30:60 12:30:15.5 00:00:00.0001 12:30:15. 1:30".split(),
    *"12:30:15.123 12:30:15.123456 12:30:15.1234567 12:30:15.100000000000 12:60".split(),
)
MOMENTS = (
    "2024-01-01 00:00:00Z",
    *"2024-03-31T02:30 2024-10-27T02:30:00 2024-01-01T00:00:00Z 1969-12-31T23:59:59.9Z".split(),
    *"2024-01-01T00:00:00.123456789+05:30 2024-01-01T00:00:00-18:00 2024-01-01T00:00z".split(),
    *"9999-12-31T23:59:59.999999999Z 0001-01-01T00:00:00+18:00 2024-01-01T00:00:00+18:01".split(),
    *"2024-11-03T01:30:00.25 1883-11-18T12:00 2024-01-01T00:00:00.1000Z 2024-01-01T".split(),
    *"1677-09-21T00:12:43.145224192Z 1677-09-21T00:12:43.145224191Z 2262-04-11T23:47:16.9Z".split(),
    *"1969-12-31T23:59:59.9999Z 2024-01-01T00:00:00.1234567 1600-02-29T12:00:00.5".split(),
)
UUIDS = (
    *"123e4567-e89b-12d3-a456-426614174000 123E4567-E89B-12D3-A456-42661417400F 123e4567".split(),
    *"123e4567-e89b-12d3-a456-42661417400g {123e4567-e89b-12d3-a456-426614174000}".split(),
)
KINDS = (WORDS, CODED, NUMERALS, DATES, CLOCKS, MOMENTS, MOMENTS, UUIDS)
FLAVOURS = (*KINDS, tuple(text for kind in KINDS for text in kind))
NO_TEXT = (b"\xff", b"\xc3\x28", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"ab\xe2\x82")


def record(rng: Random, node: Type) -> bytes:
    """The bytes of one random value of ``node``; its texts are of one flavour, mostly."""
    return _value(rng, node, 0, rng.choice(FLAVOURS))


def _value(  # noqa: C901, PLR0912 - a table of cases
    rng: Random, node: Type, level: int, texts: tuple[str, ...]
) -> bytes:
    kind = node.kind
    if kind == "null":
        return b""
    if kind == "boolean":
        return b"\1" if rng.random() < 0.5 else b"\0"
    if kind == "int":
        some = rng.randint(-(2**31), 2**31 - 1) >> rng.randrange(32)
        return wire.number(rng.choice(WHOLE) if rng.random() < 0.5 else some)
    if kind == "long":
        some = rng.randint(-(2**63), 2**63 - 1) >> rng.randrange(64)
        return wire.number(rng.choice(LONG) if rng.random() < 0.5 else some)
    if kind == "float":
        if rng.random() < 0.2:
            return rng.randbytes(4)
        return wire.real32(rng.choice(REAL))
    if kind == "double":
        if rng.random() < 0.2:
            return rng.randbytes(8)
        return wire.real64(rng.choice(REAL64) if rng.random() < 0.7 else rng.uniform(-1e6, 1e6))
    if kind == "bytes":
        return wire.raw(_bytes(rng, node, texts))
    if kind == "string":
        return wire.text(rng.choice(UUIDS if node.logical else texts))
    if kind == "enum":
        return wire.number(rng.randrange(len(node.symbols)))
    if kind == "fixed":
        if node.logical == "decimal":
            return _unscaled(rng, node).to_bytes(node.size, "big", signed=True)
        return rng.choice((bytes(node.size), b"\xff" * node.size, rng.randbytes(node.size)))
    if kind == "record":
        return b"".join(_value(rng, f.type, level + 1, texts) for f in node.fields)
    if kind == "union":
        tag = rng.randrange(len(node.branches))
        if level > MAX_LEVELS:
            ends = [n for n, b in enumerate(node.branches) if b.kind != "record"]
            tag = rng.choice(ends or [tag])
        return wire.number(tag) + _value(rng, node.branches[tag], level + 1, texts)
    return _items(rng, node, level, texts)


def _items(rng: Random, node: Type, level: int, texts: tuple[str, ...]) -> bytes:
    """An array or map in any blocks that the specification allows."""
    out = b""
    blocks = rng.choice((0, 0, 1, 1, 1, 2, 3)) if level <= MAX_LEVELS // 2 else 0
    for _ in range(blocks):
        items = [
            (wire.text(rng.choice(("", "k", "a", "é", "x" * 70))) if node.kind == "map" else b"")
            + _value(rng, node.of, level + 1, texts)
            for _ in range(rng.choice((1, 1, 2, 3)))
        ]
        out += wire.block(items, sized=rng.random() < 0.3)
    return out + b"\0"


def _bytes(rng: Random, node: Type, texts: tuple[str, ...]) -> bytes:
    if node.logical == "decimal" and rng.random() < 0.9:
        value = _unscaled(rng, node)
        size = (value if value >= 0 else ~value).bit_length() // 8 + 1
        return value.to_bytes(size + rng.choice((0, 0, 0, 2)), "big", signed=True)
    if rng.random() < 0.5:
        return rng.choice(texts).encode()
    return rng.choice((b"", b"\0", *NO_TEXT, rng.randbytes(rng.randrange(40))))


def _unscaled(rng: Random, node: Type) -> int:
    most = 10**node.precision - 1
    value = rng.choice((0, 1, 5, 25, 50, 125, 995, most, rng.randint(0, most)))
    value = min(value, most)
    return -value if rng.random() < 0.4 else value


def damaged(rng: Random, data: bytes) -> bytes:
    """The bytes with one to three wounds of any kind."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        at = rng.randint(0, len(out))
        wound = rng.randrange(7)
        if wound == 0:
            del out[at:]
        elif wound == 1:
            out[at:at] = rng.randbytes(rng.randint(1, 3))
        elif wound == 2 and at < len(out):
            out[at] ^= 1 << rng.randrange(8)
        elif wound == 3 and at < len(out):
            out[at] = rng.choice((0, 1, 2, 3, 0x7F, 0x80, 0xFF))
        elif wound == 4:
            del out[at : at + rng.randint(1, 4)]
        elif wound == 5:
            out[at : at + 1] = rng.choice(NUMBERS)
        else:
            out[at:at] = out[: rng.randint(0, 8)]
    return bytes(out)


# numbers that are no numbers, that are too large, and claims of sizes that are not there
NUMBERS = (
    b"\x80\x00",
    b"\xff" * 9 + b"\x01",
    b"\xff" * 9 + b"\x02",
    b"\xff" * 10,
    b"\xff\xff\xff\xff\x0f",
    b"\xff\xff\xff\xff\x10",
    b"\x80\x80\x80\x80\x80\x00",
    wire.number(2**31),
    wire.number(-(2**63)),
    wire.number(1_000_001),
    wire.number(-1_000_001) + b"\0",
    b"\x01\x00",
    struct.pack("<d", math.nan),
)
