"""The part of a configuration that says what is read, and how it is understood."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema, model_validator

from federation.config.values import Instant, LocalPath, Model, Name, Topic
from federation.mapping.rules import Rule


class StartTimestamp(Model):
    """Begin with the first record at or after this instant."""

    timestamp: Instant = Field(description="ISO 8601 with an offset.")


class StartOffsets(Model):
    """Begin at these offsets; partitions that are not named begin at their earliest record."""

    offsets: dict[Topic, dict[int, Annotated[int, Field(ge=0)]]] = Field(
        description="Topic to partition to offset."
    )


def _start_kind(value: object) -> str | None:
    """Which of the forms of ``start`` is meant, so that a mistake is explained for that one."""
    if isinstance(value, (StartTimestamp, StartOffsets)):
        return type(value).__name__
    if value in ("earliest", "latest"):
        return "word"
    if isinstance(value, dict) and ("timestamp" in value) != ("offsets" in value):
        return "StartTimestamp" if "timestamp" in value else "StartOffsets"
    return None


Start = Annotated[
    Annotated[Literal["earliest", "latest"], Tag("word")]
    | Annotated[StartTimestamp, Tag("StartTimestamp")]
    | Annotated[StartOffsets, Tag("StartOffsets")],
    Discriminator(
        _start_kind,
        custom_error_type="start",
        custom_error_message="must be earliest, latest, {timestamp: …} or {offsets: …}",
    ),
]


def _subjects_kind(value: Any) -> str | None:
    if isinstance(value, str):
        return "word" if value in get_args(Strategy) else None
    return "list" if isinstance(value, list | tuple) else None


Strategy = Literal["topic", "record", "topic-record"]
Subjects = Annotated[
    Annotated[Strategy, Tag("word")] | Annotated[tuple[str, ...], Tag("list")],
    Discriminator(
        _subjects_kind,
        custom_error_type="subjects",
        custom_error_message="must be topic, record, topic-record or a list of subjects",
    ),
]


def _files(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


FramingType = Literal[
    "auto", "confluent", "confluent-header", "apicurio-global", "apicurio-content",
    "apicurio-header", "glue", "single-object", "avro", "json",
]  # fmt: skip
KeyFramingType = Literal[FramingType, "string", "int", "long"]
Schemas = Annotated[
    tuple[LocalPath, ...],
    BeforeValidator(_files),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
    Field(
        alias="schema",
        description="Writer schemas (.avsc, relative to this file), one or a list: for `avro` and "
        "`json` the one that all records have, for `single-object` and `auto` those that they may "
        "have besides registered ones; JSON under `auto` has the first.",
    ),
]


class Framing(Model):
    """How values say which schema wrote them; a bare word is short for `{type: …}`.

    [Framings](framing.md) says what each type is.
    """

    type: FramingType = Field(description="The form; `auto` tells them apart record by record.")
    schemas: Schemas = ()


class KeyFraming(Model):
    """How keys say which schema wrote them.

    Keys are read for delete markers only: other target keys are made from values.
    """

    type: KeyFramingType = Field(
        description="As for values; or what Kafka's String-, Integer- and LongSerializer write."
    )
    schemas: Schemas = ()


def _framing(value: Any) -> Any:
    return {"type": value} if isinstance(value, str) else value


class Source(Model):
    """Topics of one cluster that feed the stream."""

    cluster: Name = Field(description="Alias of a declared cluster.")
    topics: tuple[Topic, ...] = Field((), description="Topics by name.")
    pattern: str | None = Field(
        None, description="Topics by regular expression (the whole name must match)."
    )
    start: Start = Field(
        "earliest", description="Where the first run begins; later runs go on from their state."
    )
    framing: Annotated[Framing, BeforeValidator(_framing)] = Field(
        Framing(type="auto"),
        description="How values name their schema: a word, or `{type, schema}`; default `auto`.",
    )
    key_framing: Annotated[KeyFraming, BeforeValidator(_framing)] = Field(
        KeyFraming(type="auto"),
        description="The same of the keys of delete markers; default `auto`.",
    )
    where: str | None = Field(
        None,
        description="CEL over the source's own names; records for which it is false are filtered.",
    )
    key: dict[str, Rule] = Field(
        default_factory=dict,
        description="For delete markers: target key field from a path in the record's key "
        "(`.` for a bare key).",
    )
    fields: dict[str, Rule] = Field(
        default_factory=dict,
        description="Contract field from a source path; unnamed fields go by name.",
    )
    subjects: Subjects = Field(
        "topic",
        description="Where the registry has the schemas of the topics' values, for `plan` to "
        "check: `topic` (`<topic>-value` and `<topic>-<record>`; where there is neither, "
        "`<topic>`), `topic-record` (`<topic>-<record>`), `record` (any record that can meet the "
        "contract), or a list of subjects.",
    )

    @model_validator(mode="after")
    def _topics(self) -> Source:
        if bool(self.topics) == (self.pattern is not None):
            message = "a source names its topics or gives a pattern, one of the two"
            raise ValueError(message)
        if self.pattern is not None:
            try:
                re.compile(self.pattern)
            except re.error as error:
                message = f"pattern is not a regular expression: {error}"
                raise ValueError(message) from error
        return self
