"""A contract that takes in new fields of a writer: what ``on_schema_change: evolve`` adds to it.

Only ever wider: each new field is optional, with null where a record has none, so that every reader
of the old contract and every record written before stays good (Avro 1.12, "Schema Resolution":
a reader's field that the writer lacks has its default).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from federation.schemas import avro
from federation.schemas.avro import SchemaError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from federation.schemas.avro import Schema, Type


def widen(contract: Schema, writer: Schema, fields: Sequence[str]) -> Schema:
    """The contract with these top-level fields of a writer added behind its own.

    Args:
        contract: a record.
        writer: the writer's record.
        fields: names in the writer; those that the contract has already are left alone.

    Raises:
        SchemaError: a type of this name is another one in the contract.
    """
    names = {one.name for one in contract.root.fields}
    found = [one for one in writer.root.fields if one.name in fields and one.name not in names]
    ours = _named(contract.root, {})
    for one in found:
        for name, theirs in _named(one.type, {}).items():
            if name in ours and _plain(theirs) != _plain(ours[name]):
                raise SchemaError(
                    f"the new field {one.name} brings a type {name}, which is another one in "
                    "the contract",
                    hint="add the field to the contract by hand, with a name of its own for it",
                )
    seen = set(ours)
    added = [
        {"name": one.name, "type": _optional(avro.render(one.type, seen)), "default": None}
        for one in found
    ]
    whole: dict[str, Any] = contract.json
    return avro.parse({**whole, "fields": [*whole["fields"], *added]}, where="the widened contract")


def _optional(kind: Any) -> list[Any]:
    branches = kind if isinstance(kind, list) else [kind]
    return ["null", *(one for one in branches if one not in ("null", {"type": "null"}))]


def _named(node: Type, found: dict[str, Type]) -> dict[str, Type]:
    """All named types of a schema, by full name."""
    if node.name:
        if node.name in found:
            return found
        found[node.name] = node
    for inner in (
        *(one.type for one in node.fields),
        *node.branches,
        *([node.of] if node.kind in ("array", "map") else []),
    ):
        _named(inner, found)
    return found


def _plain(node: Type) -> Any:
    return avro.render(node, set(), keep_extra=False)
