"""Cases through the Java operators themselves: one JVM for all."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import suppress
from tempfile import TemporaryFile
from threading import Timer
from typing import TYPE_CHECKING, Any, Self

from federation.errors import JobError
from federation.flink import build, jars, jvm
from federation.plan.engine import stream_spec
from federation.plan.transforms import opened
from federation.rehearse.judge import Made
from federation.transform.chunks import answer

if TYPE_CHECKING:
    from federation.rehearse.prepare import Record, Rehearsal
    from federation.transform.apply import Transform

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
    spec = stream_spec(
        stream,
        value_schema_id=1,  # answers are read without their frames
        key_schema_id=1 if avro_key else None,
    )
    schemas = json.dumps({str(name): one.json for name, one in rehearsal.book.names().items()})
    records = [json.dumps(_asked(one)) for case in rehearsal.cases for one in case.records]
    transform = opened(stream)
    with _Operators() as operators:
        operators.tell(spec, schemas)
        left = iter([_answer(operators, one, transform) for one in records])
    return [
        [_made(next(left), avro_key=avro_key) for _ in case.records] for case in rehearsal.cases
    ]


def _answer(operators: _Operators, record: str, transform: Transform | None) -> dict[str, Any]:
    """What becomes of a record; a Python function is called here, as a worker would."""
    found = operators.ask(record)
    if transform is not None and "python" in found:
        return operators.ask(answer(transform, bytes.fromhex(found["python"])).hex())
    return found


class _Operators:
    """A JVM that answers line by line; it is ended when it takes too long."""

    def __enter__(self) -> Self:
        class_path = [*jars.flink_lib(), *jars.resolve("connector"), build.operators_jar()]
        command = [
            str(jvm.find_java(int(build.RELEASE))),
            *("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"),  # seconds matter, not throughput
            *("-cp", os.pathsep.join(map(str, class_path)), "federation.tools.Rehearse"),
        ]
        self._said = TemporaryFile("w+", encoding="utf-8", errors="replace")
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said,
            encoding="utf-8",
        )  # fmt: skip
        self._late = Timer(_PATIENCE, self._process.kill)
        self._late.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._late.cancel()
        with self._process, self._said, suppress(BrokenPipeError):
            assert self._process.stdin is not None
            self._process.stdin.close()

    def tell(self, *lines: str) -> None:
        """Write lines that have no answer."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it ended: there will be no answer either
            self._process.stdin.write("".join(f"{line}\n" for line in lines))
            self._process.stdin.flush()

    def ask(self, line: str) -> dict[str, Any]:
        """The answer to one line."""
        assert self._process.stdout is not None
        self.tell(line)
        found = self._process.stdout.readline()
        if not found:
            self._process.wait()
            if self._late.finished.is_set():
                raise JobError(f"the Java operators did not answer in {_PATIENCE:g} s")
            self._said.seek(0)
            raise JobError(f"the Java operators failed:\n{self._said.read().strip()[-2000:]}")
        answer: dict[str, Any] = json.loads(found)
        return answer


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
