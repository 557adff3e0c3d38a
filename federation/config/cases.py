"""The cases of ``federation test``: records in, and what should become of them.

They lie beside a configuration (``orders.test.yaml`` by ``orders.yaml``), and are read as strictly:
every mistake at once, each at its place.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - the schemas' folder
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    model_validator,
)

from federation.config.document import read
from federation.config.explain import validate
from federation.config.sources import FramingType, KeyFramingType
from federation.config.values import PLACE, Instant, Model, Name
from federation.errors import ConfigError, FederationError, Finding
from federation.schemas.avro import PRIMITIVES, Schema, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from federation.config.document import ConfigPath, Document

_HEX = re.compile(r"([0-9a-fA-F]{2})*")


def _hex(value: object) -> object:
    if isinstance(value, bytes):
        return value
    text = getattr(value, "text", value)  # digits alone look like a number
    if not isinstance(text, str) or not _HEX.fullmatch(text):
        raise ValueError("bytes are pairs of hexadecimal digits, in quotes")
    return bytes.fromhex(text)


Hex = Annotated[
    bytes, BeforeValidator(_hex), WithJsonSchema({"type": "string", "pattern": f"^{_HEX.pattern}$"})
]
SchemaSource = Annotated[
    str | dict[str, Any] | list[Any],
    Field(description="Avro schema: a file beside this one, or written out."),
]


class Writer(Model):
    """The schemas with which the records of a topic were written."""

    value_schema: SchemaSource | None = Field(
        None, alias="schema", description="Schema of the values."
    )
    key_schema: SchemaSource | None = Field(None, description="Schema of the keys.")


class Incoming(Model):
    """A source record. Without `value` and `raw` it is a delete marker."""

    key: Any = Field(None, description="The key by `key_schema`; without it the key is null.")
    value: Any = Field(
        None,
        description="The value by `schema`, as Avro JSON; under framing "
        "`json` any JSON; null deletes.",
    )
    raw: Hex | None = Field(
        None, description="Instead of `value`: the bytes as they lie in the topic, hexadecimal."
    )
    framing: FramingType | None = Field(
        None, description="How the value is framed; default: as the source says (auto: confluent)."
    )
    key_framing: KeyFramingType | None = Field(None, description="The same of the key.")
    timestamp: Instant | None = Field(None, description="Default: 2026-01-01T00:00:00Z.")
    headers: tuple[tuple[str, str | None], ...] = Field(
        (), description="Pairs of name and text, in order."
    )

    @model_validator(mode="after")
    def _one_value(self) -> Incoming:
        if self.raw is not None and self.value is not None:
            raise ValueError("a record has a value or raw bytes, one of the two")
        return self


class Step(Writer):
    """One record of a sequence, and where it comes from."""

    source: str = Field(pattern=PLACE, description="Cluster and topic: `us/order_events`.")
    record: Incoming = Field(alias="in", description="The source record.")


class Outgoing(Model):
    """A record of the target, whole: a field that is not given has the contract's default."""

    key: Any = Field(None, description="The key: text, or a mapping for an Avro key; null: any.")
    value: Any = Field(None, description="The value as Avro JSON; null for a delete marker.")


Out = Annotated[
    Annotated[Outgoing, Tag("record")] | Annotated[tuple[Outgoing, ...], Tag("list")],
    Discriminator(lambda value: "list" if isinstance(value, list | tuple) else "record"),
]


class Dead(Model):
    """Why a record is a dead letter. What is not given may be anything."""

    stage: (
        Literal["frame", "schema", "decode", "where", "map", "key", "origin", "transform", "target"]
        | None
    ) = Field(None, description="Where it failed.")
    reason: str = Field(description="Why, one word of the documented list.")
    field: str | None = Field(None, description="The field that is to blame, as a dotted path.")


