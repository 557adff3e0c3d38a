"""A mapping rule as the configuration says it: what one field of the contract is made from."""

from __future__ import annotations

import re
import zoneinfo
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from federation.mapping import template

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

NAME = r"[A-Za-z_][A-Za-z0-9_]*"
PATH = rf"^(\.|{NAME}(\.{NAME})*)$"
OFFSET = re.compile(r"Z|[+-](0\d|1[0-7]):[0-5]\d|[+-]18:00", re.ASCII)
_CONVERT = frozenset({"map", "split", "encoding", "unit", "zone", "scale"})
_SOURCES = frozenset({"from", "template", "cel", "fields"})
# what cannot stand beside each other, and why
_EXCLUDED = (
    (
        "const",
        _SOURCES | _CONVERT | {"branch", "default", "lossy"},
        "const reads no field of the writer",
    ),
    ("branch", _SOURCES | _CONVERT | {"lossy"}, "each case of branch is a rule of its own"),
    ("template", _SOURCES, "template makes the text itself"),
    ("cel", _SOURCES, "cel computes the value itself"),
    ("fields", _CONVERT, "a record and a single value are not one"),
    ("scale", frozenset({"unit", "zone"}), "a decimal is no instant"),
    ("encoding", frozenset({"unit", "zone", "scale"}), "bytes are no number"),
)
_MODEL = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Split(BaseModel):
    """How a text is cut: `part` of it, or all parts as an array."""

    model_config = _MODEL

    by: Annotated[str, Field(min_length=1)] = Field(description="The text between two parts.")
    part: int | None = Field(
        default=None,
        description="Which part, from 0; -1 is the last. Left out: all of them, as an array.",
    )


class Rule(BaseModel):
    """How one field of the contract is made. A bare string is short for `{from: ...}`.

    `const` and `default` may be null, which differs from being absent: see :attr:`has_const` and
    :attr:`has_default`.
    """

    model_config = _MODEL

    from_: Annotated[str, Field(pattern=PATH)] | None = Field(
        default=None,
        alias="from",
        description="Path in the writer's record: names joined by dots, through nested records "
        "and named branches of unions; `.` is the whole datum.",
    )
    const: Any = Field(
        default=None,
        description="A fixed value, in the form of an Avro default; no writer field is read.",
    )
    template: str | None = Field(
        default=None,
        description="Text made of the writer's fields: `{first} {last}`; `{{` and `}}` are braces.",
    )
    cel: Annotated[str, Field(min_length=1)] | None = Field(
        default=None,
        description="A CEL expression over the writer's fields: `total * 2.0`.",
    )
    branch: Choice | None = Field(
        default=None, description="One of several rules, chosen by what a field of the writer says."
    )
    split: Split | None = Field(default=None, description="Cuts a text into parts.")
    map: Annotated[dict[str, str], Field(min_length=1)] | None = Field(
        default=None,
        description="Text of the source value -> replacement; what is not listed passes on.",
    )
    default: Any = Field(
        default=None,
        description="Stands in for null and for a value that does not fit, "
        "in the form of an Avro default.",
    )
    encoding: Literal["hex", "base64", "base64url"] | None = Field(
        default=None, description="How text stands for bytes."
    )
    unit: Literal["s", "ms", "us", "ns"] | None = Field(
        default=None, description="Unit of a plain number that means an instant."
    )
    zone: str | None = Field(
        default=None,
        description="Time zone (IANA name or offset such as +02:00) for text without an offset, "
        "and between local timestamps and instants.",
    )
    scale: Annotated[int, Field(ge=0, le=1000)] | None = Field(
        default=None, description="A whole number counts 10^-scale of a decimal: 2 for hundredths."
    )
    lossy: bool = Field(
        default=False, description="Permits conversions that may lose digits or precision."
    )
    fields: dict[str, Rule] | None = Field(
        default=None,
        description="Rules for the fields of a nested record, of the records in an array, "
        "or of the records in a map.",
    )

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return {"from": value} if isinstance(value, str) else value

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        if value is None or OFFSET.fullmatch(value):
            return value
        try:
            zoneinfo.ZoneInfo(value)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(
                f"no time zone {value!r}; an IANA name (Europe/Berlin) or an offset (+02:00)"
            ) from None
        return value

    @field_validator("template")
    @classmethod
    def _well_formed(cls, value: str | None) -> str | None:
        if value is not None and not any(path for _, path in template.parse(value)):
            raise ValueError("a template without a {path} is a constant: give it as const")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        given = self.model_fields_set - {"lossy"} | ({"lossy"} if self.lossy else set())
        given = {("from" if name == "from_" else name) for name in given}
        for one, excluded, why in _EXCLUDED:
            both = given & excluded - {one}
            if one in given and both:
                shown = ", ".join(sorted(both))
                raise ValueError(f"{one} and {shown} cannot apply to one value: {why}")
        return self

    def paths(self) -> Iterator[str]:
        """Every path of the writer that the rule names; of ``cel`` the first names."""
        if self.cel is not None:
            from federation.mapping.expression import compile as parse  # noqa: PLC0415 - slow, and rare

            yield from (path.partition(".")[0] for path in parse(self.cel).paths)
        if self.from_ is not None:
            yield self.from_
        if self.template is not None:
            yield from (path for _, path in template.parse(self.template) if path)
        if self.branch is not None:
            yield self.branch.by
            for case in self.branch.cases.values():
                yield from case.paths()

    @property
    def has_const(self) -> bool:
        """Whether `const` is given, null included."""
        return "const" in self.model_fields_set

    @property
    def has_default(self) -> bool:
        """Whether `default` is given, null included."""
        return "default" in self.model_fields_set

    def to_json(self) -> dict[str, Any]:
        """Plain JSON with only the keys that are set, as the engine reads it."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


class Case(Rule):
    """A rule for one text of `by`: every key of a Rule, and one more."""

    type: str | None = Field(
        default=None,
        description="The branch of the contract's union that it makes, by the name of its type.",
    )


class Choice(BaseModel):
    """Several rules for one field."""

    model_config = _MODEL

    by: Annotated[str, Field(pattern=PATH)] = Field(
        description="Path of the writer's field whose text chooses the case; "
        "of a union of records the name of the record's type does."
    )
    cases: Annotated[dict[str, Case], Field(min_length=1)] = Field(description="Text -> rule.")


Rule.model_rebuild()
Case.model_rebuild(force=True)
