"""The seeded data: the same for one seed, what its truth says, and as disturbed as promised."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from itertools import islice
from pathlib import Path

import fastavro
import pytest

from federation.sandbox.seed_stream import Ids, Item, records
from federation.sandbox.seed_truth import join, open_truth, read_truth
from federation.sandbox.seed_writer import DOMAINS
from federation.schemas import avro, codec
from federation.schemas.refusal import RecordError

IDS = Ids(11, 12, 13)
CASES = [(domain, cluster) for domain in DOMAINS.values() for cluster in domain.sources]


def _items(
    domain: str, cluster: str, count: int, seed: int = 1, present=("eu", "us")
) -> list[Item]:
    found = DOMAINS[domain]
    stream = records(
        found, found.sources[cluster], present, IDS, seed, clock=lambda n: 1_790_000_000_000 + n
    )
    return list(islice(stream, count))


def _decode(domain: str, cluster: str, item: Item):
    """The value by its writer's schema, with the stock library."""
    source = DOMAINS[domain].sources[cluster]
    schema = {IDS.older: source.older, IDS.newer: source.newer}[int.from_bytes(item.value[1:5])]
    return fastavro.schemaless_reader(io.BytesIO(item.value[5:]), fastavro.parse_schema(schema))


def _millis(moment) -> int:
    return round(moment.timestamp() * 1000)


# What each source's fields mean for the contract, said once more, in other words than the seeder's.
MEANING = {
    ("orders", "eu"): lambda v: {
        **{name: v[name] for name in ("order_id", "customer", "amount", "currency", "items")},
        "channel": "web",
        "created_at": _millis(v["created_at"]),
        "note": v.get("note"),
    },
    ("orders", "us"): lambda v: {
        "order_id": v["id"],
        "customer": v["client"]["name"],
        "amount": v["total"],
        "currency": v["cur"].replace("US$", "USD"),
        "channel": v.get("channel", "web"),
        "created_at": v["ts"],
        "items": v["lines"],
        "note": None,
    },
    ("orders", "ap"): lambda v: {
        "order_id": v["chumon_no"],
        "customer": v["kokyaku"],
        "amount": float(v["goukei"]),
        "currency": "JPY",
        "channel": "web",
        "created_at": _millis(v["ukeire"]),
        "items": [{"sku": i["shohin"], "qty": i["kosu"]} for i in v["meisai"]],
        "note": v.get("biko"),
    },
    ("telemetry", "eu"): lambda v: {
        "device_id": v["device_id"],
        "sequence": v["seq"],
        "celsius": v["reading"],
        "at": _millis(v["at"]),
        "site": v["location"]["site"],
        "humidity": v.get("humidity"),
    },
    ("telemetry", "us"): lambda v: {
        "device_id": v["deviceId"],
        "sequence": v["counter"],
        "celsius": v["values"]["temperature"],
        "at": _millis(v["measured_at"]),
        "site": v["facility"],
        "humidity": v["values"]["humidity"],
    },
    ("telemetry", "ap"): lambda v: {
        "device_id": v["kiki"],
        "sequence": v["bango"],
        "celsius": v["ondo"],
        "at": _millis(v["jikoku"]),
        "site": v["kojo"]["namae"],
        "humidity": v.get("shitsudo"),
    },
}


@pytest.mark.parametrize(("domain", "cluster"), [(d.name, c) for d, c in CASES])
def test_the_truth_is_what_the_bytes_mean(domain: str, cluster: str):
    """Decoded with the stock library and mapped in the test's own words, each record is its truth."""
    items = _items(domain, cluster, 1500, present=("eu", "us", "ap"))
    good = [item for item in items if item.kind == "record"]
    assert len(good) > 1300
    for item in good:
        assert MEANING[domain, cluster](_decode(domain, cluster, item)) == item.truth


@pytest.mark.parametrize("domain", list(DOMAINS))
def test_the_truth_fits_the_shipped_contract(domain: str):
    """Every true value can be written with the contract, and nothing of it is left out."""
    name = {"orders": "order", "telemetry": "reading"}[domain]
    path = Path(__file__).parents[2] / "configs" / "schemas" / f"{name}.avsc"
    contract = fastavro.parse_schema(json.loads(path.read_text()))
    fields = [field["name"] for field in contract["fields"]]
    for item in _items(domain, "us", 300):
        if item.kind == "record":
            assert list(item.truth) == fields
            fastavro.validate(item.truth, contract, raise_errors=True)


def test_one_seed_is_one_stream_of_bytes():
    """Same seed, same bytes, whatever the process; another seed, other events."""
    here = _items("orders", "us", 400)
    assert here == _items("orders", "us", 400)
    assert {i.name for i in here}.isdisjoint(i.name for i in _items("orders", "us", 400, seed=2))
    program = (
        "import hashlib, importlib.util as u, sys;"
        "s = u.spec_from_file_location('t', sys.argv[1]); m = u.module_from_spec(s);"
        "s.loader.exec_module(m);"
        "print(hashlib.sha256(repr(m._items('orders', 'us', 400)).encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program, __file__],
            env=os.environ | {"PYTHONHASHSEED": salt, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            check=True,
        ).stdout
        for salt in ("1", "2")
    }
    assert len(digests) == 1


