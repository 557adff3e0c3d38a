"""Schemas and records that others made, through both implementations."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # importlib mode has no packages
sys.path.insert(0, str(Path(__file__).parents[1] / "conformance"))

import compare
from evaluator import evaluator

REAL = Path(__file__).parents[3] / "shared" / "conformance" / "avro" / "real"


@pytest.mark.skipif(not REAL.is_dir(), reason="the conformance data is not beside this checkout")
def test_real_records_pass_both():
    """Every record of 187 real schemas, mapped to its own schema, keeps its value in both."""
    cases = [_case(path) for path in sorted(REAL.glob("*.avsc"))]
    assert len(cases) == 187
    with evaluator() as java:
        answers = list(java.ask(cases)())
    wrong = []
    for case, answer in zip(cases, answers, strict=True):
        wanted, contract = compare.reference(case)
        assert "out" in wanted, wanted
        assert not any("/" in one for one in wanted["out"])
        if said := compare.difference(case, answer, wanted, contract):
            wrong.append(said)
    assert wrong == []


def _case(path):
    """The schema as the field of a record, so that any type will do, with all its records."""
    schema = {
        "type": "record",
        "name": "__Case",
        "fields": [{"name": "f", "type": json.loads(path.read_text("utf-8"))}],
    }
    rows = path.with_suffix(".jsonl").read_text("utf-8").splitlines()
    data = [base64.b64decode(json.loads(row)["bytes_b64"]).hex() for row in rows]
    return {"writer": schema, "contract": schema, "rules": {}, "in": data}
