"""Ask every cluster and registry of a configuration at once; what fails is a fact, too."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from federation.errors import FederationError
from federation.kafka.facts import ClusterFacts, ask
from federation.plan import naming
from federation.plan.facts import Facts, RegistryFacts, SubjectCheck
from federation.plan.registries import access, client
from federation.schemas.registry import NotAvro

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from federation.config.load import Loaded
    from federation.config.models import Source, Stream
    from federation.schemas.avro import Schema
    from federation.schemas.registry import Registry


def gather(
    loaded: Loaded, *, timeout: float = 10.0, progress: Callable[[str], None] | None = None
) -> Facts:
    """Ask all clusters and registries that streams use, each in its own thread.

    Args:
        loaded: the configuration.
        timeout: seconds to reach a cluster.
        progress: called with an alias when all of it is known.

    Returns:
        Facts: an unreachable cluster or registry has its ``error`` and hides nothing of others.
    """
    clusters: dict[str, ClusterFacts] = {}
    registries: dict[str, RegistryFacts] = {}
    aliases = sorted({alias for s in loaded.config.streams.values() for alias in _aliases(s)})
    with ThreadPoolExecutor(max_workers=min(32, len(aliases))) as threads:
        for facts, registry in threads.map(lambda alias: _one(loaded, alias, timeout), aliases):
            clusters[facts.alias] = facts
            registries[facts.alias] = registry
            if progress:
                progress(facts.alias)
    return Facts(clusters, registries)


def _aliases(stream: Stream) -> Iterator[str]:
    yield from (source.cluster for source in stream.sources)
    yield stream.target.cluster


def _one(loaded: Loaded, alias: str, timeout: float) -> tuple[ClusterFacts, RegistryFacts]:
    """A cluster and its registry at once; each has its own time to answer."""
    streams = loaded.config.streams.values()
    sources = [source for s in streams for source in s.sources if source.cluster == alias]
    targets = {
        topic
        for s in streams
        if s.target.cluster == alias
        for topic in (s.target.topic, naming.dead_letter(s))
    }
    with ThreadPoolExecutor(max_workers=1) as beside:
        asked = beside.submit(
            ask,
            alias,
            loaded.config.clusters[alias].properties,
            lambda topic: topic in targets or any(naming.reads(s, topic) for s in sources),
            timeout,
        )
        try:
            facts = _registry(loaded, alias, lambda: _topics(sources, asked.result()), timeout)
        except FederationError as error:
            facts = RegistryFacts(alias, error=error.findings[0])
        return asked.result(), facts


def _topics(sources: list[Source], cluster: ClusterFacts) -> set[str]:
    """The source topics of a cluster; without the cluster, at least those given by name."""
    named = {topic for source in sources for topic in source.topics}
    return named | {t for t in cluster.topics if any(naming.reads(s, t) for s in sources)}


def _registry(
    loaded: Loaded, alias: str, read: Callable[[], set[str]], timeout: float
) -> RegistryFacts:
    """What a registry has; ``read`` waits for the names of the cluster's source topics."""
    declared = loaded.config.clusters[alias].registry
    if declared is None:
        return RegistryFacts(alias)
    with client(access(declared), deadline=timeout) as registry:
        known = registry.subjects()
        topics = read()
        wanted = {s for topic in topics for s in naming.value_subjects(topic, known)}
        wanted |= {f"{topic}-key" for topic in topics} & set(known)
        checks = {}
        for name, stream in loaded.config.streams.items():
            if stream.target.cluster == alias:
                for subject, schema in naming.target_schemas(
                    stream, loaded.contracts[name]
                ).items():
                    checks[subject] = _check(registry, subject, schema, known=subject in known)
        subjects, unreadable = {}, {}
        for subject in sorted(wanted):
            try:
                subjects[subject] = tuple(registry.versions(subject))
            except NotAvro as error:
                unreadable[subject] = error.findings[0]
        return RegistryFacts(alias, subjects, checks, unreadable)


def _check(registry: Registry, subject: str, schema: Schema, *, known: bool) -> SubjectCheck:
    found = registry.lookup(subject, schema.json) if known else None
    if found is not None or not known:
        return SubjectCheck(found)
    fits, reasons = registry.check(subject, schema.json)
    return SubjectCheck(None, () if fits else reasons or ("it is not compatible",))
