"""Primitive types: values at their limits, each promotion, and each pair that has none."""

from __future__ import annotations

import math
import struct

from cases import Topic
from wire import number, raw, real32, real64, text

LIMITS = {
    "null": [("nothing", b"")],
    "boolean": [("true", b"\1"), ("false", b"\0")],
    "int": [(str(n), number(n)) for n in (0, -1, 1, 63, 64, -64, -65, 8191, 8192, 2**31 - 1, -(2**31))],
    "long": [(str(n), number(n)) for n in (0, -1, 2**31, 2**53 + 1, 2**62, 2**63 - 1, -(2**63))],
    "float": [*((str(x), real32(x)) for x in (0.0, -0.0, 1.5, math.inf, -math.inf)), *(("largest", b"\xff\xff\x7f\x7f"), ("smallest", b"\1\0\0\0"), ("NaN with a payload", b"\x42\1\xc0\xff"))],
    "double": [*((str(x), real64(x)) for x in (0.0, -0.0, 0.1, math.inf, -math.inf)), *(("largest", b"\xff" * 6 + b"\xef\x7f"), ("smallest", b"\1" + bytes(7))), ("NaN with a payload", b"\x07" + bytes(5) + b"\xf8\xff")],
    "bytes": [("empty", raw(b"")), ("every byte", raw(bytes(range(256)))), ("64 bytes", raw(b"\xff" * 64))],
    "string": [
        *(("empty", text("")), ("ascii", text("gateway")), ("two bytes each", text("éß")), ("three", text("日本"))),
        *(("four", text("😀")), ("zero inside", text("a\0b")), ("the last code point", text("\U0010ffff"))),
        *(("a noncharacter", text("\uffff")), ("before the surrogates", text("\ud7ff\ue000"))),
        ("long enough for a length of two bytes", text("x" * 64)),
    ],
}
PROMOTIONS = {"int": ("long", "float", "double"), "long": ("float", "double"), "float": ("double",), "string": ("bytes",), "bytes": ("string",)}


def topics() -> list[Topic]:
    """The files of this module."""
    return [_copies(), _promotions(), _refusals()]


def _copies() -> Topic:
    topic = Topic("primitives", "Binary encoding, Primitive Types")
    for kind, values in LIMITS.items():
        for name, data in values:
            topic.copies(f"{kind} {name}", f"a {kind} that both sides have keeps every bit", kind, data)
    return topic


