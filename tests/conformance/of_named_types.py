"""Enums, fixed, records, their names and aliases."""

from __future__ import annotations

from cases import Topic, Whole, array, enum, fixed, map_of, record
from wire import block, blocks, number, raw, real32, real64, text


def topics() -> list[Topic]:
    """The files of this module."""
    return [_enums(), _fixed(), _records(), _aliases(), _namespaces()]


def _enums() -> Topic:
    topic = Topic("enums", "Schema Resolution")
    by_symbol = "enums are resolved by symbol, not by position"
    three = enum("E", "A B C")
    for n in range(3):
        topic.gives(f"reversed, symbol {n}", by_symbol, three, enum("E", "C B A"), number(n), number(2 - n))
    topic.gives("more symbols before", by_symbol, three, enum("E", "X A B C"), number(0), number(1))
    topic.gives("more symbols behind", by_symbol, three, enum("E", "A B C X"), number(2), number(2))
    topic.gives("fewer symbols, one that stays", by_symbol, three, enum("E", "C"), number(2), number(0))
    topic.gives("names differ outside unions", "names of enums do not matter outside unions", three, enum("F", "A B C"), number(1), number(1), section="Mapping, Enums")
    lacks = "a symbol that the contract lacks becomes the contract's default, else it is an error"
    topic.fails("no default", lacks, three, enum("E", "A B"), number(2), "map/symbol/f")
    topic.gives("a default", lacks, three, enum("E", "A B", default="B"), number(2), number(1))
    topic.gives("a default that is the first", lacks, three, enum("E", "Z A", default="Z"), number(1), number(0))
    topic.gives("known symbols do not become the default", lacks, three, enum("E", "A B", default="B"), number(0), number(0))
    topic.fails("the writer's default does not count", lacks, enum("E", "A B C", default="A"), enum("E", "A B"), number(2), "map/symbol/f")
    topic.fails("nothing in common", lacks, three, enum("E", "X Y"), number(0), "map/symbol/f")
    topic.gives("nothing in common but a default", lacks, three, enum("E", "X Y", default="Y"), number(0), number(1))
    topic.fails("in an array", lacks, array(three), array(enum("E", "A B")), blocks([number(0), number(2)]), "map/symbol/f")
    topic.gives("in a map", lacks, map_of(three), map_of(enum("E", "B", default="B")), blocks([text("k") + number(2)]), blocks([text("k") + number(0)]))
    topic.gives("a field's default is none for symbols", lacks, three, enum("E", "A B", default="A"), number(2), number(0), default="B")
    text_is = "an enum becomes the text of its symbol, since nothing is lost"
    topic.gives("to string", text_is, three, "string", number(1), text("B"), section="Mapping")
    for other in ("int", "long", "bytes", "boolean"):
        topic.refused(f"to {other}", f"an enum is not promotable to {other}", three, other)
    topic.refused("from string", "text becomes an enum only where a rule names the field", "string", three, section="Mapping")
    topic.refused("from int", "an int is not promotable to an enum", "int", three)
    topic.gives("from string with a rule", "text that a rule names becomes the symbol it spells", "string", three, text("C"), number(2), rule="f", section="Mapping")
    topic.fails("from string with a rule, no symbol", "text that spells no symbol is an error", "string", three, text("c"), "map/symbol/f", rule="f", section="Mapping")
    within, section = "an enum is written as the index of its symbol", "Binary encoding, Enums"
    for name, data, reason in (("beyond", number(3), "index"), ("below zero", number(-1), "index"), ("missing", b"", "truncated"), ("too long", b"\xff" * 5 + b"\1", "varint")):
        topic.fails(f"index {name}", within, three, three, data, f"decode/{reason}/f", section=section)
    return topic


def _fixed() -> Topic:
    topic = Topic("fixed", "Schema Resolution")
    same = "fixed types of one size are the same"
    for size in (0, 1, 16, 300):
        topic.copies(f"{size} bytes", same, fixed("X", size), bytes(range(256))[:size].ljust(size, b"\x80"))
    topic.gives("names differ", "names of fixed do not matter outside unions", fixed("X", 2), fixed("n.Y", 2), b"\xff\0", b"\xff\0", section="Mapping, Records")
    topic.refused("larger", same, fixed("X", 2), fixed("X", 3))
    topic.refused("smaller", same, fixed("X", 2), fixed("X", 1))
    for other in ("bytes", "string", "int"):
        topic.refused(f"to {other}", f"a fixed is not promotable to {other}", fixed("X", 4), other)
        topic.refused(f"from {other}", f"{other} is not promotable to a fixed", other, fixed("X", 4))
    topic.damaged("a byte is missing", "a fixed has as many bytes as its size", fixed("X", 4), b"abc", "truncated")
    topic.fails("a byte too many", "the record ends with its last field", fixed("X", 4), fixed("X", 4), b"abcde", "decode/trailing/")
    return topic


