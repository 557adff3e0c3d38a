"""A mapping rule as the configuration says it: what one field of the contract is made from."""

from __future__ import annotations

import re
import zoneinfo
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

if TYPE_CHECKING:
    from typing import Self

PATH = r"^(\.|[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*)$"
OFFSET = re.compile(r"Z|[+-](0\d|1[0-7]):[0-5]\d|[+-]18:00", re.ASCII)


class Rule(BaseModel):
    """How one field of the contract is made. A bare string is short for `{from: ...}`.

    `const` and `default` may be null, which differs from being absent: see :attr:`has_const` and
    :attr:`has_default`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    from_: Annotated[str, Field(pattern=PATH)] | None = Field(
        default=None,
        alias="from",
        description="Path in the writer's record: names joined by dots, through nested records; "
        "`.` is the whole datum.",
    )
    const: Any = Field(
        default=None,
        description="A fixed value, in the form of an Avro default; no writer field is read.",
    )
    map: Annotated[dict[str, str], Field(min_length=1)] | None = Field(
        default=None,
        description="Text of the source value -> replacement; what is not listed passes on.",
    )
    default: Any = Field(
        default=None,
        description="Stands in for null and for a value that does not fit, "
        "in the form of an Avro default.",
    )
    unit: Literal["s", "ms", "us", "ns"] | None = Field(
        default=None, description="Unit of a plain number that means an instant."
    )
    zone: str | None = Field(
        default=None,
        description="Time zone (IANA name or offset such as +02:00) for text without an offset.",
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

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        given = self.model_fields_set - {"lossy"} | ({"lossy"} if self.lossy else set())
        given = {("from" if name == "from_" else name) for name in given}
        if "const" in given and len(given) > 1:
            others = ", ".join(sorted(given - {"const"}))
            raise ValueError(f"const reads no field of the writer, so it excludes {others}")
        for one, excluded in (
            ("fields", {"map", "unit", "zone", "scale"}),
            ("scale", {"unit", "zone"}),
        ):
            both = given & excluded
            if one in given and both:
                raise ValueError(f"{one} and {', '.join(sorted(both))} cannot apply to one value")
        return self

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
