"""What has to be there before a stream starts: topics and subjects at the target. Idempotent."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import NewTopic

from federation.errors import ClusterError
from federation.kafka.clients import Reached, attempt, reach
from federation.schemas.registry import Referred, connect_target

if TYPE_CHECKING:
    from concurrent.futures import Future

    from federation.plan.model import Plan, StreamPlan, TargetPlan, TargetSchema, TopicCreation

_TIMEOUT = 30.0  # seconds until a created topic has to be usable


@dataclass(frozen=True, slots=True)
class PreparedStream:
    """What is registered in the target's registry.

    Attributes:
        value_schema_id: the contract's id.
        key_schema_id: the key schema's; None for a string key.
        schemas: all of it, with ids and versions.
    """

    value_schema_id: int
    key_schema_id: int | None
    schemas: tuple[TargetSchema, ...] = ()


def prepare(plan: Plan) -> dict[str, PreparedStream]:
    """Create missing topics, register the schemas that are written.

    Doing it again changes nothing: a topic that is there stays as it is, and a registered schema
    keeps its id.

    Returns:
        dict: by stream name.

    Raises:
        ClusterError: a cluster or registry did not do as it was asked.
    """
    return {stream.name: _prepare(stream) for stream in plan.streams}


def _prepare(stream: StreamPlan) -> PreparedStream:
    target = stream.target
    if target.creates:
        cluster = target.cluster
        reached = reach(cluster.alias, cluster.properties)
        for topic in target.creates:
            _create(reached, target, topic)
        for topic in target.creates:
            _await(reached, target, topic)
    return _register(stream)


def _create(reached: Reached, target: TargetPlan, topic: TopicCreation) -> None:
    new = NewTopic(topic.name, topic.partitions, topic.replication, config=dict(topic.config))
    (future,) = reached.admin.create_topics([new], request_timeout=_TIMEOUT).values()
    attempt(lambda: _created(future), f"topic {topic.name} cannot be created", _where(target))


def _created(future: Future[None]) -> None:
    try:
        future.result(_TIMEOUT)
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise


def _await(reached: Reached, target: TargetPlan, topic: TopicCreation) -> None:
    """Wait until every partition of a created topic has a leader."""
    ends = time.monotonic() + _TIMEOUT
    while time.monotonic() < ends:
        metadata = attempt(
            lambda: reached.admin.list_topics(topic.name, timeout=_TIMEOUT),
            f"topic {topic.name} cannot be described",
            _where(target),
        )
        partitions = metadata.topics[topic.name].partitions.values()
        if partitions and all(p.leader >= 0 for p in partitions):
            return
        reached.admin.poll(0.1)
    raise ClusterError(
        f"created topic {topic.name} has no leader after {_TIMEOUT:g} s",
        where=_where(target),
        hint="look at the brokers of the cluster",
    )


def _register(stream: StreamPlan) -> PreparedStream:
    """Register what is not; a registry that has it all is not asked."""
    target = stream.target
    done = {one.subject: one for one in target.schemas if one.schema_id is not None}
    if target.registers:
        if target.cluster.registry is None:
            raise ClusterError("the target has no schema registry", where=_where(target))
        with connect_target(target.cluster.registry) as registry:
            for one in target.schemas:
                if one.subject not in done:
                    uses = [Referred(name, name, done[name].version or 0) for name in one.uses]
                    number = registry.register(one.subject, one.json, uses)
                    found = registry.lookup(one.subject, one.json, uses)
                    done[one.subject] = replace(
                        one, schema_id=number, version=found[1] if found else None
                    )
    ids = {subject: one.schema_id or 0 for subject, one in done.items()}
    key = target.key_subject
    return PreparedStream(
        ids[target.value_subject],
        None if key is None else ids[key],
        tuple(done[one.subject] for one in target.schemas),
    )


def _where(target: TargetPlan) -> str:
    return f"cluster {target.cluster.alias}"
