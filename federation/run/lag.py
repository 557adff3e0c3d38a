"""How far a stream is behind each source partition: from what its checkpoints have published.

The job commits its positions to its consumer group with every completed checkpoint. A position can
stay below a partition's end although nothing is left to read: transaction markers and compacted
records hold offsets. So a lag that does not move is looked at: whether there is a record in it.
"""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from federation.errors import ClusterError, Incomplete
from federation.kafka import clients, offsets, watching
from federation.kafka.asking import ANSWER, Asking
from federation.kafka.reading import Span, read
from federation.plan import naming

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confluent_kafka import Consumer

    from federation.kafka.offsets import Partition
    from federation.plan.model import SourcePlan

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
        self._cluster = Asking(source.cluster.alias, source.cluster.properties, group=group)
        self._found: list[Partition] = []
        self._looked = 0.0
        self._still: dict[Partition, tuple[int, int, int]] = {}  # position, end, times seen
        self._empty_to: dict[Partition, int] = {}  # no record up to here

    def sample(self) -> tuple[PartitionLag, ...]:
        """The lag now.

        Raises:
            ClusterError: the cluster does not answer.
        """
        return self._cluster.ask(self._sample)

    def _sample(self, consumer: Consumer) -> tuple[PartitionLag, ...]:
        with self._cluster.reaching(consumer):
            partitions, ends = self._ends(consumer)
        committed = offsets.committed(consumer, partitions, self._cluster.where, ANSWER)
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

    def _ends(self, consumer: Consumer) -> tuple[list[Partition], dict[Partition, int]]:
        partitions = self._partitions(consumer)
        return partitions, watching.ends(consumer, partitions, self._cluster.where, ANSWER)

    def written(self) -> dict[Partition, int]:
        """The partitions' ends now, what is not yet committed included.

        Raises:
            ClusterError: the cluster does not answer.
        """
        cluster = self._source.cluster
        consumer = clients.consumer(
            cluster.alias, cluster.properties, isolation_level="read_uncommitted"
        )
        try:
            return self._ends(consumer)[1]
        finally:
            consumer.close()

    def forget(self) -> bool:
        """Delete what an earlier life of the stream published; True if there was something."""
        if not self.published():
            return False
        cluster = self._source.cluster
        admin = clients.reach(cluster.alias, cluster.properties).admin
        (future,) = admin.delete_consumer_groups([self._group], request_timeout=15).values()
        clients.wait(future, f"group {self._group} cannot be deleted", self._cluster.where)
        return True

    def published(self) -> bool:
        """Whether the stream has ever published a position on this source."""

        def committed(consumer: Consumer) -> bool:
            partitions = self._partitions(consumer)
            return bool(offsets.committed(consumer, partitions, self._cluster.where))

        return self._cluster.ask(committed)

    def close(self) -> None:
        """Close the connections."""
        self._cluster.close()

    def _partitions(self, consumer: Consumer) -> list[Partition]:
        """The source's partitions; topics and partitions that are added are seen within seconds."""
        if not self._found or time.monotonic() - self._looked > _LOOK_EVERY:
            topics = self._source.topics
            where = self._cluster.where
            if self._source.pattern is None:
                names = [topic.name for topic in topics]
                listed = watching.partitions(consumer, names, where, ANSWER)
            else:
                takes = partial(naming.matches, self._source.pattern)
                listed = watching.matching(consumer, takes, where, ANSWER)
            planned = ((topic.name, n) for topic in topics for n in range(topic.partitions))
            self._found = sorted({*planned, *listed})
            self._looked = time.monotonic()
        return self._found

    def _before_first(
        self, consumer: Consumer, missing: list[Partition], ends: Mapping[Partition, int]
    ) -> dict[Partition, int]:
        """Where partitions begin that have published nothing yet."""
        if self._source.start.kind == "latest":
            return {p: ends[p] for p in missing}
        found = watching.begins(consumer, missing, self._cluster.where, ANSWER)
        if self._source.start.kind == "timestamp":
            assert self._source.start.timestamp is not None
            instant = self._source.start.timestamp
            found = watching.at(consumer, missing, instant, self._cluster.where, ANSWER)
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
            with closing(read(consumer, [span], where=self._cluster.where, deadline=5.0)) as found:
                return next(found, None) is None
        except (ClusterError, Incomplete):
            return False
        finally:
            consumer.close()
