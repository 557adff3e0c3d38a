"""A file that is replaced although the disk is full."""

from __future__ import annotations

import resource
import signal
from typing import TYPE_CHECKING

import pytest

from federation.run.steady import SteadyFile

if TYPE_CHECKING:
    from pathlib import Path


def test_it_says_what_was_last_written(tmp_path: Path) -> None:
    """Shorter or longer than before, and whoever wrote it; a reader of the old one keeps that."""
    path = tmp_path / "status.json"
    for text in ("[1]", "[" + "1," * 100_000 + "1]", "[2]", ""):
        SteadyFile(path).write(text)
        assert path.read_text().rstrip() == text
    with path.open() as reader:
        SteadyFile(path).write("[3]")
        assert reader.read().rstrip() == ""
    assert path.read_text().rstrip() == "[3]"
    assert sorted(one.name for one in tmp_path.iterdir()) == [".status.json.spare", "status.json"]


def test_the_space_for_it_is_held(tmp_path: Path) -> None:
    """From the second time on it takes no new block; what does not fit leaves the file as it was."""
    path = tmp_path / "status.json"
    file = SteadyFile(path)
    file.write("1")
    file.write("2")
    held = {one.stat().st_ino for one in tmp_path.iterdir()}
    file.write("3")
    assert {one.stat().st_ino for one in tmp_path.iterdir()} == held
    real = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, real[1]))
    try:
        file.write("4")
        with pytest.raises(OSError, match="File too large"):
            file.write("5" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, real)
        signal.signal(signal.SIGXFSZ, before)
    assert path.read_text().rstrip() == "4"
    file.write("6")
    assert path.read_text().rstrip() == "6"
