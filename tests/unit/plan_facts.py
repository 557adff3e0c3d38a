"""A small federation and hand-made facts about it, for the tests of planning."""

from __future__ import annotations

import json
from dataclasses import replace

from federation.config.load import Loaded, load
from federation.kafka.facts import ClusterFacts, TopicFacts
from federation.plan.facts import Facts, RegistryFacts, SubjectCheck
from federation.schemas.avro import parse
from federation.schemas.registry import RegisteredVersion

CONTRACT = {
    "type": "record",
    "name": "Order",
    "namespace": "shop",
    "fields": [
        {"name": "order_id", "type": "string"},
        {"name": "customer", "type": "string"},
        {
            "name": "amount",
            "type": {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2},
        },
        {"name": "channel", "type": "string", "default": "shop"},
    ],
}
EU_V1 = {"type": "record", "name": "Order", "fields": CONTRACT["fields"][:3]}
EU_V2 = {
    "type": "record",
    "name": "Order",
    "fields": [*CONTRACT["fields"], {"name": "note", "type": "string"}],
}
US = {
    "type": "record",
    "name": "Event",
    "fields": [
        {"name": "id", "type": "string"},
        {
            "name": "client",
            "type": {
                "type": "record",
                "name": "Client",
                "fields": [{"name": "name", "type": "string"}],
            },
        },
        {"name": "total", "type": "long"},
    ],
}
KEY = {"type": "record", "name": "OrderKey", "fields": [{"name": "order_id", "type": "string"}]}
US_KEY = {"type": "record", "name": "EventKey", "fields": [{"name": "id", "type": "string"}]}

CONFIG = """\
version: 1
federation: shop
clusters:
  eu:
    properties: {bootstrap.servers: "eu:9092"}
    registry: {url: "http://eu:8081"}
  us:
    properties:
      bootstrap.servers: "us:9092"
      security.protocol: SASL_SSL
      sasl.jaas.config: 'a.PlainLoginModule required username="u" password="hunter22";'
    registry: {url: "http://us:8081", username: "reader", password: "hunter23"}
  hub:
    properties: {bootstrap.servers: "hub:9092"}
    registry: {url: "http://hub:8081"}
streams:
  orders:
    schema: order.avsc
    sources:
      - cluster: eu
        topics: [orders]
      - cluster: us
        topics: [order_events]
        where: "total >= 0"
        key: {order_id: id}
        fields:
          order_id: id
          customer: client.name
          amount: {from: total, scale: 2}
          channel: {const: web}
    deduplicate: {key: [order_id], window: 24h}
    target:
      cluster: hub
      topic: orders.unified
      key: [order_id]
    errors: {dead_letter: orders.dead}
run: {parallelism: 2, state: state}
"""

TOPIC_CONFIG = {
    "max.message.bytes": "1048588",
    "retention.ms": "604800000",
    "cleanup.policy": "delete",
    "message.timestamp.type": "CreateTime",
}
SETTINGS = {"transaction.max.timeout.ms": "900000", "log.retention.hours": "168"}


def loaded(folder, *changes) -> Loaded:
    """The configuration, with pairs of text replaced; every pair must apply."""
    text = CONFIG
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    (folder / "order.avsc").write_text(json.dumps(CONTRACT))
    (folder / "shop.yaml").write_text(text)
    return load(folder / "shop.yaml", env={})


def topic(name, partitions=3, records=100, **config) -> TopicFacts:
    """A topic; ``config`` has ``_`` for ``.``."""
    given = {key.replace("_", "."): value for key, value in config.items()}
    return TopicFacts(name, partitions, f"id-of-{name}", records, TOPIC_CONFIG | given)


def cluster(alias, *topics, **changes) -> ClusterFacts:
    """A healthy cluster of one broker, named after its alias."""
    found = ClusterFacts(
        alias,
        cluster_id=f"cluster-{alias}",
        brokers=(1,),
        settings=SETTINGS,
        topics={one.name: one for one in topics},
    )
    return replace(found, **changes)


def versions(subject, *schemas) -> dict[str, tuple[RegisteredVersion, ...]]:
    """Registered versions of a subject, with ids from 1."""
    return {
        subject: tuple(
            RegisteredVersion(subject=subject, version=n, id=n, schema=parse(schema))
            for n, schema in enumerate(schemas, 1)
        )
    }


def facts(**changes) -> Facts:
    """All is well; ``eu``, ``us``, ``hub`` replace a cluster, ``eu_registry`` … a registry.

    ``begun`` names streams that have run before.
    """
    begun = frozenset(changes.pop("begun", ()))
    clusters = {
        "eu": cluster("eu", topic("orders"), topic("orders_v0", 1)),
        "us": cluster("us", topic("order_events", 6)),
        "hub": cluster("hub"),
    }
    registries = {
        "eu": RegistryFacts(
            "eu", versions("orders-value", EU_V1, EU_V2) | versions("orders-key", KEY)
        ),
        "us": RegistryFacts(
            "us", versions("order_events-value", US) | versions("order_events-key", US_KEY)
        ),
        "hub": RegistryFacts(
            "hub", checks={("orders", "orders.unified-value"): SubjectCheck(None)}
        ),
    }
    for name, value in changes.items():
        alias, _, registry = name.partition("_")
        (registries if registry else clusters)[alias] = value
    return Facts(clusters, registries, begun)
