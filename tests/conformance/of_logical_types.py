"""Logical types: kept bit by bit where both sides have them, converted by meaning where not."""

from __future__ import annotations

from cases import Topic, Whole, array, decimal, enum, fixed, logical, map_of, record
from wire import blocks, number, raw, real64, text

UUID = "123e4567-e89b-12d3-a456-426614174000"
UUID_BYTES = bytes.fromhex(UUID.replace("-", ""))
DATE = logical("int", "date")
PER_SECOND = {"millis": 10**3, "micros": 10**6, "nanos": 10**9}
INT, LONG = (-(2**31), 2**31 - 1), (-(2**63), 2**63 - 1)
LOSSY = {"lossy": True}
PAGE = "Mapping, Resolution"


def topics() -> list[Topic]:
    """The files of this module."""
    return [_copies(), _times(), _decimals(), _others()]


def _copies() -> Topic:
    topic = Topic("logical-types", "Logical Types")
    same = "a logical type that both sides have keeps the whole range of its physical type"
    for name in ("date", "time-millis"):
        for n in (0, -1, *INT):
            topic.copies(f"{name} {n}", same, logical("int", name), number(n))
    for name in ("time-micros", "timestamp-millis", "timestamp-micros", "timestamp-nanos", "local-timestamp-millis", "local-timestamp-micros", "local-timestamp-nanos"):
        for n in (1, *LONG):
            topic.copies(f"{name} {n}", same, logical("long", name), number(n))
    topic.copies("uuid as text", same, logical("string", "uuid"), text(UUID))
    topic.copies("uuid that is none", same, logical("string", "uuid"), text("no uuid"))
    topic.copies("uuid as fixed", same, fixed("U", 16, logicalType="uuid"), UUID_BYTES)
    topic.copies("duration", same, fixed("D", 12, logicalType="duration"), bytes(range(12)))
    topic.copies("decimal of no bytes", same, decimal(4, 2), raw(b""))
    topic.copies("decimal with more bytes than it needs", same, decimal(4, 2), raw(b"\0\0\0\1"))
    topic.copies("decimal with more digits than its precision", same, decimal(2, 1), raw(b"\x7f\xff"))
    topic.copies("decimal as fixed", same, fixed("X", 4, logicalType="decimal", precision=9, scale=2), b"\xff\xff\xff\xfe")
    ignored = "a logical type that is unknown or not allowed there is ignored"
    for name, w in (("unknown", logical("int", "roman")), ("timestamp on an int", logical("int", "timestamp-millis")), ("date on a long", None), ("decimal on a string", None), ("decimal without a precision", None)):
        if w is not None:
            topic.gives(f"{name}: as the physical type", ignored, w, "long", number(5), number(5))
    topic.gives("date on a long: as the physical type", ignored, logical("long", "date"), "double", number(5), real64(5))
    topic.gives("decimal on a string: as the physical type", ignored, logical("string", "decimal", precision=4), "bytes", text("x"), raw(b"x"))
    for name, more in (("no precision", {}), ("a precision of 0", {"precision": 0}), ("a scale over the precision", {"precision": 2, "scale": 3}), ("a scale below zero", {"precision": 2, "scale": -1})):
        topic.gives(f"decimal with {name}: as bytes", ignored, logical("bytes", "decimal", **more), "string", raw(b"x"), text("x"))
    topic.gives("decimal that its fixed cannot hold: as fixed", ignored, fixed("X", 1, logicalType="decimal", precision=3), fixed("Y", 1), b"\1", b"\1")
    topic.gives("uuid on a fixed of another size: as fixed", ignored, fixed("X", 4, logicalType="uuid"), fixed("Y", 4), b"abcd", b"abcd")
    topic.gives("duration on a fixed of another size: as fixed", ignored, fixed("X", 4, logicalType="duration"), fixed("Y", 4), b"abcd", b"abcd")
    one = "where one side has no logical type the physical value is kept"
    for kind, name, data in (("int", "date", number(-5)), ("int", "time-millis", number(5)), ("long", "time-micros", number(5)), ("string", "uuid", text(UUID)), ("bytes", "decimal", raw(b"\1\2"))):
        more = {"precision": 6, "scale": 2} if name == "decimal" else {}
        topic.gives(f"{name} to {kind}", one, logical(kind, name, **more), kind, data, data, section=PAGE)
        topic.gives(f"{kind} to {name}", one, kind, logical(kind, name, **more), data, data, section=PAGE)
    for name in ("timestamp-millis", "local-timestamp-nanos"):
        topic.gives(f"{name} to long", one, logical("long", name), "long", number(5), number(5), section=PAGE)
        unit = "a plain number becomes an instant only where a rule says its unit"
        topic.refused(f"long to {name}", unit, "long", logical("long", name), section=PAGE)
    return topic


