"""All that planning knows about the world, as values: gathered first, then decided upon."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from federation.errors import Finding
    from federation.kafka.facts import ClusterFacts
    from federation.schemas.registry import RegisteredVersion


@dataclass(frozen=True, slots=True)
class SubjectCheck:
    """What a target registry says about a schema that the stream writes.

    Attributes:
        schema_id: the id under which exactly this schema is registered; None if it is not yet.
        version: its version of the subject.
        conflicts: why the registry would refuse it; empty if it would not.
        level: the subject's compatibility level, where there are conflicts.
    """

    schema_id: int | None
    version: int | None = None
    conflicts: tuple[str, ...] = ()
    level: str = ""


@dataclass(frozen=True, slots=True)
class RegistryFacts:
    """A registry as it stands; with ``error`` nothing else is known.

    Attributes:
        alias: the cluster's name in the configuration.
        subjects: registered versions, oldest first, of the subjects that the plan needs.
        checks: by stream and target subject.
        names: all subjects.
        unreadable: subjects whose schemas are not Avro, and why.
        error: why the registry could not be asked.
        stale: why it could not, where this is what was remembered of it.
    """

    alias: str
    subjects: Mapping[str, tuple[RegisteredVersion, ...]] = field(default_factory=dict)
    checks: Mapping[tuple[str, str], SubjectCheck] = field(default_factory=dict)
    unreadable: Mapping[str, Finding] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    error: Finding | None = None
    stale: Finding | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """Clusters and registries by alias; those in use only.

    ``begun`` are the streams that have run before: they have state here.
    """

    clusters: Mapping[str, ClusterFacts]
    registries: Mapping[str, RegistryFacts]
    begun: frozenset[str] = frozenset()
