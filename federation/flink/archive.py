"""Classes read and checked once for all starts: the JVM's class data sharing.

Some 14,000 classes are loaded before the first record moves. The first gateway that stops in peace
leaves them in an archive in the user's cache, and every later start maps that instead of reading
jars. The JVM checks by itself that an archive fits its jars, and does without one otherwise.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil

from federation.flink import jars

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_BASE_SECONDS = 60.0
_KEPT = 3  # of 100 MB each: this version, the one before, and another Java


class Archive:
    """The archive for one Java and one class path: a layer for Java's own classes, one for all."""

    def __init__(self, java: Path, class_path: Sequence[Path]) -> None:
        self._java = java
        folder = jars.cache_dir() / "classes"
        self._base = folder / f"java-{_name(java.resolve())}.jsa"
        self._all = folder / f"gateway-{_name(java.resolve(), *class_path)}.jsa"
        self._stage = self._all.with_suffix(f".{os.getpid()}")

    def options(self, *, write: bool = True) -> tuple[str, ...]:
        """What to start a JVM with: both layers, or the wish to write the second at its exit.

        Args:
            write: whether this JVM loads all the classes that an archive is for.
        """
        if not self._base.is_file() and not self._make_base():
            return ()
        quiet = "-Xlog:cds=off,cds+dynamic=off,class+path=off"
        self._tidy()
        if self._all.is_file():
            self._all.touch()
            return (f"-XX:SharedArchiveFile={self._base}{os.pathsep}{self._all}", quiet)
        wish = (f"-XX:ArchiveClassesAtExit={self._stage}",) if write else ()
        return (f"-XX:SharedArchiveFile={self._base}", *wish, quiet)

    def keep(self, *, whole: bool) -> None:
        """Keep what a JVM wrote, if it ended by itself; and drop what nobody uses any more."""
        if not whole:
            self._stage.unlink(missing_ok=True)
            return
        with suppress(FileNotFoundError):
            self._stage.replace(self._all)
            used = sorted(
                self._all.parent.glob("gateway-*.jsa"), key=lambda one: one.stat().st_mtime
            )
            for old in used[:-_KEPT]:
                old.unlink()

    def _tidy(self) -> None:
        """Remove what gateways left that were killed: their JVM wrote it all the same."""
        for left in self._all.parent.glob("gateway-*.[0-9]*"):
            if not psutil.pid_exists(int(left.suffix[1:])):
                left.unlink(missing_ok=True)

    def _make_base(self) -> bool:
        """Takes a second. A Java that cannot do it starts as fast as ever."""
        self._base.parent.mkdir(parents=True, exist_ok=True)
        stage = self._base.with_suffix(f".{os.getpid()}")
        command = [str(self._java), "-Xshare:dump", f"-XX:SharedArchiveFile={stage}"]
        with suppress(OSError, subprocess.SubprocessError):
            subprocess.run(command, capture_output=True, timeout=_BASE_SECONDS, check=True)
            stage.replace(self._base)
            return True
        stage.unlink(missing_ok=True)
        return False


def _name(*paths: Path) -> str:
    return hashlib.sha256("\0".join(map(str, paths)).encode()).hexdigest()[:16]
