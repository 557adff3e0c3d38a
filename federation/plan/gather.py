"""Ask every cluster and registry of a configuration at once; what fails is a fact, too."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from federation.config.paths import state_folder
from federation.errors import FederationError
from federation.kafka.facts import ClusterFacts, ask
from federation.plan import naming
from federation.plan.facts import Facts, RegistryFacts, SubjectCheck
from federation.plan.registries import access
from federation.schemas.registry import ConfluentRegistry, NotAvro, Referred, connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from federation.config.load import Loaded
    from federation.config.models import Stream
    from federation.config.sources import Source
    from federation.plan.model import TargetSchema


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
    runs = state_folder(loaded) / "streams"
    begun = frozenset(n for n in loaded.config.streams if any((runs / n).glob("run-[0-9]*")))
    return Facts(clusters, registries, begun)


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
    with connect(access(declared), deadline=timeout) as registry:
        known = registry.subjects()
        topics = read()
        wanted = {naming.key_subject(topic) for topic in topics} & set(known)
        for source in (s for one in loaded.config.streams.values() for s in one.sources):
            if source.cluster == alias:
                for topic in (t for t in topics if naming.reads(source, t)):
                    wanted |= set(naming.value_subjects(source, topic, known))
        checks = {
            (name, subject): check
            for name, stream in loaded.config.streams.items()
            if stream.target.cluster == alias and isinstance(registry, ConfluentRegistry)
            for subject, check in _checks(
                registry,
                naming.target_schemas(
                    stream, loaded.contracts[name], loaded.references.get(name, ())
                ),
                set(known),
            )
        }
        subjects, unreadable = {}, {}
        for subject in sorted(wanted):
            try:
                subjects[subject] = tuple(registry.versions(subject))
            except NotAvro as error:
                unreadable[subject] = error.findings[0]
        return RegistryFacts(alias, subjects, checks, unreadable, tuple(known))


def _checks(
    registry: ConfluentRegistry, schemas: Sequence[TargetSchema], known: set[str]
) -> Iterator[tuple[str, SubjectCheck]]:
    """What the registry says of the schemas of one stream, each after what it refers to."""
    versions: dict[str, int | None] = {}
    for one in schemas:
        uses = [Referred(name, name, v) for name in one.uses if (v := versions[name]) is not None]
        check = SubjectCheck(None)
        if one.subject in known:
            whole = len(uses) == len(one.uses)  # else it cannot be there
            found = registry.lookup(one.subject, one.json, uses) if whole else None
            check = SubjectCheck(*found) if found else _compatible(registry, one)
        versions[one.subject] = check.version
        yield one.subject, check


def _compatible(registry: ConfluentRegistry, one: TargetSchema) -> SubjectCheck:
    """Whether a new version would be taken; asked whole, for what it refers to may be new, too."""
    fits, reasons = registry.check(one.subject, one.whole)
    if fits:
        return SubjectCheck(None)
    level = registry.compatibility(one.subject)
    return SubjectCheck(None, None, reasons or ("it is not compatible",), level)
