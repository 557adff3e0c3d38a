"""How a source's sides are framed, and which schemas their records may have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from federation.plan.model import FramingPlan
from federation.schemas.avro import parse
from federation.schemas.fingerprint import crc64
from federation.schemas.framing import FRAMINGS
from federation.schemas.plainkeys import FORMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from federation.config.sources import Framing, KeyFraming
    from federation.schemas.avro import Schema
    from federation.schemas.registry import RegisteredVersion

_FINGERPRINTED = ("auto", "single-object")


@dataclass(frozen=True, slots=True)
class Written:
    """A schema that records may have: a registered version, or one that is given.

    Attributes:
        label: for messages.
        subject: where it is registered; of a given one the file's name.
        version: its number there, None of a given one, as ``id`` is.
    """

    label: str
    subject: str
    version: int | None
    id: int | str | None
    schema: Schema


def registered(alias: str, versions: Sequence[RegisteredVersion]) -> tuple[Written, ...]:
    """The versions of a subject."""
    return tuple(
        Written(
            f"{alias}: {one.subject} version {one.version}",
            one.subject, one.version, one.id, one.schema,
        )
        for one in versions
    )  # fmt: skip


def given(
    declared: Framing | KeyFraming, files: Mapping[Path, Schema]
) -> list[tuple[Written, ...]]:
    """The schemas that are known without a registry, each by itself."""
    if declared.type in FORMS:
        form = FORMS[declared.type]
        return [(Written(f"a {form.schema}", form.schema, None, None, parse(form.schema)),)]
    return [
        (Written(f"schema {file.name}", file.name, None, None, files[file]),)
        for file in declared.schemas
    ]


def registers(declared: Framing | KeyFraming) -> bool:
    """Whether the schemas registered for a topic say something about its records."""
    return FRAMINGS[declared.type].registry or declared.type in _FINGERPRINTED


def framing_plan(declared: Framing | KeyFraming, writers: Iterable[Written]) -> FramingPlan:
    """Decide one side, whose records may have these schemas."""
    schemas = list(writers)
    fixed = [one.schema.json for one in schemas if one.version is None]
    if declared.type not in _FINGERPRINTED:
        return FramingPlan(declared.type, tuple(fixed))
    return FramingPlan(
        declared.type,
        tuple(fixed),
        fingerprints={crc64(one.schema): one.schema.json for one in schemas},
        subjects=tuple(sorted({one.subject for one in schemas if one.version is not None})),
    )
