"""The README's commands do what they say, typed one after the other by somebody who has just cloned."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from federation.flink import jars
from federation.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a reader with an empty home; what runs in it afterwards is stopped.

    Only the cache of verified jars is the machine's own, and ``federation`` is this interpreter's.
    """
    shutil.copytree(ROOT / "configs", tmp_path / "configs", ignore=shutil.ignore_patterns(".*"))
    command = tmp_path / "bin" / "federation"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m federation "$@"\n')
    command.chmod(0o755)
    ours = {name: value for name, value in os.environ.items() if "FEDERATION" not in name}
    yield {
        **ours,
        "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(tmp_path),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_CACHE_HOME": str(jars.cache_dir().parent),
    }
    Sandbox(tmp_path / "state" / "federation" / "sandbox").reset()


@pytest.mark.integration
@pytest.mark.timeout(600)
def test_the_quickstart_runs_as_printed(reader: dict[str, str], tmp_path: Path) -> None:
    """The README's bash block, as one script, ends well, proves the stream and leaves nothing running."""
    (block,) = re.findall(
        r"^```bash\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL
    )
    log = tmp_path / "quickstart.log"
    with log.open("w") as out:  # a file, not a pipe: what stays behind must not keep us waiting
        done = subprocess.run(
            ["/bin/bash", "-euo", "pipefail", "-c", block],
            env=reader,
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            timeout=540,
            check=False,
        )
    said = log.read_text()
    assert done.returncode == 0, said
    assert "EQUAL" in said
    assert "Traceback" not in said
    assert _running(tmp_path) == []


def _running(folder: Path) -> list[list[str]]:
    """Command lines of living processes that name a folder."""
    lines = [process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])]
    return [line for line in lines if any(str(folder) in word for word in line)]
