"""Names that follow from a configuration: topics, subjects, keys. One place, so that all agree."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from federation.mapping.keys import key_schema
from federation.plan.model import TargetSchema
from federation.schemas.parts import refer

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from federation.config.models import Stream, Target
    from federation.config.sources import Source
    from federation.schemas.avro import Schema
    from federation.schemas.parts import Part

_RECORD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")


def dead_letter(stream: Stream) -> str:
    """The topic of a stream's dead letters."""
    return stream.errors.dead_letter or f"{stream.target.topic}.dead"


def source(read: Source) -> str:
    """A source for people: ``cluster/topics``."""
    return f"{read.cluster}/{read.pattern or ','.join(read.topics)}"


def reads(source: Source, topic: str) -> bool:
    """Whether a source reads a topic."""
    if source.pattern is None:
        return topic in source.topics
    return matches(source.pattern, topic)


def matches(pattern: str, topic: str) -> bool:
    """Whether a source's pattern takes a topic; never one of Kafka's internal ones."""
    return not topic.startswith("__") and re.fullmatch(pattern, topic) is not None


def value_subjects(source: Source, topic: str, subjects: Collection[str]) -> tuple[str, ...]:
    """Which of a registry's subjects may describe the values of a source's topic.

    Args:
        source: says by which strategy its producers name subjects.
        topic: one of its topics.
        subjects: names that its registry has.
    """
    if isinstance(source.subjects, tuple):
        return tuple(one for one in source.subjects if one in subjects)
    if source.subjects == "record":
        return tuple(sorted(one for one in subjects if _RECORD_NAME.fullmatch(one)))
    found = []
    for subject in subjects:
        prefix, _, rest = subject.rpartition("-")
        if prefix == topic and rest != "key" and _RECORD_NAME.fullmatch(rest):
            found.append(subject)
    if source.subjects == "topic-record":
        return tuple(sorted(one for one in found if one != f"{topic}-value"))
    if not found and topic in subjects:  # as producers with Glue name it
        return (topic,)
    return tuple(sorted(found, key=lambda s: (s != f"{topic}-value", s)))


def key_subject(topic: str) -> str:
    """The subject of a source topic's keys: producers name it so unless they are told otherwise."""
    return f"{topic}-key"


def target_subject(target: Target, schema: Schema, side: Literal["value", "key"]) -> str:
    """The subject under which a target's values or keys are registered."""
    return {
        "topic": f"{target.topic}-{side}",
        "record": schema.name,
        "topic-record": f"{target.topic}-{schema.name}",
    }[target.subjects]


def target_schemas(
    stream: Stream, contract: Schema, references: Sequence[Part]
) -> tuple[TargetSchema, ...]:
    """What a stream registers at its target, each schema after those that it refers to."""
    out = [TargetSchema(part.name, part.json, part.schema.json, part.uses) for part in references]
    value = refer(contract, references)
    subject = target_subject(stream.target, contract, "value")
    out.append(TargetSchema(subject, value.json, contract.json, value.uses))
    if stream.target.key.form == "avro":
        key = key_schema(contract, stream.target.key.fields)
        subject = target_subject(stream.target, key, "key")
        out.append(TargetSchema(subject, key.json, key.json))
    return tuple(out)
