"""How a record names the schema that wrote it: each framing has its own kind of name."""

from __future__ import annotations

from typing import Literal, NamedTuple, cast, get_args
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


def parse(text: str) -> SchemaId:
    """A name from its text.

    Raises:
        ValueError: it is none.
    """
    kind, _, value = text.rpartition(" ")
    kind = kind or "id"
    if kind not in get_args(Kind):
        raise ValueError(f"no kind of schema ids: {kind}")
    if kind in ("guid", "glue"):
        return SchemaId(cast("Kind", kind), UUID(value))
    return SchemaId(cast("Kind", kind), int(value, 16 if kind == "fingerprint" else 10))
