"""Trouble while a stream runs: what a person sees of it, and that the stream goes on afterwards."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from scene import Scene
from streams import case, eventually

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streams import Case

    from federation.sandbox import Sandbox

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]


def _pid(box: Sandbox, node: str) -> int:
    (found,) = (one.pid for one in box.status() if one.node == node)
    assert found is not None
    return found


def _status(made: Case, code: int) -> dict[str, Any]:
    (stream,) = json.loads(made.run("status", "-o", "json", code=code))["streams"]
    return stream


def _state(made: Case) -> str:
    return next((stream["state"] for stream in made.status()["streams"]), "")


def test_a_source_that_dies_and_returns(fragile: Sandbox, tmp_path: Path) -> None:
    """Its stream is DEGRADED, with the cause at the source; nothing restarts; later it is RUNNING."""
    made = case(fragile, tmp_path, "dies", records=5_000)
    with made.running() as process:
        eventually(lambda: _state(made) == "RUNNING", "a running stream")
        os.kill(_pid(fragile, "eu/broker"), signal.SIGKILL)
        eventually(lambda: _state(made) == "DEGRADED", "a degraded stream", 10)
        eventually(
            lambda: any("Connection refused" in s["error"] for s in _status(made, 1)["sources"]),
            "the cause",
            30,
        )
        eu, us = _status(made, 1)["sources"]
        assert eu["error"].startswith(f"cluster eu ({made.env['EU_BOOTSTRAP']}): ")
        assert us["error"] == ""
        fragile.up(())
        eventually(lambda: _state(made) == "RUNNING", "a running stream again", 60)
        (stream,) = made.status()["streams"]
        assert stream["restarts"] == 0
        assert all(source["error"] == "" for source in _status(made, 0)["sources"])
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0, made.log()
    made.becomes_true()


def test_a_source_that_hangs(fragile: Sandbox, tmp_path: Path) -> None:
    """A broker that answers nobody holds up neither status nor stop; the gateway is not DEAD."""
    made = case(fragile, tmp_path, "hangs", records=5_000)
    with made.running() as process:
        eventually(lambda: _state(made) == "RUNNING", "a running stream")
        broker = _pid(fragile, "us/broker")
        os.kill(broker, signal.SIGSTOP)
        try:
            eventually(lambda: _state(made) == "DEGRADED", "a degraded stream", 10)
            assert json.loads(made.run("status", "-o", "json", code=1))["state"] != "DEAD"
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=90) == 0, made.log()
        finally:
            os.kill(broker, signal.SIGCONT)
    made.becomes_true()


def test_a_jvm_that_is_killed(fragile: Sandbox, tmp_path: Path) -> None:
    """The gateway ends with 1 and one sentence that says how its JVM ended; start goes on."""
    made = case(fragile, tmp_path, "killed", records=5_000)
    with made.running() as process:
        eventually(lambda: _state(made) == "RUNNING", "a running stream")
        os.kill(made.status()["jvm_pid"], signal.SIGKILL)
        assert process.wait(timeout=30) == 1, made.log()
    said = [line for line in made.log().splitlines() if not line.startswith(("{", "warning: "))]
    assert len(said) == 1, made.log()
    assert "the JVM of the streams ended: SIGKILL" in said[0]
    assert "start goes on from the last checkpoint" in said[0]
    assert "Traceback" not in made.log()
    assert _status(made, 1)["state"] == "FAILED"
    made.becomes_true()


def test_a_log_that_was_cut_off_and_written_anew(
    fragile: Sandbox, unique: Callable[[str], str], tmp_path: Path
) -> None:
    """While nothing runs, and beyond the old position: the partition is held, nothing is skipped.

    It is the same topic, with the same id, so only the leader's epoch tells: a broker that lost
    its disk, or an unclean election.
    """
    scene = Scene(fragile, fragile.env(), unique, tmp_path)
    broker = psutil.Process(_pid(fragile, "eu/broker"))
    broker.kill()
    broker.wait(30)
    (folder,) = fragile.folder.glob(f"clusters/eu/**/{scene.topic}-0")
    for file in folder.iterdir():
        if file.name != "partition.metadata":
            file.unlink()
    fragile.up(())
    before = scene.topic_id()
    eventually(lambda: scene.ends().get(0, 0) == 0, "the log is empty", 60)
    scene.write("n0", "n1", "n2", "n3", "n4")
    assert (scene.topic_id(), scene.ends()[0]) == (before, 5)  # a reader would go on at 2
    with scene.made.running() as process:
        said = eventually(lambda: scene.troubles().get(f"{scene.topic}-0", ""), "it is said", 60)
        assert said.startswith("the partition was cut off below the position 2 and written anew")
        scene.write("b1", partition=1)
        eventually(lambda: "b1" in scene.arrived(), "the other partition flows")
        scene.stopped(process)
    assert scene.arrived() == {"a0", "a1", "b0", "b1"}
