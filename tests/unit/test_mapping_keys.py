"""Keys, partitions, fingerprints and provenance, held to vectors that other programs made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from federation.errors import ConfigError
from federation.mapping import keys, murmur, origin
from federation.schemas import avro, codec
from federation.schemas.codec import Branch
from federation.schemas.refusal import MappingError

VECTORS = Path(__file__).parent.parent / "vectors"
MURMUR = json.loads((VECTORS / "murmur3.json").read_text(encoding="utf-8"))
ORIGIN = json.loads((VECTORS / "origin.json").read_text(encoding="utf-8"))

CONTRACT = avro.parse(
    {
        "type": "record",
        "name": "Order",
        "namespace": "shop",
        "fields": [
            {"name": "home", "type": {"type": "enum", "name": "Country", "symbols": ["DE", "PL"]}},
            {"name": "away", "type": "Country"},
            {"name": "id", "type": "string"},
            {"name": "n", "type": ["null", "long"], "default": None},
            {"name": "paid", "type": "boolean"},
            {
                "name": "u",
                "type": {"type": "fixed", "name": "U", "size": 16, "logicalType": "uuid"},
            },
            {"name": "any", "type": ["null", "string", "int"]},
            {"name": "total", "type": "double"},
        ],
    }
)


@pytest.mark.parametrize("case", MURMUR["murmur3"], ids=lambda c: c["in"][:16] or "empty")
def test_murmur3(case):
    """The fingerprint hash is MurmurHash3 x64 128 with seed 0."""
    assert murmur.murmur3(bytes.fromhex(case["in"])).hex() == case["out"]


@pytest.mark.parametrize("case", MURMUR["murmur2"], ids=lambda c: c["in"])
def test_murmur2(case):
    """The partitioner's hash is that of Kafka's Java client."""
    assert murmur.murmur2(bytes.fromhex(case["in"])) == case["out"] & 0xFFFFFFFF


def test_partition_is_positive():
    """A negative hash gives the partition that Kafka's toPositive gives, not that of its absolute value."""
    assert keys.partition(b"21", 100) == (-973932308 & 0x7FFFFFFF) % 100


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("id", "żółw", "żółw"),
        ("n", -5, "-5"),
        ("paid", True, "true"),
        ("home", "PL", "PL"),
        ("u", bytes(range(16)), "00010203-0405-0607-0809-0a0b0c0d0e0f"),
        ("any", Branch(2, 7), "7"),
    ],
)
def test_key_text(field, value, text):
    """A key of one field is its canonical text as UTF-8."""
    assert keys.key_text(CONTRACT, field, value) == text.encode()


def test_a_null_key_is_a_dead_letter():
    """Null has no text: the record is refused at stage key."""
    with pytest.raises(MappingError) as caught:
        keys.key_text(CONTRACT, "n", None)
    assert (caught.value.stage, caught.value.reason, caught.value.path) == ("key", "null", "n")


def test_a_double_is_no_text_key():
    """Types without canonical text are refused with the way out."""
    with pytest.raises(ConfigError, match="encoding: avro"):
        keys.key_text(CONTRACT, "total", 1.5)


def test_key_schema_stands_alone():
    """The key record has its own name and defines what the contract defined in a field left out."""
    schema = keys.key_schema(CONTRACT, ["away", "n"])
    assert schema.name == "shop.OrderKey"
    assert avro.parse(json.dumps(schema.json)).fingerprint == schema.fingerprint
    datum = {"away": "PL", "n": 3}
    assert codec.decode(schema, keys.key_bytes(CONTRACT, ["away", "n"], datum)) == datum


def test_unknown_key_field():
    """A key field that the contract lacks is a mistake of the configuration."""
    with pytest.raises(ConfigError, match=r"no field x"):
        keys.key_schema(CONTRACT, ["x"])


def test_fingerprint_follows_the_order_of_fields():
    """The fingerprint covers the Avro bytes of the fields in the order given."""
    datum = {"id": "a", "n": 1}
    data = codec.encode_type(CONTRACT.root.fields[2].type, "a") + b"\x02\x02"
    assert keys.fingerprint(CONTRACT, ["id", "n"], datum) == murmur.murmur3(data)
    assert keys.fingerprint(CONTRACT, ["n", "id"], datum) != murmur.murmur3(data)


@pytest.mark.parametrize("case", ORIGIN["cases"], ids=lambda c: c["hex"][:24])
def test_origin(case):
    """A provenance header is written and read as its vector says."""
    one = origin.origin(case["cluster_id"], case["topic"], case["partition"], case["offset"])
    for hop in case["hops"]:
        one = one.via(origin.cluster_fingerprint(hop))
    assert origin.encode(one).hex() == case["hex"]
    assert origin.decode(bytes.fromhex(case["hex"])) == one
    assert all(
        one.crossed(origin.cluster_fingerprint(c)) for c in (case["cluster_id"], *case["hops"])
    )


@pytest.mark.parametrize("case", ORIGIN["refused"], ids=lambda c: c["name"])
def test_origin_refused(case):
    """What is not a header of version 1 is refused, however short."""
    with pytest.raises(ValueError, match=r"."):
        origin.decode(bytes.fromhex(case["hex"]))


def test_origin_is_small():
    """A header without hops has at most 26 bytes, and no more than 8 hops are taken."""
    one = origin.origin("c", "t", 2**31 - 1, 2**63 - 1)
    assert len(origin.encode(one)) == 25
    for n in range(origin.MAX_HOPS):
        one = one.via(origin.cluster_fingerprint(str(n)))
    with pytest.raises(ValueError, match="8 clusters"):
        one.via(b"123456")
