"""What a cluster says about itself, as plain values: asked once, then decided upon without it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from confluent_kafka import TopicCollection
from confluent_kafka.admin import ConfigResource

from federation.errors import ClusterError, Finding
from federation.kafka import offsets
from federation.kafka.clients import Reached, attempt, reach, wait

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_TIMEOUT = 15.0  # seconds for each question to a cluster that answers


@dataclass(frozen=True, slots=True)
class TopicFacts:
    """A topic as it stands.

    Attributes:
        name: the topic's name.
        partitions: how many.
        topic_id: Kafka's own identity; empty where it was not asked for.
        records: offsets between the first and the last committed record; None if not asked for.
        config: the topic's effective settings, defaults included; empty where not asked for.
    """

    name: str
    partitions: int
    topic_id: str = ""
    records: int | None = None
    config: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """A cluster as it stands; with ``error`` nothing else is known.

    Attributes:
        alias: its name in the configuration.
        cluster_id: its own identity.
        brokers: ids of the live brokers.
        settings: the settings of one broker; empty if they may not be read.
        topics: every topic by name; those asked for with details.
        error: why the cluster could not be asked.
        stale: why it could not, where this is what was remembered of it.
    """

    alias: str
    cluster_id: str = ""
    brokers: tuple[int, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    topics: Mapping[str, TopicFacts] = field(default_factory=dict)
    error: Finding | None = None
    stale: Finding | None = None

    @property
    def transaction_max_timeout_ms(self) -> int | None:
        """The longest transaction that the brokers permit; None if they do not tell."""
        value = self.settings.get("transaction.max.timeout.ms")
        return int(value) if value else None

    @property
    def retention_ms(self) -> int | None:
        """How long a new topic keeps its records; -1 for ever; None if the brokers do not tell."""
        units = (("ms", 1), ("minutes", 60_000), ("hours", 3_600_000))
        for unit, factor in units:
            if value := self.settings.get(f"log.retention.{unit}"):
                return max(int(value) * factor, -1)
        return None


def ask(
    alias: str,
    properties: Mapping[str, object],
    wanted: Callable[[str], bool],
    timeout: float = 10.0,
) -> ClusterFacts:
    """Ask a cluster; never raises for what the cluster does.

    Args:
        alias: its name in the configuration.
        properties: Java client properties.
        wanted: whether details of a topic are needed.
        timeout: seconds to reach the cluster.
    """
    try:
        reached = reach(alias, properties, timeout)
        return _ask(alias, reached, wanted)
    except ClusterError as error:
        return ClusterFacts(alias, error=error.findings[0])


def _ask(alias: str, reached: Reached, wanted: Callable[[str], bool]) -> ClusterFacts:
    where, admin = f"cluster {alias}", reached.admin
    metadata = attempt(
        lambda: admin.list_topics(timeout=_TIMEOUT), "topics cannot be listed", where
    )
    topics = {
        name: TopicFacts(name, len(topic.partitions))
        for name, topic in sorted(metadata.topics.items())
    }
    names = [name for name in topics if wanted(name)]
    details = _details(reached, {name: topics[name] for name in names}, where) if names else {}
    facts = ClusterFacts(alias, reached.cluster_id, reached.brokers, topics={**topics, **details})
    try:
        settings = _settings(reached, [ConfigResource("broker", str(reached.brokers[0]))], where)
    except ClusterError:  # a service that hides its brokers still serves its topics
        return facts
    return replace(facts, settings=next(iter(settings.values())))


def _details(
    reached: Reached, topics: Mapping[str, TopicFacts], where: str
) -> dict[str, TopicFacts]:
    described = reached.admin.describe_topics(
        TopicCollection(list(topics)), request_timeout=_TIMEOUT
    )
    partitions = [(t.name, p) for t in topics.values() for p in range(t.partitions)]
    first = offsets.begins(reached.admin, partitions, where)
    last = offsets.ends(reached.admin, partitions, where)
    settings = _settings(reached, [ConfigResource("topic", name) for name in topics], where)
    return {
        name: replace(
            topic,
            topic_id=str(
                wait(described[name], f"topic {name} cannot be described", where).topic_id
            ),
            records=sum(last[name, p] - first[name, p] for p in range(topic.partitions)),
            config=settings[name],
        )
        for name, topic in topics.items()
    }


def _java(topic_id: object) -> str:
    """A topic's id as Kafka's own tools print it: base64 for URLs."""
    return str(topic_id).translate(str.maketrans("+/", "-_"))


def _settings(
    reached: Reached, resources: list[ConfigResource], where: str
) -> dict[str, dict[str, str]]:
    """Settings of topics or brokers by name; those without a value are left out."""
    answers = reached.admin.describe_configs(resources, request_timeout=_TIMEOUT)
    return {
        resource.name: {
            name: entry.value
            for name, entry in wait(
                future, f"settings of {resource.name} cannot be read", where
            ).items()
            if entry.value is not None
        }
        for resource, future in answers.items()
    }
