"""Framings: the vectors shared with the operators, their inverses, and broken bytes."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.mapping import plainjson
from federation.schemas import codec, framing
from federation.schemas.avro import parse
from federation.schemas.framing import FRAMINGS, GIVEN, SchemaId
from federation.schemas.refusal import FrameError, RecordError

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "framing.json").read_text("utf-8"))
ANY = UUID("89791762-2336-4186-9674-299b90a802e2")
NAMES = {
    "auto": SchemaId("id", 7),
    "confluent": SchemaId("id", 2**31 - 1),
    "confluent-header": SchemaId("guid", ANY),
    "apicurio-global": SchemaId("global", 2**32 - 1),
    "apicurio-content": SchemaId("content", 1),
    "apicurio-header": SchemaId("content", 2**40),
    "glue": SchemaId("glue", ANY),
    "single-object": SchemaId("fingerprint", 2**64 - 1),
}


def made(case):
    """What becomes of a case's bytes, in the form of the vectors."""
    headers = [(name, None if v is None else bytes.fromhex(v)) for name, v in case["headers"]]
    data, known = bytes.fromhex(case["data"]), "given" in case
    try:
        frame = framing.split(data, case["framing"], headers, case["side"], given=known)
        body = frame.body
        if frame.json:
            schema = parse(case["given"])
            body = codec.encode(schema, plainjson.reader(schema)(body))
    except RecordError as refusal:
        return {"error": f"{refusal.stage}/{refusal.reason}"}
    return {"schema": str(frame.schema), "body": body.hex()}


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda one: one["name"])
def test_the_shared_vectors(case):
    """What a framing makes of bytes and headers is written down once, for both languages."""
    wanted = {name: case[name] for name in ("schema", "body", "error") if name in case}
    assert made(case) == wanted


def test_headers_that_name_schemas():
    """Which headers stay behind is written down for both languages, too."""
    given_ = VECTORS["headers"]
    assert not any(map(framing.names_schema, given_["kept"]))
    assert all(map(framing.names_schema, given_["dropped"]))


@pytest.mark.parametrize("name", FRAMINGS)
@pytest.mark.parametrize("side", ["value", "key"])
@given(body=st.binary(min_size=1, max_size=40))
def test_split_undoes_join(name, side, body):
    """What was put together by a framing comes apart as it was, bytes and header alike."""
    if name in ("string", "int", "long"):
        datum = {"string": body.hex(), "int": body[0], "long": -body[0]}[name]
        body = codec.encode(parse(name), datum)
    schema = NAMES.get(name, GIVEN)
    data, header = framing.join(schema, body, name, side)
    frame = framing.split(data, name, [] if header is None else [header], side)
    assert frame == framing.Frame(schema, body, json=name == "json")


PAIRS = st.tuples(
    st.sampled_from(["__value_schema_id", "apicurio.value.globalId", "apicurio.value.contentId"]),
    st.none() | st.binary(max_size=20),
)


@pytest.mark.parametrize("name", FRAMINGS)
@given(data=st.binary(max_size=40), headers=st.lists(PAIRS, max_size=2))
def test_any_bytes_come_apart_or_are_refused(name, data, headers):
    """Bytes and headers of any kind give a frame or a FrameError, and nothing else."""
    with contextlib.suppress(FrameError):
        assert str(framing.split(data, name, headers, given=True).schema)


@pytest.mark.parametrize("name", ["confluent", "apicurio-global", "glue", "single-object"])
def test_every_cut_frame_is_short(name):
    """A frame that ends before its payload is refused as empty or short, wherever it is cut."""
    data, _ = framing.join(NAMES[name], b"", name)
    reasons = set()
    for end in range(len(data)):
        with pytest.raises(FrameError) as caught:
            framing.split(data[:end], name)
        reasons.add(caught.value.reason)
    assert reasons == {"empty", "short"}
