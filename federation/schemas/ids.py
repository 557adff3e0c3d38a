"""How a record names the schema that wrote it: each framing has its own kind of name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from uuid import UUID

Kind = Literal["id", "global", "content", "guid", "glue", "fingerprint", "given"]


class SchemaId(NamedTuple):
    """A schema's name within one registry.

    Attributes:
        kind: ``id`` (Confluent's number, 0 to 2^31 - 1), ``global`` and ``content`` (Apicurio's
            numbers, 64 bits), ``guid`` (Confluent's header), ``glue`` (AWS Glue's version),
            ``fingerprint`` (CRC-64-AVRO of the parsing canonical form, Avro 1.12 "Schema
            Fingerprints"), ``given`` (the n-th schema that the configuration gives).
        value: the number, or the UUID of ``guid`` and ``glue``.
    """

    kind: Kind
    value: int | UUID

    def __str__(self) -> str:
        """As people and dead letters see it: ``17``, ``global 17``, ``guid 89791762-…``."""
        if self.kind == "id":
            return str(self.value)
        shown = f"{self.value:016x}" if self.kind == "fingerprint" else str(self.value)
        return f"{self.kind} {shown}"
