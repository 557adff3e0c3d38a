"""Records that are gone before they were read: the gap has a name, and only an operator passes it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from streams import eventually

if TYPE_CHECKING:
    from scene import Scene

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]


def test_retention_that_was_faster_than_the_stream(scene: Scene) -> None:
    """The partition is held and named to the offset, others flow; what is accepted is passed over.

    Neither more nor less than that: the range that was accepted is on record, a second one needs
    its own leave, and a restart does not ask again.
    """
    scene.write("a2", "a3", "a4", "a5")
    scene.write("b1", partition=1)
    scene.expire(4)  # a2 and a3 were not read
    with scene.made.running() as process:
        (gap,) = eventually(scene.gaps, "the gap is named")
        assert gap["name"] == scene.name(2, 3)
        eventually(lambda: scene.made.status()["state"] == "DEGRADED", "it is said")
        (stream,) = scene.made.status()["streams"]
        assert "offsets 2 to 3 are gone" in stream["sources"][0]["troubles"][0]["what"]
        eventually(lambda: "b1" in scene.arrived(), "the other partition flows")
        assert "a4" not in scene.arrived()
        scene.made.run("accept", scene.name(2, 4), code=1)
        scene.made.run("accept", gap["name"])
        eventually(lambda: {"a4", "a5"} <= scene.arrived(), "it goes on behind the gap")
        eventually(lambda: scene.made.status()["state"] == "RUNNING", "well again")
        (stream,) = scene.made.status()["streams"]
        assert [(one["first"], one["last"]) for one in stream["accepted"]] == [(2, 3)]
        assert stream["restarts"] == 0
        scene.stopped(process)
    assert scene.gaps() == []
    scene.write("a6", "a7")
    scene.expire(7)  # a6 was not read
    with scene.made.running() as process:
        (gap,) = eventually(scene.gaps, "another gap")
        assert gap["name"] == scene.name(6, 6)
        scene.stopped(process)
    scene.made.run("accept", gap["name"])  # while nothing runs
    scene.made.run("start", "--until-caught-up")
    assert scene.arrived() == {"a0", "a1", "a4", "a5", "a7", "b0", "b1"}
    report = json.loads(scene.made.run("verify", "--all", "-o", "json"))
    assert report["verdict"] == "equal"
