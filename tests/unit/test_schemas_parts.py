"""Schemas in several texts: ordered, understood, and refused where they do not fit together."""

from __future__ import annotations

import pytest

from federation.schemas.avro import SchemaError, parse
from federation.schemas.parts import take_apart


def record(name, **fields):
    return {
        "type": "record",
        "name": name,
        "fields": [{"name": n, "type": t} for n, t in fields.items()],
    }


MONEY = record(
    "shop.Money", amount="long", currency={"type": "enum", "name": "Currency", "symbols": ["EUR"]}
)
LINE = record("shop.Line", price="Money", tax=["null", "shop.Money"])
ORDER = record(
    "shop.Order", lines={"type": "array", "items": "Line"}, total="Money", in_="Currency"
)


@pytest.mark.parametrize("order", [("money", "line"), ("line", "money")])
def test_each_part_comes_after_what_it_uses(order):
    """In whatever order texts are given; a type within another's text is that text's."""
    texts = {"money": MONEY, "line": LINE}
    parts = take_apart(ORDER, {name: texts[name] for name in order})
    assert [(part.name, part.uses) for part in parts] == [
        ("shop.Money", ()),
        ("shop.Line", ("shop.Money",)),
        ("shop.Order", ("shop.Line", "shop.Money")),
    ]


def test_a_part_is_written_with_names_and_means_the_whole():
    """As registered, a part names others' types; parsed with these it is the inlined schema."""
    parts = take_apart(ORDER, {"line": LINE, "money": MONEY})
    names = [field["type"] for field in parts[-1].json["fields"]]
    assert names == [{"type": "array", "items": "shop.Line"}, "shop.Money", "shop.Currency"]
    again = parse(parts[-1].json, references=[part.json for part in parts[:-1]])
    whole = parse(ORDER, references=[MONEY, LINE])
    assert again.fingerprint == parts[-1].schema.fingerprint == whole.fingerprint


def test_one_text_is_one_part():
    """A schema that draws in nothing is itself."""
    (only,) = take_apart(MONEY, {})
    assert (only.json, only.uses) == (parse(MONEY).json, ())


@pytest.mark.parametrize(
    ("root", "others", "what", "where"),
    [
        (ORDER, {"line": LINE}, "unknown type", "line"),
        (LINE, {}, "unknown type", "root"),
        (record("A", b="B"), {"b": record("B", c="C"), "c": record("C", b="B")}, "unknown type", "b"),
        (MONEY, {"line": LINE}, "unknown type", "line"),
        (LINE, {"money": MONEY, "o": record("shop.Other", a="int")}, "shop.Other is used by no part", ""),
        (LINE, {"money": MONEY, "two": MONEY}, "defined twice", "two"),
        (LINE, {"money": MONEY, "list": {"type": "array", "items": "int"}}, "has a name", "list"),
        (LINE, {"money": "{"}, "not JSON", "money"),
    ],
)  # fmt: skip
def test_what_does_not_fit_together(root, others, what, where):
    """Missing types, circles, leftovers, double and nameless ones are told with their text."""
    with pytest.raises(SchemaError, match=what) as caught:
        take_apart(root, others, "root")
    assert caught.value.findings[0].where == where
