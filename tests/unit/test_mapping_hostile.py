"""Schemas that somebody made to hurt: each is compiled at once, or refused with a reason."""

from __future__ import annotations

import pytest

from federation.mapping import resolve
from federation.mapping.changes import changes
from federation.schemas import avro, codec
from federation.schemas.refusal import RecordError


def record(name, fields):
    return {
        "type": "record",
        "name": name,
        "fields": [{"name": key, "type": kind} for key, kind in fields.items()],
    }


def doubled(levels, leaf="null"):
    """A record whose fields double with each level, as the text of a few lines."""
    made = record("R0", {"x": leaf})
    for n in range(1, levels):
        made = record(f"R{n}", {"a": made, "b": f"R{n - 1}"})
    return made


def nested(levels):
    made = "int"
    for _ in range(levels):
        made = {"type": "array", "items": made}
    return record("R", {"f": made})


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        (nested(10_000), "types within types"),
        ('{"type":"array","items":' * 100_000 + '"int"' + "}" * 100_000, "nested too deep"),
        (record("R", {f"f{n}": "int" for n in range(30_000)}), "more than 20000 types"),
        ([record(f"R{n}", {"x": "int"}) for n in range(12_000)], "more than 20000 types"),
        (" " * 5_000_000, "characters"),
        (record("R", {"f": {"type": "fixed", "name": "F", "size": 2**40}}), "size is not a number"),
    ],
    ids=["deep", "deep-text", "wide", "many-branches", "long", "vast-fixed"],
)
def test_refused(schema, reason):
    """What is beyond a bound is refused, and the message says which."""
    with pytest.raises(avro.SchemaError, match=reason):
        avro.parse(schema)


@pytest.mark.parametrize(
    "schema",
    [
        record("R", {f"f{n}": "int" for n in range(5_000)}),
        record(
            "R", {"e": {"type": "enum", "name": "E", "symbols": [f"S{n}" for n in range(10**5)]}}
        ),
        record("R", {"u": [record(f"B{n}", {"x": "int"}) for n in range(500)]}),
        doubled(40, "int"),
        record("R", {f"f{n}": ["null", "R"] for n in range(300)}),
    ],
    ids=["wide", "enum", "branches", "doubled", "self"],
)
def test_compiled(schema):
    """What is large within the bounds is compiled, compared and read without growing further."""
    writer, contract = avro.parse(schema), avro.parse(schema)
    mapper = resolve.compile(writer, contract)
    assert len(mapper.report.fields) <= 2 * resolve.MAX_REPORTED
    assert changes(writer, contract) == ()
    with pytest.raises(RecordError):
        codec.decode(writer, b"")


def test_a_doubled_record_of_nothing_ends():
    """Two to the power of 40 nulls, claimed by no byte at all, are a dead letter soon."""
    with pytest.raises(RecordError) as caught:
        codec.decode(avro.parse(doubled(40)), b"")
    assert caught.value.reason == "items"
