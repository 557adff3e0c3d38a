"""Unions on either side, of any types."""

from __future__ import annotations

from cases import Topic, array, decimal, enum, fixed, map_of, record
from wire import blocks, number, raw, real32, real64, text


def topics() -> list[Topic]:
    """The files of this module."""
    topic = Topic("unions", "Schema Resolution")
    _to_union(topic)
    _from_union(topic)
    _both(topic)
    _named(topic)
    _inside(topic)
    return [topic]


def _to_union(topic: Topic) -> None:
    first = "the first branch that is the writer's own type is taken"
    topic.gives("int to its own branch", first, "int", ["string", "int"], number(5), number(1) + number(5))
    topic.gives("own type before a promotion", first, "int", ["long", "int"], number(5), number(1) + number(5))
    topic.gives("float before double", first, "float", ["double", "float"], real32(1.5), number(1) + real32(1.5))
    topic.gives("string before bytes", first, "string", ["bytes", "string"], text("é"), number(1) + text("é"))
    topic.gives("null to its branch", first, "null", ["int", "null"], b"", number(1))
    topic.gives("a union of one", first, "int", ["int"], number(5), number(0) + number(5))
    topic.gives("the third of four", first, "boolean", ["null", "int", "boolean", "string"], b"\1", number(2) + b"\1")
    near = "without its own type, the first branch that it may be promoted to is taken"
    topic.gives("int to double", near, "int", ["null", "double", "long"], number(5), number(1) + real64(5))
    topic.gives("int to long", near, "int", ["null", "long", "double"], number(5), number(1) + number(5))
    topic.gives("long to float", near, "long", ["float", "double"], number(5), number(0) + real32(5))
    topic.gives("string to bytes", near, "string", ["int", "bytes"], text("é"), number(1) + raw("é".encode()))
    topic.gives("enum to string", near, enum("E", "A B"), ["null", "string"], number(1), number(1) + text("B"))
    topic.fails("bytes to string that are no text", near, "bytes", ["null", "string"], raw(b"\xff"), "map/parse/f")
    topic.gives("array to array", first, array("int"), ["null", array("long")], blocks([number(1)]), number(1) + blocks([number(1)]))
    topic.gives("map to map", first, map_of("int"), [map_of("double")], blocks([text("k") + number(1)]), number(0) + blocks([text("k") + real64(1)]))
    none = "no branch matches, so that is an error"
    topic.refused("string to numbers", none, "string", ["null", "int", "double"])
    topic.refused("null to no null", none, "null", ["int", "string"])
    topic.refused("double to smaller", none, "double", ["null", "float", "long"])
    topic.refused("array to another's elements", none, array("string"), ["null", array("int")])


def _from_union(topic: Topic) -> None:
    chosen = "the branch that the datum has is resolved with the contract's type"
    topic.gives("int of int or string", chosen, ["int", "string"], "int", number(0) + number(5), number(5))
    topic.fails("string of int or string", chosen, ["int", "string"], "int", number(1) + text("x"), "map/type/f")
    topic.gives("each promoted by itself: int", chosen, ["int", "float"], "double", number(0) + number(5), real64(5))
    topic.gives("each promoted by itself: float", chosen, ["int", "float"], "double", number(1) + real32(0.5), real64(0.5))
    topic.gives("of a union of one", chosen, ["int"], "long", number(0) + number(5), number(5))
    topic.fails("null to what is not nullable", chosen, ["null", "int"], "int", number(0), "map/null/f")
    topic.gives("value of null or int", chosen, ["null", "int"], "int", number(1) + number(5), number(5))
    topic.gives("null to null", chosen, ["null", "int"], "null", number(0), b"")
    topic.fails("a value to null", chosen, ["null", "int"], "null", number(1) + number(5), "map/type/f")
    none = "where no branch can be resolved, no datum can be"
    topic.refused("no branch fits", none, ["string", "boolean"], "int")
    topic.refused("null alone to int", none, ["null"], "int")
    within = "the index must be that of a branch"
    section = "Binary encoding, Unions"
    topic.fails("index beyond", within, ["null", "int"], ["null", "int"], number(2), "decode/index/f", section=section)
    topic.fails("index below zero", within, ["null", "int"], ["null", "int"], number(-1), "decode/index/f", section=section)
    topic.fails("the least index", within, ["null", "int"], ["null", "int"], number(-(2**31)), "decode/index/f", section=section)
    topic.fails("index of six bytes", within, ["null", "int"], ["null", "int"], number(2**40), "decode/varint/f", section=section)
    topic.fails("index in a longer form", within, ["null", "int"], ["null", "int"], b"\x80\0", "decode/varint/f", section=section)
    topic.fails("no index", within, ["null", "int"], ["null", "int"], b"", "decode/truncated/f", section=section)
    topic.fails("no value after the index", within, ["null", "int"], ["null", "int"], number(1), "decode/truncated/f", section=section)
    default = {"default": 7}
    page = "Mapping, R.default"
    topic.gives("null with a rule's default", "a rule's default stands in for null", ["null", "int"], "int", number(0), number(7), rule=default, section=page)
    topic.gives("another branch with a rule's default", "a rule's default stands in for what does not fit", ["int", "string"], "int", number(1) + text("x"), number(7), rule=default, section=page)


