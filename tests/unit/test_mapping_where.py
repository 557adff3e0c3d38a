"""Filters: the shared vectors, and what is said of an expression that is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from federation.errors import ConfigError
from federation.mapping import where
from federation.schemas import avro, codec
from federation.schemas.codec import Branch
from federation.schemas.refusal import MappingError

VECTORS = json.loads(
    (Path(__file__).parent.parent / "vectors" / "where.json").read_text(encoding="utf-8")
)
DATUM = codec.decode(avro.parse(VECTORS["writer"]), bytes.fromhex(VECTORS["in"]))


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda c: c["where"])
def test_vector(case):
    """An expression is true, false, a dead letter or refused, as the shared vector says."""
    if case.get("refused"):
        with pytest.raises(ConfigError):
            where.compile(case["where"])
        return
    test = where.compile(case["where"])
    if isinstance(case["result"], str):
        with pytest.raises(MappingError) as caught:
            test(DATUM)
        assert (caught.value.stage, caught.value.reason) == ("where", case["result"])
    else:
        assert test(DATUM) is case["result"]


def test_a_syntax_error_has_its_place():
    """What is not CEL is refused with line and column."""
    with pytest.raises(ConfigError, match="line 1, column 8"):
        where.compile("a == 1 ==")


def test_an_unknown_function_has_its_place():
    """What is CEL but not of the subset is named, with the subset as the hint."""
    with pytest.raises(ConfigError, match=r"exists\(\).*startsWith"):
        where.compile("tags.exists(t, t == 'x')")


def test_a_value_of_a_union_is_its_bare_value():
    """Which branch of a union a value is of does not show."""
    test = where.compile("u == 'x' && 'x' in l")
    assert test({"u": Branch(1, "x"), "l": [Branch(0, 1), Branch(1, "x")]})
