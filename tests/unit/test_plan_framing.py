"""Framings in a plan: which schemas it has, and what it says of those that it cannot take."""

from __future__ import annotations

import json

import pytest
from plan_facts import EU_V2, US, facts, loaded, versions

from federation.errors import PlanError
from federation.plan.compile import compile as compile_plan
from federation.plan.explain import to_json
from federation.plan.facts import RegistryFacts
from federation.schemas.avro import parse
from federation.schemas.fingerprint import crc64

SOURCE = "        topics: [orders]\n"
REGISTRY = '    registry: {url: "http://eu:8081"}\n'


def planned(folder, said, *changes, schema=EU_V2, **more):
    """The plan of the European source with this framing; ``given.avsc`` is ``schema``."""
    (folder / "given.avsc").write_text(json.dumps(schema))
    config = loaded(folder, (SOURCE, f"{SOURCE}{said}"), *changes)
    plan = compile_plan(config, facts(**more))
    return plan, plan.streams[0].sources[0]


def test_auto_knows_registered_schemas_and_files_by_their_fingerprints(tmp_path):
    """What single-object encoding may name are all versions of the topic's subject, and files."""
    other = {**EU_V2, "name": "Given"}
    said = "        framing: {type: auto, schema: given.avsc}\n"
    _, source = planned(tmp_path, said, schema=other)
    assert source.framing.schemas == (parse(other).json,)
    assert len(source.framing.fingerprints) == 3
    assert source.framing.subjects == ("orders-value",)
    assert source.framing.fingerprints[crc64(parse(other))] == parse(other).json
    assert [one.version for one in source.versions] == [None, 1, 2]


def test_json_is_held_against_the_contract_and_asks_no_registry(tmp_path):
    """The given schema is the only one; the cluster needs no registry and there is no warning."""
    said = "        framing: {type: json, schema: given.avsc}\n        key_framing: string\n"
    said += "        key: {order_id: .}\n"
    plan, source = planned(tmp_path, said, (REGISTRY, ""), eu_registry=RegistryFacts("eu"))
    assert plan.warnings == ()
    (only,) = source.versions
    assert (only.subject, only.version, only.schema_id) == ("given.avsc", None, None)
    assert source.key_framing.schemas == ("string",)
    assert source.framing.fingerprints == {}
    (shown, _) = to_json(plan)["streams"][0]["sources"]
    assert (shown["framing"], shown["key_framing"]) == ("json", "string")


def test_a_given_schema_must_meet_the_contract(tmp_path):
    """A schema that cannot is refused as a registered one is, with the file's name."""
    with pytest.raises(PlanError, match=r"schema given.avsc cannot meet the contract: .*order_id"):
        planned(tmp_path, "        framing: {type: avro, schema: given.avsc}\n", schema=US)


def test_a_plain_key_must_make_the_target_key(tmp_path):
    """A string key is the whole key: a rule has to say so."""
    said = "        key_framing: string\n"
    with pytest.raises(PlanError, match=r"a string cannot make the target key") as caught:
        planned(tmp_path, said)
    assert "`.` for a bare key" in str(caught.value)


def test_a_subject_of_another_language_does_not_hinder_json(tmp_path):
    """JSON Schema registered for a topic that is read as JSON is nobody's business."""
    said = "        framing: {type: json, schema: given.avsc}\n"
    keys = versions("orders-key", {**EU_V2, "fields": EU_V2["fields"][:1]})
    registry = RegistryFacts("eu", keys, unreadable={"orders-value": object()})
    _, source = planned(tmp_path, said, eu_registry=registry)
    assert [one.subject for one in source.versions] == ["given.avsc"]
