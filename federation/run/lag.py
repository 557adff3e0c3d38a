"""How far a stream is behind each source partition: from what its checkpoints have published.

The job commits its positions to its consumer group with every completed checkpoint. A position can
stay below a partition's end although nothing is left to read: transaction markers and compacted
records hold offsets. So a lag that does not move is looked at: whether there is a record in it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confluent_kafka import KafkaException

from federation.errors import ClusterError, FederationError, Incomplete
from federation.kafka import clients, offsets, watching
from federation.kafka.reading import Span, read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confluent_kafka import Consumer

    from federation.kafka.offsets import Partition
    from federation.plan.model import SourcePlan

_ANSWER = 3.0  # seconds; twice, and a pause, are under the ten within which status tells of trouble
_LOOK_EVERY = 10.0  # seconds between two looks for partitions that were added
_STILL = 3  # samples without a move before the rest is looked at


@dataclass(frozen=True, slots=True)
class PartitionLag:
    """One source partition: published position, end, and the records between them."""

    topic: str
    partition: int
    position: int
    end: int

    @property
    def records(self) -> int:
        """Offsets between position and end: an upper bound of the records left."""
        return max(0, self.end - self.position)


class SourceLag:
    """Follows the lag of one source."""

    def __init__(self, source: SourcePlan, group: str) -> None:
        self._source = source
        self._group = group
        self._where = f"cluster {source.cluster.alias}"
        self._trouble = clients.Trouble()
        self._consumer: Consumer | None = None
        self._found: list[Partition] = []
        self._looked = 0.0
        self._still: dict[Partition, tuple[int, int, int]] = {}  # position, end, times seen
        self._empty_to: dict[Partition, int] = {}  # no record up to here

    def sample(self) -> tuple[PartitionLag, ...]:
        """The lag now.

        Raises:
            ClusterError: the cluster does not answer.
        """
        if self._consumer is not None:
            try:
                return self._sample()
            except ClusterError:  # clients remember who led a partition before its broker died
                self.close()
        return self._sample()

    def _sample(self) -> tuple[PartitionLag, ...]:
        consumer = self._connect()
        try:
            partitions = self._partitions(consumer)
            ends = watching.ends(consumer, partitions, self._where, _ANSWER)
        except ClusterError as error:
            consumer.poll(0)  # hands over what happened in the background
            cluster = self._source.cluster
            cause = self._trouble.main()
            if cause is None and isinstance(error.__cause__, KafkaException):
                cause = error.__cause__.args[0]
            if cause is None:
                raise
            bootstrap = cluster.properties["bootstrap.servers"]
            raise clients.unreachable(cluster.alias, bootstrap, cause, _ANSWER) from None
        consumer.poll(0)  # nothing is assigned: only its background's reports are taken
        committed = offsets.committed(consumer, partitions, self._where, _ANSWER)
        missing = [p for p in partitions if p not in committed]
        positions = committed | self._before_first(consumer, missing, ends)
        for partition in partitions:
            self._look(partition, positions[partition], ends[partition])
        return tuple(
            PartitionLag(
                *partition,
                max(positions[partition], self._empty_to.get(partition, 0)),
                ends[partition],
            )
            for partition in partitions
        )

    def forget(self) -> bool:
        """Delete what an earlier life of the stream published; True if there was something."""
        if not self.published():
            return False
        cluster = self._source.cluster
        admin = clients.reach(cluster.alias, cluster.properties).admin
        (future,) = admin.delete_consumer_groups([self._group], request_timeout=15).values()
        clients.wait(future, f"group {self._group} cannot be deleted", self._where)
        return True

    def published(self) -> bool:
        """Whether the stream has ever published a position on this source."""
        consumer = self._connect()
        return bool(offsets.committed(consumer, self._partitions(consumer), self._where))

    def close(self) -> None:
        """Close the connections."""
        if self._consumer is not None:
            self._consumer.close()
        self._consumer = None

    def _partitions(self, consumer: Consumer) -> list[Partition]:
        """The source's partitions; those that are added while it runs are seen within seconds."""
        if not self._found or time.monotonic() - self._looked > _LOOK_EVERY:
            topics = self._source.topics
            names = [topic.name for topic in topics]
            listed = watching.partitions(consumer, names, self._where, _ANSWER)
            planned = ((topic.name, n) for topic in topics for n in range(topic.partitions))
            self._found = sorted({*planned, *listed})
            self._looked = time.monotonic()
        return self._found

    def _connect(self) -> Consumer:
        if self._consumer is None:
            cluster = self._source.cluster
            self._trouble = clients.Trouble()
            self._consumer = clients.consumer(
                cluster.alias, cluster.properties, group=self._group, trouble=self._trouble
            )
        return self._consumer

    def _before_first(
        self, consumer: Consumer, missing: list[Partition], ends: Mapping[Partition, int]
    ) -> dict[Partition, int]:
        """Where partitions begin that have published nothing yet."""
        if self._source.start.kind == "latest":
            return {p: ends[p] for p in missing}
        found = watching.begins(consumer, missing, self._where, _ANSWER)
        if self._source.start.kind == "timestamp":
            assert self._source.start.timestamp is not None
            instant = self._source.start.timestamp
            found = watching.at(consumer, missing, instant, self._where, _ANSWER)
        elif self._source.start.offsets is not None:
            for topic, partition in missing:
                declared = self._source.start.offsets.get(topic, {}).get(partition)
                if declared is not None:
                    found[topic, partition] = declared
        return found

    def _look(self, partition: Partition, position: int, end: int) -> None:
        if max(position, self._empty_to.get(partition, 0)) >= end:
            self._still.pop(partition, None)
            return
        before = self._still.get(partition)
        times = before[2] + 1 if before and before[:2] == (position, end) else 0
        self._still[partition] = (position, end, times)
        if times == _STILL and self._holds_nothing(partition, position, end):
            self._empty_to[partition] = end

    def _holds_nothing(self, partition: Partition, position: int, end: int) -> bool:
        cluster = self._source.cluster
        consumer = clients.consumer(cluster.alias, cluster.properties)
        try:
            span = Span(*partition, position, end)
            return next(read(consumer, [span], where=self._where, deadline=5.0), None) is None
        except (ClusterError, Incomplete):
            return False
        finally:
            consumer.close()


def reachable(lag: SourceLag) -> tuple[tuple[PartitionLag, ...], str]:
    """A sample, or why there is none."""
    try:
        return lag.sample(), ""
    except FederationError as error:
        first = error.findings[0]
        return (), f"{first.where}: {first.what}" if first.where else first.what
