"""A registry of this process for the JVM that it started: what Java cannot ask, it asks here.

One address on loopback, for those who know its token; it is asked ``GET /<n>/<kind>/<value>``, n
being the position of the source. Answers: 200 with ``schema``; 404 and 422 with ``message``, the
registry's own word that there is none, or none in Avro; 503 with ``message`` for what may pass.
"""

from __future__ import annotations

import hmac
import json
import secrets
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any, Protocol, cast
from uuid import UUID

from federation.errors import FederationError
from federation.schemas.ids import Kind, SchemaId
from federation.schemas.refusal import UnknownSchemaId
from federation.schemas.registry.access import Access
from federation.schemas.registry.base import NotAvro

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from federation.schemas.avro import Schema

_UUIDS = ("guid", "glue")


class Source(Protocol):
    """Where the schemas come from; may be asked from several threads at once."""

    def schema(self, name: SchemaId, /) -> Schema:
        """The schema of a name; raises UnknownSchemaId, NotAvro, or what may pass."""


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
        _, number, kind, text = path.split("/")
        value = UUID(text) if kind in _UUIDS else int(text)
        source, name = sources[int(number)], SchemaId(cast("Kind", kind), value)
    except (ValueError, IndexError):
        return 400, {"message": "not a question"}
    try:
        return 200, {"schema": source.schema(name).json}
    except UnknownSchemaId as no:
        return 404, {"message": no.message}
    except NotAvro as no:
        return 422, {"message": no.findings[0].what}
    except FederationError as error:
        return 503, {"message": error.findings[0].what}
