"""Several targets: the file's list becomes streams, and a follower's plan needs nothing made yet."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from plan_facts import cluster, facts, loaded, topic
from rich.console import Console

from federation.errors import ConfigError
from federation.mapping import origin
from federation.plan.compile import compile as compile_plan
from federation.plan.engine import stream_spec
from federation.plan.explain import render, to_json
from federation.verify.expect import FILTERED, TOMBSTONE, Reference

SINGLE = """\
    target:
      cluster: hub
      topic: orders.unified
      key: [order_id]
"""
SEVERAL = """\
    targets:
      - cluster: hub
        topic: orders.unified
        key: [order_id]
      - cluster: us
"""


def followed(folder, *changes, more=""):
    """The configuration with a follower on cluster us."""
    return loaded(folder, (SINGLE, SEVERAL + more), *changes)


def mistakes(folder, targets: str) -> list[str]:
    """What is said of a list of targets, each with the text of the file at its place."""
    with pytest.raises(ConfigError) as caught:
        loaded(folder, (SINGLE, targets))
    said = []
    for found in caught.value.findings:
        path, line, column = found.where.rsplit(":", 2)
        rest = Path(path).read_text().splitlines()[int(line) - 1][int(column) - 1 :]
        said.append(f"{rest} | {found.what}")
    return said


class TestConfiguration:
    def test_each_further_target_is_a_stream_that_reads_the_first(self, tmp_path):
        """It has the leader's contract, key, topic and dead letters, and does not deduplicate."""
        config = followed(tmp_path).config
        leader, follower = config.streams.values()
        assert list(config.streams) == ["orders", "orders@us"]
        assert (leader.target.cluster, leader.target.topic) == ("hub", "orders.unified")
        (source,) = follower.sources
        assert (source.cluster, source.topics) == ("hub", ("orders.unified",))
        assert (source.framing.type, source.key_framing.type) == ("confluent", "string")
        assert follower.target.model_copy(update={"cluster": "hub"}) == leader.target
        assert follower.deduplicate is None
        assert follower.errors == leader.errors

    def test_a_target_may_differ_from_the_first(self, tmp_path):
        """Its topic and its way to deliver are its own where it says so."""
        more = "        topic: copy\n        delivery: at-least-once\n"
        follower = followed(tmp_path, more=more).config.streams["orders@us"]
        assert (follower.target.topic, follower.target.delivery) == ("copy", "at-least-once")
        assert follower.target.key.fields == ("order_id",)

    def test_a_key_of_several_fields_is_read_as_it_is_written(self, tmp_path):
        """Avro keys are read as such, and need no rule."""
        changes = ("key: [order_id]\n      - cl", "key: [order_id, channel]\n      - cl")
        (source,) = followed(tmp_path, changes).config.streams["orders@us"].sources
        assert (source.key_framing.type, source.key) == ("confluent", {})

    @pytest.mark.parametrize(
        ("targets", "said"),
        [
            ("    targets: hub\n", "hub | `targets` must be a list"),
            ("    targets: []\n", "targets: [] | `targets` needs at least one entry"),
            ("    targets: [hub]\n", "hub] | `targets[0]` must be a mapping"),
            (SEVERAL + "        topics: x\n", "topics: x | unknown key `topics`"),
            (SEVERAL + "      - cluster: us\n", "two targets on cluster `us`"),
            (SEVERAL + "      - cluster: hub\n", "two targets on cluster `hub`"),
            (SEVERAL + "      - cluster: moon\n", "moon | unknown cluster `moon`"),
            (SEVERAL + "        key: [channel]\n", "a follower has the key of the first target"),
            (SINGLE + SEVERAL, "has both `target` and `targets`"),
            (SEVERAL.replace("[order_id]", "[sum]"), "`sum` is no field of the contract"),
        ],
    )
    def test_a_mistake_is_told_once_at_its_place(self, tmp_path, targets, said):
        """Whatever is wrong in the list is found where it stands in the file, not in what it became."""
        keyed = "`order_id` is no field of the target key"  # of a source, where the key is wrong
        (found,) = [one for one in mistakes(tmp_path, targets) if keyed not in one]
        assert said in found

    def test_nobody_names_a_stream_like_a_follower(self, tmp_path):
        """The sign stands for following, so that a name says what it is."""
        with pytest.raises(ConfigError) as caught:
            loaded(tmp_path, ("  orders:\n", "  orders@us:\n"))
        assert "`orders@us` is no name for a stream" in str(caught.value)


class TestPlan:
    def test_it_can_be_planned_before_anything_is_there(self, tmp_path):
        """Topic, partitions and schemas of its source are those that its leader will make."""
        plan = compile_plan(followed(tmp_path), facts())
        leader, follower = plan.streams
        assert plan.warnings == ()
        assert (leader.follows, follower.follows) == (None, "orders")
        (source,) = follower.sources
        assert [(one.name, one.partitions) for one in source.topics] == [("orders.unified", 6)]
        assert [(one.subject, one.version) for one in source.versions] == [
            ("orders.unified-value", 1)
        ]
        assert not any(one.conversion for one in source.versions[0].report.fields)
        assert follower.target.partitions == 6
        assert follower.target.transactional_prefix == "fed.shop.orders@us"

    def test_what_is_there_is_taken_as_it_is(self, tmp_path):
        """A primary topic that exists gives the follower its partitions; that it is empty is no news."""
        hub = cluster("hub", topic("orders.unified", 4, records=0))
        plan = compile_plan(followed(tmp_path), facts(hub=hub))
        assert plan.streams[1].sources[0].topics[0].partitions == 4
        assert plan.warnings == ()

    def test_it_is_explained_in_a_line(self, tmp_path):
        """The plan says whom it follows; how its fields are mapped is left to the JSON."""
        plan = compile_plan(followed(tmp_path), facts())
        assert [one["follows"] for one in to_json(plan)["streams"]] == [None, "orders"]
        text = _text(plan).partition("stream orders@us")[2]
        assert "orders: all that is committed to hub/orders.unified" in text
        assert "cluster.id" not in text


def _text(plan) -> str:
    console = Console(file=io.StringIO(), width=100, color_system=None)
    for part in render(plan):
        console.print(part)
    return console.file.getvalue()


class Marker:
    """A delete marker of order A1 that began in cluster us, where the follower writes."""

    def value(self) -> None:
        """None: that makes it a delete marker."""

    def key(self) -> bytes:
        """The order."""
        return b"A1"

    def headers(self) -> list[tuple[str, bytes]]:
        """Where it began."""
        began = origin.Origin(origin.cluster_fingerprint("cluster-us"), b"topi", 0, 7)
        return [("fed.origin", origin.encode(began))]


def test_a_follower_copies_what_began_in_its_own_cluster(tmp_path):
    """A stream that follows nobody would end it as a loop; then the copy would lack it."""
    follower = compile_plan(followed(tmp_path), facts()).streams[1]
    spec = json.loads(stream_spec(follower, value_schema_id=1, key_schema_id=None))
    assert spec["follows"]
    assert Reference(follower).outcome(0, Marker()).kind == TOMBSTONE
    assert Reference(replace(follower, follows=None)).outcome(0, Marker()).kind == FILTERED
