"""The Java transcoder and the Python reference, case by random case."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # importlib mode has no packages
sys.path.insert(0, str(Path(__file__).parents[1] / "conformance"))

import compare
from campaign import run

CASES = 5_000
# what so many random cases must have met, so that agreeing means something; a digit lost in text
# (map/lossy) is too rare to be counted on, and has its vectors
MET = {
    *("mapped", "refused", "map/overflow", "map/parse", "map/type", "map/null", "map/symbol"),
    *("map/eval", "decode/truncated", "decode/trailing", "decode/varint", "decode/utf8"),
    *("decode/index", "decode/length", "decode/boolean", "decode/items"),
}


def test_java_does_as_the_reference():
    """On random schemas, rules and bytes both give one value, one refusal, or one dead letter."""
    found, counts = run(CASES, seed=20_260_701)
    assert not found, "\n\n".join(found)
    assert set(counts) >= MET
    assert counts["mapped"] > CASES / 4


def test_a_seed_names_a_case():
    """The same seed gives the same case, so that a difference can be looked at again."""
    assert compare.case(7, 3) == compare.case(7, 3)
    assert compare.case(7, 3) != compare.case(8, 3)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"out": ["02"]}, ""),
        ({"out": ["04"]}, "in 02: Java 04; reference 02"),
        ({"out": ["map/null/a"]}, "in 02: Java map/null/a; reference 02"),
        ({"refused": "no"}, "Java: {'refused': 'no'}; reference: {'out': ['02']}"),
        ({"broken": "no"}, "Java: {'broken': 'no'}; reference: {'out': ['02']}"),
    ],
)
def test_a_difference_is_told(answer, said):
    """Another value, another dead letter, a refusal or a crash is a difference; the same is none."""
    one = {"writer": RECORD, "contract": RECORD, "rules": {}, "in": ["02"]}
    assert compare.difference(one, answer, *compare.reference(one)) == said


def test_a_difference_is_made_small():
    """What is reported holds only the input and the field that differ."""
    fields = [{"name": name, "type": "int"} for name in "abc"]
    record = {"type": "record", "name": "R", "fields": fields}
    one = {
        "writer": record,
        "contract": record,
        "rules": {"a": "a", "b": {"from": "b", "default": 0}},
        "in": ["020202", "040404"],
    }

    def differs(case):
        """As if Java could not map ``b`` from its second input."""
        names = [f["name"] for f in case["contract"]["fields"]]
        return "differs" if "b" in names and "040404" in case["in"] else ""

    small = compare.shrunk(one, differs)
    assert [f["name"] for f in small["contract"]["fields"]] == ["b"]
    assert small["rules"] == {}
    assert small["in"] == ["040404"]


RECORD = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}]}
