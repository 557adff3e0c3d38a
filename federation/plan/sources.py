"""One source of a stream: its topics as they are, its schemas against the contract."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from federation.config.sources import StartOffsets, StartTimestamp
from federation.mapping import resolve, where
from federation.mapping.keys import key_schema
from federation.mapping.resolve import ContractMismatch
from federation.mapping.source import branch_name
from federation.plan import framings, naming, uids
from federation.plan.model import KnownSchema, SourcePlan, StartPosition, TopicRef, WriterVersion
from federation.plan.notes import ConfigPath, Notes, nearest
from federation.schemas.fingerprint import crc64

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from federation.config.models import Stream
    from federation.config.sources import Source
    from federation.kafka.facts import ClusterFacts, TopicFacts
    from federation.mapping.rules import Rule
    from federation.plan.facts import RegistryFacts
    from federation.plan.framings import Written
    from federation.plan.model import ClusterPlan
    from federation.schemas.avro import Schema, Type
    from federation.schemas.registry import RegisteredVersion


class SourceCompiler:
    """Compiles one source; what is wrong goes to the notes."""

    def __init__(
        self,
        notes: Notes,
        at: ConfigPath,
        stream: Stream,
        contract: Schema,
        files: Mapping[Path, Schema],
        *,
        begun: bool = False,
    ) -> None:
        self.notes = notes
        self.at = at  # the source's place in the file
        self.stream = stream
        self.contract = contract
        self.files = files  # schemas that framings give
        # A stream that has diverted a schema's records while it ran goes on so after a restart.
        self.diverts = begun and stream.on_schema_change in {"lenient", "ignore", "try_evolve"}

    def compile(
        self, source: Source, cluster: ClusterPlan, facts: ClusterFacts, registry: RegistryFacts
    ) -> SourcePlan:
        """Decide everything about a source that can be decided."""
        topics = self._topics(source, facts)
        self._start(source, facts)
        names = [topic.name for topic in topics]
        asked = registry if registry.error is None and cluster.registry is not None else None
        values = self._writers(source, names, asked)
        keys = self._key_writers(source, names, asked)
        versions = self._values(source, values)
        if self.stream.tombstones == "forward":
            self._keys(source, keys)
        return SourcePlan(
            uid=uids.source(cluster.cluster_id, source.topics, source.pattern),
            name=naming.source(source),
            cluster=cluster,
            topics=tuple(TopicRef(t.name, t.topic_id, t.partitions) for t in topics),
            pattern=source.pattern,
            start=_start(source),
            where=source.where,
            key_rules=source.key,
            rules=source.fields,
            versions=versions,
            known=tuple(_known(one.schema) for group in values for one in group),
            framing=framings.framing_plan(source.framing, chain.from_iterable(values)),
            key_framing=framings.framing_plan(source.key_framing, chain.from_iterable(keys)),
        )

    def _topics(self, source: Source, facts: ClusterFacts) -> list[TopicFacts]:
        visible = [name for name in facts.topics if not name.startswith("__")]
        for n, name in enumerate(source.topics):
            if name not in facts.topics:
                what = f"cluster {source.cluster} has no topic {name}"
                self.notes.error((*self.at, "topics", n), what, nearest(name, visible))
        found = [t for t in facts.topics.values() if naming.reads(source, t.name)]
        if source.pattern is not None and not found:
            self.notes.warning(
                (*self.at, "pattern"),
                f"no topic of cluster {source.cluster} matches {source.pattern} yet",
                f"the source waits for one; {nearest(source.pattern, visible)}",
            )
        place = (*self.at, "pattern" if source.pattern else "topics")
        for topic in found:
            if topic.records == 0:
                what = f"topic {topic.name} of cluster {source.cluster} is empty"
                self.notes.warning(place, what, "the stream starts and waits for records")
        return found

    def _start(self, source: Source, facts: ClusterFacts) -> None:
        if not isinstance(source.start, StartOffsets):
            return
        for name, offsets in source.start.offsets.items():
            topic = facts.topics.get(name)
            for partition in offsets:
                if topic is not None and partition >= topic.partitions:
                    what = f"topic {name} has no partition {partition}"
                    at = (*self.at, "start", "offsets", name, str(partition))
                    self.notes.error(at, what, f"it has 0 to {topic.partitions - 1}")

    def _listed(self, source: Source, registry: RegistryFacts) -> None:
        """Subjects that the source names have to be there."""
        for n, subject in enumerate(source.subjects if isinstance(source.subjects, tuple) else ()):
            if subject not in registry.subjects and subject not in registry.unreadable:
                what = f"the registry of {source.cluster} has no subject {subject}"
                self.notes.error((*self.at, "subjects", n), what, nearest(subject, registry.names))

    def _meets(self, source: Source, versions: Sequence[RegisteredVersion]) -> bool:
        """Whether a record of any topic may be one of the source's: it can meet the contract."""
        if not versions or versions[-1].schema.name != versions[-1].subject:
            return False
        try:
            resolve.compile(versions[-1].schema, self.contract, source.fields)
        except ContractMismatch:
            return False
        return True

    def _writers(
        self, source: Source, topics: Iterable[str], registry: RegistryFacts | None
    ) -> list[tuple[Written, ...]]:
        """The schemas of values: given ones, and by subject those of the registry."""
        out = framings.given(source.framing, self.files)
        alone = not out  # the registry is all there is to tell
        if registry is None or not framings.registers(source.framing):
            return out
        self._listed(source, registry)
        seen: dict[str, None] = {}
        for topic in topics:
            if alone:
                self._unreadable(source, topic, registry)
            named = naming.value_subjects(source, topic, registry.subjects)
            if source.subjects == "record":
                named = tuple(s for s in named if self._meets(source, registry.subjects[s]))
            if alone and not named:
                what = f"the registry of {source.cluster} has no {_sought(source, topic)}"
                hint = "schemas are taken by id while running, and are not checked before"
                self.notes.warning((*self.at, "topics"), what, hint)
            seen |= dict.fromkeys(named)
        out += [framings.registered(registry.alias, registry.subjects[one]) for one in seen]
        return out

    def _key_writers(
        self, source: Source, topics: Iterable[str], registry: RegistryFacts | None
    ) -> list[tuple[Written, ...]]:
        """The same of keys."""
        out = framings.given(source.key_framing, self.files)
        alone = not out and self.stream.tombstones == "forward"
        if registry is None or not framings.registers(source.key_framing):
            return out
        for topic in topics:
            versions = registry.subjects.get(naming.key_subject(topic), ())
            if alone and not versions:
                what = f"the registry of {source.cluster} has no subject {topic}-key"
                hint = (
                    "delete markers whose key carries no schema id become dead letters; "
                    "plain keys: key_framing: string"
                )
                self.notes.warning((*self.at, "key"), what, hint)
            out += [framings.registered(registry.alias, versions)] if versions else []
        return out

    def _unreadable(self, source: Source, topic: str, registry: RegistryFacts) -> None:
        """Subjects that hold something other than Avro."""
        if source.subjects == "record":
            return  # they may well be other topics'
        for subject in naming.value_subjects(source, topic, registry.unreadable):
            finding = registry.unreadable[subject]
            hint = "records of a stream are Avro; or plain JSON: framing: {type: json, schema: …}"
            self.notes.error((*self.at, "topics"), f"{registry.alias}: {finding.what}", hint)

    def _values(
        self, source: Source, writers: list[tuple[Written, ...]]
    ) -> tuple[WriterVersion, ...]:
        """Each schema against the contract: of a subject, the latest must meet it."""
        out = []
        for group in writers:
            for one in group:
                self._filter(source, one, latest=one is group[-1])
                try:
                    mapper = resolve.compile(one.schema, self.contract, source.fields)
                except ContractMismatch as mismatch:
                    self._mismatch(one, mismatch, latest=one is group[-1])
                else:
                    out.append(WriterVersion(one.subject, one.version, one.id, mapper.report))
        roots = [one.schema.root for group in writers for one in group]
        self._paths(source.fields, roots, ("fields",))
        return tuple(out)

    def _filter(self, source: Source, one: Written, *, latest: bool) -> None:
        """A filter that no record of a schema can be asked makes dead letters of all of them."""
        if source.where is None or not (why := where.pointless(source.where, one.schema)):
            return
        note = self.notes.error if latest else self.notes.warning
        what = f"where is never true or false for {one.label}: {why}"
        note((*self.at, "where"), what, "its records become dead letters")

    def _mismatch(self, one: Written, mismatch: ContractMismatch, *, latest: bool) -> None:
        if self.diverts or not latest:
            first = mismatch.findings[0]
            what = f"{one.label} cannot meet the contract: {first.where} {first.what}".rstrip()
            self.notes.warning((*self.at, "fields"), what, "its records become dead letters")
            return
        for finding in mismatch.findings:
            place = f"field {finding.where}: " if finding.where else ""
            what = f"{one.label} cannot meet the contract: {place}{finding.what}"
            self.notes.error((*self.at, "fields", *finding.where.split(".")), what, finding.hint)

    def _paths(self, rules: Mapping[str, Rule], writers: list[Type], at: ConfigPath) -> None:
        """A rule whose path no version of any schema has is a mistyped one."""
        known = {known for writer in writers for known in paths(writer)}
        for name, rule in rules.items():
            place = (*self.at, *at, name)
            for path in rule.paths():
                if writers and path != "." and path not in known and not self.notes.has(place):
                    what = f"{name} is made from {path}, which no registered schema has"
                    self.notes.error(place, what, nearest(path, known))

    def _keys(self, source: Source, writers: list[tuple[Written, ...]]) -> None:
        """Delete markers have only a key: can the target's key be made from it?"""
        target = key_schema(self.contract, self.stream.target.key.fields)
        for group in writers:
            for one in group:
                try:
                    resolve.compile(one.schema, target, source.key)
                except ContractMismatch as mismatch:
                    first = mismatch.findings[0]
                    note = self.notes.error if one is group[-1] else self.notes.warning
                    note(
                        (*self.at, "key"),
                        f"{one.label} cannot make the target key of delete markers: "
                        f"{first.where} {first.what}",
                        "say where it is, key: {field: path} (`.` for a bare key), "
                        "or set tombstones",
                    )


