"""One stream, end to end, on real brokers: what comes out is judged by the seeder's truth file."""

from __future__ import annotations

import json
import random
import shutil
import signal
import time
from typing import TYPE_CHECKING

import psutil
import pytest
from streams import case, eventually, kill, producing
from truth import read

if TYPE_CHECKING:
    from pathlib import Path

    from streams import Case

    from federation.sandbox import Sandbox

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def orders(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """A stream of orders that has caught up and stopped."""
    made = case(sandbox, tmp_path_factory.mktemp("orders"), "whole", records=60_000)
    made.run("start", "--until-caught-up")
    return made


def _judged(made: Case) -> dict:
    verdict = made.verdict()
    assert verdict.counts["record"] > 0
    assert verdict.counts["tombstone"] > 0
    return verdict.faults()


def test_the_target_is_the_truth(orders: Case) -> None:
    """0 missing, 0 duplicate, 0 altered, order per key kept, exactly the dead letters expected."""
    assert _judged(orders) == {}


def test_verify_agrees(orders: Case) -> None:
    """The command verify finds no difference, everything in scope, and ends with 0."""
    found = json.loads(orders.run("verify", "--all", "-o", "json"))
    assert found["verdict"] == "equal"


def test_a_second_start_adds_nothing(orders: Case) -> None:
    """A start that goes on from a savepoint with nothing new writes nothing again."""
    before = sum(1 for _ in read(orders.env["HUB_BOOTSTRAP"], orders.target))
    orders.run("start", "--until-caught-up")
    assert sum(1 for _ in read(orders.env["HUB_BOOTSTRAP"], orders.target)) == before


def test_status_and_stop_of_what_has_ended(orders: Case) -> None:
    """The status tells STOPPED and stop is no error when nothing runs."""
    assert json.loads(orders.run("status", "-o", "json"))["state"] == "STOPPED"
    assert json.loads(orders.run("stop", "-o", "json")) == {"stopped": False}


def test_state_that_is_gone_is_noticed(orders: Case, tmp_path: Path) -> None:
    """Without its state a stream that has run is refused, not written a second time."""
    hidden = tmp_path / "hidden"
    orders.state.rename(hidden)
    try:
        orders.run("start", "--until-caught-up", code=1)
    finally:
        shutil.rmtree(orders.state, ignore_errors=True)
        hidden.rename(orders.state)


def test_telemetry_keeps_order_within_a_key(sandbox: Sandbox, tmp_path: Path) -> None:
    """Many records of one key stay in the order of their source partition."""
    made = case(sandbox, tmp_path, "devices", example="telemetry", records=20_000)
    made.run("start", "--until-caught-up")
    assert _judged(made) == {}
    assert json.loads(made.run("verify", "--all", "-o", "json"))["verdict"] == "equal"


def test_detached_and_a_second_gateway(sandbox: Sandbox, tmp_path: Path) -> None:
    """--detach runs in the background; a second start is refused; stop ends it with a savepoint."""
    made = case(sandbox, tmp_path, "detached", records=5_000)
    made.run("start", "--detach")
    try:
        assert json.loads(made.run("status", "-o", "json"))["state"] == "RUNNING"
        made.run("start", code=1)
    finally:
        stopped = json.loads(made.run("stop", "-o", "json"))
    assert stopped["stopped"]
    assert all(path.startswith("file:") for path in stopped["savepoints"].values())
    made.run("start", "--until-caught-up")
    assert _judged(made) == {}


def test_interrupt_stops_cleanly(sandbox: Sandbox, tmp_path: Path) -> None:
    """Ctrl-C ends with exit code 0 and a savepoint, and leaves no process behind."""
    made = case(sandbox, tmp_path, "interrupted", records=5_000)
    with made.running() as process:
        eventually(lambda: _checkpoints(made) >= 1, "a checkpoint")
        family = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0, made.log()
        gone, alive = psutil.wait_procs(family, timeout=10)
        assert gone
        assert not alive
    assert list(made.state.glob("streams/*/run-*/savepoint/*/_metadata"))
    made.run("start", "--until-caught-up")
    assert _judged(made) == {}


@pytest.fixture
def crashing(sandbox: Sandbox, tmp_path: Path) -> Case:
    """A stream with quick checkpoints and much to catch up with."""

    def edit(config: dict) -> None:
        config["run"] = {"checkpoint": "1s"}

    return case(sandbox, tmp_path, "crashing", records=200_000, edit=edit)


def test_five_kills_in_mid_stream(sandbox: Sandbox, crashing: Case) -> None:
    """A kill -9 of the gateway in mid-stream, five times over, loses nothing and doubles nothing."""
    chance = random.Random(5)
    with producing(sandbox, crashing, rate=2000):
        for attempt in range(5):
            with crashing.running() as process:
                eventually(
                    lambda: _checkpoints(crashing, process.pid) > 0 or process.poll() is not None,
                    f"a checkpoint of run {attempt}",
                )
                assert process.poll() is None, crashing.log()
                time.sleep(chance.uniform(0.0, 1.2))  # somewhere in a checkpoint's second
                kill(process.pid)
                process.wait(timeout=30)
    crashing.run("start", "--until-caught-up")
    assert _judged(crashing) == {}
    assert json.loads(crashing.run("verify", "--all", "-o", "json"))["verdict"] == "equal"


def _checkpoints(made: Case, pid: int | None = None) -> int:
    """The number of the last completed checkpoint; 0 before the first of this process."""
    status = made.status()
    if pid is not None and status["pid"] != pid:
        return 0
    numbers = [s["checkpoint"]["number"] for s in status["streams"] if s["checkpoint"]]
    return max(numbers, default=0)
