"""Drafting a contract and rules from writers' schemas."""

from __future__ import annotations

import itertools

import pytest

from federation.errors import PlanError
from federation.mapping import resolve
from federation.mapping.changes import changes
from federation.mapping.suggest import likeness, suggest
from federation.schemas.avro import parse

MILLIS = {"type": "long", "logicalType": "timestamp-millis"}
MICROS = {"type": "long", "logicalType": "timestamp-micros"}
_NUMBERS = itertools.count()


def record(_name="Order", /, **fields):
    """A record schema; a value is a type, or a whole field."""
    made = [
        {"name": name, **(kind if isinstance(kind, dict) and "field" in kind else {"type": kind})}
        for name, kind in fields.items()
    ]
    for one in made:
        if "field" in one:
            one["type"] = one.pop("field")
    return {"type": "record", "name": _name, "fields": made}


def enum(*symbols, name=None):
    return {"type": "enum", "name": name or f"E{next(_NUMBERS)}", "symbols": list(symbols)}


def decimal(precision, scale):
    return {"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale}


def drafted(*sources):
    """The draft of sources (a schema, or a list of versions), met by every version."""
    parsed = [[parse(v) for v in (s if isinstance(s, list) else [s])] for s in sources]
    draft = suggest(parsed)
    for n, versions in enumerate(parsed):
        for version in versions:
            resolve.compile(version, draft.contract, draft.parsed(n))
    return draft


def fields(draft):
    return {f["name"]: f["type"] for f in draft.contract.json["fields"]}


def rules(draft, source):
    return {name: dict(s.rule) for name, s in draft.rules[source].items()}


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        ("int", "long", "long"),
        ("long", "int", "long"),
        ("float", "double", "double"),
        ("int", "float", "double"),
        ("long", "double", "double"),
        (enum("A"), "string", "string"),
        ({"type": "string", "logicalType": "uuid"}, "string", "string"),
        ("string", "bytes", "bytes"),
        (MILLIS, MICROS, MICROS),
        (decimal(6, 2), decimal(9, 4), decimal(9, 4)),
        (decimal(6, 2), "int", decimal(12, 2)),
        (
            {"type": "int", "logicalType": "time-millis"},
            {"type": "long", "logicalType": "time-micros"},
            {"type": "long", "logicalType": "time-micros"},
        ),
        ("boolean", "int", ["boolean", "int"]),
        ("string", ["null", "string"], ["null", "string"]),
        ({"type": "array", "items": "int"}, {"type": "array", "items": "long"},
         {"type": "array", "items": "long"}),
        ({"type": "map", "values": "string"}, "int", [{"type": "map", "values": "string"}, "int"]),
    ],
)  # fmt: skip
def test_the_common_type_is_the_narrowest_that_holds_both(one, other, common):
    """Two types become the smallest type to which both convert, else a union; without a rule."""
    draft = drafted(record(x=one), record(x=other))
    assert fields(draft) == {"x": common}
    assert draft.rules == ({}, {})


def test_a_number_and_text_become_text_by_a_rule():
    """Text is converted only where a rule names the field, so the draft names it."""
    draft = drafted(record(x="string"), record(x="long"))
    assert fields(draft) == {"x": "string"}
    assert rules(draft, 0) == {}
    assert rules(draft, 1) == {"x": {"from": "x"}}


def test_a_plain_number_beside_an_instant_gets_a_guessed_unit():
    """The contract has the instant; the unit of the number is a guess, by name if it tells."""
    draft = drafted(record(at=MILLIS), record(at="long"), record(at_seconds="long"))
    assert fields(draft) == {"at": MILLIS}
    assert rules(draft, 1) == {"at": {"from": "at", "unit": "ms"}}
    assert rules(draft, 2) == {"at": {"from": "at_seconds", "unit": "s"}}
    assert "unit" in draft.rules[1]["at"].why


def test_enums_have_the_symbols_of_all():
    """The first one's symbols go first."""
    draft = drafted(record(x=enum("A", "B", name="X")), record(x=enum("C", "B", name="Y")))
    made = fields(draft)["x"]
    assert made["symbols"] == ["A", "B", "C"]
    assert (made["name"], made["aliases"]) == ("X", ["Y"])


def test_what_a_source_lacks_is_null():
    """A field that one source has not is nullable, with the default null."""
    draft = drafted(record(id="string", note="string"), record(id="string", tip="int"))
    assert draft.contract.json["fields"][1:] == [
        {"name": "note", "type": ["null", "string"], "default": None},
        {"name": "tip", "type": ["null", "int"], "default": None},
    ]


