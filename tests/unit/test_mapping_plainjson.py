"""Plain JSON by a schema: the vectors shared with the operators, and what compiles."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from federation.errors import ConfigError
from federation.mapping import plainjson
from federation.schemas import codec
from federation.schemas.avro import parse
from federation.schemas.refusal import DecodeError

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "plainjson.json").read_text("utf-8"))


def made(schema, data: bytes):
    """What becomes of a text, in the form of the vectors."""
    try:
        return {"avro": codec.encode(schema, plainjson.reader(schema)(data)).hex()}
    except DecodeError as refusal:
        return {"error": {"reason": refusal.reason, "path": refusal.path}}


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda one: one["name"])
def test_the_shared_vectors(case):
    """What a JSON text means under a schema is written down once, for both languages."""
    data = bytes.fromhex(case["hex"]) if "hex" in case else case["text"].encode()
    wanted = {name: case[name] for name in ("avro", "error") if name in case}
    assert made(parse(case["schema"]), data) == wanted


def test_a_default_of_another_type_is_no_schema_for_json():
    """Defaults are values here, so one that its field cannot hold is refused before any record."""
    field = {"name": "a", "type": "int", "default": "x"}
    with pytest.raises(ConfigError, match=r"default of R\.a"):
        plainjson.reader(parse({"type": "record", "name": "R", "fields": [field]}))
