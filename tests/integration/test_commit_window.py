"""A checkpoint is complete, its transactions are not committed, and the brokers abort them.

The connector by itself loses their records here, in silence. Each test first makes sure that the
fault is there: the log of the target says "aborted" of what a completed checkpoint counts on.
"""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest
from streams import case, clusters, eventually, producing, quick
from window import door, fence, impatient_brokers, in_the_window, kill_gateway, pending

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from streams import Case

    from federation.flink.transactions import Transaction
    from federation.sandbox import Sandbox

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]


def _case(box: Sandbox, folder: Path, name: str, **run: int) -> Case:
    """Orders with quick checkpoints and two tasks, so with two transactions a checkpoint."""
    return case(box, folder, name, records=20_000, edit=quick(parallelism=2, **run))


def _killed(box: Sandbox, made: Case, touching: str = "") -> list[Transaction]:
    """A gateway under load, killed in its commit window."""
    with producing(box, made, rate=1000), made.running():
        with in_the_window(made, touching=touching) as transactions:
            kill_gateway(made)
        return transactions


def _is_true(made: Case) -> list[dict[str, Any]]:
    """After a start that catches up the target is the truth; what ``status`` says was repaired."""
    made.becomes_true()
    assert door(made).open() == ()
    (stream,) = json.loads(made.run("status", "-o", "json"))["streams"]
    return stream["repairs"]


def _count(transactions: list[Transaction]) -> int:
    return sum(extent.count for one in transactions for extent in one.extents)


def test_one_task_was_aborted_and_the_other_not(sandbox: Sandbox, tmp_path: Path) -> None:
    """The lost transaction is written again, the open one committed, an orphan ended and listed."""
    made = _case(sandbox, tmp_path, "partly")
    lost, kept = _killed(sandbox, made, touching=made.dead)  # a dead letter is lost, too
    fence(made, lost)
    assert pending(made) == {lost: "aborted", kept: "open"}
    listed = json.loads(made.run("transactions", "list", "-o", "json"))
    assert {one["id"]: one["owner"] for one in listed}[kept.id] == "checkpoint"
    assert {one["owner"] for one in listed} <= {"checkpoint", "orphan"}
    (repair,) = _is_true(made)
    assert repair["transactions"] == [lost.name]
    assert repair["records"] == _count([lost])


@pytest.mark.parametrize("run", [{}, {"task_managers": 2}], ids=["one JVM", "processes"])
def test_the_gateway_lives_on(sandbox: Sandbox, tmp_path: Path, run: dict[str, int]) -> None:
    """A commit that fails while everything runs stops the job, is repaired, and the job goes on."""
    made = _case(sandbox, tmp_path, f"lives{len(run)}", **run)
    with producing(sandbox, made, rate=1000), made.running() as process:
        with in_the_window(made) as transactions:
            fence(made, *transactions)
        repairs = eventually(
            lambda: made.status()["streams"] and made.status()["streams"][0].get("repairs"),
            "a repair",
        )
        eventually(lambda: made.status()["streams"][0]["state"] == "RUNNING", "a running stream")
        assert {one for each in repairs for one in each["transactions"]} <= {
            one.name for one in transactions
        }
        assert repairs[0]["records"] == _count(transactions)
        assert "a commit failed for good" in made.log()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=90) == 0, made.log()
    _is_true(made)


@pytest.fixture(scope="module")
def impatient(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Sandbox]:
    """Clusters whose brokers abort transactions after a minute."""
    with impatient_brokers(), clusters(tmp_path_factory.mktemp("impatient")) as box:
        yield box


def test_a_jvm_that_is_frozen_for_longer_than_the_time_out(
    impatient: Sandbox, tmp_path: Path
) -> None:
    """What it had open is aborted meanwhile; when it wakes up it goes on by itself, from before."""
    made = _case(impatient, tmp_path, "frozen")
    with producing(impatient, made, rate=500), made.running() as process:
        eventually(made.checkpoint, "a checkpoint", 180)
        restarts = made.status()["streams"][0]["restarts"]
        jvm = made.status()["jvm_pid"]
        try:
            eventually(lambda: _frozen_in_a_transaction(made, jvm), "it has one open")
            eventually(lambda: door(made).open() == (), "the brokers to abort", 180)
        finally:
            os.kill(jvm, signal.SIGCONT)
        eventually(lambda: _recovered(made, restarts), "a job that goes on", 180)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=90) == 0, made.log()
    _is_true(made)


def _frozen_in_a_transaction(made: Case, jvm: int) -> bool:
    """Freeze the JVM; where nothing is open just then it goes on."""
    os.kill(jvm, signal.SIGSTOP)
    if door(made).open():
        return True
    os.kill(jvm, signal.SIGCONT)
    return False


def _recovered(made: Case, restarts: int) -> bool:
    """Whether the job has noticed, and runs again: restarted by Flink, or settled and submitted."""
    (stream,) = made.status()["streams"]
    again = stream["restarts"] > restarts or bool(stream["repairs"])
    return again and stream["state"] == "RUNNING"


def test_an_outage_longer_than_the_time_out(impatient: Sandbox, tmp_path: Path) -> None:
    """The brokers abort all by themselves; a repair cut off after its commit is not done twice."""
    made = _case(impatient, tmp_path, "outage")
    lost = _killed(impatient, made)
    eventually(lambda: set(pending(made).values()) == {"aborted"}, "the brokers to abort", 180)
    assert door(made).rewrite(lost) == _count(lost)  # and killed before anything else
    assert _is_true(made) == []
