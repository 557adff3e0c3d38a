"""Reading partitions from an offset to an offset, and knowing when all of it has been read.

A partition's last offsets may hold no record at all: transaction markers, aborted transactions and
compaction leave gaps. So the end is reached by the first of: a record at or behind it, or the
broker's word that there is nothing more up to there.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confluent_kafka import KafkaError, TopicPartition

from federation.errors import ClusterError, Incomplete

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from confluent_kafka import Consumer, Message

_EOF = KafkaError._PARTITION_EOF  # noqa: SLF001 - librdkafka's own codes begin with _
_LOST = {KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE}  # noqa: SLF001 - as above
_FINAL = {
    KafkaError._AUTHENTICATION,  # noqa: SLF001 - as above
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001 - as above
    KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001 - as above
    KafkaError._BAD_MSG,  # noqa: SLF001 - as above
}


@dataclass(frozen=True, slots=True)
class Span:
    """Offsets ``start`` (inclusive) to ``end`` (exclusive) of one partition."""

    topic: str
    partition: int
    start: int
    end: int


def read(
    consumer: Consumer,
    spans: Iterable[Span],
    *,
    where: str = "",
    progress: Callable[[int], None] | None = None,
    deadline: float | None = None,
    quiet: float = 60.0,
    batch: int = 2000,
) -> Generator[Message, None, None]:
    """Every committed record of some spans, each partition in offset order; ends when all are read.

    Args:
        consumer: of :func:`federation.kafka.clients.consumer`; its assignment is replaced.
        spans: at most one per partition.
        where: for errors, such as ``cluster eu``.
        progress: called with the count of records of each batch.
        deadline: seconds for the whole; none by default.
        quiet: seconds without any record or end before it is given up.
        batch: records asked for at once.

    Raises:
        ClusterError: records were deleted meanwhile, or the cluster refuses.
        Incomplete: the time is over; says how many partitions were left.
    """
    open_spans = {(s.topic, s.partition): s for s in spans if s.start < s.end}
    consumer.assign([TopicPartition(t, p, s.start) for (t, p), s in open_spans.items()])
    began = heard = time.monotonic()
    try:
        while open_spans:
            messages = consumer.consume(batch, timeout=0.1)
            now = time.monotonic()
            heard = now if messages else heard
            if now - heard > quiet or (deadline is not None and now - began > deadline):
                raise _incomplete(open_spans, where, now - began)
            count = 0
            for message in messages:
                partition = (message.topic(), message.partition())
                span = open_spans.get(partition)
                error = message.error()
                if error is not None and error.code() != _EOF:
                    _judge(error, span, where)
                    continue
                if span is None:  # fetched before its partition was done
                    continue
                offset = message.offset()
                if error is None and offset < span.end:
                    count += 1
                    yield message
                if offset + (error is None) >= span.end:
                    del open_spans[partition]
                    consumer.incremental_unassign([TopicPartition(*partition)])
            if progress and count:
                progress(count)
    finally:
        consumer.unassign()


def _judge(error: KafkaError, span: Span | None, where: str) -> None:
    """Raise for an error that no waiting mends; librdkafka tries the others again by itself."""
    place = f"{where}/{span.topic}/{span.partition}" if span else where
    if error.code() in _LOST:
        raise ClusterError(
            "records were deleted while they were read",
            where=place,
            hint="raise the topic's retention, or start again",
        )
    if error.fatal() or error.code() in _FINAL:
        raise ClusterError(f"cannot be read: {error.str()}", where=place)


def _incomplete(left: dict[tuple[str, int], Span], where: str, seconds: float) -> Incomplete:
    topic, partition = next(iter(left))
    return Incomplete(
        f"{len(left)} partitions were not read to their end after {seconds:.0f} s, "
        f"the first is {topic}/{partition}",
        where=where,
        hint="is the cluster still there? an open transaction holds back what comes behind it",
    )
