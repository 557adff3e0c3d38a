"""Registries behind OAuth: a token is fetched, used until shortly before its end, and renewed."""

from __future__ import annotations

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs

import pytest
from plan_facts import facts, loaded

from federation.errors import ClusterError
from federation.plan import serving
from federation.plan.compile import compile as compile_plan
from federation.plan.registries import access
from federation.schemas.registry import Access, OAuth, connect, oauth

SECRET = "hünter 26"  # noqa: S105 - of no use anywhere


class Provider:
    """An OAuth server and the registry behind it, in one; tokens are t1, t2 and so on."""

    def __init__(self):
        self.asked = []
        self.answers = []  # instead of a token, one by one: status and body
        self.issued = 0
        self.valid = set()
        self.more = {"expires_in": 3600}
        self.seen = []

    def token(self, headers, form):
        """The token endpoint."""
        self.asked.append((headers.get("Authorization"), form))
        if self.answers:
            return self.answers.pop(0)
        self.issued += 1
        self.valid.add(f"t{self.issued}")
        return 200, {"access_token": f"t{self.issued}", "token_type": "Bearer"} | self.more

    def subjects(self, headers):
        """The registry."""
        given = headers.get("Authorization", "").removeprefix("Bearer ")
        self.seen.append((given, headers.get("X-Pool")))
        return (200, ["s"]) if given in self.valid else (401, {"error_code": 401})


@contextmanager
def running():
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self.answer(*provider.token(self.headers, parse_qs(body)))

        def do_GET(self):
            self.answer(*provider.subjects(self.headers))

        def answer(self, status, body):
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            """Nothing: the test asserts what was asked."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        grant = OAuth(f"{url}/token", "me:you", SECRET, "registry")
        try:
            with connect(Access(url, oauth=grant, headers=(("X-Pool", "p"),)), deadline=2.0) as one:
                yield provider, one
        finally:
            server.shutdown()
            thread.join()


def test_one_token_for_many_questions():
    """The credentials go to the token endpoint as RFC 6749 says, the token to the registry."""
    with running() as (provider, client):
        assert client.subjects() == client.subjects() == ["s"]
        assert provider.seen == [("t1", "p"), ("t1", "p")]
        ((basic, form),) = provider.asked
        assert basic == "Basic bWUlM0F5b3U6aCVDMyVCQ250ZXIrMjY="
        assert form == {"grant_type": ["client_credentials"], "scope": ["registry"]}


def test_a_token_is_renewed_before_it_ends(monkeypatch):
    """After four fifths of its life a token is not used any more."""
    now = 100.0
    monkeypatch.setattr(oauth.time, "monotonic", lambda: now)
    with running() as (provider, client):
        client.subjects()
        now += 0.8 * 3600 - 1
        client.subjects()
        now += 2
        client.subjects()
        assert [token for token, _ in provider.seen] == ["t1", "t1", "t2"]


def test_a_token_that_is_refused_early():
    """A token that the registry refuses is fetched anew, once; then the refusal is told."""
    with running() as (provider, client):
        client.subjects()
        provider.valid.clear()
        assert client.subjects() == ["s"]
        assert provider.seen[-2:] == [("t1", "p"), ("t2", "p")]
        provider.valid = frozenset()
        provider.token = lambda *_: (200, {"access_token": "no"})
        with pytest.raises(ClusterError, match="refuses the credentials"):
            client.subjects()


def test_an_oauth_server_that_is_away_for_a_moment():
    """5xx of the token endpoint are tried again, as the registry's own are."""
    with running() as (provider, client):
        provider.answers = [(503, {}), (429, b"")]
        assert client.subjects() == ["s"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((401, {"error": "invalid_client", "error_description": "who?"}), r"HTTP 401\): who\?"),
        ((400, {"error": "invalid_scope"}), "invalid_scope"),
        ((200, {}), "no token"),
        ((200, {"access_token": 7}), "no token"),
        ((200, {"access_token": "t", "expires_in": "soon"}), "no token"),
        ((200, b"<html>"), "no token"),
        ((200, b"[" * 100_000), "no token"),
        ((302, {}), "no token"),
    ],
)
def test_no_token(answer, said):
    """A refusal and a strange answer are errors of the OAuth server's, without the secret."""
    with running() as (provider, client):
        provider.answers = [answer]
        with pytest.raises(ClusterError, match=said) as caught:
            client.subjects()
        assert caught.value.findings[0].where.endswith("/token")
        assert SECRET not in str(caught.value)


def test_it_is_configured_and_served(tmp_path):
    """The JVM asks such a registry through this process, and never sees the credentials."""
    given = (
        '{url: "http://eu:8081", headers: {X-Pool: p}, '
        "oauth: {url: 'http://idp/token', client_id: me, client_secret: hunter27}}"
    )
    config = loaded(tmp_path, ('{url: "http://eu:8081"}', given))
    made = access(config.config.clusters["eu"].registry)
    assert made.oauth == OAuth("http://idp/token", "me", "hunter27", "")
    assert made.headers == (("X-Pool", "p"),)
    assert "hunter27" not in repr(made)
    (stream,) = compile_plan(config, facts()).streams
    with serving.served(compile_plan(config, facts())) as reach:
        registry = reach(stream).sources[0].cluster.registry
        assert (registry.kind, registry.identity) == ("served", "confluent http://eu:8081")
        assert registry.oauth is None
