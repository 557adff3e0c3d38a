"""Confluent's API, against a small server on this machine that answers as registries do."""

from __future__ import annotations

import base64
import json
from uuid import UUID

import pytest
from registry_server import INT, OUTER, held, serving

from federation.errors import ClusterError
from federation.schemas.ids import SchemaId
from federation.schemas.refusal import UnknownSchemaId
from federation.schemas.registry import Access, NotAvro, Referred, base, connect, http


def test_a_schema_is_asked_for_once():
    """A schema by id comes from the base path, and from memory the second time."""
    with serving({"/schemas/ids/7": held(INT)}) as (client, fake):
        assert client.schema_by_id(7) is client.schema_by_id(7)
        assert client.schema_by_id(7).name == "n.A"
        assert len(fake.seen) == 1


def test_the_cache_is_bounded(monkeypatch):
    """More ids than the cache holds push the oldest out."""
    monkeypatch.setattr(base, "MAX_CACHED", 1)
    with serving({"/schemas/ids/1": held(INT), "/schemas/ids/2": held(INT)}) as (client, fake):
        for one in (1, 2, 1):
            client.schema_by_id(one)
        assert len(fake.seen) == 3


def test_an_unknown_id_is_a_dead_letter():
    """Only the registry's own word makes an id unknown."""
    missing = (404, {"error_code": 40403, "message": "Schema 9 not found"})
    with (
        serving({"/schemas/ids/9": missing}) as (client, _),
        pytest.raises(UnknownSchemaId) as caught,
    ):
        client.schema_by_id(9)
    assert (caught.value.stage, caught.value.reason) == ("schema", "unknown_id")


def test_a_404_of_something_else_is_no_evidence():
    """A wrong base path is the configuration's fault and makes no dead letters."""
    with (
        serving({"/subjects": (404, b"<html>")}) as (client, _),
        pytest.raises(ClusterError, match="404"),
    ):
        client.schema_by_id(9)


def test_a_guid_is_asked_for_as_such():
    """A GUID finds its schema; a kind of name that Confluent's API lacks is unknown, unasked."""
    guid = SchemaId("guid", UUID("89791762-2336-4186-9674-299b90a802e2"))
    with serving({f"/schemas/guids/{guid.value}": held(INT)}) as (client, fake):
        assert client.schema(guid).name == "n.A"
        for other in (SchemaId("global", 7), SchemaId("glue", guid.value)):
            with pytest.raises(UnknownSchemaId):
                client.schema(other)
        assert len(fake.seen) == 1


def test_references_are_fetched():
    """What a schema refers to is fetched, each once, and inlined."""
    reference = {"name": "n.A", "subject": "a/b", "version": 3}
    answers = {
        "/schemas/ids/1": held(OUTER, references=[reference]),
        "/subjects/a%2Fb/versions/3": held(INT, version=3, id=2),
    }
    with serving(answers) as (client, _):
        assert client.schema_by_id(1).json["fields"][0]["type"]["name"] == "A"


def test_a_diamond_of_references():
    """What two references refer to is fetched once, and is one type."""
    base_of = {"name": "n.A", "subject": "a", "version": 1}
    left = {"type": "record", "name": "n.L", "fields": [{"name": "a", "type": "A"}]}
    right = {"type": "record", "name": "n.R", "fields": [{"name": "a", "type": "A"}]}
    top = {
        "type": "record",
        "name": "n.T",
        "fields": [{"name": "l", "type": "L"}, {"name": "r", "type": "R"}],
    }
    both = [{"name": f"n.{one.upper()}", "subject": one, "version": 1} for one in "lr"]
    answers = {
        "/schemas/ids/1": held(top, references=both),
        "/subjects/l/versions/1": held(left, references=[base_of]),
        "/subjects/r/versions/1": held(right, references=[base_of]),
        "/subjects/a/versions/1": held(INT, references=[]),
    }
    with serving(answers) as (client, fake):
        found = client.schema(SchemaId("id", 1)).root
        assert found.field("l").type.field("a").type is found.field("r").type.field("a").type
        assert len(fake.seen) == 4


