"""What a mapping does, for people: where each field comes from, and what is left behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from federation.mapping.source import join, leaves

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
    out: list[str] = []
    for record in leaves(node):
        if record.kind != "record" or record in seen:
            continue
        for one in record.fields:
            at = join(path, one.name)
            if at not in used:
                out.append(at)
            elif not used[at]:
                out += dropped(one.type, at, used, {*seen, record})
    return out