def paths(writer: Type) -> set[str]:
    """Every dotted path through a writer's records; a type within itself is not entered again."""
    found: set[str] = set()
    stack: list[tuple[Type, str, frozenset[int]]] = [(writer, "", frozenset())]
    while stack:
        node, prefix, within = stack.pop()
        for branch in node.branches:
            if node.tagged:
                found.add(prefix + branch_name(branch))
            inner = f"{prefix}{branch_name(branch)}." if node.tagged else prefix
            stack.append((branch, inner, within))
        if node.kind == "record" and id(node) not in within:
            for one in node.fields:
                found.add(prefix + one.name)
                stack.append((one.type, f"{prefix}{one.name}.", within | {id(node)}))
    return found


def _known(writer: Schema) -> KnownSchema:
    return KnownSchema(crc64(writer), tuple(one.name for one in writer.root.fields))


def _sought(source: Source, topic: str) -> str:
    """What was looked for in the registry, for people."""
    return {
        "topic": f"subject {topic}-value",
        "topic-record": f"subject {topic}-<record name>",
        "record": f"record that can meet the contract, for {topic}",
    }.get(str(source.subjects), "subject that the source names")


def _start(source: Source) -> StartPosition:
    if isinstance(source.start, StartTimestamp):
        return StartPosition("timestamp", timestamp=source.start.timestamp)
    if isinstance(source.start, StartOffsets):
        return StartPosition("offsets", offsets=source.start.offsets)
    return StartPosition(source.start)
