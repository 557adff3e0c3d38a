"""The configuration as frozen values: what the YAML may say, and nothing about how it runs.

Every class is one mapping of the file. Descriptions become the reference page and the JSON Schema
for editors, so they are written for the person who edits the file.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    SecretStr,
    Tag,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticKnownError

from federation.mapping.rules import Rule

_DURATION = re.compile(r"(\d+)(ms|s|m|h|d)")
_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _duration(value: object) -> object:
    """Read ``500ms``, ``5s``, ``10m``, ``24h`` or ``7d``."""
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if not match:
        message = "a duration is a whole number with a unit: 500ms, 5s, 10m, 24h, 7d"
        raise ValueError(message)
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _instant(value: object) -> object:
    """Read an instant; a number or a text without an offset would be a guess."""
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        instant = None
    if not isinstance(instant, datetime) or instant.tzinfo is None:
        message = "an instant is ISO 8601 with an offset: 2026-01-31T08:00:00Z"
        raise ValueError(message)
    return instant


def _count(value: object) -> object:
    """Python takes true for 1; a person who writes it means something else."""
    if isinstance(value, bool):
        raise PydanticKnownError("int_type")
    return value


def _property(value: object) -> object:
    """Kafka's own form of a client property: text, as it was written."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return str(getattr(value, "text", value))
    return value


def _beside(path: Path, info: ValidationInfo) -> Path:
    """Relative paths begin at the configuration's folder, which the loader gives as context."""
    folder: Path | None = (info.context or {}).get("folder")
    return path if folder is None else folder / path


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(ms|s|m|h|d)$", "examples": ["5s", "24h"]}),
]
Instant = Annotated[
    datetime,
    BeforeValidator(_instant),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-01-31T08:00:00Z"]}),
]
Property = Annotated[
    str,
    BeforeValidator(_property),
    WithJsonSchema({"type": ["string", "number", "boolean"]}),
]
Count = Annotated[int, Field(ge=1), BeforeValidator(_count)]
LocalPath = Annotated[Path, AfterValidator(_beside)]
NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$"
TOPIC = r"^[A-Za-z0-9._-]{1,249}$"
PLACE = r"^[^/]+/[^/]+$"
URL = r"^https?://\S+$"
_REST_ONLY = ("username", "password", "token", "oauth", "headers", "ca", "certificate", "key")
_GLUE_ONLY = ("region", "name")
Name = Annotated[str, Field(pattern=NAME)]
Topic = Annotated[str, Field(pattern=TOPIC)]


class Model(BaseModel):
    """Unknown keys are mistakes; values never change after loading."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class OAuth(Model):
    """A bearer token by OAuth 2.0's client credentials grant, renewed in time."""

    url: str = Field(
        pattern=URL,
        description="The token endpoint.",
        examples=["https://login.example/realms/kafka/protocol/openid-connect/token"],
    )
    client_id: str = Field(description="Who asks.")
    client_secret: SecretStr = Field(description="Its secret.")
    scope: str = Field("", description="What is asked for; several words by blanks.")


class Registry(Model):
    """A schema registry: one that speaks Confluent's REST API, Apicurio, or AWS Glue."""

    type: Literal["confluent", "apicurio", "glue"] = Field(
        "confluent",
        description="Whose API it speaks. `confluent` is spoken by Confluent, Karapace, Redpanda "
        "and, below `/apis/ccompat/v7`, Apicurio; `apicurio` adds Apicurio's own global and "
        "content ids; `glue` is for sources only.",
    )
    url: str | None = Field(
        None,
        pattern=URL,
        description="Base URL, with its path if it has one. Of Apicurio: the server's address, or "
        "that of one of its APIs. Of Glue: another endpoint than the region's own.",
        examples=["http://127.0.0.1:8081", "http://127.0.0.1:8080/apis/ccompat/v7"],
    )
    region: str | None = Field(None, description="AWS region of Glue.", examples=["eu-central-1"])
    name: str | None = Field(
        None, description="The registry's name in Glue; default: `default-registry`."
    )
    username: str | None = Field(None, description="User name for basic authentication.")
    password: SecretStr | None = Field(None, description="Password for basic authentication.")
    token: SecretStr | None = Field(None, description="Bearer token.")
    oauth: OAuth | None = Field(None, description="Where a bearer token is to be had.")
    headers: dict[str, Property] = Field(
        default_factory=dict,
        description="Further headers of each question.",
        examples=[{"target-sr-cluster": "lsrc-123", "Confluent-Identity-Pool-Id": "pool-1"}],
    )
    ca: LocalPath | None = Field(
        None, description="PEM file of the authority that signed the server."
    )
    certificate: LocalPath | None = Field(
        None, description="PEM file of the client's own certificate, where the server asks for one."
    )
    key: LocalPath | None = Field(
        None, description="PEM file of the certificate's private key, without a passphrase."
    )

    @model_validator(mode="after")
    def _fits(self) -> Registry:
        glue = self.type == "glue"
        needed = "region" if glue else "url"
        if getattr(self, needed) is None:
            message = f"a registry of type {self.type} needs `{needed}`"
            raise ValueError(message)
        for name in _REST_ONLY if glue else _GLUE_ONLY:
            if getattr(self, name):
                message = f"`{name}` is of no use to a registry of type {self.type}"
                raise ValueError(message)
        if (self.certificate is None) != (self.key is None):
            message = "`certificate` and `key` go together"
            raise ValueError(message)
        if sum(one is not None for one in (self.username, self.token, self.oauth)) > 1:
            message = "one of `username`, `token` and `oauth`"
            raise ValueError(message)
        return self


