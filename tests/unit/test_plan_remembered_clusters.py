"""Starting while a cluster does not answer: what is remembered of it, and what is not enough."""

from __future__ import annotations

from dataclasses import replace

import pytest
from plan_facts import cluster, facts, loaded, topic

from federation.config.paths import state_folder
from federation.errors import Finding, PlanError
from federation.kafka.facts import ClusterFacts
from federation.plan import remembered
from federation.plan.compile import compile as compile_plan

DOWN = Finding("it does not answer: refused", "cluster eu", "check that it runs")


def silent(alias):
    return ClusterFacts(alias, error=DOWN)


@pytest.fixture
def before(tmp_path):
    """The configuration, after a start at which every cluster answered."""
    config = loaded(tmp_path)
    remembered.keep(config, facts())
    return config


def test_a_first_start_needs_every_cluster(tmp_path):
    """Nothing is remembered of what was never asked: the plan is refused."""
    config = loaded(tmp_path)
    with pytest.raises(PlanError, match="does not answer"):
        compile_plan(config, remembered.recall(config, facts(eu=silent("eu"))))


def test_a_source_cluster_that_is_down(before):
    """The plan is that of the last start but for the cluster's silence, which is said."""
    whole = compile_plan(before, facts()).streams[0]
    plan = compile_plan(before, remembered.recall(before, facts(eu=silent("eu"))))
    (stream,) = plan.streams
    assert [one.topics for one in stream.sources] == [one.topics for one in whole.sources]
    assert {one.alias: one.answers for one in stream.clusters} == {
        "eu": False, "us": True, "hub": True,
    }  # fmt: skip
    assert not stream.answers
    (said,) = [one for one in plan.warnings if "does not answer" in one.what]
    assert "is taken" in said.what


def test_a_target_cluster_that_is_down(before):
    """The stream can be planned, and is known to have to wait."""
    plan = compile_plan(before, remembered.recall(before, facts(hub=silent("hub"))))
    assert not plan.streams[0].answers


def test_a_cluster_that_answers_is_believed(before):
    """Whatever is remembered: a topic that is gone is gone."""
    gone = facts(eu=cluster("eu", topic("orders_v0", 1)))
    with pytest.raises(PlanError, match="orders"):
        compile_plan(before, remembered.recall(before, gone))


@pytest.mark.usefixtures("before")
def test_other_bootstrap_servers(tmp_path):
    """What was said at one address is no word of another's."""
    moved = loaded(tmp_path, ("eu:9092", "eu:9093"))
    with pytest.raises(PlanError, match="does not answer"):
        compile_plan(moved, remembered.recall(moved, facts(eu=silent("eu"))))


def test_what_was_recalled_is_not_kept_as_news(before):
    """A start by memory leaves the memory as it was."""
    file = state_folder(before) / "clusters.json"
    said = file.read_text()
    remembered.keep(before, remembered.recall(before, facts(eu=silent("eu"), us=silent("us"))))
    assert file.read_text().partition('"us"')[0] == said.partition('"us"')[0]


@pytest.mark.parametrize("damage", ["", "{", "[]", "7", '{"eu": {"servers": "eu:9092"}}'])
def test_a_damaged_memory_is_none(before, damage):
    """A file that cannot be read is as one that is not there."""
    (state_folder(before) / "clusters.json").write_text(damage)
    assert remembered.recall(before, facts(eu=silent("eu"))).clusters["eu"].error == DOWN


def test_secrets_are_not_kept(before):
    """The memory holds addresses and what clusters said, no client property beside."""
    assert "hunter" not in (state_folder(before) / "clusters.json").read_text()


def test_another_cluster_than_the_one_that_was_read(before):
    """What a stream has done counts for nothing there; under another alias it is the same one."""
    begun = frozenset({"orders"})
    other = replace(cluster("eu", topic("orders")), cluster_id="new")
    remembered.check(before, facts(eu=other))  # no stream has run
    remembered.check(before, replace(facts(), begun=begun))
    with pytest.raises(PlanError, match=r"was cluster-eu and is new.*start --fresh"):
        remembered.check(before, replace(facts(eu=other), begun=begun))
    us = replace(cluster("us", topic("order_events")), cluster_id="cluster-eu")
    eu = replace(cluster("eu", topic("orders")), cluster_id="cluster-us")
    remembered.check(before, replace(facts(eu=eu, us=us), begun=begun))