def _promotions() -> Topic:
    topic = Topic("promotions", "Schema Resolution")
    whole = "int is promotable to long"
    for n in (0, -1, 2**31 - 1, -(2**31)):
        topic.gives(f"int {n} to long", whole, "int", "long", number(n), number(n))
    near = "int is promotable to float, and becomes the nearest"
    for n, x in ((0, 0.0), (-3, -3.0), (2**24, 2.0**24), (2**24 + 1, 2.0**24), (2**24 + 3, 2.0**24 + 4)):
        topic.gives(f"int {n} to float", near, "int", "float", number(n), real32(x))
    topic.gives("the largest int to float", near, "int", "float", number(2**31 - 1), real32(2.0**31))
    topic.gives("the least int to float", near, "int", "float", number(-(2**31)), real32(-(2.0**31)))
    for n in (0, -7, 2**31 - 1, -(2**31)):
        exact = "int is promotable to double, and keeps its value"
        topic.gives(f"int {n} to double", exact, "int", "double", number(n), real64(n))
    near = "long is promotable to float, and becomes the nearest"
    for name, n, x in (
        ("the largest long", 2**63 - 1, 2.0**63),
        ("the least long", -(2**63), -(2.0**63)),
        # floats are 2^37 apart here: one more than half-way, which a double on the way would lose
        ("just over half-way", 2**60 + 2**36 + 1, 2.0**60 + 2.0**37),
        ("just under half-way", 2**60 + 2**36 - 1, 2.0**60),
        ("half-way, to the even one", 2**60 + 2**36, 2.0**60),
        ("half-way, to the even one above", 2**60 + 3 * 2**36, 2.0**60 + 2.0**38),
        ("just over half-way below zero", -(2**60 + 2**36 + 1), -(2.0**60 + 2.0**37)),
    ):
        topic.gives(f"{name} to float", near, "long", "float", number(n), real32(x))
    near = "long is promotable to double, and becomes the nearest"
    for n, x in ((2**53, 2.0**53), (2**53 + 1, 2.0**53), (2**53 + 3, 2.0**53 + 4), (2**63 - 1, 2.0**63), (-(2**63), -(2.0**63))):
        topic.gives(f"long {n} to double", near, "long", "double", number(n), real64(x))
    same = "float is promotable to double, and keeps its value"
    for name, x in (("0.1", 0.1), ("-0.0", -0.0), ("inf", math.inf), ("-inf", -math.inf), ("smallest", 2.0**-149)):
        single = struct.unpack("<f", real32(x))[0]
        topic.gives(f"float {name} to double", same, "float", "double", real32(x), real64(single))
    for value in ("", "plain", "é日😀", "\0"):
        both = "string is promotable to bytes, and back where the bytes are UTF-8"
        topic.gives(f"string {value!r} to bytes", both, "string", "bytes", text(value), raw(value.encode()))
        topic.gives(f"bytes of {value!r} to string", both, "bytes", "string", raw(value.encode()), text(value))
    for name, data in (
        *(("a lone byte", b"\xff"), ("a form too long", b"\xc0\x80"), ("a surrogate", b"\xed\xa0\x80")),
        *(("beyond the last code point", b"\xf4\x90\x80\x80"), ("a sequence cut short", b"ab\xe2\x82")),
        *(("a continuation alone", b"\x80"), ("three bytes where two do", b"\xe0\x9f\xbf")),
        *(("four bytes where three do", b"\xf0\x8f\xbf\xbf"), ("five bytes", b"\xf8\x88\x80\x80\x80")),
    ):
        text_is = "a string is UTF-8, so bytes that are not cannot become one"
        topic.fails(f"bytes that are {name} to string", text_is, "bytes", "string", raw(data), "map/parse/f")
    for kind, lists in ((lambda t: {"type": "array", "items": t}, "array"), (lambda t: {"type": "map", "values": t}, "map")):
        key = text("k") if lists == "map" else b""
        data = number(2) + key + number(7) + key.replace(b"k", b"l") + number(-7) + b"\0"
        out = number(2) + key + real64(7) + key.replace(b"k", b"l") + real64(-7) + b"\0"
        each = f"the elements of an {lists} are resolved one by one" if lists == "array" else "the values of a map are resolved one by one"
        topic.gives(f"the elements of an {lists}", each, kind("int"), kind("double"), data, out)
        topic.refused(f"the elements of an {lists} that cannot", each, kind("string"), kind("double"))
    return topic


def _refusals() -> Topic:
    topic = Topic("no-promotion", "Schema Resolution")
    for writer in LIMITS:
        for contract in LIMITS:
            if writer != contract and contract not in PROMOTIONS.get(writer, ()):
                why = f"{writer} is not among what may be read as {contract}"
                topic.refused(f"{writer} as {contract}", why, writer, contract)
    for composite in ({"type": "array", "items": "int"}, {"type": "map", "values": "int"}):
        kind = composite["type"]
        why = f"an {kind} is resolved with an {kind} only" if kind == "array" else "a map is resolved with a map only"
        for other in ("int", "string", "bytes", "null"):
            topic.refused(f"{kind} as {other}", why, composite, other)
            topic.refused(f"{other} as {kind}", why, other, composite)
    topic.refused("array as map", "an array is no map", {"type": "array", "items": "int"}, {"type": "map", "values": "int"})
    topic.refused("map as array", "a map is no array", {"type": "map", "values": "int"}, {"type": "array", "items": "int"})
    return topic