def test_two_clusters_agree_on_a_shared_event():
    """An event published twice says the same in both clusters, in each one's own words."""
    eu, us = (
        {i.event: i.truth for i in _items("orders", c, 6000) if i.event} for c in ("eu", "us")
    )
    shared = [
        name for name in eu if name in us and eu[name]["created_at"] == us[name]["created_at"]
    ]
    assert len(shared) > 300
    for name in shared:
        assert eu[name]["customer"] == us[name]["customer"]
        assert eu[name]["items"] == us[name]["items"]
        assert eu[name]["amount"] == pytest.approx(us[name]["amount"], rel=1e-6)


def test_disturbances_come_as_often_as_promised():
    """About a tenth duplicates, a few delete markers, under one per cent undecodable, headers."""
    items = [item for c in ("eu", "us") for item in _items("orders", c, 20_000)]
    kinds = Counter(item.kind for item in items)
    assert 0.07 < 1 - len({i.event for i in items if i.event}) / kinds["record"] < 0.13
    assert 0.01 < kinds["tombstone"] / len(items) < 0.03
    assert 0.004 < kinds["undecodable"] / len(items) < 0.012
    assert {i.truth for i in items if i.kind == "undecodable"} == {
        *("unknown-schema", "truncated", "no-magic", "trailing", "empty", "bad-number", "bad-key")
    }
    names = [[name for name, _ in item.headers] for item in items]
    assert 0.15 < sum(map(bool, names)) / len(items) < 0.25
    assert any(len(set(name)) < len(name) for name in names)
    ordered = {i.name for i in items if i.kind == "record"}
    there = [i.name in ordered for i in items if i.kind == "tombstone"]
    assert any(there)
    assert not all(there)
    versions = Counter(i.value[4] for i in items if i.kind == "record")
    assert set(versions) == {IDS.older, IDS.newer}


def test_keys_are_skewed_and_hot_ids_return():
    """Few customers order most, and some ids come back with other content."""
    items = [item for item in _items("orders", "eu", 20_000) if item.event]
    customers = Counter(item.truth["customer"] for item in items)
    top = sum(count for _, count in customers.most_common(len(customers) // 10))
    assert top > 0.3 * len(items)
    contents = defaultdict(set)
    for item in items:
        contents[item.event].add(item.value)
    assert max(map(len, contents.values())) >= 5


@pytest.mark.parametrize(("domain", "cluster"), [(d.name, c) for d, c in CASES])
def test_what_is_called_undecodable_is(domain: str, cluster: str):
    """No record of that kind has bytes that a strict reader of its schema takes, and all others do."""
    source = DOMAINS[domain].sources[cluster]
    schemas = {IDS.older: avro.parse(source.older), IDS.newer: avro.parse(source.newer)}
    key = avro.parse(source.key)

    def readable(item: Item) -> bool:
        try:
            if item.value is None:
                if item.key[:5] != b"\0" + IDS.key.to_bytes(4):
                    return False
                codec.decode(key, item.key[5:])
                return True
            if item.value[:1] != b"\0" or int.from_bytes(item.value[1:5]) not in schemas:
                return False
            codec.decode(schemas[int.from_bytes(item.value[1:5])], item.value[5:])
        except RecordError:
            return False
        return True

    items = _items(domain, cluster, 6000, present=("eu", "us", "ap"))
    wrong = [item for item in items if readable(item) == (item.kind == "undecodable")]
    assert wrong == []


@pytest.mark.parametrize(("domain", "cluster"), [(d.name, c) for d, c in CASES])
def test_keys_are_avro_of_the_logical_key(domain: str, cluster: str):
    """The stock library reads each key by its schema and finds the truth's key."""
    schema = DOMAINS[domain].sources[cluster].key
    parsed = fastavro.parse_schema(schema)
    for item in _items(domain, cluster, 500, present=("eu", "us", "ap")):
        if item.truth == "bad-key":
            continue
        assert item.key[:5] == b"\0" + IDS.key.to_bytes(4)
        found = fastavro.schemaless_reader(io.BytesIO(item.key[5:]), parsed)
        assert (found if isinstance(schema, str) else next(iter(found.values()))) == item.name


@pytest.mark.parametrize("name", ["truth.jsonl", "truth.jsonl.gz"])
def test_truth_in_parts_is_one_file(tmp_path: Path, name: str):
    """Parts joined behind a beginning read as one stream of lines, gzipped or not."""
    whole = tmp_path / name
    parts = [tmp_path / f".{n}.{name}" for n in range(2)]
    for number, path in enumerate([whole, *parts]):
        with open_truth(path) as lines:
            lines.write(json.dumps({"kind": "run", "n": number, "text": "☎"}) + "\n")
    join(parts, whole)
    assert [line["n"] for line in read_truth(whole)] == [0, 1, 2]
    assert not any(part.exists() for part in parts)