class Cluster(Model):
    """One Kafka cluster and the registry that its records refer to."""

    properties: dict[str, Property] = Field(
        description="Kafka client properties by their Java names, word for word.",
        examples=[{"bootstrap.servers": "broker-1:9092,broker-2:9092"}],
    )
    registry: Registry | None = Field(None, description="The cluster's schema registry.")

    @model_validator(mode="after")
    def _bootstrap(self) -> Cluster:
        if not self.properties.get("bootstrap.servers", "").strip():
            message = "properties need bootstrap.servers (host:port, several by comma)"
            raise ValueError(message)
        return self


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


class Deduplicate(Model):
    """Which records are the same event, and for how long that is remembered."""

    key: tuple[str, ...] = Field(
        min_length=1, description="Contract fields that identify an event."
    )
    window: Duration = Field(timedelta(hours=24), description="How long an event is remembered.")
    across_keys: bool = Field(
        default=False,
        description="Duplicates may carry different target keys: work is then partitioned by the "
        "deduplication key and per-key order is given up.",
    )


class TargetKey(Model):
    """The key of the target's records."""

    fields: tuple[str, ...] = Field(min_length=1, description="Contract fields, in this order.")
    encoding: Literal["string", "avro"] | None = Field(
        None, description="Default: string for one field, avro for several."
    )


def _target_key(value: Any) -> Any:
    if isinstance(value, str):
        return {"fields": [value]}
    return {"fields": value} if isinstance(value, (list, tuple)) else value


class Target(Model):
    """Where the stream is written."""

    cluster: Name = Field(description="Alias of a declared cluster.")
    topic: Topic = Field(description="Topic that the stream is written to.")
    key: Annotated[TargetKey, BeforeValidator(_target_key)] = Field(
        description="Contract fields that make the key: a list, or `{fields, encoding}`."
    )
    subjects: Strategy = Field(
        "topic",
        description="Under what subjects the schemas of values and keys are registered: "
        "`<topic>-value` and `<topic>-key`, the record's full name, or `<topic>-<record>`.",
    )
    delivery: Literal["exactly-once", "at-least-once"] = Field(
        "exactly-once", description="What a crash may do: nothing, or repeat some records."
    )
    create: bool = Field(
        default=True, description="Create the topics at the target if they are missing."
    )
    partitions: Count | None = Field(
        None, description="For a created topic; default: the largest source's count."
    )
    replication: Count | None = Field(
        None, description="For a created topic; default: the broker's."
    )
    config: dict[str, Property] = Field(
        default_factory=dict,
        description="Topic settings for a created topic.",
        examples=[{"cleanup.policy": "compact"}],
    )


class Limit(Model):
    """When so many records of a source fail that it is better to stop."""

    ratio: Annotated[float, Field(gt=0, le=1)] = Field(
        0.2, description="Part of the records that may fail."
    )
    of: Count = Field(10_000, description="How many of the last records are looked at.")


class Errors(Model):
    """What happens to records that cannot be decoded or mapped."""

    dead_letter: Topic | None = Field(
        None, description="Topic on the target cluster; default: the target topic with `.dead`."
    )
    limit: Limit = Field(
        Limit(), description="Stop when over `ratio` of a source's last `of` records fail."
    )


class Contract(Model):
    """The contract in several files: types that others use stand each in a file of its own."""

    file: LocalPath = Field(description="The contract: an .avsc file, relative to this file.")
    references: tuple[LocalPath, ...] = Field(
        (),
        description=".avsc files of the named types that it uses, and that these use, in any "
        "order. Each is registered under its full name, and referred to.",
    )


def _contract(value: Any) -> Any:
    return {"file": value} if isinstance(value, str | Path) else value


class Stream(Model):
    """One unified stream: a contract, its sources and its target."""

    contract: Annotated[Contract, BeforeValidator(_contract)] = Field(
        alias="schema",
        description="The contract: an .avsc file, relative to this file, or `{file, references}`.",
    )
    sources: tuple[Source, ...] = Field(min_length=1, description="What the stream is made from.")
    deduplicate: Deduplicate | None = Field(
        None,
        description="What makes two records the same event; without it only records that came by "
        "two routes are recognised.",
    )
    tombstones: Literal["forward", "drop", "dead-letter"] = Field(
        "forward", description="What happens to delete markers (null values)."
    )
    on_schema_change: Literal["lenient", "ignore", "exception", "try_evolve", "evolve"] = Field(
        "lenient",
        description="What happens to records of a schema that appears while the stream runs.",
    )
    target: Target = Field(description="Where the stream is written.")
    errors: Errors = Field(
        Errors(), description="What happens to records that cannot be decoded or mapped."
    )


class Run(Model):
    """How the jobs run on this machine."""

    state: LocalPath | None = Field(
        None,
        description="Folder for checkpoints, savepoints and logs; default `.federation/<name>` "
        "beside this file.",
    )
    parallelism: Annotated[int, Field(ge=1, le=128), BeforeValidator(_count)] | None = Field(
        None, description="Parallel tasks of a stream; default: the machine's cores."
    )
    checkpoint: Duration = Field(
        timedelta(seconds=5),
        description="Interval of checkpoints: exactly-once output becomes visible with each.",
    )


class Config(Model):
    """A federation: its clusters and its streams."""

    version: Literal[1] = Field(description="Version of this format.")
    federation: Name = Field(description="The name under which state is kept.")
    clusters: dict[Name, Cluster] = Field(
        description="Kafka clusters by alias.", json_schema_extra={"minProperties": 1}
    )
    streams: dict[Name, Stream] = Field(
        description="Unified streams by name.", json_schema_extra={"minProperties": 1}
    )
    run: Run = Field(Run(), description="How the jobs run on this machine.")