def test_a_reference_that_is_lost():
    """A schema whose reference the registry lacks is as unknown as one that it lacks itself."""
    reference = {"name": "n.A", "subject": "s", "version": 1}
    answers = {
        "/schemas/ids/1": held(OUTER, references=[reference]),
        "/subjects/s/versions/1": (404, {"error_code": 40401}),
    }
    with serving(answers) as (client, _), pytest.raises(UnknownSchemaId, match=r"reference n\.A"):
        client.schema_by_id(1)


def test_a_schema_beyond_all_bounds(monkeypatch):
    """An answer larger than any schema is not Avro: its records are dead letters, in Java as here."""
    monkeypatch.setattr(http, "MAX_ANSWER", 100)
    big = INT | {"doc": "x" * 100}
    with serving({"/schemas/ids/1": held(big)}) as (client, _), pytest.raises(NotAvro, match="100"):
        client.schema_by_id(1)


def test_references_in_a_circle():
    """A circle of references ends in an error, not in a loop."""
    reference = {"name": "x", "subject": "s", "version": 1}
    answers = {
        "/schemas/ids/1": held(OUTER, references=[reference]),
        "/subjects/s/versions/1": held(OUTER, references=[reference], version=1, id=1),
    }
    with serving(answers) as (client, _), pytest.raises(NotAvro, match="circle"):
        client.schema_by_id(1)


@pytest.mark.parametrize(
    "answer", [held(INT, schemaType="PROTOBUF"), (200, {"schema": '{"type": "nope"}'})]
)
def test_what_is_not_avro_is_named(answer):
    """Protobuf, JSON Schema and damaged schemas are told from a registry that fails."""
    with (
        serving({"/schemas/ids/1": answer}) as (client, _),
        pytest.raises(NotAvro, match="schema 1 is"),
    ):
        client.schema_by_id(1)


@pytest.mark.parametrize("status", [500, 503, 429])
def test_what_may_pass_is_tried_again(status):
    """5xx and 429 are tried again until there is an answer."""
    with serving({"/schemas/ids/1": [(status, {}), (status, {}), held(INT)]}) as (client, fake):
        assert client.schema_by_id(1).name == "n.A"
        assert len(fake.seen) == 3


def test_trying_ends_at_the_deadline():
    """A registry that stays away is an error with its address, within the deadline."""
    with serving({"/subjects": (503, {})}, deadline=0.3) as (client, _):
        with pytest.raises(ClusterError, match="HTTP 503") as caught:
            client.subjects()
        assert caught.value.findings[0].where == client.where


def test_redirects_are_not_followed():
    """A redirect is an error, so that credentials go to no other host."""
    with (
        serving({"/subjects": (302, {}, {"Location": "http://127.0.0.1:1/elsewhere"})}) as (
            client,
            _,
        ),
        pytest.raises(ClusterError, match="redirects"),
    ):
        client.subjects()


def test_answers_are_bounded(monkeypatch):
    """An answer without end is cut off."""
    monkeypatch.setattr(http, "MAX_ANSWER", 100)
    with (
        serving({"/subjects": (200, ["s"] * 100)}) as (client, _),
        pytest.raises(ClusterError, match="over 100 bytes"),
    ):
        client.subjects()


@pytest.mark.parametrize("answer", [(200, b"<html>"), (200, {"a": 1})])
def test_another_server(answer):
    """What is no registry at all is said to be none, with a hint at the path."""
    with serving({"/subjects": answer}) as (client, _), pytest.raises(ClusterError, match="path"):
        client.subjects()


