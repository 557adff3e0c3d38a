"""What must hold of the bytes: blocks, sizes, nesting, and every way in which they can be wrong."""

from __future__ import annotations

from cases import Topic, Whole, array, enum, fixed, map_of, record
from wire import block, blocks, number, raw, real64, text

LEVELS = 64  # records, arrays and maps around a value, the outermost the first
ITEMS = 1_000_000  # elements and entries of one record, and fields that take no bytes
# where the last of so many leaves of a binary tree lies: each bit is a turn
HALVES = ".".join(["f", *("ab"[ITEMS >> bit & 1] for bit in range(38, -1, -1))])


def topics() -> list[Topic]:
    """The files of this module."""
    return [_blocks(), _depth(), _recursion(), _damage()]


def _blocks() -> Topic:
    topic = Topic("blocks", "Binary encoding, Arrays and Maps")
    one, two, three = number(1), number(-2), number(300)
    any_ = "an array is a series of blocks that ends with a count of 0"
    items = array("int")
    whole = blocks([one, two, three])
    topic.copies("no block but the end", any_, items, b"\0")
    topic.gives("one block", any_, items, items, whole, whole)
    topic.gives("three blocks", any_, items, items, block([one]) + block([two]) + block([three]) + b"\0", whole)
    size = "a negative count is followed by the block's size in bytes"
    topic.gives("a block that tells its size", size, items, items, block([one, two, three], sized=True) + b"\0", whole)
    topic.gives("blocks with and without sizes", size, items, items, block([one], sized=True) + block([two]) + block([three], sized=True) + b"\0", whole)
    doubles = blocks([real64(1), real64(-2), real64(300)])
    topic.gives("a block that tells its size, converted", size, items, array("double"), block([one, two, three], sized=True) + b"\0", doubles)
    topic.gives("three blocks, converted", any_, items, array("double"), block([one]) + block([two], sized=True) + block([three]) + b"\0", doubles)
    many = [number(n) for n in range(200)]
    topic.gives("200 elements in blocks of one, converted", any_, items, array("double"), b"".join(block([n]) for n in many) + b"\0", blocks([real64(n) for n in range(200)]))
    entries = map_of("int")
    whole = blocks([text("a") + one, text("b") + two])
    topic.gives("a map in two blocks", any_, entries, entries, block([text("a") + one]) + block([text("b") + two], sized=True) + b"\0", whole)
    topic.gives("a map in two blocks, converted", any_, entries, map_of("double"), block([text("a") + one], sized=True) + block([text("b") + two]) + b"\0", blocks([text("a") + real64(1), text("b") + real64(-2)]))
    topic.copies("the empty key", any_, entries, blocks([text("") + one]))
    topic.gives("arrays within blocks that tell their size", size, array(items), array(items), block([block([one], sized=True) + b"\0", b"\0"], sized=True) + b"\0", blocks([blocks([one]), blocks([])]))
    twice = "of entries with one key readers see the last; all are checked and mapped"
    page = "Mapping, bytes"
    topic.gives("a key twice", twice, entries, entries, blocks([text("k") + one, text("k") + two]), blocks([text("k") + one, text("k") + two]), section=page)
    topic.gives("a key twice, converted", twice, entries, map_of("double"), blocks([text("k") + one, text("k") + two]), blocks([text("k") + real64(1), text("k") + real64(-2)]), section=page)
    topic.fails("a key twice, of which the first cannot be mapped", twice, map_of(["null", "int"]), entries, blocks([text("k") + number(0), text("k") + number(1) + two]), "map/null/f", section=page)
    nulls = array("null")
    topic.copies("elements without bytes", "a null takes no bytes", nulls, number(5) + b"\0")
    topic.gives("elements without bytes, in blocks that tell their size", "a null takes no bytes", nulls, array(["int", "null"]), number(-2) + number(0) + number(1) + b"\0", blocks([number(1)] * 3))
    wrong = "a block ends where its size says"
    for name, given in (("too small", 2), ("too large", 5), ("zero", 0)):
        topic.damaged(f"a size that is {name}", wrong, items, number(-3) + number(given) + one + two + three + b"\0\0\0\0", "length")
    topic.damaged("a size below zero", wrong, items, number(-1) + number(-1) + one + b"\0", "length")
    topic.damaged("a size beyond the payload", wrong, items, number(-1) + number(100) + one + b"\0", "length")
    topic.damaged("no end", any_, items, block([one]), "truncated")
    topic.damaged("fewer elements than the count", any_, items, number(3) + one + two, "truncated")
    topic.damaged("a count in a longer form", "numbers are in their shortest form", items, b"\x82\0" + one + b"\0", "varint")
    bound = f"one record has at most {ITEMS} elements and entries"
    topic.gives("as many elements as there may be", bound, nulls, nulls, number(ITEMS) + b"\0", number(ITEMS) + b"\0", section=page)
    topic.fails("one element more", bound, nulls, nulls, number(ITEMS + 1) + b"\0", "decode/items/f", section=page)
    topic.fails("one element more, in a second block", bound, nulls, nulls, number(ITEMS) + number(1) + b"\0", "decode/items/f", section=page)
    topic.fails("one element more, in a second field", bound, Whole(record("W", ("f", nulls), ("g", array("int")))), nulls, number(ITEMS) + b"\0" + number(1) + one + b"\0", "decode/items/g", section=page)
    hollow = record("H", *((f"n{n}", "null") for n in range(9)))
    topic.copies("elements whose fields take no bytes, as many as there may be", "fields that take no bytes count too", array(hollow), number(ITEMS // 10) + b"\0", section=page)
    topic.fails("elements whose fields take no bytes, one more", "fields that take no bytes count too", array(hollow), array(hollow), number(ITEMS // 10 + 1) + b"\0", "decode/items/f", section=page)
    double = record("R0", ("x", "null"))
    for n in range(1, 40):
        double = record(f"R{n}", ("a", double), ("b", f"R{n - 1}"))
    topic.fails("records within records that take no bytes", "fields that take no bytes count too", double, double, b"", "decode/items/" + HALVES, section=page)
    topic.fails("the largest count", bound, nulls, nulls, number(2**63 - 1) + b"\0", "decode/items/f", section=page)
    topic.fails("the least count", bound, nulls, nulls, number(-(2**63)) + number(0) + b"\0", "decode/items/f", section=page)
    topic.fails("a count of more elements than bytes", bound, items, items, number(ITEMS) + one, "decode/truncated/f", section=page)
    return topic


def _depth() -> Topic:
    topic = Topic("depth", "Mapping, bytes")
    bound = f"records, arrays and maps nest {LEVELS} levels deep at most"
    deep, data = "int", number(7)
    for _ in range(LEVELS - 1):
        deep, data = array(deep), blocks([data])
    topic.copies("arrays, as deep as may be", bound, deep, data)
    deep, data = "int", number(7)
    for _ in range(LEVELS - 1):
        deep, data = map_of(deep), blocks([text("k") + data])
    topic.copies("maps, as deep as may be", bound, deep, data)
    topic.refused("a schema that is deeper by itself", f"a schema has at most {LEVELS} types within types", array(deep), array(deep))
    node = record("N", ("n", ["null", "N"]))
    link, end = number(1), number(0)
    nodes = LEVELS - 1  # the record around them is the first level
    topic.copies("a list, as long as may be", bound, node, link * (nodes - 1) + end)
    topic.fails("a list that is longer by one", bound, node, node, link * nodes + end, "decode/depth/" + ".".join(["f", *"n" * nodes]))
    topic.fails("a list of ten thousand", bound, node, node, link * 10_000, "decode/depth/" + ".".join(["f", *"n" * nodes]))
    tree = record("T", ("t", array("T")))
    topic.copies("a tree, as deep as may be", bound, tree, number(1) * (nodes // 2 - 1) + b"\0" * (nodes // 2))
    topic.fails("a tree of ten thousand levels", bound, tree, tree, number(1) * 10_000, "decode/depth/" + ".".join(["f", *"t" * (nodes // 2 + nodes % 2)]))
    unions = ["null", array(["null", array(["null", "int"])])]
    topic.copies("unions are no level", "unions do not count", unions, number(1) + blocks([number(1) + blocks([number(1) + number(7)])]))
    return topic


def _recursion() -> Topic:
    topic = Topic("recursion", "Schema Resolution")
    within = "a record that contains itself is resolved like any other"
    cells = record("N", ("v", "int"), ("n", ["null", "N"]))
    data = number(1) + number(1) + number(2) + number(1) + number(3) + number(0)
    topic.copies("a list", within, cells, data)
    wide = record("N", ("n", ["null", "N"]), ("v", "double"))
    out = number(1) + number(1) + number(0) + real64(3) + real64(2) + real64(1)
    topic.gives("a list, turned round and promoted", within, cells, wide, data, out)
    topic.gives("a list without its values", within, cells, record("N", ("n", ["null", "N"])), data, number(1) + number(1) + number(0))
    topic.gives("a list cut to its first value", within, cells, record("N", ("v", "int")), data, number(1))
    more = record("N", ("v", "int"), {"name": "w", "type": "string", "default": "d"}, ("n", ["null", "N"]))
    topic.gives("a list whose cells get a default", within, cells, more, data, b"".join(number(v) + text("d") + number(n) for v, n in ((1, 1), (2, 1), (3, 0))))
    tree = record("T", ("v", "string"), ("t", array("T")))
    leaf = text("l") + blocks([])
    topic.copies("a tree", within, tree, text("r") + blocks([leaf, text("m") + blocks([leaf])]))
    topic.gives("a tree, turned round", within, tree, record("T", ("t", array("T")), ("v", "bytes")), text("r") + blocks([leaf, leaf]), blocks([blocks([]) + text("l"), blocks([]) + text("l")]) + text("r"))
    topic.gives(
        "a tree in a map",
        within,
        record("T", ("t", map_of("T")), ("v", "int")),
        record("T", ("v", "long"), ("t", map_of("T"))),
        blocks([text("k") + blocks([]) + number(2)]) + number(1),
        number(1) + blocks([text("k") + number(2) + blocks([])]),
    )
    a = record("A", ("b", ["null", record("B", ("x", "int"), ("a", ["null", "A"]))]))
    c = record("A", ("b", ["null", record("B", ("a", ["null", "A"]), ("x", "long"))]))
    topic.gives("two records that contain each other", within, a, c, number(1) + number(5) + number(1) + number(0), number(1) + number(1) + number(0) + number(5))
    whole = Whole(record("W", ("f", "int"), ("w", ["null", "W"])))
    topic.gives(
        "the whole datum within itself", within, whole, Whole(record("W", ("w", ["W", "null"]), ("f", "float"))), number(1) + number(1) + number(2) + number(0), number(0) + number(1) + b"\0\0\0\x40" + b"\0\0\x80\x3f"
    )
    topic.refused("something within that cannot be", within, cells, record("N", ("v", "string"), ("n", ["null", "N"])))
    forced = record("N", ("v", "int"), ("n", "N"))
    topic.fails("an end that the contract does not know", within, cells, forced, number(1) + number(0), "map/null/f.n")
    return topic


def _damage() -> Topic:
    topic = Topic("damage", "Binary encoding")
    shortest = "a number is in its shortest form and within its range"
    for kind, most in (("int", 5), ("long", 10)):
        topic.damaged(f"{kind}: nothing", "a value takes at least a byte", kind, b"", "truncated")
        topic.damaged(f"{kind}: a continuation without an end", "the last byte has no high bit", kind, b"\x80", "truncated")
        topic.damaged(f"{kind}: zero in two bytes", shortest, kind, b"\x80\0", "varint")
        topic.damaged(f"{kind}: one in three bytes", shortest, kind, b"\x82\x80\0", "varint")
        topic.damaged(f"{kind}: {most + 1} bytes", shortest, kind, b"\x80" * most + b"\1", "varint")
        topic.damaged(f"{kind}: no end within {most} bytes", shortest, kind, b"\xff" * 12, "varint")
    topic.damaged("int: a bit too many", shortest, "int", b"\xff\xff\xff\xff\x10", "varint")
    topic.damaged("int: a long", shortest, "int", number(2**31), "varint")
    topic.damaged("long: a bit too many", shortest, "long", b"\xff" * 9 + b"\2", "varint")
    for value in (2, 0x7F, 0x80, 0xFF):
        topic.damaged(f"boolean: {value}", "a boolean is 0 or 1", "boolean", bytes([value]), "boolean")
    topic.damaged("boolean: nothing", "a boolean takes a byte", "boolean", b"", "truncated")
    for kind, size in (("float", 4), ("double", 8)):
        for short in (0, 1, size - 1):
            topic.damaged(f"{kind}: {short} bytes", f"a {kind} takes {size} bytes", kind, bytes(short), "truncated")
    for kind in ("bytes", "string"):
        inside = "a length is not negative and lies within the payload"
        topic.damaged(f"{kind}: one byte too few", inside, kind, number(3) + b"ab", "length")
        topic.damaged(f"{kind}: a length below zero", inside, kind, number(-1), "length")
        topic.damaged(f"{kind}: the largest length", inside, kind, number(2**63 - 1), "length")
        topic.damaged(f"{kind}: the least length", inside, kind, number(-(2**63)), "length")
        topic.damaged(f"{kind}: a length of 2^31", inside, kind, number(2**31) + b"ab", "length")
        topic.damaged(f"{kind}: no length", "a value takes at least a byte", kind, b"", "truncated")
        topic.damaged(f"{kind}: a length in a longer form", shortest, kind, b"\x82\0a", "varint")
        topic.fails(f"{kind}: a byte too many", "the payload ends where the record ends", kind, kind, number(1) + b"ab", "decode/trailing/")
    for name, data in (
        *(("a lone byte", b"\xff"), ("a form too long", b"\xc1\xbf"), ("a surrogate", b"\xed\xbf\xbf")),
        *(("beyond the last", b"\xf4\x90\x80\x80"), ("cut short", b"abcdefghi\xf0\x9f\x98")),
        *(("a continuation alone", b"abcdefgh\x80"), ("a lead without its rest", b"\xe2ab")),
        *(("three bytes where two do", b"\xe0\x80\xaf"), ("after eight that are good", b"good goo\xfe")),
    ):
        topic.damaged(f"string: {name}", "a string is UTF-8", "string", raw(data), "utf8")
        topic.damaged(f"key of a map: {name}", "a key is a string", map_of("int"), blocks([raw(data) + number(1)]), "utf8")
    names = "the path names the writer's fields, not the elements"
    inner = record("In", ("x", "int"), ("y", "string"))
    bad = number(1) + raw(b"\xff")
    topic.damaged("in a nested record", names, inner, bad, "utf8", "f.y")
    topic.damaged("in a record in an array", names, array(inner), blocks([bad]), "utf8", "f.y")
    topic.damaged("in a record in a map", names, map_of(inner), blocks([text("k") + bad]), "utf8", "f.y")
    topic.damaged("in a record in a union", names, ["null", inner], number(1) + bad, "utf8", "f.y")
    topic.fails("under a field that is renamed", names, Whole(record("W", ("old", "string"))), Whole(record("C", {"name": "f", "type": "string", "aliases": ["old"]})), raw(b"\xff"), "decode/utf8/old")
    first = "what cannot be decoded comes before what cannot be mapped"
    topic.fails("both", first, Whole(record("W", ("f", ["null", "int"]), ("g", "string"))), "int", number(0) + raw(b"\xff"), "decode/utf8/g", section="Mapping, bytes")
    for kind in ("null", record("R"), fixed("X", 0), array("null"), enum("E", "A")):
        name = kind if isinstance(kind, str) else kind["type"]
        data = b"" if name in ("null", "record", "fixed") else b"\0"
        topic.fails(f"a byte after {name} alone", "the payload ends where the record ends", kind, kind, data + b"\0", "decode/trailing/")
    return topic