def _times() -> Topic:
    topic = Topic("times", PAGE)
    finer = "a finer unit holds the same instant"
    for family in ("timestamp-", "local-timestamp-"):
        for small, large in (("millis", "micros"), ("millis", "nanos"), ("micros", "nanos")):
            w, c = logical("long", family + small), logical("long", family + large)
            factor = PER_SECOND[large] // PER_SECOND[small]
            for n in (0, -1, 1_700_000_000, LONG[1] // factor, -(LONG[1] // factor)):
                topic.gives(f"{family}{small} {n} to {large}", finer, w, c, number(n), number(n * factor))
            for n in (LONG[1] // factor + 1, *LONG):
                topic.fails(f"{family}{small} {n} to {large}", "what the finer unit cannot hold is an error", w, c, number(n), "map/overflow/f")
            loses = "a coarser unit loses digits, so a rule must permit it; it is the instant before"
            topic.refused(f"{family}{large} to {small}", loses, c, w)
            for n, out in ((0, 0), (factor, 1), (factor - 1, 0), (-1, -1), (-factor, -1), (-factor - 1, -2), (LONG[0], LONG[0] // factor)):
                topic.gives(f"{family}{large} {n} to {small}", loses, c, w, number(n), number(out), rule=LOSSY)
    millis, micros = logical("int", "time-millis"), logical("long", "time-micros")
    for n in (0, 86_399_999, INT[1], INT[0]):
        topic.gives(f"time-millis {n} to micros", finer, millis, micros, number(n), number(n * 1000))
    topic.refused("time-micros to millis", "a coarser unit loses digits, so a rule must permit it", micros, millis)
    topic.gives("time-micros to millis, lossy", "the time before", micros, millis, number(1999), number(1), rule=LOSSY)
    topic.fails("time-micros to millis, beyond an int", "what an int cannot hold is an error", micros, millis, number(2**31 * 1000), "map/overflow/f", rule=LOSSY)
    other = "another kind of time is another meaning"
    kinds = {
        "date": DATE,
        "time-millis": millis,
        "timestamp-millis": logical("long", "timestamp-millis"),
        "local-timestamp-millis": logical("long", "local-timestamp-millis"),
        "duration": fixed("D", 12, logicalType="duration"),
    }
    for name, w in kinds.items():
        for wanted, c in kinds.items():
            if name != wanted:
                topic.refused(f"{name} to {wanted}", other, w, c)
    for unit, factor in (("s", 10**6), ("ms", 10**3), ("us", 1)):
        says = "a rule says the unit of a plain number"
        topic.gives(f"long in {unit} to micros", says, "long", logical("long", "timestamp-micros"), number(-7), number(-7 * factor), rule={"unit": unit})
        topic.gives(f"int in {unit} to local micros", says, "int", logical("long", "local-timestamp-micros"), number(2**31 - 1), number((2**31 - 1) * factor), rule={"unit": unit})
    topic.refused("long in ns to micros", "a coarser unit loses digits, so a rule must permit it", "long", logical("long", "timestamp-micros"), rule={"unit": "ns"})
    topic.gives("long in ns to micros, lossy", "the instant before", "long", logical("long", "timestamp-micros"), number(-1), number(-1), rule={"unit": "ns", "lossy": True})
    topic.fails("long in s beyond nanos", "what the unit cannot hold is an error", "long", logical("long", "timestamp-nanos"), number(9_223_372_037), "map/overflow/f", rule={"unit": "s"})
    inside = "elements and branches are converted one by one"
    w, c = logical("long", "timestamp-millis"), logical("long", "timestamp-micros")
    topic.gives("in an array", inside, array(w), array(c), blocks([number(1), number(-1)]), blocks([number(1000), number(-1000)]))
    topic.gives("in a map", inside, map_of(w), map_of(c), blocks([text("k") + number(1)]), blocks([text("k") + number(1000)]))
    topic.gives("in a union", inside, ["null", w], ["null", c], number(1) + number(1), number(1) + number(1000))
    topic.fails("in a nested record", inside, record("In", ("x", w)), record("In", ("x", c)), number(LONG[1]), "map/overflow/f.x")
    return topic


def _decimals() -> Topic:
    topic = Topic("decimals", PAGE)
    more = "a larger scale and precision hold the same value"
    for n, out in ((0, b"\0"), (1, b"\x64"), (-1, b"\x9c"), (127, b"\x31\x9c"), (-128, b"\xce\0"), (99, b"\x26\xac"), (9999, b"\x0f\x41\xdc")):
        raw_n = n.to_bytes(3, "big", signed=True)
        topic.gives(f"scale 0 to 2: {n}", more, decimal(4, 0), decimal(7, 2), raw(raw_n), raw(out))
    topic.gives("fixed to bytes", "the form does not matter", fixed("X", 4, logicalType="decimal", precision=9, scale=2), decimal(9, 2), b"\xff\xff\xff\xff", raw(b"\xff"))
    topic.gives("bytes to fixed", "the form does not matter", decimal(9, 2), fixed("X", 5, logicalType="decimal", precision=9, scale=2), raw(b"\xfe"), b"\xff\xff\xff\xff\xfe")
    topic.gives("fixed to a larger fixed", "the form does not matter", fixed("X", 2, logicalType="decimal", precision=4), fixed("Y", 4, logicalType="decimal", precision=9), b"\xff\x85", b"\xff\xff\xff\x85")
    beyond = "more digits than the precision are an error where the value is written anew"
    topic.fails("more digits than the writer's precision", beyond, decimal(2, 0), decimal(3, 1), raw(b"\x03\xe8"), "map/overflow/f")
    topic.gives("as many digits as the contract's precision", beyond, decimal(2, 0), decimal(3, 1), raw(b"\x63"), raw(b"\x03\xde"))
    topic.fails("no bytes", "a number of no bytes is none", decimal(2, 0), decimal(3, 1), raw(b""), "map/parse/f")
    less = "a smaller scale or precision loses digits, so a rule must permit it"
    topic.refused("a smaller scale", less, decimal(4, 2), decimal(4, 1))
    topic.refused("a smaller precision", less, decimal(4, 2), decimal(3, 2))
    half = "half-even: to the nearest, and from half-way to the even one"
    for n, out in ((15, 2), (25, 2), (35, 4), (-15, -2), (-25, -2), (26, 3), (24, 2), (-26, -3), (5, 0), (-5, 0), (6, 1), (95, 10)):
        packed, wanted = n.to_bytes(1, "big", signed=True), out.to_bytes(1, "big", signed=True)
        topic.gives(f"{n} tenths to whole", half, decimal(2, 1), decimal(2, 0), raw(packed), raw(wanted), rule=LOSSY)
    topic.gives("two digits at once", half, decimal(4, 2), decimal(2, 0), raw(b"\0\xfa"), raw(b"\x02"), rule=LOSSY)
    topic.gives("just over half-way", half, decimal(4, 2), decimal(2, 0), raw(b"\0\xfb"), raw(b"\x03"), rule=LOSSY)
    topic.fails("rounded up beyond the precision", half, decimal(2, 1), decimal(1, 0), raw(b"\x63"), "map/overflow/f", rule=LOSSY)
    topic.gives("a smaller precision that fits", less, decimal(4, 2), decimal(3, 2), raw(b"\x03\xe7"), raw(b"\x03\xe7"), rule=LOSSY)
    topic.fails("a smaller precision that does not fit", less, decimal(4, 2), decimal(3, 2), raw(b"\x03\xe8"), "map/overflow/f", rule=LOSSY)
    same = "a whole number becomes the decimal of the same value"
    for kind in ("int", "long"):
        topic.gives(f"{kind} to decimal", same, kind, decimal(6, 2), number(-3), raw(b"\xfe\xd4"))
        topic.fails(f"{kind} beyond the precision", same, kind, decimal(3, 2), number(10), "map/overflow/f")
    topic.gives("the least long", same, "long", decimal(19, 0), number(LONG[0]), raw(b"\x80" + bytes(7)))
    topic.gives("the largest long, scaled", same, "long", decimal(20, 1), number(LONG[1]), raw((10 * LONG[1]).to_bytes(9, "big", signed=True)))
    counts = "a rule's scale says that a number counts that part of one"
    topic.gives("hundredths to a scale of 2", counts, "long", decimal(9, 2), number(1234), raw(b"\x04\xd2"), rule={"scale": 2})
    topic.gives("hundredths to a scale of 3", counts, "long", decimal(9, 3), number(-1), raw(b"\xf6"), rule={"scale": 2})
    topic.refused("hundredths to a scale of 1", counts, "long", decimal(9, 1), rule={"scale": 2})
    topic.gives("hundredths to a scale of 1, lossy", half, "long", decimal(9, 1), number(25), raw(b"\x02"), rule={"scale": 2, "lossy": True})
    big = 10**38 - 1
    size = (big.bit_length() + 8) // 8
    topic.gives("38 digits", more, decimal(38, 0), decimal(40, 2), raw(big.to_bytes(size, "big")), raw((big * 100).to_bytes(((big * 100).bit_length() + 8) // 8, "big")))
    topic.gives("minus 38 digits to fixed", more, decimal(38, 0), fixed("X", 17, logicalType="decimal", precision=38), raw((-big).to_bytes(size, "big", signed=True)), (-big).to_bytes(17, "big", signed=True))
    for other in ("int", "long", "double", "string"):
        topic.refused(f"to {other}", "a decimal is not promotable", decimal(4, 2), other)
    return topic


def _others() -> Topic:
    topic = Topic("uuids-and-text", PAGE)
    forms = "a UUID is the same as text and as 16 bytes"
    as_text, as_fixed = logical("string", "uuid"), fixed("U", 16, logicalType="uuid")
    topic.gives("text to fixed", forms, as_text, as_fixed, text(UUID), UUID_BYTES)
    topic.gives("text in capitals to fixed", forms, as_text, as_fixed, text(UUID.upper()), UUID_BYTES)
    topic.gives("fixed to text", forms, as_fixed, as_text, UUID_BYTES, text(UUID))
    topic.gives("fixed of ones to text", forms, as_fixed, as_text, b"\xff" * 16, text("ffffffff-ffff-ffff-ffff-ffffffffffff"))
    for name, bad in (
        ("empty", ""),
        ("cut short", UUID[:-1]),
        ("too long", UUID + "0"),
        ("no hyphens", UUID.replace("-", "")),
        ("a letter g", UUID[:-1] + "g"),
        ("in braces", "{" + UUID + "}"),
        ("hyphens elsewhere", UUID[1:9] + UUID[0] + UUID[9:]),
    ):
        topic.fails(f"text that is none to fixed: {name}", "text that is no UUID is an error", as_text, as_fixed, text(bad), "map/parse/f")
    topic.refused("plain text to fixed", "text is parsed only where a rule names the field", "string", as_fixed)
    topic.gives("plain text to fixed, named", "text is parsed where a rule names the field", "string", as_fixed, text(UUID), UUID_BYTES, rule="f")
    topic.gives("plain fixed", "where one side has no logical type the physical value is kept", fixed("X", 16), as_fixed, UUID_BYTES, UUID_BYTES)
    page = "text is parsed and made only where a rule names the field"
    for name, kind, w_bytes, shown in (
        ("int", "int", number(-12), "-12"),
        ("long", "long", number(LONG[0]), str(LONG[0])),
        ("boolean", "boolean", b"\1", "true"),
        ("decimal", decimal(5, 2), raw(b"\xff\xfb"), "-0.05"),
        ("instant", logical("long", "timestamp-millis"), number(-1), "1969-12-31T23:59:59.999Z"),
        ("uuid", as_fixed, UUID_BYTES, UUID),
    ):
        topic.refused(f"{name} to string", page, kind, "string")
        topic.gives(f"{name} to string, named", page, kind, "string", w_bytes, text(shown), rule="f")
    for name, kind, shown, out in (
        ("int", "int", "-12", number(-12)),
        ("the least long", "long", str(LONG[0]), number(LONG[0])),
        ("boolean", "boolean", "1", b"\1"),
        ("double", "double", "-1.5E3", real64(-1500)),
        ("decimal", decimal(5, 2), "-0.050", raw(b"\xfb")),
        ("date", DATE, "2000-03-01", number(11_017)),
        ("time", logical("int", "time-millis"), "23:59:59.999", number(86_399_999)),
        ("instant", logical("long", "timestamp-millis"), "1970-01-01T01:00:00.5+01:00", number(500)),
        ("local timestamp", logical("long", "local-timestamp-micros"), "1970-01-01T00:00:01", number(10**6)),
        ("enum", enum("E", "A B"), "B", number(1)),
    ):
        topic.refused(f"string to {name}", page, "string", kind)
        topic.gives(f"string to {name}, named", page, "string", kind, text(shown), out, rule="f")
        bad = "symbol" if name == "enum" else "parse"
        topic.fails(f"no {name}", "text of another form is an error", "string", kind, text("so"), f"map/{bad}/f", rule="f")
    topic.fails("one more than the largest long", "what is beyond the range is an overflow", "string", "long", text(str(LONG[1] + 1)), "map/overflow/f", rule="f")
    topic.fails("more digits than the scale", "digits that would be lost need lossy", "string", decimal(5, 2), text("1.005"), "map/lossy/f", rule="f")
    topic.fails("more digits than milliseconds", "digits that would be lost need lossy", "string", logical("long", "timestamp-millis"), text("1970-01-01T00:00:00.0001Z"), "map/lossy/f", rule="f")
    topic.gives(
        "a nested value by its path",
        "a path leads through nested records",
        Whole(record("W", ("a", record("A", ("b", ["null", record("B", ("x", "string"))]))))),
        "int",
        number(1) + text("7"),
        number(7),
        rule="a.b.x",
        section="Mapping, Rules",
    )
    topic.fails(
        "a null on the way",
        "a null on the way makes the value null",
        Whole(record("W", ("a", record("A", ("b", ["null", record("B", ("x", "string"))]))))),
        "int",
        number(0),
        "map/null/f",
        rule="a.b.x",
        section="Mapping, Rules",
    )
    topic.gives(
        "a null on the way, with a default",
        "a null on the way makes the value null",
        Whole(record("W", ("a", record("A", ("b", ["null", record("B", ("x", "string"))]))))),
        "int",
        number(0),
        number(3),
        rule={"from": "a.b.x", "default": 3},
        section="Mapping, Rules",
    )
    return topic
