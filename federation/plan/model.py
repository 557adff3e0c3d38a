"""The plan: every fact decided, nothing left to look up. ``plan`` prints it, ``start`` runs it.

All values are frozen and plain; the engine gets them as JSON (see :mod:`federation.plan.engine`).
Client properties are complete and may hold secrets: print them only through
:func:`federation.observe.secrets.masked`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta
    from pathlib import Path

    from federation.errors import Finding
    from federation.mapping.resolve import MappingReport
    from federation.mapping.rules import Rule
    from federation.mapping.times import TimeLimits
    from federation.schemas.registry import Access
    from federation.transform.cost import Cost


@dataclass(frozen=True, slots=True)
class ClusterPlan:
    """One Kafka cluster.

    Attributes:
        alias: its name in the configuration.
        cluster_id: the broker's own; this is the identity, not the alias.
        properties: of Java's clients.
        registry: how to reach its registry.
        answers: whether it was asked for this plan, which else rests on what is remembered.
    """

    alias: str
    cluster_id: str
    properties: Mapping[str, str]
    registry: Access | None
    answers: bool = True


@dataclass(frozen=True, slots=True)
class TopicRef:
    """A source topic as it was found."""

    name: str
    topic_id: str
    partitions: int


@dataclass(frozen=True, slots=True)
class WriterVersion:
    """One schema of a source's records, and what becomes of its fields.

    Attributes:
        subject: where it is registered, or the file that gives it.
        version: its number there; with ``schema_id`` None of a file.
    """

    subject: str
    version: int | None
    schema_id: int | str | None
    report: MappingReport


@dataclass(frozen=True, slots=True)
class KnownSchema:
    """A writer's schema that planning has seen, whether or not it meets the contract.

    Attributes:
        crc: CRC-64-AVRO of its canonical form.
        fields: its top-level fields.
    """

    crc: int
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FramingPlan:
    """How values or keys are framed.

    Attributes:
        type: one of :data:`federation.schemas.framing.FRAMINGS`.
        schemas: Avro JSON of the given schemas, which ``SchemaId("given", n)`` names.
        fingerprints: Avro JSON by CRC-64-AVRO, of all that single-object encoding may name.
        subjects: where schemas with other fingerprints may be registered.
    """

    type: str = "auto"
    schemas: tuple[Any, ...] = ()
    fingerprints: Mapping[int, Any] = field(default_factory=dict)
    subjects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StartPosition:
    """Where a first run begins: one kind, and its value if it needs one."""

    kind: str  # earliest | latest | timestamp | offsets
    timestamp: datetime | None = None
    offsets: Mapping[str, Mapping[int, int]] | None = None


@dataclass(frozen=True, slots=True)
class SourcePlan:
    """One source of a stream; ``uid`` names its state, wherever it stands in the file."""

    uid: str
    name: str  # for people and metrics: cluster/topics
    cluster: ClusterPlan
    topics: tuple[TopicRef, ...]
    pattern: str | None
    start: StartPosition
    where: str | None
    key_rules: Mapping[str, Rule]
    rules: Mapping[str, Rule]
    versions: tuple[WriterVersion, ...]
    known: tuple[KnownSchema, ...] = ()
    framing: FramingPlan = FramingPlan()
    key_framing: FramingPlan = FramingPlan()


@dataclass(frozen=True, slots=True)
class Deduplication:
    """Business identity: contract fields within a window."""

    key: tuple[str, ...]
    window: timedelta
    across_keys: bool


@dataclass(frozen=True, slots=True)
class TransformPlan:
    """The Python function that changes a stream's records.

    Attributes:
        python: ``module:function``.
        folder: where its module is sought first.
        batches: whether it takes Arrow batches; else records.
        cost: what it was measured to cost, where that was asked for.
    """

    python: str
    folder: Path
    batches: bool
    cost: Cost | None = None


@dataclass(frozen=True, slots=True)
class TopicCreation:
    """A topic that ``start`` creates; ``replication`` -1 means the broker's default."""

    name: str
    partitions: int
    replication: int
    config: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TargetSchema:
    """A schema that a stream writes with, or that one of these refers to.

    Attributes:
        subject: where it is registered.
        json: as it is registered: what it refers to by name.
        whole: with that inlined.
        uses: subjects of what it refers to, which are the full names of the types.
        schema_id: under which it is registered; None if it is not yet.
        version: of the subject; None as before.
    """

    subject: str
    json: Any
    whole: Any
    uses: tuple[str, ...] = ()
    schema_id: int | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class TargetPlan:
    """Where the stream goes, and what is made there first."""

    uid: str
    cluster: ClusterPlan
    topic: str
    partitions: int
    key_fields: tuple[str, ...]
    key_encoding: str  # string | avro
    delivery: str  # exactly-once | at-least-once
    dead_letter: str
    value_subject: str
    key_subject: str | None
    creates: tuple[TopicCreation, ...]
    schemas: tuple[TargetSchema, ...]  # each after those that it refers to
    transaction_timeout: timedelta
    transactional_prefix: str
    record_bytes: int  # the largest record that the target topic takes
    dead_bytes: int  # the largest that the dead-letter topic takes
    times: TimeLimits  # which timestamps the target topic takes and keeps
    dead_times: TimeLimits  # which the dead-letter topic does

    @property
    def registers(self) -> tuple[str, ...]:
        """Subjects that get a new version."""
        return tuple(one.subject for one in self.schemas if one.schema_id is None)


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """One stream, one Flink job."""

    name: str
    contract: Mapping[str, Any]
    contract_file: str
    earlier: tuple[Mapping[str, Any], ...]  # contracts that it was written with before
    sources: tuple[SourcePlan, ...]
    deduplication: Deduplication | None
    transform: TransformPlan | None
    tombstones: str  # forward | drop | dead-letter
    on_schema_change: str  # lenient | ignore | exception | try_evolve | evolve
    target: TargetPlan
    dead_letter_ratio: float
    dead_letter_of: int
    follows: str | None = None  # the stream whose target it copies

    @property
    def identity(self) -> tuple[str, ...]:
        """The contract fields of the target key and of deduplication, each once."""
        event = self.deduplication.key if self.deduplication else ()
        return tuple(dict.fromkeys((*self.target.key_fields, *event)))

    @property
    def clusters(self) -> tuple[ClusterPlan, ...]:
        """Its sources' and its target's, each once."""
        listed = (*(one.cluster for one in self.sources), self.target.cluster)
        return tuple({one.alias: one for one in listed}.values())

    @property
    def answers(self) -> bool:
        """Whether all its clusters were asked for this plan."""
        return all(one.answers for one in self.clusters)


@dataclass(frozen=True, slots=True)
class RunPlan:
    """How the jobs run here."""

    state: Path
    parallelism: int
    checkpoint: timedelta
    task_managers: int = 0  # 0: all in one JVM


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything ``start`` will do."""

    federation: str
    config_file: str
    streams: tuple[StreamPlan, ...]
    run: RunPlan
    warnings: tuple[Finding, ...]
