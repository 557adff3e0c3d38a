"""Registries of this process, served to the JVM that it started."""

from __future__ import annotations

from contextlib import contextmanager
from uuid import UUID

import httpx
import pytest
from plan_facts import EU_V1, facts, loaded, versions

from federation.errors import ClusterError
from federation.plan import serving
from federation.plan.compile import compile as compile_plan
from federation.plan.facts import RegistryFacts
from federation.schemas.avro import parse
from federation.schemas.fingerprint import crc64
from federation.schemas.ids import SchemaId
from federation.schemas.refusal import UnknownSchemaId
from federation.schemas.registry import NotAvro, RegisteredVersion
from federation.schemas.registry.server import serve

VERSION = UUID("89791762-2336-4186-9674-299b90a802e2")


class Source:
    """One schema, and every way to have none."""

    def schema(self, name):
        """The schema, or why not."""
        if name == SchemaId("glue", VERSION):
            return parse("int")
        if name == SchemaId("id", 8):
            raise NotAvro("it is JSON")
        if name == SchemaId("id", 9):
            raise ClusterError("no credentials")
        raise UnknownSchemaId("unknown_id", "there is none")

    def versions(self, subject):
        """Two, of one subject."""
        schemas = ("int", "string") if subject == "orders value" else ()
        return [RegisteredVersion(subject, n, n, parse(one)) for n, one in enumerate(schemas, 1)]


@pytest.mark.parametrize(
    ("path", "status", "answer"),
    [
        (f"/glue/{VERSION}", 200, {"schema": "int"}),
        ("/id/7", 404, {"message": "there is none"}),
        ("/id/8", 422, {"message": "it is JSON"}),
        ("/id/9", 503, {"message": "no credentials"}),
        ("/glue/7", 400, {"message": "not a question"}),
        (f"/fingerprint/{crc64(parse('string'))}/orders%20value", 200, {"schema": "string"}),
        (
            "/fingerprint/7/nothing",
            404,
            {"message": "no version of nothing is fingerprint 0000000000000007"},
        ),
        ("/id/x", 400, {"message": "not a question"}),
        ("", 400, {"message": "not a question"}),
    ],
)
def test_answers(path, status, answer):
    """A schema, the registry's no, what may pass: each has its status."""
    with serve([Source()]) as (access,):
        headers = {"Authorization": f"Bearer {access.token}"}
        got = httpx.get(access.url + path, headers=headers)
        assert (got.status_code, got.json()) == (status, answer)
        other = httpx.get(access.url.replace("/0", "/1") + path, headers=headers)
        assert other.status_code == 400


@pytest.mark.parametrize("token", ["", "Bearer x", "Bearer \xe4"])
def test_others_of_this_machine_get_nothing(token):
    """Without the token there is no answer, and the token shows nowhere."""
    with serve([Source()]) as (access,):
        headers = {"Authorization": token.encode("latin-1")}
        assert httpx.get(f"{access.url}/glue/{VERSION}", headers=headers).status_code == 403
        assert access.token not in repr(access)


@pytest.fixture
def asked(monkeypatch):
    """Which registries were connected to, and closed again."""
    seen = []

    @contextmanager
    def connect(access, **_deadline):
        seen.append(access.identity)
        yield Source()
        seen.append("closed")

    monkeypatch.setattr(serving, "connect", connect)
    return seen


def test_a_plan_with_glue_is_served(tmp_path, asked):
    """Sources in Glue get an address of this process, known by what it stands for; others stay."""
    config = loaded(tmp_path, ('{url: "http://eu:8081"}', "{type: glue, region: eu-central-1}"))
    known = RegistryFacts("eu", versions("orders", EU_V1))
    plan = compile_plan(config, facts(eu_registry=known))
    (stream,) = plan.streams
    with serving.served(plan) as reach:
        eu, us = (one.cluster.registry for one in reach(stream).sources)
        assert (eu.kind, eu.identity) == ("served", "glue eu-central-1 default-registry")
        headers = {"Authorization": f"Bearer {eu.token}"}
        assert httpx.get(f"{eu.url}/glue/{VERSION}", headers=headers).json() == {"schema": "int"}
        assert us == stream.sources[1].cluster.registry
    assert asked == ["glue eu-central-1 default-registry", "closed"]


def test_a_plan_without_is_left_alone(tmp_path, asked):
    """Nothing is served where Java can ask by itself."""
    plan = compile_plan(loaded(tmp_path), facts())
    with serving.served(plan) as reach:
        assert reach(plan.streams[0]) is plan.streams[0]
    assert asked == []
