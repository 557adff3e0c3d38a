"""What can be said of one source while its stream runs: counters from Flink, lag from Kafka."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from federation.errors import FederationError
from federation.run.lag import SourceLag
from federation.run.pulse import Pulse
from federation.run.status import Gap, PartitionStatus, SchemaChange, SourceStatus, Trouble

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from federation.plan.model import SourcePlan

_RATE_OVER = 2.0  # seconds


class SourceWatch:
    """Follows one source of a running stream."""

    def __init__(self, source: SourcePlan, index: int, group: str, *, silent: bool = False) -> None:
        """Prepare; its ``pulse`` begins and ends it.

        Args:
            source: the source.
            index: its position in the stream.
            group: the stream's consumer group.
            silent: say nothing of new schemas.
        """
        self._silent = silent
        self.lag = SourceLag(source, group)
        self._name = source.name
        self._cluster = source.cluster.alias
        self.pulse = Pulse(source.cluster.alias, self._ask, self.lag.close)
        self._cluster_id = source.cluster.cluster_id
        self._index = index
        self._partitions: tuple[PartitionStatus, ...] = ()
        self._since, self._before, self._rate = time.monotonic(), 0, 0.0

    def reads(self, vertex: str) -> bool:
        """Whether this vertex of the job reads this source."""
        own = f"Source: source {self._name}"
        return vertex == own or vertex.startswith(f"{own} ")

    def status(
        self,
        vertices: Mapping[str, Mapping[str, int]],
        told: Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]],
    ) -> SourceStatus:
        """The source now.

        Args:
            vertices: Flink's counters, by the name of the vertex that has them.
            told: what its tasks say in words, likewise.
        """
        own = next((c for v, c in vertices.items() if self.reads(v)), {})
        error, since = self.pulse.trouble()
        words = next((w for v, w in told.items() if self.reads(v)), {})
        kinds = (f"duplicates_{self._index}", f"transportDuplicates_{self._index}")
        return SourceStatus(
            name=self._name,
            cluster=self._cluster,
            cluster_id=self._cluster_id,
            read=own.get("recordsRead", 0),
            rate=self._measured(own.get("recordsRead", 0)),
            lag=sum(partition.lag for partition in self._partitions),
            duplicates=sum(c.get(kind, 0) for c in vertices.values() for kind in kinds),
            dead_letters=own.get("deadLetters", 0),
            filtered=own.get("recordsFiltered", 0),
            looped=own.get("recordsLooped", 0),
            error=error,
            error_since=since,
            troubles=_troubles(words.get("troubles", ())),
            schema_changes=() if self._silent else _changes(words.get("schemaChanges", ())),
            partitions=self._partitions,
        )

    def _ask(self) -> str:
        try:
            lags = self.lag.sample()
        except FederationError as error:
            return error.brief
        self._partitions = tuple(
            PartitionStatus(g.topic, g.partition, g.position, g.end, g.records) for g in lags
        )
        return ""

    def _measured(self, count: int) -> float:
        """Records per second over the last few seconds; a restart begins at zero again."""
        elapsed = time.monotonic() - self._since
        if count < self._before or elapsed >= _RATE_OVER:
            self._rate = max(0.0, (count - self._before) / elapsed)
            self._since, self._before = time.monotonic(), count
        return self._rate


def _troubles(told: Sequence[Mapping[str, Any]]) -> tuple[Trouble, ...]:
    """The troubles of all tasks; what several say of the cluster is said once, by the first."""
    found: dict[str, Trouble] = {}
    for one in sorted(told, key=lambda one: int(one["since"])):
        gap = Gap(**one["gap"]) if one.get("gap") else None
        found.setdefault(one["where"], Trouble(one["where"], int(one["since"]), one["what"], gap))
    return tuple(found.values())


def _changes(told: Sequence[Mapping[str, Any]]) -> tuple[SchemaChange, ...]:
    """The changes that tasks have met; each schema once."""
    found: dict[str, SchemaChange] = {}
    for one in sorted(told, key=lambda one: int(one["since"])):
        change = SchemaChange(
            one["schema"], int(one["since"]), one["state"], tuple(one["fields"]), one["why"]
        )
        found.setdefault(change.schema, change)
    return tuple(found.values())
