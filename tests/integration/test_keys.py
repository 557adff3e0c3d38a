"""One logical key is one key at the target, whatever its cluster, schema, id and framing were."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest
from small import Cluster, avro, configured, confluent, record

if TYPE_CHECKING:
    from federation.sandbox import Sandbox

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

CONTRACT = record("Order", id="string", region="string", n="long")
EU, EU_KEY = CONTRACT, record("OrderKey", region="string", id="string")
US = record("Sale", number="string", area="string", n="int")
US_KEY = record("SaleKey", number=["null", "string"], area="string")
COUNTS = (1, 3, 7)
KEYS = [f"order-{n}" for n in range(20)]


def murmur2(data: bytes) -> int:
    """Kafka's partitioner, written down again: Java's murmur2 with Kafka's seed, made positive."""
    mask, m = 0xFFFFFFFF, 0x5BD1E995
    h = (0x9747B28C ^ len(data)) & mask
    whole = len(data) & ~3
    for at in range(0, whole, 4):
        k = int.from_bytes(data[at : at + 4], "little") * m & mask
        k = (k ^ (k >> 24)) * m & mask
        h = (h * m & mask) ^ k
    rest = data[whole:]
    if rest:
        h = (h ^ int.from_bytes(rest, "little")) * m & mask
    h = (h ^ (h >> 13)) * m & mask
    return (h ^ (h >> 15)) & 0x7FFFFFFF


@pytest.fixture(scope="module")
def written(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """By stream what stands in its compacted target: orders of two clusters, each deleted again."""
    env = sandbox.env()
    eu, us, hub = (Cluster(env, alias) for alias in ("eu", "us", "hub"))
    topics = {"eu": eu.topic("keys.orders", 2), "us": us.topic("keys.sales", 5)}
    ids = {"eu": (eu.schema("keys.orders-value", EU), eu.schema("keys.orders-key", EU_KEY))}
    for n in range(1_000):  # until the next id differs from eu's, whatever other tests registered
        if us.schema(f"keys.other{n}", record(f"Other{n}", x="int")) > max(ids["eu"]):
            break
    ids["us"] = (us.schema("keys.sales-value", US), us.schema("keys.sales-key", US_KEY))
    assert not set(ids["eu"]) & set(ids["us"])
    for n, key in enumerate(KEYS):
        key_eu = confluent(ids["eu"][1], EU_KEY, {"id": key, "region": "r"})
        key_us = confluent(ids["us"][1], US_KEY, {"number": key, "area": "r"})
        value = confluent(ids["eu"][0], EU, {"id": key, "region": "r", "n": n})
        eu.produce(topics["eu"], value, key=key_eu, partition=n % 2)
        sale = confluent(ids["us"][0], US, {"number": key, "area": "r", "n": n})
        us.produce(topics["us"], sale, key=key_us, partition=n % 5)
        eu.produce(topics["eu"], None, key=key_eu, partition=n % 2)
        us.produce(topics["us"], None, key=key_us, partition=n % 5)
    renamed = {"id": "number", "region": "area"}
    sources = [
        {"cluster": "eu", "topics": [topics["eu"]]},
        {"cluster": "us", "topics": [topics["us"]], "fields": renamed, "key": dict(renamed)},
    ]
    one = [sources[0], sources[1] | {"key": {"id": "number"}}]
    streams = {
        f"text{count}": {
            "schema": "schemas/order.avsc", "sources": one,
            "target": {
                "cluster": "hub", "topic": f"keys.text{count}", "key": ["id"],
                "partitions": count, "config": {"cleanup.policy": "compact"},
            },
        }
        for count in COUNTS
    }  # fmt: skip
    streams["avro"] = {
        "schema": "schemas/order.avsc", "sources": sources,
        "target": {
            "cluster": "hub", "topic": "keys.avro", "key": ["region", "id"],
            "partitions": 4, "config": {"cleanup.policy": "compact"},
        },
    }  # fmt: skip
    folder = tmp_path_factory.mktemp("keys")
    made = configured(sandbox, folder, "keys", streams, {"order.avsc": CONTRACT})
    made.run("start", "--until-caught-up")
    found = json.loads(made.run("verify", "--all", "-o", "json"))
    assert found["verdict"] == "equal"
    return {name: hub.read(f"keys.{name}") for name in streams}


@pytest.mark.parametrize("count", COUNTS)
def test_one_logical_key_is_one_partition(written: dict[str, Any], count: int) -> None:
    """Values and delete markers of both clusters carry the key's text, and lie where murmur2 says."""
    places = defaultdict(set)
    for message in written[f"text{count}"]:
        places[message.key()].add(message.partition())
    assert places == {key.encode(): {murmur2(key.encode()) % count} for key in KEYS}


def test_a_key_of_two_fields_has_the_targets_id(written: dict[str, Any]) -> None:
    """An Avro key is the same bytes from both clusters: the target registry's id, fields in order."""
    keys = {message.key() for message in written["avro"]}
    assert len(keys) == len(KEYS)
    assert len({key[:5] for key in keys}) == 1
    body = record("OrderKey", region="string", id="string")
    assert {key[5:] for key in keys} == {avro(body, {"id": k, "region": "r"}) for k in KEYS}
    for message in written["avro"]:
        assert message.partition() == murmur2(message.key()) % 4


@pytest.mark.parametrize("stream", ["text1", "text3", "text7", "avro"])
def test_delete_markers_pass_in_order_and_are_never_duplicates(
    written: dict[str, Any], stream: str
) -> None:
    """Of each key two values and two markers arrive, and no cluster's marker before its value."""
    seen = defaultdict(list)
    for message in written[stream]:
        seen[message.key()].append("value" if message.value() is not None else "marker")
    for kinds in seen.values():
        assert sorted(kinds) == ["marker", "marker", "value", "value"]
        assert kinds[0] == "value"
        assert kinds[-1] == "marker"
