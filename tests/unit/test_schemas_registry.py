"""The registry client, against a small server on this machine that answers as registries do."""

from __future__ import annotations

import base64
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from federation.errors import ClusterError
from federation.schemas import registry as module
from federation.schemas.refusal import UnknownSchemaId
from federation.schemas.registry import NotAvro, Registry

INT = {"type": "record", "name": "n.A", "fields": [{"name": "a", "type": "int"}]}
OUTER = {"type": "record", "name": "n.B", "fields": [{"name": "a", "type": "n.A"}]}


class Fake:
    """Answers by path; an answer is (status, body) or a list of them, used up one by one."""

    def __init__(self, answers):
        self.answers = {"/subjects": (200, [])} | answers
        self.seen = []

    def answer(self, method, path, headers, body):
        """The next answer for a path; what is unknown is a 404 as a web server gives it."""
        self.seen.append((method, path, dict(headers), body))
        found = self.answers.get(path, (404, {"error_code": 404, "message": "HTTP 404 Not Found"}))
        return (
            found.pop(0)
            if isinstance(found, list) and len(found) > 1
            else found[0]
            if isinstance(found, list)
            else found
        )


@contextmanager
def serving(answers, base="/apis/ccompat/v7", userinfo="", **options):
    fake = Fake(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            path = self.path.removeprefix(base) if self.path.startswith(base) else "/outside"
            status, answer = fake.answer(
                self.command, path, self.headers, json.loads(body or b"null")
            )
            data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_GET  # noqa: N815 - the name that http.server calls

        def log_message(self, *_):
            """Nothing: the test asserts what was asked."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        url = f"http://{userinfo}127.0.0.1:{server.server_port}{base}/"
        with Registry(url, **({"deadline": 5.0} | options)) as client:
            yield client, fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def held(schema, **more):
    return 200, {"schema": json.dumps(schema), **more}


def test_a_schema_is_asked_for_once():
    """A schema by id comes from the base path, and from memory the second time."""
    with serving({"/schemas/ids/7": held(INT)}) as (client, fake):
        assert client.schema_by_id(7) is client.schema_by_id(7)
        assert client.schema_by_id(7).name == "n.A"
        assert len(fake.seen) == 1


def test_the_cache_is_bounded(monkeypatch):
    """More ids than the cache holds push the oldest out."""
    monkeypatch.setattr(module, "MAX_CACHED", 1)
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


def test_references_are_fetched():
    """What a schema refers to is fetched, each once, and inlined."""
    reference = {"name": "n.A", "subject": "a/b", "version": 3}
    answers = {
        "/schemas/ids/1": held(OUTER, references=[reference]),
        "/subjects/a%2Fb/versions/3": held(INT, version=3, id=2),
    }
    with serving(answers) as (client, _):
        assert client.schema_by_id(1).json["fields"][0]["type"]["name"] == "A"


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
        serving({"/subjects": (302, {})}) as (client, _),
        pytest.raises(ClusterError, match="redirects"),
    ):
        client.subjects()


def test_answers_are_bounded(monkeypatch):
    """An answer without end is cut off."""
    monkeypatch.setattr(module, "MAX_ANSWER", 100)
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
        assert client.register("s", INT) == client.lookup("s", json.dumps(INT)) == 4
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
        Registry("registry:8081")
