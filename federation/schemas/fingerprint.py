"""CRC-64-AVRO, the short name of a schema (Avro 1.12, "Schema Fingerprints")."""

from __future__ import annotations

from typing import TYPE_CHECKING

import fastavro.schema

if TYPE_CHECKING:
    from federation.schemas.avro import Schema


def crc64(schema: Schema) -> int:
    """CRC-64-AVRO of the parsing canonical form, 0 to 2^64 - 1."""
    canonical = fastavro.schema.to_parsing_canonical_form(schema.json)
    # fastavro writes the bytes as single-object encoding has them: little-endian
    return int.from_bytes(
        bytes.fromhex(fastavro.schema.fingerprint(canonical, "CRC-64-AVRO")), "little"
    )
