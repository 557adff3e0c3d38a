"""What a verification looks at: fixed first, so that a running stream can be verified too.

The sources are read up to what the gateway has committed, and only then is the end of the target
fixed: whatever the gateway had committed must be there. It commits positions and output of one
checkpoint side by side, so what is open at the target by then is waited for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from confluent_kafka.admin import ConfigResource, ResourceType
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from federation.errors import ClusterError
from federation.kafka import clients, offsets
from federation.kafka.clients import Reached, attempt, reach, wait
from federation.mapping.times import broker_stamps

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from federation.kafka.offsets import Partition
    from federation.plan.model import ClusterPlan, SourcePlan, StreamPlan


@dataclass(frozen=True, slots=True)
class Part:
    """One source partition and the offsets of it that are looked at.

    Attributes:
        number: its place in :attr:`Scope.parts`; the ledger knows it by that.
        source: index of its source in the stream's plan.
        start: first offset; ``end``: the one behind the last.
        last: the partition's end when the scope was fixed.
        removed: records that the topic's retention has removed before ``start``.
        open: whether the first run began at the end then: ``start`` is found in the target.
    """

    number: int
    source: int
    cluster: str
    cluster_id: str
    topic: str
    partition: int
    start: int
    end: int
    last: int
    removed: int = 0
    open: bool = False
    compacted: bool = False


@dataclass(frozen=True, slots=True)
class Output:
    """The target or the dead-letter topic: begin and end per partition; none if it is not there."""

    topic: str
    ranges: tuple[tuple[int, int], ...] = ()
    compacted: bool = False
    own_time: bool = False  # the broker stamps records itself (LogAppendTime)


@dataclass(frozen=True, slots=True)
class Scope:
    """Everything that is read, with its limits."""

    parts: tuple[Part, ...]
    target: Output
    dead: Output
    notes: tuple[str, ...] = ()

    @property
    def records(self) -> int:
        """Offsets to read, all together: an upper bound of the records."""
        outputs = (*self.target.ranges, *self.dead.ranges)
        return sum(p.end - p.start for p in self.parts) + sum(end - begin for begin, end in outputs)


def group(federation: str, stream: str) -> str:
    """The consumer group under which the gateway shows its committed positions."""
    return f"federation.{federation}.{stream}"


def fix(federation: str, stream: StreamPlan, patience: float) -> Scope:
    """Ask the clusters for the limits of a verification.

    Args:
        federation: its name.
        stream: what is verified.
        patience: seconds to wait for transactions that are open at the target.

    Raises:
        ClusterError: a cluster does not answer, is another one than planned, or lacks the target.
    """
    reached: dict[str, Reached] = {}
    for cluster in (*(source.cluster for source in stream.sources), stream.target.cluster):
        if cluster.alias not in reached:
            reached[cluster.alias] = _reach(cluster)
    parts: list[Part] = []
    for index, source in enumerate(stream.sources):
        found = _parts(index, source, reached[source.cluster.alias], group(federation, stream.name))
        parts += [replace(part, number=len(parts) + n) for n, part in enumerate(found)]
    hub, alias = reached[stream.target.cluster.alias], stream.target.cluster.alias
    outputs = _partitions(hub, (stream.target.topic, stream.target.dead_letter), f"cluster {alias}")
    open_ends = _open_ends(hub, alias, [at for there in outputs for at in there], patience)
    target = _output(hub, alias, stream.target.topic, outputs[0])
    if not target.ranges:
        raise ClusterError(
            f"the target topic {stream.target.topic} does not exist", where=f"cluster {alias}",
            hint="run `federation start` first",
        )  # fmt: skip
    dead = _output(hub, alias, stream.target.dead_letter, outputs[1])
    return Scope(tuple(parts), target, dead, tuple(_notes(parts, target, dead, open_ends)))


def _reach(cluster: ClusterPlan) -> Reached:
    found = reach(cluster.alias, cluster.properties)
    if found.cluster_id != cluster.cluster_id:
        raise ClusterError(
            f"the cluster has the id {found.cluster_id}, planned was {cluster.cluster_id}",
            where=f"cluster {cluster.alias}", hint="check bootstrap.servers",
        )  # fmt: skip
    return found


def _parts(index: int, source: SourcePlan, reached: Reached, group_name: str) -> list[Part]:
    where = f"cluster {source.cluster.alias}"
    partitions = [(topic.name, p) for topic in source.topics for p in range(topic.partitions)]
    begins = offsets.begins(reached.admin, partitions, where)
    ends = offsets.ends(reached.admin, partitions, where)
    consumer = clients.consumer(source.cluster.alias, source.cluster.properties, group=group_name)
    try:
        committed = offsets.committed(consumer, partitions, where)
    finally:
        consumer.close()
    # A gateway that has committed anything has not read what it has not committed.
    default = begins if any(p in committed for p in partitions) else ends
    wanted = _starts(source, reached, partitions, begins, where)
    compacted = {topic.name: _compacted(reached, topic.name, where) for topic in source.topics}
    found = []
    for at in partitions:
        start = max(wanted[at], begins[at])
        is_open = source.start.kind == "latest"
        end = max(start, min(committed.get(at, default[at]), ends[at]))
        found.append(
            Part(
                0, index, source.cluster.alias, source.cluster.cluster_id, *at, start, end,
                last=max(end, ends[at]), removed=0 if is_open else start - wanted[at],
                open=is_open, compacted=compacted[at[0]],
            )
        )  # fmt: skip
    return found


def _starts(
    source: SourcePlan, reached: Reached, partitions: Sequence[Partition],
    begins: dict[Partition, int], where: str,
) -> dict[Partition, int]:  # fmt: skip
    """Where the first run began, as far as the plan tells; retention is not looked at yet."""
    start = source.start
    if start.kind == "timestamp" and start.timestamp is not None:
        return offsets.at(reached.admin, partitions, start.timestamp, where)
    if start.kind == "offsets" and start.offsets is not None:
        return {at: start.offsets.get(at[0], {}).get(at[1], 0) for at in partitions}
    return dict(begins) if start.kind == "latest" else dict.fromkeys(partitions, 0)


def _partitions(reached: Reached, topics: Sequence[str], where: str) -> list[list[Partition]]:
    """Of each topic; none of one that is not there."""
    told = attempt(lambda: reached.admin.list_topics(timeout=15), "topics cannot be listed", where)
    there = {name: found for name, found in told.topics.items() if found.error is None}
    return [
        [(name, p) for p in sorted(there[name].partitions)] if name in there else []
        for name in topics
    ]


def _open_ends(
    reached: Reached, alias: str, there: Sequence[Partition], patience: float
) -> dict[Partition, int]:
    """Wait for what is open; where it stays so: the offset from which on nothing is committed."""
    where = f"cluster {alias}"
    aims = offsets.written(reached.admin, there, where)

    def behind() -> dict[Partition, int]:
        ends = offsets.ends(reached.admin, there, where)
        return {at: end for at, end in ends.items() if end < aims[at]}

    waiting = Retrying(
        retry=retry_if_result(bool), stop=stop_after_delay(patience), wait=wait_fixed(0.2)
    )
    try:
        return waiting(behind)
    except RetryError as error:
        found: dict[Partition, int] = error.last_attempt.result()
        return found


def _output(reached: Reached, alias: str, topic: str, partitions: Sequence[Partition]) -> Output:
    if not partitions:
        return Output(topic)
    where = f"cluster {alias}"
    begins = offsets.begins(reached.admin, partitions, where)
    ends = offsets.ends(reached.admin, partitions, where)
    settings = _settings(reached, topic, where)
    return Output(
        topic, tuple((begins[at], ends[at]) for at in partitions),
        compacted="compact" in settings.get("cleanup.policy", ""),
        own_time=broker_stamps(settings),
    )  # fmt: skip


def _compacted(reached: Reached, topic: str, where: str) -> bool:
    return "compact" in _settings(reached, topic, where).get("cleanup.policy", "")


def _settings(reached: Reached, topic: str, where: str) -> dict[str, str]:
    """A topic's settings; empty where the user may not see them."""
    resource = ConfigResource(ResourceType.TOPIC, topic)
    (future,) = reached.admin.describe_configs([resource], request_timeout=15).values()
    try:
        found = wait(future, f"settings of {topic} cannot be read", where)
    except ClusterError:
        return {}
    return {name: entry.value or "" for name, entry in found.items()}


def _notes(
    parts: Sequence[Part], target: Output, dead: Output, open_ends: Mapping[Partition, int]
) -> list[str]:
    notes = [
        f"{p.cluster}/{p.topic}/{p.partition}: retention has removed everything before offset "
        f"{p.start:,}; that part cannot be verified any more"
        for p in parts
        if p.removed
    ]
    for output in (target, dead):
        notes += [
            f"{output.topic}/{p}: retention has removed everything before offset {begin:,}; "
            "what was there counts as lost"
            for p, (begin, _) in enumerate(output.ranges)
            if begin
        ]
    notes += [
        f"{p.cluster}/{p.topic}/{p.partition}: the stream began at the end of that time; it is "
        "verified from its first record in the target"
        for p in parts
        if p.open
    ]
    notes += [
        f"{topic}/{p}: a transaction is open at offset {end:,} and hides what follows; what counts "
        "as missing may be there (see federation transactions list)"
        for (topic, p), end in open_ends.items()
    ]
    if target.own_time:
        notes.append(f"{target.topic}: the broker sets timestamps itself; they are not compared")
    return notes