def test_credentials_are_sent_and_not_shown():
    """User and password go into the header and into no message."""
    with serving({"/subjects": (401, {})}, userinfo="me:s3cret@") as (client, fake):
        with pytest.raises(ClusterError, match="credentials") as caught:
            client.subjects()
        sent = fake.seen[0][2]["Authorization"]
    assert base64.b64decode(sent.removeprefix("Basic ")) == b"me:s3cret"
    assert "s3cret" not in str(caught.value) + client.where


def test_a_token_is_sent():
    """A bearer token goes into the header."""
    with serving({}, token="t0ken") as (client, fake):  # noqa: S106 - of no use anywhere
        client.subjects()
        assert fake.seen[0][2]["Authorization"] == "Bearer t0ken"


def test_versions():
    """All versions of a subject come with id and schema; an unknown subject has none."""
    answers = {
        "/subjects/s/versions": (200, [2, 1]),
        "/subjects/s/versions/1": held(INT, version=1, id=5),
        "/subjects/s/versions/2": held(INT, version=2, id=6),
    }
    with serving(answers) as (client, _):
        assert [(v.version, v.id) for v in client.versions("s")] == [(1, 5), (2, 6)]
        assert client.versions("other") == []


def test_register_and_lookup():
    """Registering gives the id, looking up the id or nothing."""
    answers = {
        "/subjects/s/versions": (200, {"id": 4}),
        "/subjects/s": (200, {"id": 4, "version": 1}),
        "/subjects/t": (404, {"error_code": 40403}),
    }
    with serving(answers) as (client, fake):
        assert client.register("s", INT) == 4
        assert client.lookup("s", json.dumps(INT)) == (4, 1)
        assert client.lookup("t", INT) is None
        assert json.loads(fake.seen[0][3]["schema"]) == INT


def test_an_incompatible_schema_is_refused():
    """The registry's reason for refusing a schema is told."""
    answers = {"/subjects/s/versions": (409, {"error_code": 409, "message": "field z is missing"})}
    with serving(answers) as (client, _), pytest.raises(ClusterError, match="field z is missing"):
        client.register("s", INT)


def test_compatibility_and_check():
    """The level falls back to the registry's own; the first version of a subject is always taken."""
    check = "/compatibility/subjects/{}/versions/latest?verbose=true"
    answers = {
        "/config/s?defaultToGlobal=true": (200, {"compatibilityLevel": "FULL"}),
        "/config": (200, {"compatibilityLevel": "BACKWARD"}),
        check.format("s"): (200, {"is_compatible": False, "messages": ["no"]}),
        check.format("t"): (404, {"error_code": 40401}),
    }
    with serving(answers) as (client, _):
        assert (client.compatibility("s"), client.compatibility("t")) == ("FULL", "BACKWARD")
        assert client.check("s", INT) == (False, ("no",))
        assert client.check("t", INT) == (True, ())


def test_an_address_that_is_none():
    """An address without scheme is refused before anything is asked."""
    with pytest.raises(ClusterError, match="not a URL"):
        connect(Access("registry:8081"))


@pytest.mark.parametrize(
    "answer",
    [
        (200, b"[" * 100_000),
        (200, ["schema"]),
        (200, {"schema": 5}),
        (200, {"schema": '"int"', "references": [{"subject": "s"}]}),
        (200, {"schema": '"int"', "references": [{"subject": "s", "version": {}}]}),
        (200, {"schema": '"int"', "references": 7}),
        (200, {"schema": '"int"', "references": ["s"]}),
        (200, b"\xff\xfe"),
    ],
)
def test_hostile_answers(answer):
    """Answers nested without end or of wrong types are said to be none of a registry's."""
    with (
        serving({"/schemas/ids/1": answer}) as (client, _),
        pytest.raises(ClusterError, match=r"not JSON|not a schema registry's"),
    ):
        client.schema_by_id(1)