def _both(topic: Topic) -> None:
    each = "where both are unions, the datum's branch is resolved with the contract's union"
    two, swapped = ["null", "int"], ["int", "null"]
    topic.gives("swapped: value", each, two, swapped, number(1) + number(5), number(0) + number(5))
    topic.gives("swapped: null", each, two, swapped, number(0), number(1))
    topic.gives("promoted within", each, two, ["null", "double"], number(1) + number(5), number(1) + real64(5))
    topic.gives("one more branch", each, two, ["string", "null", "int"], number(1) + number(5), number(2) + number(5))
    many = ["null", "boolean", "int", "string", "bytes", array("int"), map_of("long")]
    values = [b"", b"\1", number(9), text("s"), raw(b"\0"), blocks([number(1)]), blocks([text("k") + number(2)])]
    for n, value in enumerate(values):
        back = len(many) - 1 - n
        topic.gives(f"branch {n} of seven reversed", each, many, many[::-1], number(n) + value, number(back) + value)
    topic.fails("a branch that the contract lacks", each, ["null", "string"], two, number(1) + text("x"), "map/type/f")
    topic.fails("null that the contract lacks", each, two, ["int", "string"], number(0), "map/null/f")
    topic.gives("two branches into one", each, ["int", "long"], ["double"], number(1) + number(2**40), number(0) + real64(2.0**40))
    topic.refused("nothing in common", "no branch of the writer can be read", ["string", "boolean"], ["int", "null"][:1])


def _named(topic: Topic) -> None:
    one = record("R", ("x", "int"))
    named = "in a union a record, enum or fixed is found by its name"
    topic.gives("record of the name", named, one, [record("S", ("x", "int")), one], number(5), number(1) + number(5))
    topic.gives("record of the full name first", named, record("a.R", ("x", "int")), [record("b.R", ("x", "int")), record("a.R", ("x", "int"))], number(5), number(1) + number(5))
    topic.gives("record of the unqualified name", named, record("a.R", ("x", "int")), ["null", record("b.R", ("x", "int"))], number(5), number(1) + number(5))
    alias = "a type is also found by the aliases of the contract's"
    topic.gives("record by alias", alias, one, ["null", record("New", ("x", "int"), aliases=["R"])], number(5), number(1) + number(5))
    topic.gives("record by the alias of a namespace", alias, record("old.R", ("x", "int")), [record("n.New", ("x", "long"), aliases=["old.R"])], number(5), number(0) + number(5))
    topic.gives("enum by alias", alias, enum("E", "A B"), ["null", enum("F", "B A", aliases=["E"])], number(0), number(1) + number(1))
    topic.gives("fixed by alias", alias, fixed("X", 2), ["null", fixed("Y", 2, aliases=["X"])], b"ab", number(1) + b"ab")
    topic.gives("a name before an alias", named, one, [record("New", ("x", "int"), aliases=["R"]), one], number(5), number(1) + number(5))
    other = "in a union another name is another type"
    topic.refused("record of another name", other, one, ["null", record("S", ("x", "int"))])
    topic.refused("enum of another name", other, enum("E", "A"), ["null", enum("F", "A")])
    topic.refused("fixed of another name", other, fixed("X", 2), ["null", fixed("Y", 2)])
    topic.refused("the writer's aliases do not count", other, record("R", ("x", "int"), aliases=["S"]), ["null", record("S", ("x", "int"))])
    page = "Mapping, Unions"
    meaning = "unless its logical type says what the value means"
    writer = fixed("X", 4, logicalType="decimal", precision=9, scale=2)
    contract = fixed("Y", 4, logicalType="decimal", precision=9, scale=2)
    topic.gives("decimals of other names", meaning, writer, ["null", contract], b"\0\0\0\x64", number(1) + b"\0\0\0\x64", section=page)
    topic.gives("a decimal as fixed to one as bytes", meaning, writer, ["null", decimal(9, 2)], b"\0\0\0\x64", number(1) + raw(b"\x64"), section=page)
    r, s = record("R", ("x", "int")), record("S", ("y", "string"))
    topic.gives("records of two names: the first", named, [r, s], [s, r], number(0) + number(5), number(1) + number(5))
    topic.gives("records of two names: the second", named, [r, s], [s, r], number(1) + text("x"), number(0) + text("x"))
    topic.fails("a record whose name the contract lacks", named, [r, s], ["null", s], number(0) + number(5), "map/type/f")
    topic.gives(
        "branch records change inside",
        "a branch is resolved recursively",
        ["null", record("R", ("x", "int"), ("y", "string"))],
        ["null", record("R", ("y", "string"), ("x", "double"))],
        number(1) + number(5) + text("t"),
        number(1) + text("t") + real64(5),
    )


def _inside(topic: Topic) -> None:
    each = "unions within arrays, maps and records are resolved where they stand"
    data = blocks([number(0), number(1) + number(5)])
    topic.gives("in an array", each, array(["null", "int"]), array(["long", "null"]), data, blocks([number(1), number(0) + number(5)]))
    topic.fails("a null in an array of what is not nullable", each, array(["null", "int"]), array("int"), data, "map/null/f")
    data = blocks([text("k") + number(1) + text("v")])
    topic.gives("in a map", each, map_of(["null", "string"]), map_of("string"), data, blocks([text("k") + text("v")]))
    topic.gives(
        "an array in a union in an array", each, array(["null", array("int")]), array(["null", array("double")]), blocks([number(1) + blocks([number(3)]), number(0)]), blocks([number(1) + blocks([real64(3)]), number(0)])
    )
    inner = record("In", ("a", ["null", "int"]), ("b", "string"))
    wanted = record("In", ("b", "string"), ("a", ["double", "null"]))
    topic.gives("in a nested record", each, inner, wanted, number(1) + number(2) + text("b"), text("b") + number(0) + real64(2))
    topic.fails("the path names the field within", each, inner, record("In", ("a", "int")), number(0) + text("b"), "map/null/f.a")
