"""The plan of one stream as the JSON that the Java operators read (``StreamSpec.java``).

Plain values only: whatever needs deciding was decided by :mod:`federation.plan.compile`. The text
holds the registries' credentials, so it is handed to the job and never printed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from federation.mapping.keys import key_schema
from federation.schemas.avro import parse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from federation.mapping.rules import Rule
    from federation.plan.model import FramingPlan, SourcePlan, StreamPlan
    from federation.schemas.avro import Schema
    from federation.schemas.registry import Access


def stream_spec(
    stream: StreamPlan,
    *,
    value_schema_id: int,
    key_schema_id: int | None,
    schema_folder: Path | None = None,
) -> str:
    """Write the engine's plan for one stream.

    Args:
        stream: the stream.
        value_schema_id: the contract's id in the target's registry.
        key_schema_id: the key schema's id there, None for a string key.
        schema_folder: where the sources' schemas outlive a run; None for nowhere.
    """
    target, deduplication = stream.target, stream.deduplication
    contract = parse(stream.contract)
    return json.dumps(
        {
            "stream": stream.name,
            "contract": stream.contract,
            "keySchema": key_schema(contract, target.key_fields).json,
            "target": {
                "keyFields": target.key_fields,
                "keyEncoding": target.key_encoding,
                "valueSchemaId": value_schema_id,
                "keySchemaId": key_schema_id if key_schema_id is not None else -1,
                "clusterId": target.cluster.cluster_id,
                "recordBytes": target.record_bytes,
                "deadBytes": target.dead_bytes,
            },
            "deduplicationKey": deduplication.key if deduplication else (),
            "acrossKeys": bool(deduplication and deduplication.across_keys),
            "severalClusters": len({s.cluster.cluster_id for s in stream.sources}) > 1,
            "follows": stream.follows is not None,
            "transforms": stream.transform is not None,
            "tombstones": stream.tombstones,
            "holdsUnfit": stream.on_schema_change in {"exception", "evolve"},
            "evolves": stream.on_schema_change in {"evolve", "try_evolve"},
            "deadLetterRatio": stream.dead_letter_ratio,
            "deadLetterOf": stream.dead_letter_of,
            "schemaFolder": str(schema_folder) if schema_folder else None,
            "sources": [_source(source, contract) for source in stream.sources],
        }
    )


def _source(source: SourcePlan, contract: Schema) -> dict[str, Any]:
    registry = source.cluster.registry
    return {
        "name": source.name,
        "cluster": source.cluster.alias,
        "clusterId": source.cluster.cluster_id,
        "registry": None if registry is None else _registry(registry),
        "framing": _framing(source.framing),
        "keyFraming": _framing(source.key_framing),
        "rules": _rules(source.rules),
        "keyRules": _rules(source.key_rules),
        "where": source.where,
        "plannedSchemas": sorted({f"{known.crc:016x}" for known in source.known}),
        "plannedFields": sorted(_planned_fields(source, contract)),
    }


def _planned_fields(source: SourcePlan, contract: Schema) -> set[str]:
    """Top-level names of a writer that are no news: known ones, and what the contract takes in."""
    fields = {name for known in source.known for name in known.fields}
    fields |= {name for one in contract.root.fields for name in (one.name, *one.aliases)}
    return fields | {rule.from_.split(".")[0] for rule in source.rules.values() if rule.from_}


def _framing(framing: FramingPlan) -> dict[str, Any]:
    known = {f"{number:016x}": schema for number, schema in framing.fingerprints.items()}
    return {
        "type": framing.type,
        "schemas": framing.schemas,
        "fingerprints": known,
        "subjects": framing.subjects,
    }


def _rules(rules: Mapping[str, Rule]) -> dict[str, Any]:
    return {name: rule.to_json() for name, rule in rules.items()}


def _registry(registry: Access) -> dict[str, str | None]:
    return {
        "type": registry.kind,
        "identity": registry.identity,
        "url": registry.url,
        "nativeUrl": registry.native,
        "username": registry.username,
        "password": registry.password,
        "token": registry.token,
        "ca": registry.ca,
        "certificate": registry.certificate,
        "key": registry.key,
    }
