"""Starting while a registry does not answer: what is remembered of it, and what is not enough."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from plan_facts import facts, loaded

from federation.config.paths import state_folder
from federation.errors import Finding, PlanError
from federation.plan import remembered, remembered_registries
from federation.plan.compile import compile as compile_plan
from federation.plan.facts import RegistryFacts, SubjectCheck

DOWN = Finding("the registry does not answer: refused", "http://eu:8081", "check that it runs")
EU = 'registry: {url: "http://eu:8081"}'


def silent(alias):
    return RegistryFacts(alias, error=DOWN)


@pytest.fixture
def before(tmp_path):
    """The configuration, after a start at which all was well and the contract got the id 7."""
    config = loaded(tmp_path)
    known = facts()
    plan = compile_plan(config, known)
    remembered.keep(config, known)
    (stream,) = plan.streams
    done = [replace(one, schema_id=7, version=1) for one in stream.target.schemas]
    remembered_registries.registered(plan.run.state, [(stream, done)])
    return config


def test_a_first_start_needs_every_registry(tmp_path):
    """Nothing is remembered of what was never asked: the plan is refused."""
    config = loaded(tmp_path)
    with pytest.raises(PlanError, match="does not answer"):
        compile_plan(config, remembered.recall(config, facts(eu_registry=silent("eu"))))


def test_a_source_registry_that_is_down(before):
    """Its schemas are those of the last start, and that is said."""
    whole = compile_plan(before, facts())
    plan = compile_plan(before, remembered.recall(before, facts(eu_registry=silent("eu"))))
    assert plan.streams[0].sources[0].versions == whole.streams[0].sources[0].versions
    (said,) = [one for one in plan.warnings if "does not answer" in one.what]
    assert "is taken" in said.what
    assert "wait until it answers" in said.hint


def test_a_target_registry_that_is_down(before):
    """What is written is registered there under a known id: nothing has to be asked."""
    plan = compile_plan(before, remembered.recall(before, facts(hub_registry=silent("hub"))))
    (stream,) = plan.streams
    assert (stream.target.registers, stream.target.schemas[0].schema_id) == ((), 7)


@pytest.mark.usefixtures("before")
def test_a_contract_that_changed_since(tmp_path):
    """A new contract has to be registered, which takes the registry."""
    changed = loaded(tmp_path)
    (contract,) = changed.contracts.values()
    contract.root.fields[0].type.extra["doc"] = "another"
    changed = replace(changed, contracts={"orders": replace(contract)})
    with pytest.raises(PlanError, match="does not answer"):
        compile_plan(changed, remembered.recall(changed, facts(hub_registry=silent("hub"))))


@pytest.mark.usefixtures("before")
def test_another_registry(tmp_path):
    """What one registry said is no word of another's."""
    moved = loaded(tmp_path, (EU, 'registry: {url: "http://eu:8082"}'))
    with pytest.raises(PlanError, match="does not answer"):
        compile_plan(moved, remembered.recall(moved, facts(eu_registry=silent("eu"))))


def test_what_was_recalled_is_not_kept_as_news(before):
    """A start by memory leaves the memory as it was."""
    file = state_folder(before) / "registries.json"
    said = file.read_text()
    remembered.keep(before, remembered.recall(before, facts(eu_registry=silent("eu"))))
    assert '"eu"' in said
    kept, was = (json.loads(text)["eu"] for text in (file.read_text(), said))
    assert kept == was


def test_a_start_that_fails_early_forgets_no_ids(before):
    """Between asking and registering a start may end; the ids of the last one stay."""
    remembered.keep(before, facts())
    recalled = remembered.recall(before, facts(hub_registry=silent("hub")))
    assert recalled.registries["hub"].checks == {
        ("orders", "orders.unified-value"): SubjectCheck(7, 1)
    }


@pytest.mark.parametrize("damage", ["", "{", "[]", "7"])
def test_a_damaged_memory_is_none(before, damage):
    """A file that cannot be read is as one that is not there."""
    (state_folder(before) / "registries.json").write_text(damage)
    known = facts(eu_registry=silent("eu"))
    assert remembered.recall(before, known).registries["eu"].error == DOWN


def test_secrets_are_not_kept(before):
    """The memory names registries without their credentials."""
    assert "hunter" not in (state_folder(before) / "registries.json").read_text()


def test_a_folder_that_cannot_be_written(tmp_path):
    """Nothing is kept, and nothing fails by that: whoever runs there says what is wrong."""
    config = loaded(tmp_path)
    (tmp_path / "state").write_text("a file in the folder's place")
    remembered.keep(config, facts())
    assert remembered.recall(config, facts(eu_registry=silent("eu"))).registries["eu"].error == DOWN
