"""What the benchmark's check lets pass and what it does not, without brokers."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import check
import fastavro
import httpx
import pytest
from workload import numbers
from workloads import WORKLOADS

if TYPE_CHECKING:
    from collections.abc import Callable

    from workload import Workload

SMALL = replace(WORKLOADS["baseline"], records=1000)
KEPT = replace(WORKLOADS["nodedup"], records=1000)


@dataclass
class Message:
    """Of confluent-kafka's message what the check asks for."""

    content: bytes
    of: str

    def value(self) -> bytes:
        """Framed Avro."""
        return self.content

    def key(self) -> bytes:
        """Text."""
        return self.of.encode()

    def topic(self) -> str:
        """Always the same."""
        return "bench.unified"


def _encoded(schema: Any, datum: Any) -> bytes:
    out = io.BytesIO(b"\0\0\0\0\x07")
    out.seek(check.HEAD)
    fastavro.schemaless_writer(out, fastavro.parse_schema(dict(schema)), datum)
    return out.getvalue()


def _output(workload: Workload, *, mirrored: bool) -> list[Message]:
    """What a contender has to write, as a list to spoil."""
    found = []
    for source in workload.sources:
        written = numbers(workload.records, workload.repeats)
        once = workload.deduplicate and not mirrored
        for number in dict.fromkeys(written) if once else written:
            wanted, datum = source.expected(number), source.datum(number)
            value = (
                _encoded(source.schema, datum) if mirrored else _encoded(workload.contract, wanted)
            )
            found.append(Message(value, wanted[workload.key]))
    return found


def _check(
    workload: Workload, output: list[Message], monkeypatch: pytest.MonkeyPatch, *, mirrored: bool
) -> None:
    answer = httpx.Response(
        200,
        json={"schema": json.dumps(workload.contract)},
        request=httpx.Request("GET", "http://registry"),
    )
    monkeypatch.setattr(check.httpx, "get", lambda _url: answer)
    monkeypatch.setattr(check, "_committed", lambda *_: iter(output))
    monkeypatch.setattr(check, "_EVERY", 1)
    env = {"HUB_BOOTSTRAP": "hub", "HUB_REGISTRY": "http://registry"}
    check.check("somebody", workload, ("bench.unified",), env, mirrored=mirrored)


CASES = [
    pytest.param(SMALL, False, id="deduplicated"),
    pytest.param(KEPT, False, id="repeats kept"),
    pytest.param(SMALL, True, id="copied"),
]


def _lost(output: list[Message]) -> None:
    del output[17]


def _twice(output: list[Message]) -> None:
    output.append(output[17])


def _swapped(output: list[Message]) -> None:
    output[17] = output[18]


def _foreign(output: list[Message]) -> None:
    output.append(Message(output[17].content.replace(b"eu-0000000", b"eu-9990000"), "x"))


def _changed(output: list[Message]) -> None:
    output[17] = replace(output[17], content=output[17].content.replace(b"sku-a", b"sku-b"))


def _other_key(output: list[Message]) -> None:
    output[17] = replace(output[17], of="eu-000000999")


@pytest.mark.parametrize(("workload", "mirrored"), CASES)
def test_right_output_passes(
    workload: Workload,
    mirrored: bool,  # noqa: FBT001 - a parameter
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In any order, what has to be there passes."""
    output = _output(workload, mirrored=mirrored)
    _check(workload, output[::-1], monkeypatch, mirrored=mirrored)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_lost, "1 of 900 records of eu too seldom"),
        (_twice, "1 of 900 records of eu too seldom or too often"),
        (_swapped, "2 of 900 records of eu too seldom"),
        (_foreign, "which no source has"),
        (_changed, "bench.unified has"),
        (_other_key, "bench.unified has"),
    ],
)
@pytest.mark.parametrize(("workload", "mirrored"), CASES)
def test_spoilt_output_is_an_error(
    workload: Workload,
    mirrored: bool,  # noqa: FBT001 - a parameter
    spoil: Callable[[list[Message]], None],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One record lost, repeated, exchanged, foreign, changed or under another key is an error."""
    output = _output(workload, mirrored=mirrored)
    spoil(output)
    with pytest.raises(RuntimeError, match=said):
        _check(workload, output, monkeypatch, mirrored=mirrored)
