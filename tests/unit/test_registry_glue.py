"""AWS Glue's registry, against moto's server on loopback."""

from __future__ import annotations

import sys
from uuid import UUID, uuid4

import pytest
from glue_server import REGION, Owner, glue_server

from federation.errors import ClusterError, SetupError
from federation.schemas.ids import SchemaId
from federation.schemas.refusal import UnknownSchemaId
from federation.schemas.registry import Access, NotAvro, connect

A = {"type": "record", "name": "A", "fields": [{"name": "a", "type": "int"}]}
A2 = {"type": "record", "name": "A", "fields": [{"name": "a", "type": "long"}]}


@pytest.fixture(scope="module")
def endpoint():
    """Glue's server."""
    with glue_server() as url:
        yield url


@pytest.fixture
def registry(endpoint):
    """A client of a registry of a new name, and how its owner fills it."""
    owner = Owner(endpoint, f"r-{uuid4()}")
    with client(endpoint, owner.name) as found:
        yield found, owner.add


def client(endpoint, name=None):
    return connect(Access(endpoint, kind="glue", region=REGION, name=name), deadline=5.0)


def test_a_version_by_its_id(registry):
    """A version's UUID finds its schema, in whatever registry of the region."""
    glue, add = registry
    first, second = add("orders", A, A2)
    assert glue.schema(SchemaId("glue", UUID(first))).json["fields"][0]["type"] == "int"
    assert glue.schema(SchemaId("glue", UUID(second))).json["fields"][0]["type"] == "long"


def test_an_unknown_version(registry):
    """Glue's word that there is no such version makes an id unknown; so does another's number."""
    glue, _ = registry
    for name in (SchemaId("glue", uuid4()), SchemaId("id", 7)):
        with pytest.raises(UnknownSchemaId):
            glue.schema(name)


def test_subjects_and_versions(registry):
    """The registry's schemas are its subjects, on however many pages, with their versions."""
    glue, add = registry
    ids = add("orders", A, A2)
    for name in ("payments", "refunds", "returns", "visits"):
        add(name, A)
    assert glue.subjects() == ["orders", "payments", "refunds", "returns", "visits"]
    found = glue.versions("orders")
    assert [(one.version, one.id) for one in found] == list(zip((1, 2), ids, strict=True))
    assert glue.versions("nothing") == []


def test_other_languages(registry):
    """A JSON Schema is not Avro."""
    glue, add = registry
    (only,) = add("things", '{"$schema":"http://json-schema.org/draft-07/schema#"}', kind="JSON")
    with pytest.raises(NotAvro, match="JSON"):
        glue.schema(SchemaId("glue", UUID(only)))


def test_a_registry_that_is_not_there(endpoint):
    """A wrong name is said with the setting that corrects it."""
    with client(endpoint, "nonsense") as glue, pytest.raises(ClusterError, match="no registry"):
        glue.subjects()


def test_nobody_answers(endpoint):
    """An endpoint that is not there is an error with its address, without the credentials."""
    del endpoint  # for the credentials alone
    with client("http://127.0.0.1:1", "r") as glue:
        with pytest.raises(ClusterError, match="does not answer") as caught:
            glue.schema(SchemaId("glue", uuid4()))
        assert "127.0.0.1:1" in glue.where
        assert "hunter2" not in str(caught.value)


def test_without_boto3(monkeypatch):
    """Where the extra is not installed, it is said how to get it."""
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(SetupError, match="boto3") as caught:
        client(None)
    assert "federation[glue]" in caught.value.findings[0].hint
