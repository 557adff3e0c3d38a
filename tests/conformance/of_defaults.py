"""Defaults of contract fields that the writer lacks: every type, and values that are none."""

from __future__ import annotations

import math

from cases import Topic, Whole, array, decimal, enum, fixed, logical, map_of, record
from wire import blocks, number, raw, real32, real64, text

INNER = record("In", ("x", "int"), {"name": "y", "type": "string", "default": "why"})
GOOD = [
    ("null", "null", None, b""),
    ("true", "boolean", True, b"\1"),
    ("false", "boolean", False, b"\0"),
    ("0", "int", 0, number(0)),
    ("the largest int", "int", 2**31 - 1, number(2**31 - 1)),
    ("the least int", "int", -(2**31), number(-(2**31))),
    ("the largest long", "long", 2**63 - 1, number(2**63 - 1)),
    ("the least long", "long", -(2**63), number(-(2**63))),
    ("a whole number as float", "float", 2, real32(2)),
    ("a fraction as float", "float", 0.1, real32(0.1)),
    ("the largest float", "float", 3.4028234663852886e38, b"\xff\xff\x7f\x7f"),
    ("a whole number as double", "double", -3, real64(-3)),
    ("a small double", "double", 1e-320, real64(1e-320)),
    ("a large double", "double", 1e308, real64(1e308)),
    ("no bytes", "bytes", "", raw(b"")),
    ("bytes as code points", "bytes", "\u0000\u007f\u0080\u00ff", raw(b"\0\x7f\x80\xff")),
    ("no text", "string", "", text("")),
    ("text", "string", "é日😀\u0000", text("é日😀\0")),
    ("a symbol", enum("E", "A B"), "B", number(1)),
    ("fixed", fixed("X", 3), "\u00ff\u0000a", b"\xff\0a"),
    ("fixed of no bytes", fixed("X", 0), "", b""),
    ("no elements", array("int"), [], blocks([])),
    ("elements", array("int"), [1, -1], blocks([number(1), number(-1)])),
    ("arrays in an array", array(array("string")), [["a"], []], blocks([blocks([text("a")]), blocks([])])),
    ("no entries", map_of("int"), {}, blocks([])),
    ("an entry", map_of("double"), {"k": 1}, blocks([text("k") + real64(1)])),
    ("a record in full", INNER, {"x": 1, "y": "z"}, number(1) + text("z")),
    ("a record whose other field has its own default", INNER, {"x": 1}, number(1) + text("why")),
    ("a record without fields", record("None"), {}, b""),
    ("null of a union", ["null", "int"], None, number(0)),
    ("the first branch", ["int", "null"], 7, number(0) + number(7)),
    ("the second branch", ["null", "int"], 7, number(1) + number(7)),
    ("the third branch", ["null", "int", "string"], "x", number(2) + text("x")),
    ("the first branch that fits a number", ["string", "double", "int"], 1, number(1) + real64(1)),
    ("a long where an int is too small", ["int", "long"], 2**40, number(1) + number(2**40)),
    ("a record in a union", ["null", INNER], {"x": 1}, number(1) + number(1) + text("why")),
    ("an array in a union", ["null", array("int")], [5], number(1) + blocks([number(5)])),
    ("a map of unions", map_of(["null", "int"]), {"k": None, "l": 2}, blocks([text("k") + number(0), text("l") + number(1) + number(2)])),
    ("a date", logical("int", "date"), -1, number(-1)),
    ("an instant", logical("long", "timestamp-micros"), 10**15, number(10**15)),
    ("a decimal", decimal(4, 2), "\u0001\u0000", raw(b"\1\0")),
    ("a UUID", logical("string", "uuid"), "123e4567-e89b-12d3-a456-426614174000", text("123e4567-e89b-12d3-a456-426614174000")),
    ("a duration", fixed("D", 12, logicalType="duration"), "\u0001" + "\u0000" * 11, b"\1" + bytes(11)),
]
BAD = [
    ("text as int", "int", "1"),
    ("int as text", "string", 1),
    ("a fraction as int", "int", 1.5),
    ("a fraction of zero as long", "long", 1.0),
    ("beyond int", "int", 2**31),
    ("beyond long", "long", 2**63),
    ("beyond float", "float", 1e39),
    ("beyond double", "double", int("9" * 400)),
    ("true as int", "int", True),
    ("1 as boolean", "boolean", 1),
    ("null as int", "int", None),
    ("an unknown symbol", enum("E", "A B"), "C"),
    ("an index as enum", enum("E", "A B"), 0),
    ("a fixed too short", fixed("X", 3), "ab"),
    ("a fixed too long", fixed("X", 3), "abcd"),
    ("a code point beyond a byte", "bytes", "\u0100"),
    ("a code point beyond a byte, fixed", fixed("X", 1), "日"),
    ("an object as array", array("int"), {}),
    ("an array as map", map_of("int"), []),
    ("one bad element", array("int"), [1, "2"]),
    ("one bad value", map_of("int"), {"k": None}),
    ("a record without a field that has no default", INNER, {"y": "z"}),
    ("a record with a strange field", INNER, {"x": 1, "z": 2}),
    ("an array as record", INNER, [1, "z"]),
    ("of no branch", ["null", "int"], "x"),
    ("a record that contains itself by force", record("R", {"name": "r", "type": "R", "default": {}}), {}),
]


def topics() -> list[Topic]:
    """The files of this module."""
    topic = Topic("defaults", "Complex Types, Records")
    writer = Whole(record("W", ("other", "int")))
    used = "a default is used for a field that the writer lacks, read as JSON by its type"
    for name, kind, value, out in GOOD:
        topic.gives(name, used, writer, kind, number(5), out, default=value)
        assert not (isinstance(value, float) and math.isinf(value))
    for name, kind, value in BAD:
        no_value = "a default must be a value of the field's type"
        topic.refused(f"not {name}", no_value, writer, kind, default=value)
    topic.gives("a bad default that is not needed", "a default is not looked at where the writer has the field", "int", "int", number(1), number(1), default="x")
    const = "a constant is written like a default"
    for name, kind, value, out in GOOD[:40:3]:
        topic.gives(f"constant: {name}", const, writer, kind, number(5), out, rule={"const": value}, section="Mapping, Rules")
    for name, kind, value in BAD[::3]:
        topic.refused(f"constant: not {name}", const, writer, kind, rule={"const": value}, section="Mapping, Rules")
    inner = record("In", ("x", "int"))
    wanted = record("In", {"name": "y", "type": ["null", "string"], "default": None}, ("x", "int"))
    within = "defaults of nested records are used where the nested writer lacks the field"
    topic.gives("in a nested record", within, inner, wanted, number(5), number(0) + number(5))
    topic.gives("in the records of an array", within, array(inner), array(wanted), blocks([number(5), number(6)]), blocks([number(0) + number(5), number(0) + number(6)]))
    topic.gives("in a branch", within, ["null", inner], [wanted, "null"], number(1) + number(5), number(0) + number(0) + number(5))
    return [topic]
