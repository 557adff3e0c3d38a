"""One source of a stream: its topics as they are, its schemas against the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from federation.config.models import StartOffsets, StartTimestamp
from federation.mapping import resolve, where
from federation.mapping.keys import key_schema
from federation.mapping.resolve import ContractMismatch
from federation.mapping.source import branch_name
from federation.plan import naming, uids
from federation.plan.model import KnownSchema, SourcePlan, StartPosition, TopicRef, WriterVersion
from federation.plan.notes import ConfigPath, Notes, nearest
from federation.schemas.fingerprint import crc64

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from federation.config.models import Source, Stream
    from federation.kafka.facts import ClusterFacts, TopicFacts
    from federation.mapping.rules import Rule
    from federation.plan.facts import RegistryFacts
    from federation.plan.model import ClusterPlan
    from federation.schemas.avro import Schema, Type
    from federation.schemas.registry import RegisteredVersion


class SourceCompiler:
    """Compiles one source; what is wrong goes to the notes."""

    def __init__(self, notes: Notes, at: ConfigPath, stream: Stream, contract: Schema) -> None:
        self.notes = notes
        self.at = at  # the source's place in the file
        self.stream = stream
        self.contract = contract

    def compile(
        self, source: Source, cluster: ClusterPlan, facts: ClusterFacts, registry: RegistryFacts
    ) -> SourcePlan:
        """Decide everything about a source that can be decided."""
        topics = self._topics(source, facts)
        self._start(source, facts)
        versions: tuple[WriterVersion, ...] = ()
        known: tuple[KnownSchema, ...] = ()
        if registry.error is None:
            names = [topic.name for topic in topics]
            self._unreadable(names, registry)
            versions = self._values(source, names, registry.subjects)
            known = _known(names, registry.subjects)
            if self.stream.tombstones == "forward":
                self._keys(source, names, registry.subjects)
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
            known=known,
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

    def _unreadable(self, topics: Iterable[str], registry: RegistryFacts) -> None:
        """Subjects that hold something other than Avro."""
        for topic in topics:
            for subject in naming.value_subjects(topic, registry.unreadable):
                finding = registry.unreadable[subject]
                hint = "records of a stream are Avro"
                self.notes.error((*self.at, "topics"), f"{registry.alias}: {finding.what}", hint)

    def _values(
        self,
        source: Source,
        topics: Iterable[str],
        subjects: Mapping[str, tuple[RegisteredVersion, ...]],
    ) -> tuple[WriterVersion, ...]:
        out: list[WriterVersion] = []
        writers: list[Schema] = []
        for topic in topics:
            named = naming.value_subjects(topic, subjects)
            if not named:
                what = f"the registry of {source.cluster} has no subject {topic}-value"
                hint = "schemas are taken by id while running, and are not checked before"
                self.notes.warning((*self.at, "topics"), what, hint)
            for subject in named:
                out += self._subject(source, subjects[subject])
                writers += [one.schema for one in subjects[subject]]
        self._paths(source.fields, [w.root for w in writers], ("fields",))
        return tuple(out)

    def _subject(
        self, source: Source, versions: tuple[RegisteredVersion, ...]
    ) -> list[WriterVersion]:
        """Each version of a subject against the contract: the latest must meet it."""
        out = []
        for one in versions:
            self._filter(source, one, latest=one is versions[-1])
            try:
                mapper = resolve.compile(one.schema, self.contract, source.fields)
            except ContractMismatch as mismatch:
                self._mismatch(source.cluster, one, mismatch, latest=one is versions[-1])
            else:
                out.append(WriterVersion(one.subject, one.version, one.id, mapper.report))
        return out

    def _filter(self, source: Source, one: RegisteredVersion, *, latest: bool) -> None:
        """A filter that no record of a schema can be asked makes dead letters of all of them."""
        if source.where is None or not (why := where.pointless(source.where, one.schema)):
            return
        schema = f"{source.cluster}: {one.subject} version {one.version}"
        note = self.notes.error if latest else self.notes.warning
        what = f"where is never true or false for {schema}: {why}"
        note((*self.at, "where"), what, "its records become dead letters")

    def _mismatch(
        self, alias: str, one: RegisteredVersion, mismatch: ContractMismatch, *, latest: bool
    ) -> None:
        schema = f"{alias}: {one.subject} version {one.version}"
        if not latest:
            first = mismatch.findings[0]
            what = f"{schema} cannot meet the contract: {first.where} {first.what}".rstrip()
            self.notes.warning((*self.at, "fields"), what, "its records become dead letters")
            return
        for finding in mismatch.findings:
            place = f"field {finding.where}: " if finding.where else ""
            what = f"{schema} cannot meet the contract: {place}{finding.what}"
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

    def _keys(
        self,
        source: Source,
        topics: Iterable[str],
        subjects: Mapping[str, tuple[RegisteredVersion, ...]],
    ) -> None:
        """Delete markers have only a key: can the target's key be made from it?"""
        target = key_schema(self.contract, self.stream.target.key.fields)
        for topic in topics:
            versions = subjects.get(f"{topic}-key", ())
            if not versions:
                what = f"the registry of {source.cluster} has no subject {topic}-key"
                hint = "delete markers whose key carries no schema id become dead letters"
                self.notes.warning((*self.at, "key"), what, hint)
            for one in versions:
                try:
                    resolve.compile(one.schema, target, source.key)
                except ContractMismatch as mismatch:
                    self._key_mismatch(source.cluster, one, mismatch, latest=one is versions[-1])

    def _key_mismatch(
        self, alias: str, one: RegisteredVersion, mismatch: ContractMismatch, *, latest: bool
    ) -> None:
        first = mismatch.findings[0]
        note = self.notes.error if latest else self.notes.warning
        note(
            (*self.at, "key"),
            f"{alias}: {one.subject} version {one.version} cannot make the target key of delete "
            f"markers: {first.where} {first.what}",
            "say where it is, key: {field: path} (`.` for a bare key), or set tombstones",
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


def _known(
    topics: Iterable[str], subjects: Mapping[str, tuple[RegisteredVersion, ...]]
) -> tuple[KnownSchema, ...]:
    """Every schema that writes to these topics, those that cannot meet the contract included."""
    return tuple(
        KnownSchema(crc64(one.schema), tuple(f.name for f in one.schema.root.fields))
        for topic in topics
        for subject in naming.value_subjects(topic, subjects)
        for one in subjects[subject]
    )


def _start(source: Source) -> StartPosition:
    if isinstance(source.start, StartTimestamp):
        return StartPosition("timestamp", timestamp=source.start.timestamp)
    if isinstance(source.start, StartOffsets):
        return StartPosition("offsets", offsets=source.start.offsets)
    return StartPosition(source.start)
