"""What can be said of one source while its stream runs: counters from Flink, lag from Kafka."""

from __future__ import annotations

import time
from threading import Event, Thread
from typing import TYPE_CHECKING

from federation.run.lag import SourceLag, reachable
from federation.run.status import Gap, PartitionStatus, SchemaChange, SourceStatus, Trouble

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from federation.plan.model import SourcePlan

_LAG_EVERY = 1.0
_RATE_OVER = 2.0  # seconds
_SILENT = 7.0  # seconds; trouble is told within ten


class SourceWatch:
    """Follows one source of a running stream.

    Its cluster is asked in a thread of its own: one that hangs holds up nothing else.
    """

    def __init__(self, source: SourcePlan, index: int, group: str, *, silent: bool = False) -> None:
        """Prepare; :meth:`start` begins.

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
        self._cluster_id = source.cluster.cluster_id
        self._index = index
        self._closed = Event()
        self._thread = Thread(target=self._follow, name=f"lag of {source.name}", daemon=True)
        self._partitions: tuple[PartitionStatus, ...] = ()
        self._error = ""
        self._error_since = 0
        self._heard: float | None = None  # when the cluster last answered, or refused to
        self._since, self._before, self._rate = time.monotonic(), 0, 0.0

    def start(self) -> None:
        """Begin to follow the lag."""
        self._heard = time.monotonic()
        self._thread.start()

    def close(self) -> None:
        """Follow no longer; a thread that waits for its cluster is left to end by itself."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join(_LAG_EVERY)

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
        error, since = self._trouble()
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

    def _trouble(self) -> tuple[str, int]:
        """Why the cluster does not answer, and since when; a call that hangs is no answer."""
        silence = 0.0 if self._heard is None else time.monotonic() - self._heard
        if self._error or silence < _SILENT:
            return self._error, self._error_since
        since = int((time.time() - silence) * 1000)
        return f"cluster {self._cluster} has not answered for {silence:.0f} s", since

    def _follow(self) -> None:
        while not self._closed.is_set():
            lags, error = reachable(self.lag)
            if not error or not self._error:
                self._error_since = int(time.time() * 1000) if error else 0
            self._error, self._heard = error, time.monotonic()
            if not self._error:
                self._partitions = tuple(
                    PartitionStatus(g.topic, g.partition, g.position, g.end, g.records)
                    for g in lags
                )
            self._closed.wait(_LAG_EVERY)
        self.lag.close()

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