def test_registering_with_references():
    """A schema that names other schemas is registered, sought and checked with where these are."""
    check = "/compatibility/subjects/s/versions/latest?verbose=true"
    answers = {
        "/subjects/s/versions": (200, {"id": 4}),
        "/subjects/s": (200, {"id": 4, "version": 2}),
        check: (200, {"is_compatible": True}),
        "/subjects/n.A/versions": (200, [3]),
        "/subjects/n.A/versions/3": held(INT, version=3, id=1),
    }
    with serving(answers) as (client, fake):
        known = [
            Referred(one.schema.name, one.subject, one.version) for one in client.versions("n.A")
        ]
        assert client.register("s", OUTER, known) == 4
        assert client.lookup("s", OUTER, known) == (4, 2)
        assert client.check("s", OUTER, known) == (True, ())
        sent = [body["references"] for _, _, _, body in fake.seen[2:]]
        assert sent == [[{"name": "n.A", "subject": "n.A", "version": 3}]] * 3


QUIRKS = {
    "Confluent": {
        "/schemas/ids/1": held(INT, schemaType="AVRO", references=[], guid="x"),
        "/schemas/ids/9": (404, {"error_code": 40403, "message": "Schema 9 not found"}),
        "/subjects/t": (404, {"error_code": 40401, "message": "Subject 't' not found."}),
        "/config/s?defaultToGlobal=true": (200, {"compatibilityLevel": "FULL"}),
        "check": (200, {"is_compatible": False, "messages": ["field z", "field y"]}),
    },
    "Karapace": {  # no schemaType, no references, no word of the level's default
        "/schemas/ids/1": held(INT),
        "/schemas/ids/9": (404, {"error_code": 40403, "message": "Schema not found"}),
        "/subjects/t": (404, {"error_code": 40401, "message": "Subject 't' not found."}),
        "/config/s?defaultToGlobal=true": (404, {"error_code": 40401, "message": "not found"}),
        "/config": (200, {"compatibilityLevel": "FULL"}),
        "check": (200, {"is_compatible": False, "messages": "field z, field y"}),
    },
    "Karapace before verbose": {
        "/schemas/ids/1": held(INT),
        "/schemas/ids/9": (404, {"error_code": 40403, "message": "Schema not found"}),
        "/subjects/t": (404, {"error_code": 40401, "message": "Subject 't' not found."}),
        "/config/s?defaultToGlobal=true": (404, {"error_code": 40401, "message": "not found"}),
        "/config": (200, {"compatibilityLevel": "FULL"}),
        "check": (200, {"is_compatible": False}),
    },
    "Redpanda": {
        "/schemas/ids/1": held(INT, schemaType=None, references=None),
        "/schemas/ids/9": (404, {"error_code": 40403, "message": "Schema 9 not found"}),
        "/subjects/t": (404, {"error_code": 40403, "message": "Schema not found"}),
        "/config/s?defaultToGlobal=true": (200, {"compatibilityLevel": "FULL"}),
        "check": (200, {"is_compatible": False, "messages": []}),
    },
    "Apicurio": {
        "/schemas/ids/1": held(INT),
        "/schemas/ids/9": (404, {"error_code": 40403, "message": "No content with id 9"}),
        "/subjects/t": (404, {"error_code": 40401, "message": "No artifact with ID 't'"}),
        "/config/s?defaultToGlobal=true": (200, {"compatibility": "FULL"}),
        "check": (200, {"is_compatible": False, "messages": ["field z", "field y"]}),
    },
}


@pytest.mark.parametrize("answers", QUIRKS.values(), ids=QUIRKS)
def test_every_make_of_registry_is_understood(answers):
    """Found, unknown, not registered, level and refusal mean the same in every make's words."""
    path = "/compatibility/subjects/s/versions/latest?verbose=true"
    with serving(answers | {path: answers["check"]}) as (client, _):
        assert client.schema_by_id(1).name == "n.A"
        with pytest.raises(UnknownSchemaId):
            client.schema_by_id(9)
        assert client.lookup("t", INT) is None
        assert client.compatibility("s") == "FULL"
        fits, reasons = client.check("s", INT)
        assert not fits
        assert reasons in [("field z", "field y"), ("field z, field y",), ()]
