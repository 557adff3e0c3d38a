"""Writer schemas by name: those that the configuration gives, else a registry's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from federation.schemas.refusal import UnknownSchemaId

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from federation.schemas.avro import Schema
    from federation.schemas.ids import SchemaId


class Schemas(Protocol):
    """Where writer schemas come from."""

    def schema(self, name: SchemaId, /) -> Schema:
        """The schema of a name; raises UnknownSchemaId or NotAvro."""


class Given:
    """The schemas of one side of a source.

    Args:
        given: those that framings without a name mean.
        fingerprints: by CRC-64-AVRO, for single-object encoding.
        registry: knows all other names; None if the source has none.
    """

    def __init__(
        self,
        given: Sequence[Schema],
        fingerprints: Mapping[int, Schema],
        registry: Schemas | None,
    ) -> None:
        self._given, self._fingerprints, self._registry = given, fingerprints, registry

    def schema(self, name: SchemaId, /) -> Schema:
        """The schema of a name.

        Raises:
            UnknownSchemaId: nobody has it.
            NotAvro: the registry has it, but it is of another kind.
            ClusterError: the registry does not answer as needed.
        """
        if name.kind == "given":
            return self._given[int(name.value)]
        if name.kind == "fingerprint" and int(name.value) in self._fingerprints:
            return self._fingerprints[int(name.value)]
        if name.kind == "fingerprint" or self._registry is None:
            what = "no schema that is given or registered" if self._registry else "no given schema"
            raise UnknownSchemaId("unknown_id", f"{what} is {name}")
        return self._registry.schema(name)
