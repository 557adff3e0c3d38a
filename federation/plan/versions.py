"""The registered schemas of sources, and each of them against the contract."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from federation.errors import FederationError, Finding
from federation.kafka.facts import ask
from federation.mapping import resolve
from federation.mapping.changes import changes
from federation.mapping.keys import key_schema
from federation.plan import framings, naming
from federation.plan.registries import access
from federation.schemas.registry import NotAvro, connect

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from federation.config.load import Loaded
    from federation.config.sources import Source
    from federation.mapping.changes import Change
    from federation.mapping.report import MappingReport
    from federation.mapping.rules import Rule
    from federation.plan.framings import Written
    from federation.schemas.avro import Schema
    from federation.schemas.registry import SchemaRegistry


@dataclass(frozen=True, slots=True)
class SourceVersions:
    """What schemas the records of a source may have.

    Attributes:
        name: the source for people, ``cluster/topics``.
        source: as configured.
        values: versions of the value subjects, oldest first, by subject; given ones by their file.
        keys: the same of keys.
        refused: subjects that are not Avro, and why.
        error: why the cluster or its registry could not be asked; then nothing else is known.
    """

    name: str
    source: Source
    values: Mapping[str, tuple[Written, ...]] = field(default_factory=dict)
    keys: Mapping[str, tuple[Written, ...]] = field(default_factory=dict)
    refused: tuple[Finding, ...] = ()
    error: Finding | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """One version against the contract.

    Attributes:
        part: ``value`` or ``key``.
        report: what becomes of each field; None if the version cannot meet the contract.
        refused: why it cannot, all reasons; ``where`` is a contract field.
        changed: what differs from the version before.
    """

    subject: str
    version: int | None
    id: int | str | None
    part: str
    report: MappingReport | None
    refused: tuple[Finding, ...]
    changed: tuple[Change, ...]


def read_versions(
    loaded: Loaded, sources: Sequence[Source], *, timeout: float = 10.0
) -> list[SourceVersions]:
    """Ask the registries of sources, each in its own thread; what fails is an ``error``.

    Args:
        loaded: the configuration that declares the clusters.
        sources: whose schemas; a cluster is asked for its topics only for a pattern.
        timeout: seconds for a cluster or registry to answer.
    """
    if not sources:
        return []
    with ThreadPoolExecutor(max_workers=min(32, len(sources))) as threads:
        return list(threads.map(lambda one: _read(loaded, one, timeout), sources))


def compare(
    found: SourceVersions, contract: Schema, key_fields: Sequence[str] | None
) -> Iterator[Compared]:
    """Every schema of a source against the contract.

    Args:
        found: the source's versions.
        contract: the stream's.
        key_fields: of the target key, which delete markers need; None if they are not forwarded.
    """
    for versions in found.values.values():
        made = list(_subject(versions, "value", contract, found.source.fields))
        # with records of all topics under their own names, those that do not fit are others'
        if found.source.subjects != "record" or (made and not made[-1].refused):
            yield from made
    if key_fields is not None:
        target = key_schema(contract, key_fields)
        for versions in found.keys.values():
            yield from _subject(versions, "key", target, found.source.key)


def _subject(
    versions: Sequence[Written], part: str, contract: Schema, rules: Mapping[str, Rule]
) -> Iterator[Compared]:
    before: Written | None = None
    for one in versions:
        changed = changes(before.schema, one.schema) if before else ()
        report: MappingReport | None = None
        refused: tuple[Finding, ...] = ()
        try:
            report = resolve.compile(one.schema, contract, rules).report
        except resolve.ContractMismatch as mismatch:
            refused = mismatch.findings
        yield Compared(one.subject, one.version, one.id, part, report, refused, changed)
        before = one


def _read(loaded: Loaded, source: Source, timeout: float) -> SourceVersions:
    values, keys = (
        {group[0].subject: group for group in framings.given(one, loaded.schemas)}
        for one in (source.framing, source.key_framing)
    )
    found = SourceVersions(naming.source(source), source, values, keys)
    declared = loaded.config.clusters[source.cluster].registry
    if not (framings.registers(source.framing) or framings.registers(source.key_framing)):
        return found
    if declared is None:
        if values:
            return found
        what = f"cluster {source.cluster} has no registry"
        hint = "declare one; without it schemas are not known before records come"
        error = Finding(what, loaded.where("clusters", source.cluster), hint)
        return replace(found, error=error)
    try:
        topics = _topics(loaded, source, timeout)
        with connect(access(declared), deadline=timeout) as registry:
            return _subjects(registry, found, topics)
    except FederationError as error:
        return replace(found, error=error.findings[0])


def _topics(loaded: Loaded, source: Source, timeout: float) -> Sequence[str]:
    if source.pattern is None:
        return source.topics
    properties = loaded.config.clusters[source.cluster].properties
    facts = ask(source.cluster, properties, lambda _topic: False, timeout)
    if facts.error is not None:
        raise FederationError.of([facts.error])
    return [topic for topic in facts.topics if naming.reads(source, topic)]


def _subjects(
    registry: SchemaRegistry, given: SourceVersions, topics: Sequence[str]
) -> SourceVersions:
    """With what the registry holds besides what is given."""
    source, known = given.source, registry.subjects()
    values, keys = dict(given.values), dict(given.keys)
    refused = []
    for topic in topics:
        wanted = []
        if framings.registers(source.framing):
            wanted += [(s, values) for s in naming.value_subjects(source, topic, known)]
        if framings.registers(source.key_framing):
            wanted += [(s, keys) for s in (naming.key_subject(topic),) if s in known]
        for subject, out in wanted:
            try:
                out[subject] = framings.registered(source.cluster, registry.versions(subject))
            except NotAvro as error:
                refused.append(error.findings[0])
    return replace(given, values=values, keys=keys, refused=tuple(refused))
