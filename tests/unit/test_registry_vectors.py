"""The shared table of registries' answers: this client and the JVM's make the same of each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from registry_server import server

from federation.errors import ClusterError
from federation.schemas import ids
from federation.schemas.avro import parse
from federation.schemas.refusal import UnknownSchemaId
from federation.schemas.registry import Access, NotAvro, connect

VECTOR = Path(__file__).parents[1] / "vectors" / "registry.json"
CASES = json.loads(VECTOR.read_text("utf-8"))["cases"]


def outcome(client, name):
    """What comes of a question, as the table says it."""
    try:
        return client.schema(name)
    except UnknownSchemaId:
        return "unknown_id"
    except NotAvro:
        return "not_avro"
    except ClusterError:
        return "later"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_an_answer_means(case):
    """A schema, the registry's no, or nothing yet."""
    answers = {"/subjects": (404, b"")}
    for path, said in case["answers"].items():
        body = said["text"].encode() if "text" in said else said["body"]
        whole = f"{path}?returnArtifactType=true"
        for at in (path, whole):
            answers[at] = (said.get("status", 200), body, said.get("headers", {}))
    with server(answers, missing=(404, b"")) as (url, _):
        access = Access(url, kind=case["type"], native=url.rstrip("/"))
        with connect(access, deadline=0.05) as client:
            kind, value = case["id"]
            found = outcome(client, ids.parse(f"{kind} {value}"))
    if case["outcome"] == "schema":
        assert found.fingerprint == parse(case["schema"]).fingerprint
    else:
        assert found == case["outcome"]
