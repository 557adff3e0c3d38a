"""What a conversion is, what permits it, and why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from federation.mapping.rules import Rule, Split
    from federation.schemas.avro import Type

LOSSY_HINT = "allow the loss with lossy: true"


def same(value: Any) -> Any:
    """The value as it is."""
    return value


@dataclass(frozen=True, slots=True)
class Step:
    """A conversion: the function, what it does in words (empty if nothing), whether it may lose."""

    run: Callable[[Any], Any] = same
    label: str = ""
    lossy: bool = False


COPY = Step()


class Mismatch(Exception):  # noqa: N818 - it ends one attempt, not the program
    """Two types that do not resolve; carries (path below the field, what, hint) of each reason."""

    def __init__(self, what: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.reasons: list[tuple[str, str, str]] = [("", what, hint)] if what else []


@dataclass(frozen=True, eq=False, slots=True)
class Options:
    """What a rule says about the values of one field and of its elements.

    ``computed`` values are of CEL's types, which have one kind of whole number.
    """

    named: bool = False
    computed: bool = False
    split: Split | None = None
    map: Mapping[str, str] | None = None
    encoding: str | None = None
    unit: str | None = None
    zone: str | None = None
    scale: int | None = None
    lossy: bool = False
    has_default: bool = False
    fields: Mapping[str, Rule] | None = None


def no(w: Type, c: Type) -> Mismatch:
    """That a type never becomes another."""
    return Mismatch(f"{w} cannot become {c}")


def need_lossy(w: Type, c: Type, o: Options, what: str) -> None:
    """Refuse what loses something, unless the rule permits it."""
    if not o.lossy:
        raise Mismatch(f"{w} to {c} {what}", LOSSY_HINT)
