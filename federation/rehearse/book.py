"""The schemas of the cases, under every name that a registry of any kind may give them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, get_args
from uuid import UUID

from federation.schemas.fingerprint import crc64
from federation.schemas.framing import GIVEN
from federation.schemas.ids import Kind, SchemaId
from federation.schemas.refusal import UnknownSchemaId

if TYPE_CHECKING:
    from collections.abc import Mapping

    from federation.schemas.avro import Schema


@dataclass(slots=True)
class Book:
    """A registry's stand-in: schemas numbered from 1."""

    schemas: list[Schema] = field(default_factory=list)

    def name(self, schema: Schema, kind: Kind) -> SchemaId:
        """The name of a schema, a new one for a new schema."""
        if schema not in self.schemas:
            self.schemas.append(schema)
        return _name(kind, self.schemas.index(schema) + 1, schema)

    def names(self) -> Mapping[SchemaId, Schema]:
        """Every schema by each of its names."""
        return {
            _name(kind, n, one): one
            for kind in get_args(Kind)
            if kind != "given"
            for n, one in enumerate(self.schemas, 1)
        }

    def schema(self, name: SchemaId, /) -> Schema:
        """The schema of a name.

        Raises:
            UnknownSchemaId: no case has it.
        """
        found = self.names().get(name)
        if found is None:
            raise UnknownSchemaId("unknown_id", f"no case has a schema {name}")
        return found


def _name(kind: Kind, number: int, schema: Schema) -> SchemaId:
    if kind == "given":
        return GIVEN
    if kind == "fingerprint":
        return SchemaId(kind, crc64(schema))
    return SchemaId(kind, UUID(int=number) if kind in ("guid", "glue") else number)
