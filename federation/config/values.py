"""What single values of a configuration may look like, and what its mappings have in common."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import PydanticKnownError

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
Parallelism = Annotated[int, Field(ge=1, le=128), BeforeValidator(_count)]
TaskManagers = Annotated[int, Field(ge=1, le=64), BeforeValidator(_count)]
LocalPath = Annotated[Path, AfterValidator(_beside)]
NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$"
STREAM = rf"{NAME[:-1]}(@{NAME[1:-1]})?$"  # as in files, or with what it follows: orders@dr
TOPIC = r"^[A-Za-z0-9._-]{1,249}$"
PLACE = r"^[^/]+/[^/]+$"
FUNCTION = r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$"
URL = r"^https?://\S+$"
Name = Annotated[str, Field(pattern=NAME)]
StreamName = Annotated[
    str, Field(pattern=STREAM), WithJsonSchema({"type": "string", "pattern": NAME})
]
Topic = Annotated[str, Field(pattern=TOPIC)]


class Model(BaseModel):
    """Unknown keys are mistakes; values never change after loading."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
