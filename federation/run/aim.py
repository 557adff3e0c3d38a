"""When a stream has caught up: how far to read is fixed once, and then waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from federation.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from federation.plan.model import StreamPlan
    from federation.run.source import SourceWatch
    from federation.run.status import PartitionStatus, StreamStatus

    Ends = dict[tuple[str, int], int]  # by topic and partition: the offset after the last one


class Aim:
    """What was there at the first look, of a follower: what its leader had written by then."""

    def __init__(self, plan: StreamPlan, sources: Sequence[SourceWatch], *, follows: bool) -> None:
        """Nothing is fixed yet.

        Args:
            plan: of the stream.
            sources: those that can be asked, in the plan's order.
            follows: whether the stream reads what another one writes.
        """
        self._plan = plan
        self._sources = sources
        self._follows = follows
        self._ends: list[Ends] | None = None

    def reached(self, status: StreamStatus) -> bool:
        """Whether all of it is in a completed checkpoint; the first look fixes the aim.

        Positions are a checkpoint's, so they count also where something else is wrong.
        """
        if status.state not in {"RUNNING", "DEGRADED"} or status.checkpoint is None:
            return False
        parts = [{(p.topic, p.partition): p for p in one.partitions} for one in status.sources]
        # A pattern may match no topic yet; all else has partitions once its cluster has answered.
        known = zip(parts, self._plan.sources, strict=False)
        if not parts or not all(part or not source.topics for part, source in known):
            return False
        if self._ends is None:
            self._ends = self._fixed(parts)
        return self._ends is not None and all(
            part[key].position >= end
            for part, ends in zip(parts, self._ends, strict=True)
            for key, end in ends.items()
        )

    def _fixed(
        self, parts: Sequence[Mapping[tuple[str, int], PartitionStatus]]
    ) -> list[Ends] | None:
        """None while it cannot be told."""
        if not self._follows:
            return [{key: p.end for key, p in source.items()} for source in parts]
        try:  # what the leader has written last may not be committed yet, so no `end` counts it
            return [source.lag.written() for source in self._sources]
        except ClusterError:
            return None