def _records() -> Topic:
    topic = Topic("records", "Schema Resolution")
    by_name = "fields are found by name, in whatever order"
    w = record("R", ("a", "int"), ("b", "string"), ("c", "double"))
    data = {"a": number(5), "b": text("t"), "c": real64(1.5)}
    whole = data["a"] + data["b"] + data["c"]
    for order in ("abc", "acb", "bac", "bca", "cab", "cba"):
        kinds = {"a": "int", "b": "string", "c": "double"}
        c = record("R", *((name, kinds[name]) for name in order))
        topic.gives(f"in the order {order}", by_name, w, c, whole, b"".join(data[name] for name in order))
    ignored = "a field that the contract lacks is ignored"
    for kept in ("a", "b", "c", "ab", "ac", "bc", ""):
        c = record("R", *((name, {"a": "int", "b": "string", "c": "double"}[name]) for name in kept))
        topic.gives(f"only {kept or 'nothing'}", ignored, w, c, whole, b"".join(data[name] for name in kept))
    for name, kind, value in (
        ("null", "null", b""),
        ("boolean", "boolean", b"\1"),
        ("long", "long", number(-(2**63))),
        ("float", "float", real32(1)),
        ("bytes", "bytes", raw(b"\xff\xff")),
        ("enum", enum("E", "A B"), number(1)),
        ("fixed", fixed("X", 3), b"abc"),
        ("array in two blocks", array("string"), block([text("x")]) + block([text("y"), text("z")]) + b"\0"),
        ("array whose blocks tell their size", array("long"), block([number(2**40)] * 3, sized=True) + b"\0"),
        ("map", map_of("int"), blocks([text("k") + number(1)])),
        ("map whose blocks tell their size", map_of("int"), block([text("k") + number(1)], sized=True) + b"\0"),
        ("union", ["null", "string"], number(1) + text("s")),
        ("record", record("In", ("x", "int"), ("y", array("int"))), number(1) + blocks([number(2)])),
    ):
        topic.gives(f"an ignored {name} before what is read", ignored, Whole(record("W", ("gone", kind), ("f", "int"))), "int", value + number(5), number(5))
    topic.fails(
        "an ignored field is checked too",
        "what is ignored must still be what the writer's schema says",
        Whole(record("W", ("gone", "string"), ("f", "int"))),
        "int",
        number(1) + b"\xff" + number(5),
        "decode/utf8/gone",
        section="Mapping, bytes",
    )
    topic.refused("a field that the writer lacks", "without a default that is an error", Whole(record("W", ("other", "int"))), "int")
    topic.gives("a field that the writer lacks, with a default", "the contract's default is used", Whole(record("W", ("other", "int"))), "int", number(1), number(42), default=42)
    topic.gives("a field that both have does not use its default", "a default is for a field that the writer lacks", "int", "int", number(1), number(1), default=42)
    topic.gives("names of records do not matter outside unions", "the contract may call a record otherwise", record("a.R", ("x", "int")), record("b.S", ("x", "int")), number(5), number(5), section="Mapping, Records")
    topic.copies("no fields", "a record without fields takes no bytes", record("R"), b"")
    topic.gives(
        "fields of three levels",
        "records are resolved recursively",
        record("A", ("b", record("B", ("c", record("C3", ("x", "int"), ("y", "int")))))),
        record("A", ("b", record("B", ("c", record("C3", ("y", "long")))))),
        number(1) + number(2),
        number(2),
    )
    topic.refused("a field within that the writer lacks", "records are resolved recursively", record("A", ("b", record("B", ("x", "int")))), record("A", ("b", record("B", ("y", "int")))))
    topic.refused("record as int", "a record is resolved with a record only", record("R", ("x", "int")), "int")
    topic.refused("record as map", "a record is no map", record("R", ("x", "int")), map_of("int"))
    topic.refused("map as record", "a map is no record", map_of("int"), record("R", ("x", "int")))
    shared = record("P", ("x", "int"), ("y", "int"))
    topic.gives(
        "one type in two places",
        "a named type is the same wherever it is named",
        Whole(record("W", ("a", shared), ("b", "P"))),
        Whole(record("C", ("b", record("P", ("y", "int"))), ("a", "P"))),
        number(1) + number(2) + number(3) + number(4),
        number(4) + number(2),
    )
    wide = [(f"f{n}", "int") for n in range(300)]
    topic.gives("300 fields, each second one", ignored, Whole(record("W", *wide)), Whole(record("C", *wide[::2])), b"".join(number(n) for n in range(300)), b"".join(number(n) for n in range(0, 300, 2)))
    topic.gives("300 fields in reverse", by_name, Whole(record("W", *wide)), Whole(record("C", *wide[::-1])), b"".join(number(n) for n in range(300)), b"".join(number(n) for n in range(299, -1, -1)))
    topic.fails("bytes after the last field", "the payload ends where the record ends", w, w, whole + b"\0", "decode/trailing/", section="Mapping, bytes")
    topic.fails("bytes for no field", "the payload ends where the record ends", Whole(record("W")), Whole(record("C")), b"\0", "decode/trailing/", section="Mapping, bytes")
    topic.fails("a field is missing", "every field is written, in the writer's order", w, w, data["a"] + data["b"], "decode/truncated/f.c", section="Binary encoding, Records")
    return topic