def test_a_default_of_the_same_source_stands_in_for_old_versions():
    """A field that came later keeps its type if its writer said what its absence means."""
    channel = {"field": "string", "default": "web"}
    draft = drafted([record(id="int"), record(id="int", channel=channel)])
    assert draft.contract.json["fields"][1] == {
        "name": "channel", "type": "string", "default": "web",
    }  # fmt: skip
    other = drafted(record(id="int", channel=channel), record(id="int"))
    assert fields(other)["channel"] == ["null", "string"]


def test_names_that_differ_in_case_and_separators_are_one_without_doubt():
    """The first source's name is the contract's, and the rule is no guess."""
    draft = drafted(record(order_id="string"), record(orderId="string"))
    assert rules(draft, 1) == {"order_id": {"from": "orderId"}}
    assert draft.rules[1]["order_id"].why == ""


def test_names_that_are_alike_are_a_guess():
    """An order's id is like order_id rather than like customer_id, and is marked."""
    draft = drafted(
        record(customer_id="string", order_id="string"), record("OrderEvent", id="string")
    )
    assert rules(draft, 1) == {"order_id": {"from": "id"}}
    assert "alike" in draft.rules[1]["order_id"].why


def test_names_that_are_alike_do_not_match_across_types():
    """A likeness of names is not enough where the types have nothing in common."""
    draft = drafted(record(order_id="string"), record(orderId={"type": "map", "values": "int"}))
    assert set(fields(draft)) == {"order_id", "orderId"}


def test_an_alias_of_the_writer_is_no_guess():
    """What a schema declares as an alias is the same field."""
    draft = drafted(record(mail="string"), record(contact={"field": "string", "aliases": ["mail"]}))
    assert rules(draft, 1) == {"mail": {"from": "contact"}}
    assert draft.rules[1]["mail"].why == ""


def test_a_field_renamed_between_versions_is_found_by_the_contracts_alias():
    """Both versions of the source fill the field, which keeps its type."""
    renamed = {"field": "string", "aliases": ["mail"]}
    draft = drafted([record(mail="string"), record(email=renamed)])
    assert draft.contract.json["fields"] == [
        {"name": "email", "type": "string", "aliases": ["mail"]}
    ]


def test_nested_records_and_arrays_of_them_are_merged():
    """Fields of nested records are merged by name, whatever the records are called."""
    one = record(lines={"type": "array", "items": record("Line", sku="string", n="int")})
    two = record(lines={"type": "array", "items": record("Item", sku="string", n="long", x="int")})
    items = fields(drafted(one, two))["lines"]["items"]
    assert [(f["name"], f["type"]) for f in items["fields"]] == [
        ("sku", "string"), ("n", "long"), ("x", ["null", "int"]),
    ]  # fmt: skip


def test_a_type_within_itself_is_merged_by_name():
    """A recursive contract refers to itself, and every version meets it."""
    tree = record("Tree", value="int", left=["null", "Tree"])
    other = record("Node", value="long", left=["null", "Node"], right=["null", "Node"])
    draft = drafted(tree, other)
    assert fields(draft)["value"] == "long"
    assert fields(draft)["left"] == ["null", "Tree"]


def test_a_source_without_records_is_refused():
    """Nothing can be drafted from no schema, or from one that is no record."""
    with pytest.raises(PlanError, match="source 2 has no registered schema"):
        suggest([[parse(record(x="int"))], []])
    with pytest.raises(PlanError, match="source 1 writes string"):
        suggest([[parse("string")]])


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("created_at", "createdAt", True),
        ("id", "order_id", True),
        ("custommer", "customer", True),
        ("line1", "line2", False),
        ("amount", "total", False),
        ("HTTPStatus", "http_status", True),
    ],
)
def test_likeness_knows_words(one, other, alike):
    """Case and separators do not count, numbers do, and a name may be a word of the other."""
    assert (likeness(one, other) >= 0.8) is alike


def test_changes_name_what_came_went_and_became_something_else():
    """One change per field, nested ones by their path; a new record is one change."""
    inner = record("Client", name="string", age="int")
    before = parse(record(id="int", gone="string", client=inner))
    after = parse(
        record(
            id="long",
            client=record("Client", name={"field": "string", "default": ""}, age="int"),
            address=record("Address", city="string"),
            kind=enum("A", "B"),
        )
    )
    assert [str(one) for one in changes(before, after)] == [
        "id: int -> long",
        "added address (record)",
        "added kind (enum of A, B)",
        "default of client.name: none -> ''",
        "removed gone (string)",
    ]
    assert changes(after, after) == ()
