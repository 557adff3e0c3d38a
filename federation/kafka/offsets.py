"""Where partitions begin and end, and what a group has committed; many partitions at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confluent_kafka import IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import OffsetSpec
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from federation.kafka.clients import attempt, wait

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from confluent_kafka import Consumer
    from confluent_kafka.admin import AdminClient

_TIMEOUT = 15.0  # seconds
_MOVING = {  # a group's coordinator starts with the first request for it, and moves with its broker
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
}

Partition = tuple[str, int]
"""A topic's name and a partition's number."""


def begins(admin: AdminClient, partitions: Iterable[Partition], where: str) -> dict[Partition, int]:
    """First offset that is still there, per partition."""
    return _list(admin, dict.fromkeys(partitions, OffsetSpec.earliest()), where)


def ends(admin: AdminClient, partitions: Iterable[Partition], where: str) -> dict[Partition, int]:
    """Offset behind the last committed record (the last stable offset), per partition."""
    return _list(admin, dict.fromkeys(partitions, OffsetSpec.latest()), where)


def written(
    admin: AdminClient, partitions: Iterable[Partition], where: str
) -> dict[Partition, int]:
    """Offset behind the last record, committed or not, per partition."""
    asked = dict.fromkeys(partitions, OffsetSpec.latest())
    return _list(admin, asked, where, IsolationLevel.READ_UNCOMMITTED)


def at(
    admin: AdminClient, partitions: Iterable[Partition], instant: datetime, where: str
) -> dict[Partition, int]:
    """First offset at or after an instant; the partition's end where there is none."""
    spec = OffsetSpec.for_timestamp(int(instant.timestamp() * 1000))
    found = _list(admin, dict.fromkeys(partitions, spec), where)
    beyond = [partition for partition, offset in found.items() if offset < 0]
    return found | (ends(admin, beyond, where) if beyond else {})


def committed(
    consumer: Consumer, partitions: Iterable[Partition], where: str, timeout: float = _TIMEOUT
) -> dict[Partition, int]:
    """What the consumer's group has committed; partitions without a commit are left out.

    A consumer asks, not the admin client: librdkafka 2.16's admin client crashes the process when
    the group's coordinator is still loading.
    """
    asked = [TopicPartition(*partition) for partition in partitions]
    patient = Retrying(
        retry=retry_if_exception(_coordinator_is_moving),
        stop=stop_after_delay(timeout),
        wait=wait_fixed(0.2),
        reraise=True,
    )
    found = attempt(
        lambda: patient(consumer.committed, asked, timeout=timeout),
        "the group's committed offsets cannot be read",
        where,
    )
    return {(p.topic, p.partition): p.offset for p in found if p.offset >= 0}


def _coordinator_is_moving(error: BaseException) -> bool:
    return isinstance(error, KafkaException) and error.args[0].code() in _MOVING


def _list(
    admin: AdminClient,
    asked: Mapping[Partition, OffsetSpec],
    where: str,
    isolation: IsolationLevel = IsolationLevel.READ_COMMITTED,
) -> dict[Partition, int]:
    if not asked:
        return {}
    request = {TopicPartition(*partition): spec for partition, spec in asked.items()}
    answers = admin.list_offsets(request, isolation_level=isolation, request_timeout=15)
    return {
        (p.topic, p.partition): wait(
            future, f"offsets of {p.topic}/{p.partition} cannot be read", where
        ).offset
        for p, future in answers.items()
    }
