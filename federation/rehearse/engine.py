"""Cases through the Java operators themselves: one JVM for all."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

from federation.errors import JobError
from federation.flink import build, jars, jvm
from federation.plan.engine import stream_spec
from federation.rehearse.judge import Made

if TYPE_CHECKING:
    from federation.rehearse.prepare import Record, Rehearsal

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
    answers = iter(_run("\n".join([spec, schemas, *records, ""]), len(records)))
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