def _aliases() -> Topic:
    topic = Topic("aliases", "Aliases")
    found = "a field that the writer lacks by name is found by an alias of the contract's field"

    def renamed(kind: object, *aliases: str, **more: object) -> dict[str, object]:
        return {"name": "f", "type": kind, "aliases": list(aliases), **more}

    w = Whole(record("W", ("old", "int"), ("older", "int")))
    data = number(1) + number(2)
    topic.gives("one alias", found, w, Whole(record("C", renamed("int", "old"))), data, number(1))
    topic.gives("the first of two that is there", found, w, Whole(record("C", renamed("int", "older", "old"))), data, number(2))
    topic.gives("an alias that is not there is passed over", found, w, Whole(record("C", renamed("int", "gone", "older"))), data, number(2))
    topic.gives("promoted on the way", found, w, Whole(record("C", renamed("double", "old"))), data, real64(1))
    topic.gives("the name comes first", "a field's own name comes before its aliases", Whole(record("W", ("old", "int"), ("f", "int"))), Whole(record("C", renamed("int", "old"))), data, number(2))
    topic.gives("an alias before a default", found, w, Whole(record("C", renamed("int", "old", default=9))), data, number(1))
    topic.gives("no alias there: the default", found, w, Whole(record("C", renamed("int", "gone", default=9))), data, number(9))
    topic.refused("no alias there, no default", found, w, Whole(record("C", renamed("int", "gone"))))
    topic.refused("the writer's aliases do not count", "aliases are the reader's", Whole(record("W", {"name": "old", "type": "int", "aliases": ["f"]})), "int")
    swap = record("C", {"name": "a", "type": "int", "aliases": ["x"]}, {"name": "x", "type": "int", "aliases": ["a"]})
    topic.gives("names win over each other's aliases", "a field's own name comes before its aliases", Whole(record("W", ("x", "int"), ("a", "int"))), Whole(swap), data, number(2) + number(1))
    topic.gives("two fields from one", found, w, Whole(record("C", renamed("int", "old"), {"name": "g", "type": "long", "aliases": ["old"]})), data, number(1) + number(1))
    inner = record("In", ("p", "int"), ("q", "string"))
    wanted = record("Inner", {"name": "text", "type": "string", "aliases": ["q"]}, {"name": "n", "type": "long", "aliases": ["p"]})
    topic.gives("in a nested record", found, inner, wanted, number(1) + text("t"), text("t") + number(1))
    topic.gives("in the records of an array", found, array(inner), array(wanted), blocks([number(1) + text("t")]), blocks([text("t") + number(1)]))
    topic.gives("in the records of a map", found, map_of(inner), map_of(wanted), blocks([text("k") + number(1) + text("t")]), blocks([text("k") + text("t") + number(1)]))
    topic.gives("in a union, of type and field", found, ["null", inner], ["null", wanted | {"aliases": ["In"]}], number(1) + number(1) + text("t"), number(1) + text("t") + number(1))
    lists = record("Node", ("v", "int"), ("n", ["null", "Node"]))
    renamed_list = record("Cell", {"name": "value", "type": "int", "aliases": ["v"]}, {"name": "next", "type": ["null", "Cell"], "aliases": ["n"]}, aliases=["Node"])
    topic.gives("in a record that contains itself", found, lists, renamed_list, number(1) + number(1) + number(2) + number(0), number(1) + number(1) + number(2) + number(0))
    return topic


def _namespaces() -> Topic:
    topic = Topic("namespaces", "Names")
    takes = "a name without a namespace takes that of what is around it"
    spaced = record("R", ("a", fixed("X", 1)), ("b", "X"), ("c", "n.X"), namespace="n")
    topic.copies("inherited, named short and in full", takes, spaced, b"abc")
    dotted = record("m.R", ("a", fixed("X", 1)), ("b", "m.X"), namespace="ignored")
    topic.copies("a name with dots ignores the namespace beside it", "a full name stands by itself", dotted, b"ab")
    deep = record("a.b.R", ("x", record("c.d.S", ("y", fixed("X", 1)), ("z", "c.d.X"))), ("w", "c.d.S"))
    topic.copies("a namespace within a namespace", takes, deep, b"xyab")
    reset = record("R", ("a", enum("E", "A B", namespace="")), ("b", fixed("X", 1)), namespace="n")
    topic.copies("an empty namespace is none", "the empty text means no namespace", reset, number(1) + b"x")
    both = record("R", ("a", fixed("p.X", 1)), ("b", fixed("q.X", 2)), ("c", "p.X"), ("d", "q.X"))
    topic.copies("one short name in two namespaces", "types of two namespaces are two types", both, b"abbcdd")
    union = [record("p.R", ("x", "int")), record("q.R", ("y", "string"))]
    topic.gives("in a union by full name", "types of two namespaces are two types", union, union[::-1], number(0) + number(5), number(1) + number(5))
    for name in ("_", "_a1", "A", "null1", "record", "Int"):
        topic.copies(f"the name {name}", "a name begins with a letter or _, then has letters, digits and _", record("R", (name, "int")), number(5))
    topic.copies("a name of 300 letters", "names have no greatest length", record("R", ("n" * 300, "int")), number(5))
    return topic