class Case(Writer):
    """Records in and what becomes of them: `in` or `sequence`; `out`, `dead_letter` or `filtered`.

    A sequence runs through deduplication, within its window, and gives a list of records.
    """

    name: str = Field(min_length=1, description="What the case shows, in a few words.")
    source: str | None = Field(
        None, pattern=PLACE, description="Cluster and topic: `us/order_events`."
    )
    record: Incoming | None = Field(None, alias="in", description="The source record.")
    sequence: tuple[Step, ...] | None = Field(
        None, min_length=1, description="Source records, in order."
    )
    out: Out | None = Field(None, description="What the target holds; of a sequence a list.")
    dead_letter: Dead | None = Field(None, description="The record is a dead letter.")
    filtered: Literal[True] | None = Field(
        None, description="The record is left out: by `where`, `tombstones: drop` or as a loop."
    )

    @model_validator(mode="after")
    def _forms(self) -> Case:
        given = [self.out is not None, self.dead_letter is not None, self.filtered is not None]
        if (self.record is None) == (self.sequence is None):
            raise ValueError("a case has `in` or `sequence`, one of the two")
        if sum(given) != 1:
            raise ValueError("a case has one of `out`, `dead_letter` and `filtered`")
        if self.record is not None and self.source is None:
            raise ValueError("a case with `in` needs `source` (cluster/topic)")
        if self.sequence is not None and not isinstance(self.out, tuple):
            raise ValueError("a sequence gives a list: `out: [...]`")
        if self.record is not None and isinstance(self.out, tuple):
            raise ValueError("one record gives one: `out: {...}`")
        return self

    @property
    def steps(self) -> tuple[Step, ...]:
        """The records of the case, one or many."""
        if self.sequence is not None:
            return self.sequence
        assert self.record is not None
        assert self.source is not None
        return (Step.model_construct(source=self.source, record=self.record),)


class Cases(Model):
    """The cases of one stream."""

    stream: Name | None = Field(None, description="The stream; the only one if there is but one.")
    sources: dict[str, Writer] = Field(
        default_factory=dict,
        description="Schemas by cluster/topic, for cases that name none of their own.",
    )
    cases: tuple[Case, ...] = Field(min_length=1, description="The cases, in order.")


@dataclass(frozen=True, slots=True)
class LoadedCases:
    """Cases without mistakes of form.

    Attributes:
        cases: the values.
        schemas: every schema that is named, by what names it (see :meth:`schema`).
        document: where each value stands.
    """

    cases: Cases
    schemas: Mapping[str, Schema]
    document: Document

    def schema(self, given: Any) -> Schema | None:
        """The parsed schema of a ``schema`` or ``key_schema`` entry."""
        return None if given is None else self.schemas[repr(given)]


def beside(config: Path) -> Path:
    """Where the cases of a configuration lie: ``orders.test.yaml`` for ``orders.yaml``."""
    return config.with_name(f"{config.stem}.test{config.suffix}")


def load_cases(path: Path, *, env: Mapping[str, str] | None = None) -> LoadedCases:
    """Read a file of cases.

    Raises:
        ConfigError: with one finding for every mistake of the file.
    """
    document = read(path, os.environ if env is None else env, hint="it has `cases:`, a list")
    found = validate(document, path.parent, Cases)
    schemas: dict[str, Schema] = {}
    findings = [*document.findings, *found.findings]
    for at, given in _named(document.data):
        try:
            schemas[repr(given)] = _schema(given, path.parent)
        except FederationError as error:
            first = error.findings[0]
            findings.append(Finding(first.what, document.where(at), first.hint))
    if findings or found.config is None:
        raise ConfigError.of(findings)
    return LoadedCases(found.config, schemas, document)


def _named(data: Any) -> list[tuple[ConfigPath, Any]]:
    """Every schema that a file names, and where."""
    writers: list[tuple[ConfigPath, Any]] = []
    if isinstance(data, dict):
        for part in ("sources", "cases"):
            under = data.get(part)
            pairs = (
                under.items()
                if isinstance(under, dict)
                else enumerate(under)
                if isinstance(under, list)
                else ()
            )
            writers += [((part, key), one) for key, one in pairs]
    for at, one in list(writers):
        steps = one.get("sequence") if isinstance(one, dict) else None
        writers += [
            ((*at, "sequence", n), step)
            for n, step in enumerate(steps if isinstance(steps, list) else ())
        ]
    return [
        ((*at, name), one[name])
        for at, one in writers
        for name in ("schema", "key_schema")
        if isinstance(one, dict) and isinstance(one.get(name), str | dict | list)
    ]


def _schema(given: Any, folder: Path) -> Schema:
    if not isinstance(given, str) or given in PRIMITIVES:
        return parse(plain(given))
    file = folder / given
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise ConfigError(
            f"schema `{given}` cannot be read: {reason}", hint=f"it is sought at {file}"
        ) from None
    return parse(text)


def plain(value: Any) -> Any:
    """A value of the file as JSON would give it: numbers without the memory of their text."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    return int(value) if isinstance(value, int) else float(value)
