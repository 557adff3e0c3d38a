"""Offsets asked again and again by one consumer, for as long as a stream runs.

Not by the admin client: librdkafka 2.16's ends the process with an assertion when an answer comes
after its question was given up, as it does when a broker that hung goes on (see also ADR 0009).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from confluent_kafka import TopicPartition

from federation.errors import ClusterError
from federation.kafka.clients import attempt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from confluent_kafka import Consumer

    from federation.kafka.offsets import Partition

_END, _BEGIN = -1, -2  # Kafka's protocol, "ListOffsets": timestamps that stand for both ends


def partitions(
    consumer: Consumer, topics: Iterable[str], where: str, timeout: float
) -> list[Partition]:
    """The partitions that topics have now; those of a topic that is not there are left out."""
    found: list[Partition] = []
    for name in topics:
        told = attempt(
            partial(consumer.list_topics, name, timeout=timeout),
            "topics cannot be listed",
            where,
        )
        found += [(name, number) for number in sorted(told.topics[name].partitions)]
    return found


def matching(
    consumer: Consumer, wanted: Callable[[str], bool], where: str, timeout: float
) -> list[Partition]:
    """The partitions of all topics whose names are wanted, by one question."""
    told = attempt(partial(consumer.list_topics, timeout=timeout), "topics cannot be listed", where)
    return [
        (name, number)
        for name, topic in sorted(told.topics.items())
        if wanted(name)
        for number in sorted(topic.partitions)
    ]


def ends(
    consumer: Consumer, partitions: Iterable[Partition], where: str, timeout: float
) -> dict[Partition, int]:
    """Offset behind the last committed record, per partition; ``timeout`` in seconds."""
    return _list(consumer, partitions, _END, where, timeout)


def begins(
    consumer: Consumer, partitions: Iterable[Partition], where: str, timeout: float
) -> dict[Partition, int]:
    """First offset that is still there, per partition."""
    return _list(consumer, partitions, _BEGIN, where, timeout)


def at(
    consumer: Consumer,
    partitions: Iterable[Partition],
    instant: datetime,
    where: str,
    timeout: float,
) -> dict[Partition, int]:
    """First offset at or after an instant; the partition's end where there is none."""
    milliseconds = int(instant.timestamp() * 1000)
    found = _list(consumer, partitions, milliseconds, where, timeout)
    beyond = [partition for partition, offset in found.items() if offset < 0]
    return found | (ends(consumer, beyond, where, timeout) if beyond else {})


def _list(
    consumer: Consumer, partitions: Iterable[Partition], time: int, where: str, timeout: float
) -> dict[Partition, int]:
    asked = [TopicPartition(*partition, time) for partition in partitions]
    if not asked:
        return {}
    found = attempt(
        lambda: consumer.offsets_for_times(asked, timeout=timeout), "no offsets are told", where
    )
    for one in found:
        if one.error is not None:
            raise ClusterError(
                f"offsets of {one.topic}/{one.partition} cannot be read: {one.error.str()}",
                where=where,
            )
    return {(one.topic, one.partition): one.offset for one in found}
