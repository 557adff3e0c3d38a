"""Laws of rules: what is written as text reads back, and what is cut fits together again."""

from __future__ import annotations

import struct

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from federation.mapping import encoding, resolve, template, text
from federation.mapping.rules import Rule
from federation.schemas import avro
from federation.schemas.refusal import MappingError

MANY = settings(max_examples=400, deadline=None)
DAY = 86_400
FIRST, LAST = -719_162 * DAY, 2_932_896 * DAY  # 0001-01-01 and 9999-12-31, in seconds
LOGICAL = {
    "date": ("int", st.integers(FIRST // DAY, LAST // DAY)),
    "time-millis": ("int", st.integers(0, DAY * 10**3 - 1)),
    "time-micros": ("long", st.integers(0, DAY * 10**6 - 1)),
    "timestamp-millis": ("long", st.integers(FIRST * 10**3, LAST * 10**3)),
    "timestamp-micros": ("long", st.integers(FIRST * 10**6, LAST * 10**6)),
    "local-timestamp-micros": ("long", st.integers(FIRST * 10**6, LAST * 10**6)),
    "local-timestamp-nanos": ("long", st.integers(-(2**63), 2**63 - 1)),
}
PLAIN = {
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(width=32),
    "double": st.floats(),
    "boolean": st.booleans(),
}


def record(kind):
    return avro.parse({"type": "record", "name": "R", "fields": [{"name": "f", "type": kind}]})


def through(value, w, c, **rule):
    """A value of one type as one of another, by a rule that names the field."""
    rules = {"f": Rule.model_validate({"from": "f", **rule})}
    return resolve.compile(record(w), record(c), rules).apply({"f": value})["f"]


@MANY
@given(st.data())
def test_canonical_text_reads_back(given_data):
    """A value of any type that has a text is the value that its text is parsed to."""
    name = given_data.draw(st.sampled_from([*LOGICAL, *PLAIN]))
    kind, values = LOGICAL.get(name, (name, None))
    value = given_data.draw(values if values is not None else PLAIN[name])
    node = {"type": kind, "logicalType": name} if name in LOGICAL else kind
    again = through(through(value, node, "string"), "string", node)
    assert repr(again) == repr(value)  # by repr, so that -0.0 and NaN count


@MANY
@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_no_float_has_a_shorter_text(value):
    """The digits of a float are as few as tell it from all others: one less is another float."""
    digits = text.real_text(value, single=True).lower().partition("e")[0]
    count = len(digits.replace(".", "").strip("-0"))
    if count > 1:
        shorter = float(f"{value:.{count - 2}e}")
        assume(abs(shorter) < 3.4e38)
        assert struct.pack("<f", shorter) != struct.pack("<f", value)


@MANY
@given(st.sampled_from(["hex", "base64", "base64url"]), st.binary(max_size=40))
def test_bytes_come_back_from_their_text(how, raw):
    """Each encoding writes a text that reads back as the same bytes."""
    shown = encoding.encoder(how)(raw)
    assert encoding.decoder(how, len(raw))(shown) == raw


@MANY
@given(
    st.sampled_from(["hex", "base64", "base64url"]),
    st.text("0123456789abcdefABCDEF+/-_= \né", max_size=12),
)
def test_text_that_is_read_is_what_would_be_written(how, shown):
    """Nothing is taken that encodes differently, but for the case of hex and padding of base64url."""
    raw, error = _tried(lambda: encoding.decoder(how)(shown))
    if error is not None:
        assert error.reason == "parse"
        return
    same = {"hex": shown.lower(), "base64": shown, "base64url": shown.rstrip("=")}[how]
    assert encoding.encoder(how)(raw) == same


@MANY
@given(st.lists(st.text(max_size=5), min_size=1, max_size=5), st.text(min_size=1, max_size=2))
def test_what_is_cut_fits_together_again(parts, by):
    """All parts of a joined text are the parts; each part by its number is that part."""
    joined = by.join(parts)
    assume(joined != "" and joined.split(by) == parts)
    strings = {"type": "array", "items": "string"}
    assert through(joined, "string", strings, split={"by": by}) == parts
    for n, part in enumerate(parts):
        assert through(joined, "string", "string", split={"by": by, "part": n}) == part
        back = n - len(parts)
        assert through(joined, "string", "string", split={"by": by, "part": back}) == part


@MANY
@given(st.lists(st.tuples(st.text(max_size=6), st.sampled_from(["a", "b_1.c", "Z"])), max_size=4))
def test_a_template_is_read_as_it_was_meant(parts):
    """Literal texts with doubled braces and paths in braces come apart into just these."""
    meant = "".join(f"{t.replace('{', '{{').replace('}', '}}')}{{{p}}}" for t, p in parts)
    assert list(template.parse(meant)) == parts


@MANY
@given(st.text("{}a.1 ", max_size=10))
def test_any_text_is_a_template_or_refused(shown):
    """A template is parsed, or refused with a column; nothing else happens."""
    parts, error = _tried(lambda: template.parse(shown))
    if error is not None:
        assert "column" in str(error)
    else:
        assert shown.count("{") >= sum(bool(path) for _, path in parts)


def _tried(do):
    """The value or the refusal; any other exception is the test's failure."""
    try:
        return do(), None
    except (MappingError, ValueError) as error:
        return None, error
