"""Rules as the configuration says them, and what a compiled mapping says of itself."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from federation.mapping import resolve
from federation.mapping.resolve import ContractMismatch, FieldReport
from federation.mapping.rules import Rule
from federation.schemas import avro

WRITER = avro.parse(
    {
        "type": "record",
        "name": "W",
        "fields": [
            {"name": "id", "type": "string"},
            {"name": "total", "type": "string"},
            {"name": "qty", "type": "long"},
            {
                "name": "client",
                "type": [
                    "null",
                    {
                        "type": "record",
                        "name": "Client",
                        "fields": [
                            {"name": "name", "type": "string"},
                            {"name": "phone", "type": "string"},
                        ],
                    },
                ],
            },
        ],
    }
)


def contract(*fields):
    return avro.parse({"type": "record", "name": "C", "fields": list(fields)})


def test_a_bare_string_is_a_path():
    """The short form of a rule is its `from`, also within `fields`."""
    rule = Rule.model_validate({"from": "a", "fields": {"x": "y.z"}})
    assert rule.fields == {"x": Rule(from_="y.z")}
    assert rule.to_json() == {"from": "a", "fields": {"x": {"from": "y.z"}}}


def test_null_is_not_absent():
    """A constant or default of null is one, and reaches the engine."""
    assert Rule.model_validate({"const": None}).has_const
    assert Rule.model_validate({"const": None}).to_json() == {"const": None}
    assert not Rule.model_validate("a").has_const
    assert Rule.model_validate({"from": "a", "default": None}).has_default


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        ({"from": "a", "const": 1}, "const reads no field"),
        ({"const": 1, "lossy": True}, "const reads no field"),
        ({"from": "a", "unit": "m"}, "'s', 'ms', 'us' or 'ns'"),
        ({"from": "a", "zone": "Nowhere/Land"}, "no time zone"),
        ({"from": "a", "zone": "../../etc/passwd"}, "no time zone"),
        ({"from": "a", "scale": 2, "unit": "s"}, "cannot apply to one value"),
        ({"from": "a", "fields": {}, "map": {"a": "b"}}, "cannot apply to one value"),
        ({"from": "a", "scale": -1}, "greater than or equal to 0"),
        ({"from": "a", "map": {}}, "at least 1"),
        ({"template": "{a}", "from": "a"}, "template makes the text itself"),
        ({"template": "{a}", "cel": "a"}, "cannot apply to one value"),
        ({"template": "{a} }"}, "a single } at column 5"),
        ({"template": "{a[0]}"}, r"{a\[0\]} at column 1 is no path"),
        ({"template": "EU"}, "without a {path}"),
        ({"cel": "a", "fields": {}}, "cel computes the value itself"),
        ({"cel": ""}, "at least 1"),
        ({"branch": {"by": "a", "cases": {"x": "b"}}, "lossy": True}, "a rule of its own"),
        ({"branch": {"by": "a", "cases": {}}}, "at least 1"),
        ({"branch": {"by": "a"}}, "Field required"),
        (
            {"branch": {"by": "a", "cases": {"x": {"const": 1, "from": "b"}}}},
            "const reads no field",
        ),
        ({"from": "a", "split": {"by": ""}}, "at least 1"),
        ({"from": "a", "split": {"part": 1}}, "Field required"),
        ({"from": "a", "encoding": "hex", "unit": "s"}, "cannot apply to one value"),
        ({"from": "a", "encoding": "base32"}, "'hex', 'base64' or 'base64url'"),
        ({"from": "a..b"}, "pattern"),
        ({"from": ""}, "pattern"),
        ({"form": "a"}, "Extra inputs"),
    ],
)
def test_refused_rules(rule, what):
    """A rule that means nothing is refused with what is allowed."""
    with pytest.raises(ValidationError, match=what):
        Rule.model_validate(rule)


def test_every_key_is_described():
    """Each key of a rule has a description, which the reference page and editors show."""
    properties = Rule.model_json_schema(by_alias=True)["$defs"]["Rule"]["properties"]
    assert set(properties) == {
        "from",
        "const",
        "template",
        "cel",
        "branch",
        "split",
        "map",
        "default",
        "encoding",
        "unit",
        "zone",
        "scale",
        "lossy",
        "fields",
    }
    assert all("description" in one for one in properties.values())


def test_the_report_says_where_each_field_comes_from():
    """The report names source, conversion and loss per field, and what nothing reads."""
    target = contract(
        {"name": "id", "type": "string"},
        {
            "name": "amount",
            "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2},
        },
        {"name": "qty", "type": "int"},
        {"name": "who", "type": "string"},
        {"name": "note", "type": "string", "default": ""},
        {"name": "channel", "type": "string"},
    )
    rules = {
        "amount": Rule(from_="total"),
        "qty": Rule(lossy=True),
        "who": Rule.model_validate({"from": "client.name", "default": "?"}),
        "channel": Rule(const="web"),
    }
    report = resolve.compile(WRITER, target, rules).report
    assert report.fields == (
        FieldReport("id", "mapped", "id"),
        FieldReport("amount", "mapped", "total", "text to decimal(9,2)"),
        FieldReport("qty", "mapped", "qty", "long to int", lossy=True),
        FieldReport("who", "mapped", "client.name", "null takes the default"),
        FieldReport("note", "defaulted", "the contract's default"),
        FieldReport("channel", "const", "'web'"),
    )
    assert report.dropped == ("client.phone",)


def test_every_reason_is_told_at_once():
    """A contract that cannot be met is refused with each reason at its field, and a hint."""
    target = contract(
        {"name": "qty", "type": "int"},
        {"name": "totl", "type": "string"},
        {"name": "total", "type": "int"},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    )
    rules = {"at": Rule(from_="qty"), "idd": Rule(from_="id")}
    with pytest.raises(ContractMismatch) as caught:
        resolve.compile(WRITER, target, rules)
    hints = {f.where: f.hint for f in caught.value.findings}
    assert set(hints) == {"idd", "qty", "totl", "total", "at"}
    assert "lossy: true" in hints["qty"]
    assert "did you mean total?" in hints["totl"]
    assert "from" in hints["total"]
    assert "unit" in hints["at"]


def test_equal_records_are_reported_each():
    """Two fields of one record type are both reported, and what both leave is dropped twice."""
    point = {
        "type": "record",
        "name": "P",
        "fields": [{"name": "x", "type": "int"}, {"name": "y", "type": "int"}],
    }
    writer = avro.parse(
        {
            "type": "record",
            "name": "W",
            "fields": [{"name": "a", "type": point}, {"name": "b", "type": "P"}],
        }
    )
    less = {"type": "record", "name": "P", "fields": [{"name": "x", "type": "int"}]}
    report = resolve.compile(
        writer, contract({"name": "a", "type": less}, {"name": "b", "type": "P"})
    ).report
    assert [f.target for f in report.fields] == ["a", "a.x", "b", "b.x"]
    assert report.dropped == ("a.y", "b.y")


def test_resolving_is_bounded():
    """Records that fan out exponentially are resolved in no time."""
    kind = "int"
    for n in range(40):
        left = {"name": "l", "type": kind}
        right = {"name": "r", "type": kind["name"] if isinstance(kind, dict) else kind}
        kind = {"type": "record", "name": f"N{n}", "fields": [left, right]}
    schema = avro.parse(kind)
    assert len(resolve.compile(schema, schema).report.fields) < 20_000
