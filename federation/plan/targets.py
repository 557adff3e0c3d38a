"""The target of a stream: its topics, subjects and transactions, there already or to be made."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from federation.mapping.times import TimeLimits, broker_stamps
from federation.plan import naming, uids
from federation.plan.facts import SubjectCheck
from federation.plan.model import TargetPlan, TargetSchema, TopicCreation
from federation.plan.spans import said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from federation.config.models import Stream
    from federation.kafka.facts import ClusterFacts, TopicFacts
    from federation.plan.facts import RegistryFacts
    from federation.plan.model import ClusterPlan
    from federation.plan.notes import ConfigPath, Notes

# What a record may grow by on its way: provenance, and what a dead letter says about itself.
HEADROOM = 64 * 1024  # bytes
# How far ahead of the broker a timestamp may lie, and how far behind: others are refused.
_AHEAD = "message.timestamp.after.max.ms"
_BEHIND = "message.timestamp.before.max.ms"
_BROKER_DEFAULT_AHEAD_MS = 60 * 60 * 1000
_EVER_MS = 10**15  # 30,000 years: what is larger is no limit
# How long a compacted target keeps what lies in its log uncleaned. What brokers have aborted is
# written again from there, so this bounds the outage that can be mended.
_LAG = "min.compaction.lag.ms"
_SHORTEST_LAG_MS = 24 * 60 * 60 * 1000
_BROKER_DEFAULT_TRANSACTION = timedelta(minutes=15)
# How long the target may be away with a commit outstanding. Longer would also let a gateway that
# never comes back hold up readers of the target for so long.
_LONGEST_TRANSACTION = timedelta(hours=1)


class TargetCompiler:
    """Compiles the target of one stream; what is wrong goes to the notes."""

    def __init__(
        self,
        notes: Notes,
        at: ConfigPath,
        stream: Stream,
        schemas: Sequence[TargetSchema],
        sources: Sequence[TopicFacts],
    ) -> None:
        self.notes = notes
        self.at = at  # the target's place in the file
        self.stream = stream
        self.target = stream.target
        self.schemas = schemas
        self.sources = sources

    def compile(
        self,
        names: tuple[str, str],
        cluster: ClusterPlan,
        facts: ClusterFacts,
        registry: RegistryFacts,
        checkpoint: timedelta,
    ) -> TargetPlan:
        """Decide everything about the target; ``names`` are the federation's and the stream's."""
        target, dead = self.target, naming.dead_letter(self.stream)
        existing = facts.topics.get(target.topic)
        if existing is not None:
            self._existing(existing)
            self._ahead(existing)
        for name in (target.topic, dead):
            if name in facts.topics:
                self._size(facts.topics[name])
                self._compaction(facts.topics[name])
        if facts.brokers and (target.replication or 0) > len(facts.brokers):
            what = f"replication {target.replication} needs as many brokers"
            hint = f"cluster {target.cluster} has {len(facts.brokers)}"
            self.notes.error((*self.at, "replication"), what, hint)
        creates = tuple(
            self._created(topic) for topic in (target.topic, dead) if topic not in facts.topics
        )
        self._may_create(creates)
        self._retention(existing, facts)
        schemas = self._schemas(names[1], registry)
        encoding = target.key.form
        return TargetPlan(
            uid=uids.SINK,
            cluster=cluster,
            topic=target.topic,
            partitions=existing.partitions if existing else self._partitions(),
            key_fields=target.key.fields,
            key_encoding=encoding,
            delivery=target.delivery,
            dead_letter=dead,
            value_subject=schemas[-2 if encoding == "avro" else -1].subject,
            key_subject=schemas[-1].subject if encoding == "avro" else None,
            creates=creates,
            schemas=schemas,
            transaction_timeout=self._transaction(facts, checkpoint),
            transactional_prefix=uids.transactional_prefix(*names),
            record_bytes=self._takes(target.topic, facts),
            dead_bytes=self._takes(dead, facts),
            times=self._times(target.topic, facts),
            dead_times=self._times(dead, facts),
        )

    def _partitions(self) -> int:
        return self.target.partitions or max((t.partitions for t in self.sources), default=1)

    def _largest(self) -> int:
        """The largest record batch that any source topic may hold, in bytes."""
        sizes = (int(t.config.get("max.message.bytes", 0)) for t in self.sources)
        return max(sizes, default=0) or 1_048_588  # Kafka's default

    def _takes(self, topic: str, facts: ClusterFacts) -> int:
        """The largest record an output takes, in bytes; of a hidden setting, what is needed."""
        there = facts.topics.get(topic)
        config = self._created(topic).config if there is None else there.config
        return int(config.get("max.message.bytes", 0)) or self._largest() + HEADROOM

    def _times(self, topic: str, facts: ClusterFacts) -> TimeLimits:
        """Which timestamps an output takes and keeps; what is hidden is no limit."""
        there = facts.topics.get(topic)
        if there is not None:
            config = there.config
        else:
            brokers = {
                name: facts.settings[f"log.{name}"]
                for name in (_AHEAD, _BEHIND)
                if f"log.{name}" in facts.settings
            }
            if facts.retention_ms is not None:
                brokers["retention.ms"] = str(facts.retention_ms)
            default = {_AHEAD: str(_BROKER_DEFAULT_AHEAD_MS)}
            config = default | brokers | dict(self._created(topic).config)
        if broker_stamps(config):
            return TimeLimits()
        names = [_BEHIND]
        if "delete" in config.get("cleanup.policy", "delete"):
            names.append("retention.ms")
        old = [one for name in names if (one := _limit(config, name)) is not None]
        return TimeLimits(min(old, default=None), _limit(config, _AHEAD))

    def _existing(self, topic: TopicFacts) -> None:
        """An existing target topic keeps its shape: say where that is not what was asked for."""
        target, at = self.target, self.at
        if target.partitions is not None and target.partitions != topic.partitions:
            self.notes.error(
                (*at, "partitions"),
                f"topic {topic.name} has {topic.partitions} partitions, not {target.partitions}",
                f"say partitions: {topic.partitions} or leave it out; more would move keys",
            )
        for name, value in target.config.items():
            if name in topic.config and topic.config[name] != value:
                what = f"topic {topic.name} exists with {name}={topic.config[name]}, not {value}"
                hint = "settings are for created topics: change the topic, or leave it out"
                self.notes.warning((*at, "config", name), what, hint)
        if broker_stamps(topic.config):
            what = f"topic {topic.name} replaces the records' timestamps by the time of writing"
            hint = "set its message.timestamp.type to CreateTime to keep them"
            self.notes.warning((*at, "topic"), what, hint)

    def _size(self, topic: TopicFacts) -> None:
        """An existing topic, of dead letters too, has to take the largest record of any source."""
        allowed = int(topic.config.get("max.message.bytes", 0))
        if allowed and allowed < self._largest():
            self.notes.warning(
                (*self.at, "topic"),
                f"topic {topic.name} takes records up to {allowed} bytes, sources hold up to "
                f"{self._largest()}",
                f"raise its max.message.bytes to {self._largest() + HEADROOM}: a record that "
                "does not fit becomes a dead letter"
                + (", which only names it" if topic.name != self.target.topic else ""),
            )

    def _created(self, name: str) -> TopicCreation:
        declared = dict(self.target.config) if name == self.target.topic else {}
        config = {"message.timestamp.type": "CreateTime"} | declared
        config.setdefault("max.message.bytes", str(self._largest() + HEADROOM))
        longest = self._longest_retention()
        if longest is not None:  # else what the sources still hold might be deleted at once
            config.setdefault("retention.ms", str(longest))
        if (ahead := self._furthest_ahead()) > _BROKER_DEFAULT_AHEAD_MS:
            config.setdefault(_AHEAD, str(ahead))
        if "compact" in config.get("cleanup.policy", ""):
            config.setdefault(_LAG, str(_SHORTEST_LAG_MS))
        return TopicCreation(name, self._partitions(), self.target.replication or -1, config)

    def _furthest_ahead(self) -> int:
        """How far in the future a source lets a record's timestamp lie, in ms."""
        return max((int(t.config.get(_AHEAD, 0)) for t in self.sources), default=0)

    def _ahead(self, topic: TopicFacts) -> None:
        """An existing target should take the timestamps that sources take."""
        allowed = topic.config.get(_AHEAD)
        if self.target.timestamps == "clamp" or broker_stamps(topic.config):
            return
        if allowed is not None and int(allowed) < self._furthest_ahead():
            self.notes.warning(
                (*self.at, "topic"),
                f"topic {topic.name} takes records dated up to {_said(int(allowed))} ahead, "
                f"a source up to {_said(self._furthest_ahead())}",
                f"raise its {_AHEAD}, or say timestamps: clamp: what it would refuse gets the time "
                "of writing",
            )

    def _compaction(self, topic: TopicFacts) -> None:
        """An existing compacted topic should not be cleaned before an outage is over."""
        lag = int(topic.config.get(_LAG, 0))
        if "compact" in topic.config.get("cleanup.policy", "") and lag < _SHORTEST_LAG_MS:
            self.notes.warning(
                (*self.at, "topic"),
                f"topic {topic.name} is compacted at once: what its brokers abort in a long outage "
                "may be cleaned away before it is written again",
                f"set its {_LAG} to your longest outage, at least {_said(_SHORTEST_LAG_MS)}",
            )

    def _longest_retention(self) -> int | None:
        """How long the sources keep records, in ms; -1 for ever, None where nobody told."""
        given = [int(t.config["retention.ms"]) for t in self.sources if "retention.ms" in t.config]
        return None if not given else -1 if min(given) < 0 else max(given)

    def _may_create(self, creates: tuple[TopicCreation, ...]) -> None:
        if self.target.create:
            return
        for topic in creates:
            what = f"cluster {self.target.cluster} has no topic {topic.name}, and create is false"
            self.notes.error((*self.at, "create"), what, "create it, or allow create: true")

    def _retention(self, existing: TopicFacts | None, facts: ClusterFacts) -> None:
        """Records older than the target's retention are deleted as soon as they are written."""
        declared: Mapping[str, str] = existing.config if existing else self.target.config
        if "delete" not in declared.get("cleanup.policy", "delete"):
            return
        longest, value = self._longest_retention(), declared.get("retention.ms")
        if longest is None or (value is None and existing is None):
            return
        if self.target.timestamps == "clamp" or broker_stamps(declared):
            return
        kept = int(value) if value is not None else facts.retention_ms
        if kept is not None and kept >= 0 and not 0 <= longest <= kept:
            span = "for ever" if longest < 0 else f"for {_said(longest)}"
            self.notes.error(
                (*self.at, "config" if existing is None else "topic"),
                f"topic {self.target.topic} keeps records for {_said(kept)}, a source {span}: "
                "older records would be deleted as soon as they are written",
                "give the target at least the sources' retention.ms (-1: for ever), or say "
                "timestamps: clamp, and they get the time of writing",
            )

    def _schemas(self, stream: str, registry: RegistryFacts) -> tuple[TargetSchema, ...]:
        """What is or gets registered; what the registry would refuse is an error."""
        out = []
        for one in self.schemas:
            check = registry.checks.get((stream, one.subject), SubjectCheck(None))
            if check.conflicts:
                level = f" ({check.level})" if check.level else ""
                what = f"the registry of {self.target.cluster} refuses the schema for "
                what += f"{one.subject}{level}: {'; '.join(check.conflicts)}"
                hint = "change the contract compatibly, or the subject's compatibility level"
                self.notes.error((*self.at, "topic"), what, hint)
            out.append(replace(one, schema_id=check.schema_id, version=check.version))
        return tuple(out)

    def _transaction(self, facts: ClusterFacts, checkpoint: timedelta) -> timedelta:
        """How long a transaction may stay open: as long as an outage that loses nothing."""
        told = facts.transaction_max_timeout_ms
        most = timedelta(milliseconds=told) if told else _BROKER_DEFAULT_TRANSACTION
        if self.target.delivery == "exactly-once" and most < 2 * checkpoint:
            self.notes.error(
                (*self.at, "delivery"),
                f"the brokers of {self.target.cluster} end transactions after {said(most)}, "
                f"before a checkpoint every {said(checkpoint)} can commit them",
                "raise transaction.max.timeout.ms there, or shorten run.checkpoint",
            )
        return min(most, max(2 * checkpoint + timedelta(minutes=5), _LONGEST_TRANSACTION))


def _limit(config: Mapping[str, str], name: str) -> int | None:
    value = int(config.get(name, -1))
    return value if 0 <= value < _EVER_MS else None


def _said(milliseconds: int) -> str:
    return said(timedelta(milliseconds=milliseconds))
