"""A registry of this process for the JVM that it started: what Java cannot ask, it asks here.

One address on loopback, for those who know its token; it is asked ``GET /<n>/<kind>/<value>``, n
being the position of the source, or ``GET /<n>/fingerprint/<value>/<subject>``. Answers: 200 with
``schema``; 404 and 422 with ``message``, the registry's own word that there is none, or none in
Avro; 503 with ``message`` for what may pass.
"""

from __future__ import annotations

import hmac
import json
import secrets
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any, Protocol, cast
from urllib.parse import unquote
from uuid import UUID

from federation.errors import FederationError
from federation.schemas.fingerprint import crc64
from federation.schemas.ids import Kind, SchemaId
from federation.schemas.refusal import UnknownSchemaId
from federation.schemas.registry.access import Access
from federation.schemas.registry.base import NotAvro

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from federation.schemas.avro import Schema
    from federation.schemas.registry.base import RegisteredVersion

_UUIDS = ("guid", "glue")


class Source(Protocol):
    """Where the schemas come from; may be asked from several threads at once."""

    def schema(self, name: SchemaId, /) -> Schema:
        """The schema of a name; raises UnknownSchemaId, NotAvro, or what may pass."""

    def versions(self, subject: str, /) -> Sequence[RegisteredVersion]:
        """The versions of a subject; raises what may pass."""


@contextmanager
def serve(sources: Sequence[Source]) -> Iterator[list[Access]]:
    """Serve these sources until the end of the block; gives how each is reached."""
    token = secrets.token_urlsafe()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given = self.headers.get("Authorization", "")
            if hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
                status, answer = _answer(sources, self.path)
            else:
                status, answer = 403, {}
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: requests are no news."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.server_port}"
            yield [Access(f"{url}/{n}", token=token, kind="served") for n in range(len(sources))]
        finally:
            server.shutdown()
            thread.join()


def _answer(sources: Sequence[Source], path: str) -> tuple[int, dict[str, Any]]:
    try:
        _, number, kind, text, *subject = path.split("/", 4)
        value = UUID(text) if kind in _UUIDS else int(text)
        source, name = sources[int(number)], SchemaId(cast("Kind", kind), value)
    except (ValueError, IndexError):
        return 400, {"message": "not a question"}
    try:
        return 200, {"schema": _find(source, name, *map(unquote, subject)).json}
    except UnknownSchemaId as no:
        return 404, {"message": no.message}
    except NotAvro as no:
        return 422, {"message": no.findings[0].what}
    except FederationError as error:
        return 503, {"message": error.findings[0].what}


def _find(source: Source, name: SchemaId, subject: str | None = None) -> Schema:
    """The schema of a name; with a subject, the one of its versions that has this fingerprint."""
    if subject is None:
        return source.schema(name)
    for one in source.versions(subject):
        if crc64(one.schema) == name.value:
            return one.schema
    raise UnknownSchemaId("unknown_id", f"no version of {subject} is {name}")
