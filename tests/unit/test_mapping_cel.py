"""Computed fields: the shared vectors, and what is said of an expression that is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from federation.mapping import resolve
from federation.mapping.resolve import ContractMismatch
from federation.mapping.rules import Rule
from federation.schemas import avro, codec
from federation.schemas.codec import Branch
from federation.schemas.refusal import MappingError

VECTORS = json.loads(
    (Path(__file__).parent.parent / "vectors" / "cel.json").read_text(encoding="utf-8")
)
WRITER = avro.parse(VECTORS["writer"])
DATUM = codec.decode(WRITER, bytes.fromhex(VECTORS["in"]))
KINDS = ["null", "boolean", "long", "double", "string", "bytes"]


def mapper(cel, kind=KINDS, **rule):
    contract = {"type": "record", "name": "C", "fields": [{"name": "f", "type": kind}]}
    rules = {"f": Rule.model_validate({"cel": cel, **rule})}
    return resolve.compile(WRITER, avro.parse(contract), rules)


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda c: c["cel"])
def test_vector(case):
    """An expression gives a value of a kind, is a dead letter, lacks a name, or is refused."""
    cel = case["cel"]
    if case.get("refused"):
        with pytest.raises(ContractMismatch, match="cel "):
            mapper(cel, default=None)
    elif case.get("lacking"):
        assert mapper(cel, default=None).report.fields[0].kind == "defaulted"
    elif "fails" in case:
        with pytest.raises(MappingError) as caught:
            mapper(cel).apply(DATUM)
        error = caught.value
        assert (error.stage, error.reason, error.path) == ("map", case["fails"], "f")
    else:
        made = mapper(cel).apply(DATUM)["f"]
        assert repr(made) == repr(_wanted(case["gives"]))


def _wanted(gives):
    if gives is None:
        return None
    ((kind, value),) = gives.items()
    return Branch(KINDS.index(kind), value.encode("latin-1") if kind == "bytes" else value)


@pytest.mark.parametrize(
    ("cel", "what"),
    [
        ("i + total", r"no arithmetic of long and double.* at line 1, column 1"),
        ("ok &&\n  tags.map(t, t)", r"map\(\) with these arguments at line 2, column 8"),
        ("ok ==", r"cel is not CEL at line 1, column 4"),
        ("tags", "gives a list, map or record"),
        ("string(tags)", r"string\(\) never takes list"),
        ("1 + size(i)", "size of long"),
    ],
)
def test_a_refusal_says_what_and_where(cel, what):
    """What cannot have a value is refused before anything starts, with its place and reason."""
    with pytest.raises(ContractMismatch, match=what):
        mapper(cel)


@pytest.mark.parametrize(
    "cel",
    [r"'\q'", r"'\u12'", r"'\?'", r"'\ud800'", r"'\ud83d\ude00'", r"'\U00110000'", r"'\\\q'", "1."],
)
def test_a_literal_that_only_one_parser_takes(cel):
    """What the engine's parser refuses or reads otherwise is refused here."""
    with pytest.raises(ContractMismatch, match=r"cel does not know"):
        mapper(cel)


@pytest.mark.parametrize("cel", ["(" * 101 + "i" + ")" * 101, "i" + " + 1" * 101, "!" * 101 + "ok"])
def test_levels_are_bounded(cel):
    """What is nested deeper than the engine's parser takes is refused, not tried."""
    with pytest.raises(ContractMismatch, match="more than 100 levels"):
        mapper(cel)


def test_a_missing_name_is_named():
    """An expression over a name that the writer lacks is refused like a path that it lacks."""
    with pytest.raises(ContractMismatch, match=r"no custmer, and f has no default"):
        mapper("custmer.name + s")


@pytest.mark.parametrize(
    ("cel", "kind", "rule", "value"),
    [
        ("i + 1", "int", {}, 8),
        ("i + 1", "string", {}, "8"),
        ("i + 1", "double", {}, 8.0),
        (
            "n / 1000",
            {"type": "long", "logicalType": "timestamp-millis"},
            {"unit": "ms"},
            2**53 // 1000,
        ),
        ("'4' + string(i)", "int", {}, 47),
        ("total * 2.5", "int", {"lossy": True}, 3),
        (
            "i",
            {"type": "bytes", "logicalType": "decimal", "precision": 5, "scale": 2},
            {},
            b"\x02\xbc",
        ),
        ("e + e", "string", {"map": {"BB": "both"}}, "both"),
        ("'ff'", "bytes", {"encoding": "hex"}, b"\xff"),
        ("none", "string", {"default": "?"}, "?"),
        ("i / 0", "long", {"default": -1}, -1),
        ("'a,b'", {"type": "array", "items": "string"}, {"split": {"by": ","}}, ["a", "b"]),
    ],
)
def test_a_result_is_converted_like_a_source_that_a_rule_names(cel, kind, rule, value):
    """What an expression gives goes on by the same rules and keys as a value of the writer."""
    assert mapper(cel, kind, **rule).apply(DATUM) == {"f": value}


@pytest.mark.parametrize(
    ("cel", "kind", "what"),
    [
        ("total * 2.0", "int", "lossy: true"),
        ("total * 2.0", "boolean", "double cannot become boolean"),
        ("i", {"type": "long", "logicalType": "timestamp-millis"}, "unit"),
        ("ok", "long", "boolean cannot become long"),
    ],
)
def test_a_result_of_another_type_is_refused(cel, kind, what):
    """Where no value could ever fit, the contract cannot be met."""
    with pytest.raises(ContractMismatch, match=what):
        mapper(cel, kind)


def test_a_whole_number_out_of_range_is_a_dead_letter():
    """CEL has one kind of whole number, so an int takes it without lossy, but never cut."""
    with pytest.raises(MappingError, match="overflow"):
        mapper("n", "int").apply(DATUM)


def test_what_an_expression_reads_is_not_dropped():
    """The report counts the paths of an expression as read."""
    dropped = mapper("c.name + rows[0].sku").report.dropped
    assert "c.name" not in dropped
    assert "rows" not in dropped
    assert {"c.age", "tags"} <= set(dropped)
