"""A gateway of the commit before this one, and this one after it, on the same state."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tarfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from streams import ROOT, case, eventually, kill, producing, quick

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streams import Case

    from federation.sandbox import Sandbox

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code of the commit before this one."""
    folder, archive = tmp_path_factory.mktemp("before"), tmp_path_factory.mktemp("git") / "tree.tar"
    packed = subprocess.run(
        [shutil.which("git") or "git", "-C", ROOT, "archive", "--output", archive, "HEAD~1"],
        capture_output=True,
        text=True,
        check=False,
    )
    if packed.returncode:
        pytest.skip(f"no commit before this one: {packed.stderr.strip()}")
    with tarfile.open(archive) as tree:
        tree.extractall(folder, filter="data")
    where = subprocess.run(
        [sys.executable, "-c", "import federation; print(federation.__file__)"],
        env={**os.environ, "PYTHONPATH": str(folder)},
        cwd=folder.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert where.stdout.startswith(str(folder))  # it is the other one that runs
    return folder


def _stopped(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=120) == 0


def _killed(process: subprocess.Popen[str]) -> None:
    kill(process.pid)
    process.wait(timeout=30)


@pytest.mark.parametrize("end", [_stopped, _killed])
def test_this_gateway_goes_on_where_the_one_before_ended(
    sandbox: Sandbox, tmp_path: Path, before: Path, end: Callable[[subprocess.Popen[str]], None]
) -> None:
    """From its savepoint, and from its last checkpoint: what each has written makes one truth."""
    made = case(sandbox, tmp_path, f"upgrade{end.__name__}", edit=quick())
    old: Case = replace(made, env={**made.env, "PYTHONPATH": str(before)})
    with producing(sandbox, made, rate=500), old.running() as process:
        eventually(lambda: made.checkpoint(process.pid), "a checkpoint", 120)
        end(process)
    made.becomes_true()
