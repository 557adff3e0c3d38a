"""Laws of drafted contracts over random schemas."""

from __future__ import annotations

import fastavro
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_mapping_laws import data, record_types

from federation.mapping import resolve
from federation.mapping.suggest import likeness, suggest
from federation.schemas import avro, codec

FEW = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
NAMES = ("id", "order_id", "orderId", "created_at", "createdAt", "amount", "f0", "F0")


@st.composite
def writers(draw, *, logical=True):
    """Versions of some sources: the same few field names, with whatever types."""
    out = []
    for _ in range(draw(st.integers(1, 3))):
        versions = []
        for _ in range(draw(st.integers(1, 2))):
            schema = draw(record_types(depth=2, logical=logical))
            names = draw(st.permutations(NAMES))
            for one, name in zip(schema["fields"], names, strict=False):
                one["name"] = name
                if draw(st.booleans()):
                    one["aliases"] = [draw(st.sampled_from(NAMES))]
            versions.append(avro.parse(schema))
        out.append(versions)
    return out


@FEW
@given(writers())
def test_every_version_can_meet_the_drafted_contract(sources):
    """Whatever the schemas are, the draft is Avro and each of them maps to it under its rules."""
    draft = suggest(sources)
    fastavro.parse_schema(draft.contract.json)
    for n, versions in enumerate(sources):
        for version in versions:
            resolve.compile(version, avro.parse(draft.contract.json), draft.parsed(n))


@FEW
@given(writers(logical=False), st.data())
def test_every_record_meets_the_drafted_contract(sources, drawn):
    """No record of any version fails under the draft: no branch of a union is forgotten."""
    draft = suggest(sources)
    for n, versions in enumerate(sources):
        for version in versions:
            mapper = resolve.compile(version, draft.contract, draft.parsed(n))
            codec.encode(draft.contract, mapper.apply(drawn.draw(data(version.root))))


@FEW
@given(record_types())
def test_the_draft_of_one_schema_is_the_schema(schema):
    """One version of one source needs no rule, and its contract is itself."""
    parsed = avro.parse(schema)
    draft = suggest([[parsed]])
    assert draft.contract.fingerprint == parsed.fingerprint
    assert draft.rules == ({},)


@FEW
@given(writers())
def test_a_draft_is_its_own_draft(sources):
    """Drafting from a drafted contract changes nothing more."""
    contract = suggest(sources).contract
    again = suggest([[contract]])
    assert again.contract.fingerprint == suggest([[again.contract]]).contract.fingerprint
    resolve.compile(contract, again.contract, again.parsed(0))


@given(st.text(max_size=12), st.text(max_size=12))
def test_likeness_is_a_measure(one, other):
    """It lies from 0 to 1, and is 1 for a name and itself."""
    assert 0.0 <= likeness(one, other) <= 1.0
    assert likeness(one, one) == 1.0
