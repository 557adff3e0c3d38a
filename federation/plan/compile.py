"""Configuration and facts become a plan, or all the reasons why not.

No I/O happens here, but that the modules of transforms are imported.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from federation.config import followers
from federation.config.paths import state_folder
from federation.errors import PlanError
from federation.plan import naming
from federation.plan.leading import led
from federation.plan.model import ClusterPlan, Deduplication, Plan, RunPlan, StreamPlan
from federation.plan.notes import ConfigPath, Notes
from federation.plan.registries import access
from federation.plan.sources import SourceCompiler
from federation.plan.targets import TargetCompiler
from federation.plan.transforms import plan_transform

if TYPE_CHECKING:
    from collections.abc import Iterator

    from federation.config.load import Loaded
    from federation.config.models import Stream
    from federation.kafka.facts import TopicFacts
    from federation.plan.facts import Facts
    from federation.plan.model import SourcePlan, TransformPlan


def compile(  # noqa: A001 - as re.compile
    loaded: Loaded, facts: Facts, *, measured: bool = False
) -> Plan:
    """Decide everything that ``start`` will do.

    Args:
        loaded: the configuration, without mistakes of its own.
        facts: what clusters and registries said.
        measured: whether to run transforms for a moment, to tell what they cost.

    Raises:
        PlanError: with every finding, warnings included, each at its place in the file.
    """
    notes = Notes(loaded)
    _unanswered(facts, notes)
    streams: dict[str, StreamPlan] = {}
    for name, stream in loaded.config.streams.items():
        leader = followers.leader(name)
        if leader is not None and leader not in streams:
            continue  # which has its own reasons
        seen = facts if leader is None else led(facts, streams[leader])
        made = _Stream(loaded, seen, notes, name, stream).compile(measured=measured)
        if made is not None:
            streams[name] = made
    if notes.failed:
        raise PlanError.of(sorted(notes.findings, key=lambda one: one.severity))
    config = loaded.config
    run = RunPlan(
        state_folder(loaded),
        config.run.parallelism or _cores(),
        config.run.checkpoint,
        config.run.task_managers or 0,
    )
    warnings = (*loaded.warnings, *notes.findings)
    return Plan(config.federation, str(loaded.path), tuple(streams.values()), run, warnings)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _unanswered(facts: Facts, notes: Notes) -> None:
    """Clusters and registries that did not answer, once each; a warning if remembered."""
    for kind, known in (("properties", facts.clusters), ("registry", facts.registries)):
        for alias, one in known.items():
            if (silent := one.error or one.stale) is not None:
                note = notes.warning if one.stale else notes.error
                what = f"{silent.where}: {silent.what}" if silent.where else silent.what
                note(("clusters", alias, kind), what, silent.hint)


class _Stream:
    """Compiles one stream."""

    def __init__(
        self, loaded: Loaded, facts: Facts, notes: Notes, name: str, stream: Stream
    ) -> None:
        self.loaded, self.facts, self.notes = loaded, facts, notes
        self.name, self.stream = name, stream
        self.at: ConfigPath = ("streams", name)
        self.contract = loaded.contracts[name]

    def compile(self, *, measured: bool) -> StreamPlan | None:
        """The stream's plan; None if one of its clusters is unknown."""
        self._identities()
        sources = [s for n in range(len(self.stream.sources)) if (s := self._source(n)) is not None]
        alias = self.stream.target.cluster
        target_facts = self.facts.clusters[alias]
        if target_facts.error is not None:
            return None
        target = TargetCompiler(
            self.notes,
            (*self.at, "target"),
            self.stream,
            naming.target_schemas(
                self.stream, self.contract, self.loaded.references.get(self.name, ())
            ),
            list(self._source_topics()),
        ).compile(
            (self.loaded.config.federation, self.name),
            self._cluster(alias),
            target_facts,
            self.facts.registries[alias],
            self.loaded.config.run.checkpoint,
        )
        given = self.stream.deduplicate
        return StreamPlan(
            name=self.name,
            contract=self.contract.json,
            contract_file=str(self.stream.contract.file),
            earlier=tuple(one.json for one in self.loaded.earlier.get(self.name, ())),
            sources=tuple(sources),
            deduplication=Deduplication(given.key, given.window, given.across_keys)
            if given
            else None,
            transform=self._transform(measured=measured),
            tombstones=self.stream.tombstones,
            on_schema_change=self.stream.on_schema_change,
            target=target,
            dead_letter_ratio=self.stream.errors.limit.ratio,
            dead_letter_of=self.stream.errors.limit.of,
            follows=followers.leader(self.name),
        )

    def _transform(self, *, measured: bool) -> TransformPlan | None:
        given = self.stream.transform
        if given is None:
            return None
        event = self.stream.deduplicate.key if self.stream.deduplicate else ()
        return plan_transform(
            given.python,
            self.loaded.path.parent,
            self.contract,
            (*self.stream.target.key.fields, *event),
            (self.notes, (*self.at, "transform", "python")),
            measured=measured,
        )

    def _source(self, n: int) -> SourcePlan | None:
        source = self.stream.sources[n]
        facts = self.facts.clusters[source.cluster]
        if facts.error is not None:
            return None
        at = (*self.at, "sources", n)
        files = self.loaded.schemas
        compiler = SourceCompiler(
            self.notes, at, self.stream, self.contract, files, begun=self.name in self.facts.begun
        )
        cluster = self._cluster(source.cluster)
        return compiler.compile(source, cluster, facts, self.facts.registries[source.cluster])

    def _cluster(self, alias: str) -> ClusterPlan:
        declared = self.loaded.config.clusters[alias]
        properties = {name: str(value) for name, value in declared.properties.items()}
        facts = self.facts.clusters[alias]
        registry = access(declared.registry) if declared.registry else None
        return ClusterPlan(
            alias, facts.cluster_id, properties, registry, answers=facts.stale is None
        )

    def _source_topics(self) -> Iterator[TopicFacts]:
        for source in self.stream.sources:
            for topic in self.facts.clusters[source.cluster].topics.values():
                if naming.reads(source, topic.name):
                    yield topic

    def _identities(self) -> None:
        """One cluster under two aliases: records would arrive twice, or go round in a circle."""
        target = self.stream.target
        outputs = {target.topic: "target", naming.dead_letter(self.stream): "dead-letter topic"}
        by_id: dict[str, str] = {}
        uses = [
            *(
                ((*self.at, "sources", n, "cluster"), s.cluster)
                for n, s in enumerate(self.stream.sources)
            ),
            ((*self.at, "target", "cluster"), target.cluster),
        ]
        for at, alias in uses:
            cluster = self.facts.clusters[alias]
            if cluster.error is None and by_id.setdefault(cluster.cluster_id, alias) != alias:
                both = f"{alias} and {by_id[cluster.cluster_id]}"
                what = f"{both} are one cluster ({cluster.cluster_id})"
                self.notes.error(at, what, "use one alias for it in a stream")
        self._loops(outputs)
        self._overlaps()

    def _loops(self, outputs: dict[str, str]) -> None:
        target = self.facts.clusters[self.stream.target.cluster]
        for n, source in enumerate(self.stream.sources):
            cluster = self.facts.clusters[source.cluster]
            if cluster.error or target.error or cluster.cluster_id != target.cluster_id:
                continue
            for topic in (t for t in outputs if naming.reads(source, t)):
                what = f"the stream would read its own {outputs[topic]} {topic}"
                hint = "read and write different topics"
                self.notes.error((*self.at, "sources", n, "topics"), what, hint)

    def _overlaps(self) -> None:
        """Two sources that read one topic of one cluster."""
        seen: dict[tuple[str, str], int] = {}
        for n, source in enumerate(self.stream.sources):
            cluster = self.facts.clusters[source.cluster]
            for topic in (t for t in cluster.topics if naming.reads(source, t)):
                first = seen.setdefault((cluster.cluster_id, topic), n)
                if first != n:
                    what = (
                        f"topic {topic} of {source.cluster} is read by source {first + 1} already"
                    )
                    at = (*self.at, "sources", n, "pattern" if source.pattern else "topics")
                    self.notes.error(at, what, "a topic feeds a stream once")
