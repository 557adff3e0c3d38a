"""Avro's own rules, by cases that nobody here wrote: no rules given, any type as a field."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from federation.mapping import resolve
from federation.mapping.resolve import ContractMismatch
from federation.schemas import avro, codec
from federation.schemas.refusal import RecordError

CASES = Path(__file__).parents[3] / "shared" / "conformance" / "avro" / "resolution.jsonl"

# cases that must raise by Avro's letter and do not here, by the reason: docs/reference/avro-conformance.md
DEVIATIONS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "deviations.json").read_text(encoding="utf-8")
)


@pytest.mark.skipif(not CASES.is_file(), reason="the conformance data is not beside this checkout")
def test_resolution():
    """Every case gives the expected value, or is refused where it must be; deviations are exact."""
    cases = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]
    wrong = {case["name"]: got for case in cases if (got := _differs(case))}
    assert len(cases) > 700
    assert set(wrong) == {name for names in DEVIATIONS.values() for name in names}, wrong


def _differs(case):
    """What came out where it is not what was expected, else nothing."""
    try:
        writer, contract = _field(case["writer"]), _field(case["reader"])
        datum = codec.decode(writer, base64.b64decode(case["bytes_b64"]))
        got = codec.encode(contract, resolve.compile(writer, contract).apply(datum))
    except (avro.SchemaError, ContractMismatch, RecordError) as error:
        return "" if case["error"] else str(error)
    if case["error"]:
        return f"not refused: {got.hex()}"
    wanted = codec.decode(contract, base64.b64decode(case["expect_bytes_b64"]))
    # bytes are equal where a NaN is in it, values where the entries of a map are in another order
    same = codec.encode(contract, wanted) == got or codec.decode(contract, got) == wanted
    return "" if same else f"{got.hex()} instead of {wanted}"


def _field(schema):
    return avro.parse(
        {"type": "record", "name": "__Case", "fields": [{"name": "f", "type": schema}]}
    )
