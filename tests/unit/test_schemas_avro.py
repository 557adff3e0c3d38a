"""Schemas: what is parsed, what is refused, and what two schemas have to share to be one."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from federation.schemas import avro, codec
from federation.schemas.defaults import NotOfType, from_json, to_json

REAL = Path(__file__).parents[3] / "shared" / "conformance" / "avro" / "real"


def record(*fields, **more):
    return {
        "type": "record",
        "name": "R",
        "fields": [{"name": n, "type": t} for n, t in fields],
        **more,
    }


def test_names_are_resolved_to_one_type():
    """A named type is one object wherever it is named, in its namespace or by full name."""
    inner = {"type": "fixed", "name": "F", "size": 2}
    root = avro.parse(record(("a", inner), ("b", "F"), ("c", "n.F"), namespace="n")).root
    assert {f.type.name for f in root.fields} == {"n.F"}
    assert len({id(f.type) for f in root.fields}) == 1


def test_a_recursive_schema_is_a_cycle():
    """A record may contain itself, and is written out once."""
    schema = avro.parse(record(("next", ["null", "R"])))
    assert schema.root.fields[0].type.branches[1] is schema.root
    assert avro.parse(schema.json).fingerprint == schema.fingerprint


def test_the_null_namespace_is_kept():
    """An empty namespace inside another one resets it, also after a round trip."""
    inner = {"type": "enum", "name": "E", "namespace": "", "symbols": ["A"]}
    schema = avro.parse(record(("a", inner), ("b", "E"), namespace="n"))
    assert schema.root.fields[0].type.name == "E"
    assert avro.parse(json.dumps(schema.json)).fingerprint == schema.fingerprint


@pytest.mark.parametrize(
    ("schema", "what"),
    [
        ("{", "not JSON"),
        ('{"type": "nope"}', "unknown type"),
        ("[]", "empty"),
        ('["int", "int"]', "twice"),
        ('["int", ["null"]]', "directly within"),
        ("5", "not a type"),
        ({"type": "array"}, "without items"),
        ({"type": "record", "name": "R"}, "list of fields"),
        ({"type": "record", "fields": []}, "without a name"),
        ({"type": "record", "name": "1R", "fields": []}, "not a name"),
        (record(("a", "int"), ("a", "int")), "twice"),
        (record(("a b", "int")), "proper name"),
        (record(("a", {"type": "fixed", "name": "R", "size": 1})), "defined twice"),
        ({"type": "fixed", "name": "F", "size": -1}, "size"),
        ({"type": "enum", "name": "E", "symbols": ["A", "A"]}, "twice"),
        ({"type": "enum", "name": "E", "symbols": ["A"], "default": "B"}, "lacks its default"),
        ("[" * 100_000, "too deep"),
        (" " * (avro.MAX_TEXT + 1), "characters"),
    ],
)
def test_refused(schema, what):
    """What is not Avro is refused with one sentence, and no stack is exhausted."""
    with pytest.raises(avro.SchemaError, match=what):
        avro.parse(schema)


def test_types_within_types_are_bounded():
    """Nesting beyond the bound is refused, whatever it is made of."""
    deep = "int"
    for _ in range(avro.MAX_DEPTH + 1):
        deep = {"type": "array", "items": deep}
    with pytest.raises(avro.SchemaError, match="types within types"):
        avro.parse(deep)


@pytest.mark.parametrize(
    "change",
    [
        {"default": 1},
        {"type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"aliases": ["b"]},
        {"name": "c"},
    ],
)
def test_the_fingerprint_covers_meaning(change):
    """Defaults, logical types, aliases and names tell two schemas apart."""
    plain = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "long"}]}
    changed = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "long", **change}]}
    assert avro.parse(plain).fingerprint != avro.parse(changed).fingerprint


def test_the_fingerprint_leaves_out_words():
    """Documentation and other attributes without meaning do not tell two schemas apart."""
    plain, worded = avro.parse(record(("a", "int"))), avro.parse(record(("a", "int"), doc="words"))
    assert plain.fingerprint == worded.fingerprint
    assert worded.json["doc"] == "words"


@pytest.mark.parametrize(
    "logical",
    [
        {"type": "bytes", "logicalType": "decimal", "precision": 2, "scale": 3},
        {"type": "bytes", "logicalType": "decimal"},
        {"type": "fixed", "name": "F", "size": 1, "logicalType": "decimal", "precision": 3},
        {"type": "fixed", "name": "F", "size": 3, "logicalType": "uuid"},
        {"type": "int", "logicalType": "timestamp-millis"},
        {"type": "string", "logicalType": "made-up"},
    ],
)
def test_invalid_logical_types_are_ignored(logical):
    """An invalid or unknown logical type leaves the physical type, as Avro says."""
    assert avro.parse(logical).root.logical == ""


def test_references_are_inlined():
    """Schemas that a schema names are parsed before it and written into it."""
    parts = [{"type": "fixed", "name": "n.F", "size": 1}, record(("f", "n.F"))]
    schema = avro.parse({"type": "array", "items": "R"}, references=map(json.dumps, parts))
    assert avro.parse(schema.json).fingerprint == schema.fingerprint


def test_defaults_take_the_first_branch_that_fits():
    """A default of a union is of whichever branch takes it; null stays bare."""
    union = avro.parse(["null", "long", "string"]).root
    assert [from_json(union, v) for v in (None, 5, "x")] == [
        None,
        codec.Branch(1, 5),
        codec.Branch(2, "x"),
    ]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("int", 2**31),
        ("int", True),
        ("int", 1.0),
        ("boolean", 1),
        ("bytes", "ł"),
        ("float", 1e39),
        ("null", 0),
    ],
)
def test_defaults_of_another_type(kind, value):
    """A JSON value that is not of the type is refused, with no conversion."""
    with pytest.raises(NotOfType):
        from_json(avro.parse(kind).root, value)


def test_a_default_that_contains_itself():
    """A record whose default needs itself for ever is refused."""
    node = {"type": "record", "name": "R", "fields": [{"name": "r", "type": "R", "default": {}}]}
    with pytest.raises(NotOfType, match="contains itself"):
        from_json(avro.parse(node).root, {})


@pytest.mark.skipif(not REAL.is_dir(), reason="the conformance data is not beside this checkout")
def test_real_schemas_and_their_records():
    """Every schema of 40 public projects parses, survives a round trip, and carries its records."""
    count = 0
    for path in sorted(REAL.glob("*.avsc")):
        schema = avro.parse(path.read_text(encoding="utf-8"))
        assert avro.parse(json.dumps(schema.json)).fingerprint == schema.fingerprint, path.name
        for line in path.with_suffix(".jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            raw = base64.b64decode(row["bytes_b64"])
            datum = codec.decode(schema, raw)
            again = codec.encode(schema, datum)
            assert codec.encode(schema, codec.decode(schema, again)) == again, path.name
            assert to_json(schema.root, datum) is not None or datum is None
            count += 1
    assert count > 3000
