"""Apicurio's own API beside Confluent's, against a small server that answers as it does."""

from __future__ import annotations

import json

import pytest
from registry_server import COMPATIBLE, INT, NATIVE, OUTER, held, serving_apicurio

from federation.config.connections import Registry
from federation.errors import ClusterError
from federation.plan.registries import access
from federation.schemas.ids import SchemaId
from federation.schemas.refusal import UnknownSchemaId
from federation.schemas.registry import NotAvro

GLOBAL, CONTENT = SchemaId("global", 1 << 40), SchemaId("content", 7)
NO_CONTENT = {"status": 404, "name": "ContentNotFoundException", "title": "No content with ID"}
TYPED = "?returnArtifactType=true"


def holds(path, schema, *references, api=NATIVE, content=""):
    """A schema at a path of Apicurio's API, and what it refers to: group, artifact, version."""
    return {
        f"{api}{path}{content}{TYPED}": (200, json.dumps(schema).encode()),
        f"{api}{path}/references": (
            200,
            [
                {"name": "n.A", "artifactId": artifact, "version": version}
                | ({"groupId": group} if group else {})
                for group, artifact, version in references
            ],
        ),
    }


@pytest.mark.parametrize(
    ("name", "path"),
    [(GLOBAL, f"/ids/globalIds/{1 << 40}"), (CONTENT, "/ids/contentIds/7")],
    ids=str,
)
def test_native_ids(name, path):
    """Global and content ids find their schema with what it refers to, in groups of any name."""
    answers = holds(path, OUTER, ("a group", "x/y", "2"))
    answers |= holds("/groups/a%20group/artifacts/x%2Fy/versions/2", INT, content="/content")
    with serving_apicurio(answers) as (client, fake):
        assert client.schema(name).json["fields"][0]["type"]["name"] == "A"
        assert len(fake.seen) == 4
        client.schema(name)
        assert len(fake.seen) == 4


def test_version_2_of_the_api():
    """Version 2 gives a version's content at the version itself; no group is the default one."""
    v2 = "/apis/registry/v2"
    answers = holds("/ids/contentIds/7", OUTER, (None, "A", "1"), api=v2)
    answers |= holds("/groups/default/artifacts/A/versions/1", INT, api=v2)
    with serving_apicurio(answers, native=v2) as (client, _):
        assert client.schema(CONTENT).name == "n.B"


def test_numbers_go_to_the_other_api():
    """Confluent's numbers and subjects are asked for in Confluent's API of the same server."""
    answers = {f"{COMPATIBLE}/schemas/ids/3": held(INT), f"{COMPATIBLE}/subjects": (200, ["s"])}
    with serving_apicurio(answers) as (client, _):
        assert client.schema_by_id(3).name == "n.A"
        assert client.subjects() == ["s"]


def test_its_own_no_is_believed():
    """What names the content that it lacks makes an id unknown."""
    answers = {f"{NATIVE}/ids/contentIds/7{TYPED}": (404, NO_CONTENT)}
    with serving_apicurio(answers) as (client, _), pytest.raises(UnknownSchemaId):
        client.schema(CONTENT)


@pytest.mark.parametrize("body", [b"", b"<html>", {"status": 404, "name": "NotFoundException"}])
def test_a_404_of_something_else_is_no_evidence(body):
    """A proxy's 404 or a wrong path makes no dead letters."""
    answers = {f"{NATIVE}/ids/contentIds/7{TYPED}": (404, body)}
    with serving_apicurio(answers) as (client, _), pytest.raises(ClusterError, match="404"):
        client.schema(CONTENT)


def test_another_language():
    """An artifact that says that it is JSON Schema is not Avro, though it reads like it."""
    path = f"{NATIVE}/ids/globalIds/{1 << 40}{TYPED}"
    answers = {path: (200, {"type": "string"}, {"X-Registry-ArtifactType": "JSON"})}
    with serving_apicurio(answers) as (client, _), pytest.raises(NotAvro, match="JSON"):
        client.schema(GLOBAL)


@pytest.mark.parametrize("references", [{}, "text", 7, [5], [{"version": "1"}], b"<html>"])
def test_strange_references(references):
    """References that are no list of artifacts are a server that is not Apicurio."""
    answers = holds("/ids/contentIds/7", INT)
    answers[f"{NATIVE}/ids/contentIds/7/references"] = (200, references)
    with (
        serving_apicurio(answers) as (client, _),
        pytest.raises(ClusterError, match=r"not JSON|not a schema registry's"),
    ):
        client.schema(CONTENT)


def test_a_reference_that_is_lost():
    """A schema whose reference Apicurio lacks is unknown."""
    answers = holds("/ids/contentIds/7", OUTER, (None, "A", "1"))
    path = f"{NATIVE}/groups/default/artifacts/A/versions/1/content{TYPED}"
    answers[path] = (404, NO_CONTENT)
    with serving_apicurio(answers) as (client, _), pytest.raises(UnknownSchemaId, match=r"n\.A"):
        client.schema(CONTENT)


def test_a_circle():
    """References in a circle end in an error, not in a loop."""
    path = "/groups/default/artifacts/B/versions/1"
    answers = holds("/ids/contentIds/7", OUTER, (None, "B", "1"))
    answers |= holds(path, OUTER, (None, "B", "1"), content="/content")
    with serving_apicurio(answers) as (client, _), pytest.raises(NotAvro, match="circle"):
        client.schema(CONTENT)


@pytest.mark.parametrize(
    ("given", "compatible", "native"),
    [
        ("http://r:8080", "http://r:8080/apis/ccompat/v7", "http://r:8080/apis/registry/v3"),
        ("http://r/x/", "http://r/x/apis/ccompat/v7", "http://r/x/apis/registry/v3"),
        (
            "http://r/apis/ccompat/v8/",
            "http://r/apis/ccompat/v8",
            "http://r/apis/registry/v3",
        ),
        ("http://r/apis/registry/v2", "http://r/apis/ccompat/v7", "http://r/apis/registry/v2"),
    ],
)
def test_one_address_means_both_apis(given, compatible, native):
    """The server's address, or that of either API, leads to both; a version that is said holds."""
    made = access(Registry(type="apicurio", url=given))
    assert (made.url, made.native) == (compatible, native)
