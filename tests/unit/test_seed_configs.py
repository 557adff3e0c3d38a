"""What the seeder calls true is what the shipped configurations make of its records."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from federation.config.load import load
from federation.mapping import keys, resolve
from federation.sandbox.seed_stream import Ids, records
from federation.sandbox.seed_writer import DOMAINS
from federation.schemas import avro, codec

CONFIGS = Path(__file__).parents[2] / "configs"
ENV = {
    f"{cluster}_{what}": value
    for cluster in ("EU", "US", "HUB")
    for what, value in (("BOOTSTRAP", "127.0.0.1:9092"), ("REGISTRY", "http://127.0.0.1:8081"))
}


@pytest.mark.parametrize("name", list(DOMAINS))
def test_the_shipped_configuration_makes_the_truth(name: str):
    """Mapped by the shipped rules, every record and every key of a source is the truth's."""
    domain = DOMAINS[name]
    loaded = load(CONFIGS / f"{name}.yaml", env=ENV)
    stream, contract = loaded.config.streams[name], loaded.contracts[name]
    (key,) = (stream.target or stream.targets[0]).key.fields
    assert {source.cluster for source in stream.sources} == {"eu", "us"}
    for configured in stream.sources:
        source = domain.sources[configured.cluster]
        assert configured.topics == (source.topic,)
        ids = Ids(1, 2, 3)
        writers = {}
        for number, schema in ((ids.older, source.older), (ids.newer, source.newer)):
            parsed = avro.parse(schema)
            mapper = resolve.compile(parsed, contract, configured.fields)
            writers[number] = codec.decoder(parsed), mapper.apply
        spelt = avro.parse(source.key)
        key_of = resolve.compile(spelt, keys.key_schema(contract, [key]), configured.key).apply
        items = records(domain, source, ("eu", "us"), ids, 5, clock=lambda n: 1_790_000_000_000 + n)
        for item in islice(items, 1500):
            if item.kind == "record":
                decode, apply = writers[int.from_bytes(item.value[1:5])]
                mapped = apply(decode(item.value[5:]))
                assert mapped == item.truth
                assert mapped[key] == item.name
            if item.kind == "tombstone":
                assert key_of(codec.decode(spelt, item.key[5:])) == {key: item.name}
