"""Names that follow from a configuration: topics, subjects, keys. One place, so that all agree."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from federation.mapping.keys import key_schema

if TYPE_CHECKING:
    from collections.abc import Iterable

    from federation.config.models import Source, Stream
    from federation.schemas.avro import Schema

_RECORD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")


def dead_letter(stream: Stream) -> str:
    """The topic of a stream's dead letters."""
    return stream.errors.dead_letter or f"{stream.target.topic}.dead"


def source(read: Source) -> str:
    """A source for people: ``cluster/topics``."""
    return f"{read.cluster}/{read.pattern or ','.join(read.topics)}"


def key_encoding(stream: Stream) -> str:
    """``string`` or ``avro``."""
    key = stream.target.key
    return key.encoding or ("string" if len(key.fields) == 1 else "avro")


def reads(source: Source, topic: str) -> bool:
    """Whether a source reads a topic; a pattern never takes Kafka's internal topics."""
    if source.pattern is None:
        return topic in source.topics
    return not topic.startswith("__") and re.fullmatch(source.pattern, topic) is not None


def value_subjects(topic: str, subjects: Iterable[str]) -> tuple[str, ...]:
    """The subjects that may describe a topic's values.

    ``<topic>-value`` (topic name strategy), then ``<topic>-<record name>`` (topic record name).
    """
    found = []
    for subject in subjects:
        prefix, _, rest = subject.rpartition("-")
        if prefix == topic and rest != "key" and _RECORD_NAME.fullmatch(rest):
            found.append(subject)
    return tuple(sorted(found, key=lambda s: (s != f"{topic}-value", s)))


def target_schemas(stream: Stream, contract: Schema) -> dict[str, Schema]:
    """Subject to schema of what a stream writes to its target."""
    schemas = {f"{stream.target.topic}-value": contract}
    if key_encoding(stream) == "avro":
        schemas[f"{stream.target.topic}-key"] = key_schema(contract, stream.target.key.fields)
    return schemas
