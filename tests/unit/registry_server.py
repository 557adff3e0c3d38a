"""A small server on this machine that answers as registries do, for the tests of their clients."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from federation.schemas.registry import Access, connect

COMPATIBLE, NATIVE = "/apis/ccompat/v7", "/apis/registry/v3"
INT = {"type": "record", "name": "n.A", "fields": [{"name": "a", "type": "int"}]}
OUTER = {"type": "record", "name": "n.B", "fields": [{"name": "a", "type": "n.A"}]}
NO_PATH = (404, {"error_code": 404, "message": "HTTP 404 Not Found"})


class Fake:
    """Answers by path; an answer is (status, body[, headers]) or a list, used up one by one."""

    def __init__(self, answers, missing=NO_PATH):
        self.missing = missing
        self.answers = {"/subjects": (200, [])} | answers
        self.seen = []

    def answer(self, method, path, headers, body):
        """The next answer for a path; what is unknown is a 404 as a web server gives it."""
        self.seen.append((method, path, dict(headers), body))
        found = self.answers.get(path, self.missing)
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        return found if len(found) == 3 else (*found, {})

    @property
    def paths(self):
        """What was asked for, in order."""
        return [path for _, path, _, _ in self.seen]


@contextmanager
def server(answers, base="", context=None, missing=NO_PATH):
    """A server of these answers below a path, over TLS where a context is given."""
    fake = Fake(answers, missing)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            path = self.path.removeprefix(base) if self.path.startswith(base) else "/outside"
            status, answer, headers = fake.answer(
                self.command, path, self.headers, json.loads(body or b"null")
            )
            data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_GET  # noqa: N815 - the name that http.server calls

        def log_message(self, *_):
            """Nothing: the test asserts what was asked."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        http.socket = context.wrap_socket(http.socket, server_side=True)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        scheme = "http" if context is None else "https"
        yield f"{scheme}://127.0.0.1:{http.server_port}{base}/", fake
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


@contextmanager
def serving(answers, userinfo="", deadline=5.0, **access):
    """A client of Confluent's API, and the server that it asks."""
    with server(answers, COMPATIBLE) as (url, fake):
        access = Access(url.replace("//", f"//{userinfo}", 1), **access)
        with connect(access, deadline=deadline) as client:
            yield client, fake


@contextmanager
def serving_apicurio(answers, native=NATIVE):
    """A client of an Apicurio server; paths of both APIs are whole."""
    with server(answers) as (url, fake):
        own = url.rstrip("/")
        access = Access(own + COMPATIBLE, kind="apicurio", native=own + native)
        with connect(access, deadline=5.0) as client:
            yield client, fake


def held(schema, **more):
    """A schema as Confluent's API gives it."""
    return 200, {"schema": json.dumps(schema), **more}
