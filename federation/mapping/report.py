"""What a mapping does, for people: where each field comes from, and what is left behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from federation.mapping.source import branch_name, join

if TYPE_CHECKING:
    from collections.abc import Mapping

    from federation.schemas.avro import Type


@dataclass(frozen=True, slots=True)
class FieldReport:
    """Where one contract field comes from.

    Attributes:
        target: dotted path in the contract.
        kind: ``mapped`` from the writer, ``defaulted`` or ``const``.
        source: dotted path in the writer, or which default.
        conversion: in words; empty if the value is copied.
        lossy: whether the conversion may lose digits (and was permitted to).
    """

    target: str
    kind: Literal["mapped", "defaulted", "const"]
    source: str
    conversion: str = ""
    lossy: bool = False


@dataclass(frozen=True, slots=True)
class MappingReport:
    """All fields of the contract, and the writer's fields that nothing reads."""

    fields: tuple[FieldReport, ...]
    dropped: tuple[str, ...]


def dropped(node: Type, path: str, used: Mapping[str, bool], seen: set[Type]) -> list[str]:
    """Writer fields that nothing reads; of a record that is read in part, only the rest of it."""
    if node.kind in ("array", "map"):
        return dropped(node.of, path, used, seen)
    if node.kind == "union":
        at = ((join(path, branch_name(b)) if node.tagged else path, b) for b in node.branches)
        return [name for inner, b in at for name in dropped(b, inner, used, seen)]
    out: list[str] = []
    if node in seen:
        return out
    for one in node.fields:
        at_field = join(path, one.name)
        if at_field not in used:
            out.append(at_field)
        elif not used[at_field]:
            out += dropped(one.type, at_field, used, {*seen, node})
    return out
