"""Every shared vector holds for the Python reference."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from federation.mapping import resolve
from federation.mapping.rules import Rule
from federation.schemas import avro, codec
from federation.schemas.refusal import RecordError

VECTORS = Path(__file__).parent.parent / "vectors"


def _cases():
    for path in sorted([*VECTORS.glob("mapping*.json"), *VECTORS.glob("conformance/*.json")]):
        for case in json.loads(path.read_text(encoding="utf-8"))["cases"]:
            yield pytest.param(case, id=f"{path.stem}-{case['name']}")


@pytest.mark.parametrize("case", list(_cases()))
def test_vector(case):
    """A case gives the contract's value, the dead letter's words, or no mapper at all."""
    if case.get("refused"):
        with pytest.raises((avro.SchemaError, resolve.ContractMismatch, ValidationError)):
            resolve.compile(avro.parse(case["writer"]), avro.parse(case["contract"]), _rules(case))
        return
    writer, contract = avro.parse(case["writer"]), avro.parse(case["contract"])
    mapper = resolve.compile(writer, contract, _rules(case))
    data = bytes.fromhex(case["in"])
    if "error" in case:
        with pytest.raises(RecordError) as caught:
            mapper.apply(codec.decode(writer, data))
        error = {key: getattr(caught.value, key) for key in case["error"]}
        assert error == case["error"]
    else:
        # values are compared: blocks of arrays and maps may be cut differently
        out = codec.encode(contract, mapper.apply(codec.decode(writer, data)))
        wanted = codec.decode(contract, bytes.fromhex(case["out"]))
        # bytes are equal where a NaN is in it, values where a key is there twice
        assert out == codec.encode(contract, wanted) or codec.decode(contract, out) == wanted


def _rules(case):
    return {name: Rule.model_validate(rule) for name, rule in case["rules"].items()}


def test_vectors_are_many():
    """The shared vectors cover the page: there are hundreds, no name twice."""
    names = [case.id for case in _cases()]
    assert len(names) >= 400
    assert len(set(names)) == len(names)
