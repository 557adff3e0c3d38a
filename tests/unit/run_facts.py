"""A small stream for the tests of running: two partitions of a source, one of a target."""

from __future__ import annotations

from types import SimpleNamespace

from federation.plan.model import ClusterPlan, SourcePlan, StartPosition, StreamPlan, TopicRef

SOURCE = SourcePlan(
    uid="u",
    name="eu/orders",
    cluster=ClusterPlan("eu", "id-of-eu", {"bootstrap.servers": "eu:9092"}, None),
    topics=(TopicRef("orders", "t", 2),),
    pattern=None,
    start=StartPosition("earliest"),
    where=None,
    key_rules={},
    rules={},
    versions=(),
)


def stream_plan(*sources: SourcePlan) -> StreamPlan:
    """What a run looks at of a plan; nothing is reached before it is started."""
    hub = SimpleNamespace(alias="hub", properties={})
    target = SimpleNamespace(delivery="exactly-once", topic="unified", partitions=1, cluster=hub)
    return SimpleNamespace(  # type: ignore[return-value]
        name="orders", sources=sources, target=target, on_schema_change="lenient"
    )
