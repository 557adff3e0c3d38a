"""What a running federation says of itself; a whole is never better than its worst part."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from federation.run.settle import Settled

# From best to worst; the order decides what a whole is.
STATES = ("FINISHED", "STOPPED", "RUNNING", "STARTING", "DEGRADED", "RESTARTING", "FAILED", "DEAD")


@dataclass(frozen=True, slots=True)
class PartitionStatus:
    """One source partition; ``lag`` in offsets."""

    topic: str
    partition: int
    position: int
    end: int
    lag: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Offsets of a source partition that are gone before they were read: first and last."""

    topic: str
    partition: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """What keeps a source, or one of its partitions, from being read; ``since`` in epoch ms.

    With a ``gap`` it lasts until an operator has accepted that.
    """

    where: str
    since: int
    what: str
    gap: Gap | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """A gap that an operator has agreed to; ``at`` in epoch seconds, ``by`` a user's name."""

    at: float
    by: str
    cluster: str
    cluster_id: str
    topic: str
    partition: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """A writer's schema that appeared while the stream ran.

    Attributes:
        schema: its name in the source's registry.
        since: when it was met, in epoch milliseconds.
        state: ``flows``, ``refused`` (its records are dead letters) or ``held``.
        fields: its top-level fields that neither the contract nor an earlier schema has.
        why: what keeps it from meeting the contract.
    """

    schema: str
    since: int
    state: str
    fields: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """One source of a stream; counters since the job's last (re)start, rate in records/s.

    ``error`` is why its cluster does not answer this gateway, ``error_since`` since when (epoch
    ms); ``troubles`` are what the reading tasks say.
    """

    name: str
    cluster: str
    cluster_id: str = ""
    read: int = 0
    rate: float = 0.0
    lag: int = 0
    duplicates: int = 0
    dead_letters: int = 0
    filtered: int = 0
    looped: int = 0
    error: str = ""
    error_since: int = 0
    troubles: tuple[Trouble, ...] = ()
    schema_changes: tuple[SchemaChange, ...] = ()
    partitions: tuple[PartitionStatus, ...] = ()

    @property
    def degraded(self) -> bool:
        """Whether anything keeps this source from being read, or its records from the target."""
        return bool(
            self.error
            or self.troubles
            or any(change.state != "flows" for change in self.schema_changes)
        )


@dataclass(frozen=True, slots=True)
class TargetStatus:
    """Where a stream is written; ``error`` as of :class:`SourceStatus`."""

    cluster: str
    topic: str
    error: str = ""
    error_since: int = 0


@dataclass(frozen=True, slots=True)
class CheckpointStatus:
    """The last completed checkpoint; times in epoch milliseconds and milliseconds."""

    number: int
    completed_at: int
    duration: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Repair:
    """What was put right at the target before a job went on.

    Attributes:
        at: epoch seconds.
        checkpoint: the last one whose output was not visible; None if only orphans were ended.
        records: how many were written again, because the brokers had aborted their transaction.
        expired: records of such transactions that retention had deleted before.
        transactions: those that were aborted, as id/producer/epoch.
        partitions: where their records belong.
        orphans: ids of open transactions that belonged to no checkpoint and held readers back.
    """

    at: float
    checkpoint: int | None
    records: int
    expired: int
    transactions: tuple[str, ...]
    partitions: tuple[str, ...]
    orphans: tuple[str, ...]

    @classmethod
    def of(cls, settled: Settled, now: float) -> Repair | None:
        """The account of a settlement; None where nothing was wrong."""
        if not (settled.restored or settled.expired or settled.orphans):
            return None
        return cls(
            at=now,
            checkpoint=max((one.checkpoint for one in settled.restored), default=None),
            records=settled.written,
            expired=settled.expired,
            transactions=tuple(one.name for one in settled.restored),
            partitions=tuple(
                f"{topic}-{number}"
                for topic, number in sorted(
                    {(e.topic, e.partition) for one in settled.restored for e in one.extents}
                )
            ),
            orphans=settled.orphans,
        )


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """One stream's job.

    ``failing_checkpoints`` are those since the last completed one, ``clamped`` records that were
    given the time of writing since the job's last (re)start.
    """

    name: str
    state: str
    delivery: str
    job_id: str = ""
    rest_port: int = 0
    restored_from: str = ""
    restarts: int = 0
    checkpoint: CheckpointStatus | None = None
    failed_checkpoints: int = 0
    failing_checkpoints: int = 0
    sources: tuple[SourceStatus, ...] = ()
    target: TargetStatus | None = None
    savepoint: str = ""
    error: str = ""
    clamped: int = 0
    repairs: tuple[Repair, ...] = ()
    accepted: tuple[Accepted, ...] = ()


@dataclass(frozen=True, slots=True)
class GatewayStatus:
    """The whole; ``at`` and ``started_at`` in epoch seconds."""

    federation: str
    pid: int
    jvm_pid: int | None
    started_at: float
    at: float
    streams: tuple[StreamStatus, ...] = ()
    state: str = field(default="STARTING")
    processes: dict[str, int] = field(default_factory=dict)  # Flink's own, where it has some: pids

    def to_dict(self) -> dict[str, Any]:
        """Plain values, with the version of their form."""
        return {"version": 1, **asdict(self)}


def worst(states: list[str]) -> str:
    """The worst of some states."""
    return max(states, key=STATES.index, default="STOPPED")
