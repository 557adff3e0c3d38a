"""The plan as the Java operators read it: one file that both sides are held to."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from federation.mapping.rules import Rule
from federation.mapping.times import TimeLimits
from federation.plan.engine import stream_spec
from federation.plan.model import (
    ClusterPlan,
    Deduplication,
    FramingPlan,
    KnownSchema,
    SourcePlan,
    StartPosition,
    StreamPlan,
    TargetPlan,
    TransformPlan,
)
from federation.schemas.registry import Access

VECTOR = Path(__file__).parents[1] / "vectors" / "stream-spec.json"
CONTRACT = json.loads(VECTOR.read_text("utf-8"))["contract"]


def _cluster(alias: str, registry: Access | None) -> ClusterPlan:
    return ClusterPlan(alias, f"id-of-{alias}", {"bootstrap.servers": f"{alias}:9092"}, registry)


def _source(cluster, where=None, rules=None, key_rules=None, **framings) -> SourcePlan:
    return SourcePlan(
        uid=f"source-{cluster.alias}",
        name=f"{cluster.alias}/orders",
        cluster=cluster,
        topics=(),
        pattern=None,
        start=StartPosition("earliest"),
        where=where,
        key_rules={name: Rule.model_validate(rule) for name, rule in (key_rules or {}).items()},
        rules={name: Rule.model_validate(rule) for name, rule in (rules or {}).items()},
        versions=(),
        known=(KnownSchema(0x0ABC, ("id", "note")), KnownSchema(2**64 - 1, ("id",))),
        **framings,
    )


def _stream(deduplication: Deduplication | None) -> StreamPlan:
    eu = _cluster(
        "eu",
        Access(
            "http://eu:8081/apis/ccompat/v7",
            kind="apicurio",
            native="http://eu:8081/apis/registry/v3",
        ),
    )
    us = _cluster(
        "us",
        Access(
            "https://us", "reader", "pässword", ca="ca.pem", certificate="own.pem", key="key.pem"
        ),
    )
    target = TargetPlan(
        uid="target",
        cluster=_cluster("hub", None),
        topic="orders.unified",
        partitions=3,
        key_fields=("region", "id"),
        key_encoding="avro",
        delivery="exactly-once",
        dead_letter="orders.dead",
        value_subject="orders.unified-value",
        key_subject="orders.unified-key",
        creates=(),
        schemas=(),
        transaction_timeout=timedelta(minutes=15),
        transactional_prefix="prefix",
        record_bytes=1_048_588,
        dead_bytes=2_097_164,
        times=TimeLimits(),
        dead_times=TimeLimits(),
    )
    rules = {
        "id": {"from": "order.number"},
        "amount": {"from": "cents", "scale": 2},
        "region": {"const": "us"},
    }
    framings = {
        "framing": FramingPlan("json", ({"type": "map", "values": "int"},)),
        "key_framing": FramingPlan(
            "single-object", (), {2**64 - 1: "int"}, subjects=("order_events-key",)
        ),
    }
    source = _source(us, "amount > 0", rules, {"id": {"from": "number"}}, **framings)
    return StreamPlan(
        name="orders",
        contract=CONTRACT,
        contract_file="order.avsc",
        earlier=(),
        sources=(_source(eu), source),
        deduplication=deduplication,
        transform=TransformPlan("enrich:add", Path(), batches=False),
        tombstones="dead-letter",
        on_schema_change="evolve",
        target=target,
        dead_letter_ratio=0.25,
        dead_letter_of=500,
    )


def test_the_spec_is_the_shared_vector():
    """What the planner writes is, value for value, what the operators' tests parse."""
    stream = _stream(Deduplication(("id",), timedelta(hours=24), across_keys=True))
    made = json.loads(
        stream_spec(stream, value_schema_id=7, key_schema_id=8, schema_folder=Path("schemas"))
    )
    assert made == json.loads(VECTOR.read_text("utf-8"))


def test_absent_parts_are_said_and_not_left_out():
    """Without deduplication and key schema their properties are there all the same."""
    made = json.loads(stream_spec(_stream(None), value_schema_id=7, key_schema_id=None))
    assert (made["deduplicationKey"], made["acrossKeys"]) == ([], False)
    assert made["severalClusters"]
    assert made["target"]["keySchemaId"] == -1
    assert made["schemaFolder"] is None
