"""What may happen to a source's topic: made again, cut short, grown, or another cluster's."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from confluent_kafka.admin import NewPartitions
from small import Cluster
from streams import eventually, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scene import Scene


pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]


def test_a_topic_that_is_made_again(scene: Scene) -> None:
    """While the stream runs or not: its partitions are held where they were, by name and range.

    None of the new records is read, however many there are; a start into an empty target is the
    way out, and verify agrees.
    """
    held = f"{scene.topic}-0"
    said = "held at offset 3: the topic was deleted and made again"
    with scene.made.running() as process:
        scene.write("a2")
        eventually(lambda: "a2" in scene.arrived(), "it flows")
        scene.make_again()
        eventually(lambda: scene.troubles().get(held, "").startswith(said), "it is said", 30)
        (stream,) = scene.made.status()["streams"]
        assert stream["sources"][0]["name"].startswith("eu/")
        assert (scene.made.status()["state"], stream["restarts"]) == ("DEGRADED", 0)
        scene.write("n0", "n1", "n2", "n3", "n4")
        assert scene.ends()[0] > 3  # the fault is there: a reader would go on at 3
        scene.stopped(process)
    before = {"a0", "a1", "a2", "b0"}
    scene.make_again("m0", "m1", "m2", "m3", "m4")  # and once more, while nothing runs
    with scene.made.running() as process:
        eventually(lambda: scene.made.status()["pid"] == process.pid, "it runs", 30)
        eventually(lambda: scene.troubles().get(held, "").startswith(said), "it is said", 60)
        assert json.loads(scene.made.run("accept", "-o", "json")) == []
        scene.stopped(process)
    assert scene.arrived() == before
    scene.hub.admin.delete_topics([scene.target])[scene.target].result(30)
    scene.made.run("start", "--fresh", "--until-caught-up")
    assert scene.arrived() == {"m0", "m1", "m2", "m3", "m4"}
    assert json.loads(scene.made.run("verify", "--all", "-o", "json"))["verdict"] == "equal"


def test_records_that_are_deleted_under_a_running_stream(scene: Scene) -> None:
    """Their partition is held at just that range while the other flows; accept goes on behind it."""
    with scene.made.running() as process:
        scene.write("a2")
        eventually(lambda: "a2" in scene.arrived(), "it flows")
        with frozen(scene.made.status()["jvm_pid"]):
            scene.write("a3", "a4", "a5")
            scene.expire(5)
        (gap,) = eventually(scene.gaps, "the gap is named")
        # The broker may have answered a question with a3 before it was deleted.
        assert gap["name"] in {scene.name(3, 4), scene.name(4, 4)}
        scene.write("b1", partition=1)
        eventually(lambda: "b1" in scene.arrived(), "the other partition flows")
        assert "a5" not in scene.arrived()
        scene.made.run("accept", gap["name"])
        eventually(lambda: "a5" in scene.arrived(), "it goes on behind the gap")
        assert scene.made.status()["streams"][0]["restarts"] == 0
        scene.stopped(process)
    assert scene.arrived() - {"a3"} == {"a0", "a1", "a2", "a5", "b0", "b1"}
    assert ("a3" in scene.arrived()) == (gap["first"] == 4)
    assert json.loads(scene.made.run("verify", "--all", "-o", "json"))["verdict"] == "equal"


def test_partitions_that_are_added_while_the_stream_runs(
    scene: Scene, sandbox_env: Mapping[str, str]
) -> None:
    """They are read from their beginning within 30 s, what was written before they were found too."""
    with scene.made.running() as process:
        scene.write("a2")
        eventually(lambda: "a2" in scene.arrived(), "it flows")
        asked = scene.eu.admin.create_partitions([NewPartitions(scene.topic, 4)])
        asked[scene.topic].result(30)
        eventually(lambda: scene.partitions() == 4, "they are there", 30)
        scene.eu = Cluster(sandbox_env, "eu")  # a producer that knows of them
        new = {f"n{number}" for number in range(20)}
        for number, name in enumerate(sorted(new)):
            scene.write(name, partition=2 + number % 2)
            scene.write(f"o{number}", partition=number % 2)
        eventually(lambda: new <= scene.arrived(), "all of the new partitions", 30)
        eventually(lambda: _counted(scene) == {0, 1, 2, 3}, "they count in the lag", 30)
        assert scene.made.status()["streams"][0]["restarts"] == 0
        scene.stopped(process)
    scene.write("z", partition=3)
    scene.made.run("start", "--until-caught-up")  # and they are known afterwards
    old = {f"o{number}" for number in range(20)}
    assert scene.arrived() == {"a0", "a1", "a2", "b0", "z"} | new | old
    assert json.loads(scene.made.run("verify", "--all", "-o", "json"))["verdict"] == "equal"


def _counted(scene: Scene) -> set[int]:
    (source,) = scene.made.status()["streams"][0]["sources"]
    return {part["partition"] for part in source["partitions"]}


def test_another_cluster_at_the_same_address(scene: Scene, sandbox_env: Mapping[str, str]) -> None:
    """A start refuses it by both ids: positions of one cluster mean nothing in another."""
    us = Cluster(sandbox_env, "us")
    us.topic(scene.topic)
    us.schema(f"{scene.topic}-value", {"type": "string"})
    moved = dict(scene.made.env) | {"EU_BOOTSTRAP": us.bootstrap}
    ids = [one.admin.describe_cluster().result(30).cluster_id for one in (scene.eu, us)]
    assert ids[0] != ids[1]
    done = replace(scene.made, env=moved).fails("start", "--until-caught-up")
    assert all(one in done for one in ids), done
    assert "--fresh" in done
    scene.write("a2")
    scene.made.run("start", "--until-caught-up")  # the right one goes on
    assert scene.arrived() == {"a0", "a1", "a2", "b0"}
