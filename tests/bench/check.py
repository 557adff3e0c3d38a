"""Whether an output is right: each record as often as it has to be there, a sample recomputed."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import fastavro
import httpx
from confluent_kafka import Consumer, TopicPartition
from load import HEAD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from confluent_kafka import Message
    from workload import Workload

    Judge = Callable[[Message, str, int], None]  # of a message with its source's name and number

_EVERY = 500  # one record in so many is recomputed and compared
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def check(
    who: str, workload: Workload, topics: tuple[str, ...], env: Mapping[str, str], *, mirrored: bool
) -> None:
    """Read all committed output and judge it.

    Args:
        who: whose output it is.
        workload: what it was made of.
        topics: where it lies in the target cluster.
        env: the clusters' addresses.
        mirrored: whether it is to be a copy of all input, and not the stream.

    Raises:
        RuntimeError: something is lost, too often there, or not what it should be.
    """
    judge = _copied(workload) if mirrored else _mapped(workload, env["HUB_REGISTRY"])
    messages = _committed(env["HUB_BOOTSTRAP"], topics, workload.partitions)
    tally(who, workload, messages, judge, mirrored=mirrored)


def tally(
    who: str,
    workload: Workload,
    messages: Iterable[Message],
    judge: Judge,
    *,
    mirrored: bool,
) -> None:
    """Count each record, and have some of them judged: arguments and errors as for ``check``."""
    wanted = workload.times(mirrored=mirrored)
    found = {one.name: type(wanted)("H", bytes(2 * len(wanted))) for one in workload.sources}
    for at, message in enumerate(messages):
        name, number = identity(message.value())
        if name not in found or number >= len(wanted):
            raise RuntimeError(f"{who} wrote {name}-{number:09d}, which no source has")
        found[name][number] += 1
        if at % _EVERY == 0:
            judge(message, name, number)
    for name, times in found.items():
        if times != wanted:
            wrong = [i for i, (a, b) in enumerate(zip(times, wanted, strict=True)) if a != b]
            first = wrong[0]
            raise RuntimeError(
                f"{who} wrote {len(wrong):,} of {len(wanted):,} records of {name} too seldom or too"
                f" often; the first: {name}-{first:09d}, {times[first]} times, not {wanted[first]}"
            )


def identity(value: bytes) -> tuple[str, int]:
    """Source's name and number in the id that each schema begins with.

    Its length is one byte; before it Flink SQL has that of a union's branch, 2.
    """
    begin = HEAD + (value[HEAD] == 2) + 1
    name, _, number = value[begin : begin + (value[begin - 1] >> 1)].rpartition(b"-")
    return name.decode(), int(number)


def plain(value: Any) -> Any:
    """A datum as fastavro reads it, with instants in milliseconds and dates in days."""
    match value:
        case dict():
            return {name: plain(one) for name, one in value.items()}
        case list():
            return [plain(one) for one in value]
        case tuple():  # a branch's name, and its datum
            return tuple(plain(one) for one in value)
        case datetime():  # Flink SQL's timestamps are local ones
            moment = value if value.tzinfo else value.replace(tzinfo=UTC)
            return round((moment - _EPOCH).total_seconds() * 1000)
        case date():
            return (value - _EPOCH.date()).days
    return value


def _mapped(workload: Workload, registry: str) -> Judge:
    sources = {one.name: one for one in workload.sources}

    @cache
    def schema(number: int) -> Any:
        answer = httpx.get(f"{registry}/schemas/ids/{number}").raise_for_status()
        return fastavro.parse_schema(json.loads(answer.json()["schema"]))

    def judge(message: Message, name: str, number: int) -> None:
        value, wanted = message.value(), sources[name].expected(number)
        found = fastavro.schemaless_reader(
            *(io.BytesIO(value[HEAD:]), schema(int.from_bytes(value[1:HEAD], "big"))),
            return_record_name=True,
            return_record_name_override=True,
        )
        key = wanted[workload.key].encode()
        if plain(found) != wanted or message.key() != key:
            raise RuntimeError(
                f"{message.topic()} has {message.key()!r}: {found}, not {key!r}: {wanted}"
            )

    return judge


def _copied(workload: Workload) -> Judge:
    sources = {one.name: one for one in workload.sources}
    schemas = {name: fastavro.parse_schema(dict(one.schema)) for name, one in sources.items()}

    def judge(message: Message, name: str, number: int) -> None:
        datum, out = sources[name].datum(number), io.BytesIO()
        fastavro.schemaless_writer(out, schemas[name], datum)
        key = datum[sources[name].key].encode()
        if message.value()[HEAD:] != out.getvalue() or message.key() != key:
            raise RuntimeError(
                f"{message.topic()} has {message.key()!r}: {message.value()!r}, not {key!r}:"
                f" {out.getvalue()!r} after its schema's id"
            )

    return judge


def _committed(bootstrap: str, topics: tuple[str, ...], partitions: int) -> Iterator[Message]:
    consumer = Consumer({
        "bootstrap.servers": bootstrap,
        "group.id": "bench-check",
        "enable.auto.commit": False,
        "isolation.level": "read_committed",
        "enable.partition.eof": True,
    })  # fmt: skip
    left = {(topic, number) for topic in topics for number in range(partitions)}
    consumer.assign([TopicPartition(topic, number, 0) for topic, number in left])
    try:
        while left:
            for message in consumer.consume(10_000, timeout=1.0):
                if message.error() is None:
                    yield message
                else:
                    left.discard((message.topic(), message.partition()))
    finally:
        consumer.close()
