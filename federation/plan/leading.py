"""What a follower finds at the primary target: what is there, and what its leader is to make."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from federation.kafka.facts import TopicFacts
from federation.plan import naming
from federation.schemas.avro import parse
from federation.schemas.registry import RegisteredVersion

if TYPE_CHECKING:
    from federation.plan.facts import Facts
    from federation.plan.model import StreamPlan, TargetPlan

_NEW = "new"  # in place of an id: it is registered at the start


def led(facts: Facts, leader: StreamPlan) -> Facts:
    """The facts as they are once the leader has made its target ready."""
    target = leader.target
    alias = target.cluster.alias
    cluster, registry = facts.clusters[alias], facts.registries[alias]
    made = {
        one.name: TopicFacts(one.name, one.partitions, config=one.config) for one in target.creates
    }
    there = cluster.topics.get(target.topic)
    if there is not None:  # that it is empty as yet is no news
        made[target.topic] = replace(there, records=None)
    subjects = dict(registry.subjects)
    for subject, version in _written(target):
        known = subjects.get(subject, ())
        if version.schema.fingerprint not in {one.schema.fingerprint for one in known}:
            subjects[subject] = (*known, replace(version, version=len(known) + 1))
    return replace(
        facts,
        clusters={**facts.clusters, alias: replace(cluster, topics={**cluster.topics, **made})},
        registries={**facts.registries, alias: replace(registry, subjects=subjects)},
    )


def _written(target: TargetPlan) -> list[tuple[str, RegisteredVersion]]:
    """The schemas of values and keys, by the subject under which a source looks for them."""
    sought = {target.value_subject: target.value_subject}
    if target.key_subject is not None:
        sought[target.key_subject] = naming.key_subject(target.topic)
    return [
        (
            sought[one.subject],
            RegisteredVersion(one.subject, 0, one.schema_id or _NEW, parse(one.whole)),
        )
        for one in target.schemas
        if one.subject in sought
    ]
