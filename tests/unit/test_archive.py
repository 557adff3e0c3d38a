"""Archives of classes: made once, replaced whole, and never in the way of a start."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from federation.flink import jars
from federation.flink.archive import Archive


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The archives' folder of this test."""
    monkeypatch.setattr(jars, "cache_dir", lambda: tmp_path)
    return tmp_path / "classes"


def java(tmp_path: Path, script: str) -> Path:
    """A Java that does what the script says."""
    program = tmp_path / "java"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


DUMPS = 'for one in "$@"; do case $one in -XX:SharedArchiveFile=*) : > "${one#*=}";; esac; done'


def test_a_java_that_makes_no_archive(tmp_path: Path, folder: Path) -> None:
    """It starts without one, and nothing half-written is left."""
    made = Archive(java(tmp_path, f"{DUMPS}; exit 1"), [Path("a.jar")])
    assert made.options() == ()
    assert list(folder.iterdir()) == []


def test_the_first_start_writes_what_later_ones_use(tmp_path: Path, folder: Path) -> None:
    """Until a JVM has exited in peace each is asked for an archive; then each is given it."""
    program = java(tmp_path, DUMPS)
    first = Archive(program, [Path("a.jar")])
    (wish,) = (one for one in first.options() if one.startswith("-XX:ArchiveClassesAtExit="))
    first.keep(whole=True)  # killed: it wrote nothing
    assert any(one.startswith("-XX:ArchiveClassesAtExit=") for one in first.options())
    Path(wish.partition("=")[2]).touch()
    first.keep(whole=True)
    (given, *_) = Archive(program, [Path("a.jar")]).options()
    base, everything = given.partition("=")[2].split(os.pathsep)
    assert {Path(base), Path(everything)} == set(folder.iterdir())


def test_what_killed_gateways_leave(tmp_path: Path, folder: Path) -> None:
    """A half-written archive is used by nobody, and goes: at once, or with the next start."""
    program = java(tmp_path, DUMPS)
    made = Archive(program, [Path("a.jar")])
    stage = Path(made.options()[1].partition("=")[2])
    stage.touch()
    made.keep(whole=False)
    left = folder / "gateway-0123.99999999"  # of a process that cannot be
    left.touch()
    assert any(one.startswith("-XX:ArchiveClassesAtExit=") for one in made.options())
    assert not stage.exists()
    assert not left.exists()


def test_another_class_path_is_another_archive(tmp_path: Path) -> None:
    """A new version never maps the classes of the old one."""
    program = java(tmp_path, DUMPS)
    one, other = (Archive(program, [Path(name)]).options()[1] for name in ("a.jar", "b.jar"))
    assert one != other


def test_old_archives_go(tmp_path: Path, folder: Path) -> None:
    """The cache holds the three that were used last."""
    program = java(tmp_path, DUMPS)
    for n in range(5):
        made = Archive(program, [Path(f"{n}.jar")])
        Path(made.options()[1].partition("=")[2]).touch()
        made.keep(whole=True)
        os.utime(max(folder.glob("gateway-*"), key=lambda one: one.stat().st_mtime), (n, n))
    assert len(list(folder.glob("gateway-*.jsa"))) == 3
