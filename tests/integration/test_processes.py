"""Processes that end, freeze or lose their disk: the stream is the truth when all are well again."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from streams import case, eventually, kill, producing, quick

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from streams import Case

    from federation.sandbox import Sandbox

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]


def _python(_made: Case, process: subprocess.Popen[str]) -> None:
    os.kill(process.pid, signal.SIGKILL)


def _jvm(made: Case, _process: subprocess.Popen[str]) -> None:
    os.kill(made.status()["jvm_pid"], signal.SIGKILL)


def _stopping(pattern: str) -> Callable[[Case, subprocess.Popen[str]], None]:
    """Ctrl-C, and both are killed once a file is there which the stop's savepoint makes."""

    def fault(made: Case, process: subprocess.Popen[str]) -> None:
        run = max(made.state.glob("streams/orders/run-*"))
        process.send_signal(signal.SIGINT)
        ends = time.monotonic() + 60
        while not any(run.glob(pattern)):
            assert time.monotonic() < ends, f"no {pattern}: {made.log()}"
        assert process.poll() is None
        kill(process.pid)

    return fault


_FAULTS = {
    "python": _python,
    "jvm": _jvm,
    "a stop that has just begun": _stopping("*"),
    "a stop that writes": _stopping("savepoint/*"),
    "a stop that has written": _stopping("savepoint/*/_metadata"),
}


def test_each_process_is_killed_and_the_tasks_are_others(sandbox: Sandbox, tmp_path: Path) -> None:
    """Python alone, its JVM alone, both inside a stop; each start has another parallelism.

    None leaves a process behind, the next goes on, and the target is the truth.
    """
    made = case(sandbox, tmp_path, "ends", records=20_000, edit=quick(parallelism=2))
    chance = random.Random(8)
    with producing(sandbox, made, rate=1000):
        for tasks, (name, fault) in zip((2, 1, 3, 2, 4), _FAULTS.items(), strict=True):
            made.edit(quick(parallelism=tasks))
            with made.running() as process:
                eventually(lambda p=process: made.checkpoint(p.pid), f"a run for {name}", 120)
                family = psutil.Process(process.pid).children(recursive=True)
                time.sleep(chance.uniform(0.0, 1.2))  # somewhere in a checkpoint's second
                fault(made, process)
                assert process.wait(timeout=60) != 0, name
                _, alive = psutil.wait_procs(family, timeout=30)
                assert alive == [], name
    made.edit(quick(parallelism=3))
    made.becomes_true()


def test_a_frozen_jvm_outlives_its_gateway(sandbox: Sandbox, tmp_path: Path) -> None:
    """No other gateway runs beside it, for it may wake up and commit; when it does, it ends.

    The next start goes on, and the target is the truth.
    """
    made = case(sandbox, tmp_path, "zombie", records=20_000, edit=quick())
    with producing(sandbox, made, rate=1000), made.running() as process:
        eventually(lambda: made.checkpoint(process.pid), "a checkpoint", 120)
        jvm = psutil.Process(made.status()["jvm_pid"])
        jvm.suspend()
        try:
            os.kill(process.pid, signal.SIGKILL)
            process.wait(timeout=30)
            assert "is already run by" in made.fails("start")
        finally:
            jvm.resume()
        assert psutil.wait_procs([jvm], timeout=30)[1] == []
    made.becomes_true()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount, umount = shutil.which("mount") or "mount", shutil.which("umount") or "umount"
    made = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=96m", "none", folder], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip(f"only who may mount can fill a disk: {made.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run([umount, "-l", folder], check=True)


def _full(made: Case, disk: Path) -> dict[str, Any] | None:
    """Take what is left of the disk (a restart gives some back); what is said, once it bites."""
    with (disk / "filler").open("ab", buffering=0) as out:
        for size in (1 << 16, 1):
            with suppress(OSError):  # it is full
                while out.write(b"\0" * size):
                    pass
    said = _stream(made)
    return said if said["failed_checkpoints"] and str(disk) in said["error"] else None


def test_a_disk_that_is_full(sandbox: Sandbox, tmp_path: Path, disk: Path) -> None:
    """Status says which disk, and not that the gateway is dead; with room again it goes on alone."""
    state = disk / "full"
    made = case(sandbox, tmp_path, "full", records=20_000, edit=quick(state=str(state)))
    made = replace(made, state=state)
    with producing(sandbox, made, rate=500), made.running() as process:
        eventually(lambda: made.checkpoint(process.pid), "a checkpoint", 120)
        said = eventually(lambda: _full(made, disk), "it is said", 120)
        assert said["state"] in {"DEGRADED", "RESTARTING"}
        (disk / "filler").unlink()
        eventually(lambda: _stream(made)["state"] == "RUNNING", "well again", 120)
        before = _stream(made)["checkpoint"]["number"]
        eventually(lambda: _stream(made)["checkpoint"]["number"] > before, "checkpoints again")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=120) == 0, made.log()
    made.becomes_true()


def _stream(made: Case) -> dict[str, Any]:
    """The stream's status, freshly said: an old one counts for nothing."""
    said = json.loads(made.run("status", "-o", "json", code=None))
    assert said["state"] != "DEAD", said
    return said["streams"][0]
