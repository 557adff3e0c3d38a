"""The benchmark's workloads: what they write and what must come out, without brokers."""

from __future__ import annotations

import io
import pickle
from collections import Counter
from typing import TYPE_CHECKING, Any

import fastavro
import gateway
import pytest
from check import identity, plain
from handwritten import Step
from hypothesis import given
from hypothesis import strategies as st
from workload import distinct, numbers
from workloads import WORKLOADS

from federation.config.load import load
from federation.mapping import resolve
from federation.mapping.rules import Rule
from federation.schemas import avro, codec

if TYPE_CHECKING:
    from pathlib import Path

    from workload import Source, Workload

HEAD = b"\0\0\0\0\x07"
SOURCES = [
    pytest.param(workload, source, id=f"{workload.name}-{source.topic}")
    for workload in WORKLOADS.values()
    for source in dict.fromkeys((*workload.sources, *workload.for_sql))
]
RECORDS = [0, 1, 2, 3, 4, 17, 1_000, 123_456, 1_499_999]


def _written(source: Source, number: int) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(
        out, fastavro.parse_schema(dict(source.schema)), source.datum(number)
    )
    return HEAD + out.getvalue()


def _read(workload: Workload, value: bytes) -> Any:
    found = fastavro.schemaless_reader(
        *(io.BytesIO(value[len(HEAD) :]), fastavro.parse_schema(dict(workload.contract))),
        return_record_name=True,
        return_record_name_override=True,
    )
    return plain(found)


@given(st.integers(0, 3000), st.integers(0, 99))
def test_expected_number_of_records_is_known_without_reading(records: int, repeats: int) -> None:
    """Distinct numbers are as many as said, each first in order, and the rest repeat earlier ones."""
    written = list(numbers(records, repeats))
    assert len(written) == records
    firsts = list(dict.fromkeys(written))
    assert firsts == list(range(distinct(records, repeats)))


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("workload", WORKLOADS.values(), ids=list(WORKLOADS))
def test_expectation_sums_up(workload: Workload, mirrored: bool) -> None:  # noqa: FBT001 - a parameter
    """How often each record has to be there adds up to the records that have to be there."""
    times = workload.times(mirrored=mirrored)
    assert sum(times) * len(workload.sources) == workload.written(mirrored=mirrored)
    if mirrored or not workload.deduplicate:
        assert workload.written(mirrored=mirrored) == workload.records * len(workload.sources)
    else:
        assert set(times) == {1}


@pytest.mark.parametrize(("workload", "source"), SOURCES)
def test_mapping_by_hand_gives_what_is_expected(workload: Workload, source: Source) -> None:
    """Each source's records, read and mapped by hand, are the contract's, with id and key."""
    step = Step(workload, source, HEAD)
    for number in RECORDS:
        value = _written(source, number)
        wanted = source.expected(number)
        name, key, body = step(value)
        assert _read(workload, body) == wanted
        assert (name, key) == (wanted[workload.fields[0]], wanted[workload.key])
        assert identity(value) == identity(body) == (source.name, number)


@pytest.mark.parametrize(("workload", "source"), SOURCES)
def test_mapping_by_rules_gives_what_is_expected(workload: Workload, source: Source) -> None:
    """Each source's records, mapped by the gateway's rules, are the contract's."""
    writer, contract = avro.parse(dict(source.schema)), avro.parse(dict(workload.contract))
    rules = {name: Rule.model_validate(rule) for name, rule in source.rules.items()}
    mapper = resolve.compile(writer, contract, rules)
    for number in RECORDS:
        datum = codec.decode(writer, _written(source, number)[len(HEAD) :])
        body = codec.encode(contract, mapper.apply(datum))
        assert _read(workload, HEAD + body) == source.expected(number)


@pytest.mark.parametrize(("workload", "source"), SOURCES)
def test_loaders_get_sources_as_they_are(workload: Workload, source: Source) -> None:
    """A source that another process loads writes the same there."""
    copied = pickle.loads(pickle.dumps(source))  # noqa: S301 - our own
    assert _written(copied, 5) == _written(source, 5)
    assert copied.datum(5)[source.key] == source.expected(5)[workload.key]


def test_wide_records_are_wide() -> None:
    """60 fields and about 1 KiB."""
    workload = WORKLOADS["wide"]
    assert len(workload.fields) == 60
    sizes = [len(_written(source, 12_345)) for source in workload.sources]
    assert all(900 < size < 1200 for size in sizes), sizes


def test_hot_key_gets_most_records() -> None:
    """Nine of ten distinct orders have one key."""
    workload = WORKLOADS["hotkey"]
    keys = Counter(workload.sources[0].expected(number)[workload.key] for number in range(1000))
    assert keys.most_common(1)[0][1] >= 900


def test_ids_are_found_behind_a_branch() -> None:
    """Flink SQL's nullable id is found, and so is one that is not nullable."""
    text = b"eu-000000042"
    assert identity(HEAD + bytes([len(text) << 1]) + text + b"...") == ("eu", 42)
    assert identity(HEAD + b"\x02" + bytes([len(text) << 1]) + text + b"...") == ("eu", 42)


@pytest.mark.parametrize("workload", WORKLOADS.values(), ids=list(WORKLOADS))
def test_gateway_takes_every_workload(
    workload: Workload, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The configuration that is made of a workload has no mistakes."""
    for name in ("EU", "US", "HUB"):
        monkeypatch.setenv(f"{name}_BOOTSTRAP", "127.0.0.1:1")
        monkeypatch.setenv(f"{name}_REGISTRY", "http://127.0.0.1:1")
    gateway.command(tmp_path, [workload], parallelism=1)
    load(tmp_path / "federation.yaml")
