"""Cases through the Java operators themselves: one JVM for all, and a registry on loopback."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

from federation.errors import JobError
from federation.flink import build, jars, jvm
from federation.plan.engine import stream_spec
from federation.rehearse.judge import Made
from federation.schemas.registry import Access

if TYPE_CHECKING:
    from collections.abc import Iterator

    from federation.rehearse.prepare import Book, Record, Rehearsal

_FRAME = 5  # magic byte and schema id
_PATIENCE = 120.0  # seconds for the JVM, on a machine that is busy


def through_engine(rehearsal: Rehearsal) -> list[list[Made]]:
    """What the Java operators make of the records of each case.

    Raises:
        JobError: the JVM ended before it had answered.
        SetupError: Java or a jar is missing.
    """
    stream = rehearsal.stream
    avro_key = stream.target.key_encoding == "avro"
    with _registry(rehearsal.book) as access:
        sources = tuple(
            replace(one, cluster=replace(one.cluster, registry=access)) for one in stream.sources
        )
        spec = stream_spec(
            replace(stream, sources=sources),
            value_schema_id=1,  # answers are read without their frames
            key_schema_id=1 if avro_key else None,
        )
        records = [json.dumps(_asked(one)) for case in rehearsal.cases for one in case.records]
        answers = iter(_run("\n".join([spec, *records, ""]), len(records)))
    return [
        [_made(next(answers), avro_key=avro_key) for _ in case.records] for case in rehearsal.cases
    ]


def _run(asked: str, count: int) -> list[dict[str, Any]]:
    class_path = [*jars.flink_lib(), *jars.resolve("connector"), build.operators_jar()]
    command = [
        str(jvm.find_java(int(build.RELEASE))),
        *("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"),  # seconds matter here, not throughput
        *("-cp", os.pathsep.join(map(str, class_path)), "federation.tools.Rehearse"),
    ]
    try:
        done = subprocess.run(
            command, input=asked, capture_output=True, encoding="utf-8", check=False,
            timeout=_PATIENCE,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise JobError(f"the Java operators did not answer in {_PATIENCE:g} s") from None
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode or len(answers) != count:
        raise JobError(f"the Java operators failed:\n{done.stderr.strip()[-2000:]}")
    return answers


def _asked(record: Record) -> dict[str, Any]:
    topic, offset = record.place
    return {
        "source": record.source,
        "topic": topic,
        "offset": offset,
        "timestamp": record.stamp,
        "key": _hex(record.key()),
        "value": _hex(record.value()),
        "headers": [[name, _hex(value)] for name, value in record.headers()],
    }


def _made(answer: dict[str, Any], *, avro_key: bool) -> Made:
    if answer["kind"] == "dead":
        return Made(
            "dead", stage=answer["stage"], reason=answer["reason"], sentence=answer["error"]
        )
    key, value = (
        bytes.fromhex(answer[name]) if name in answer else None for name in ("key", "value")
    )
    if avro_key and key is not None:
        key = key[_FRAME:]
    body = None if value is None else value[_FRAME:]
    return Made(answer["kind"], key=key, body=body, event=answer.get("event"))


def _hex(data: bytes | None) -> str | None:
    return None if data is None else data.hex()


@contextmanager
def _registry(book: Book) -> Iterator[Access]:
    """The schemas of the cases, as a registry serves them, on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            number = self.path.rpartition("/")[2]
            known = number.isdigit() and 0 < int(number) <= len(book.schemas)
            answer = (
                {"schema": json.dumps(book.schemas[int(number) - 1].json)}
                if known
                else {"error_code": 40403, "message": "no case has this schema"}
            )
            body = json.dumps(answer).encode()
            self.send_response(200 if known else 404)
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
            yield Access(f"http://127.0.0.1:{server.server_port}")
        finally:
            server.shutdown()
            thread.join()
