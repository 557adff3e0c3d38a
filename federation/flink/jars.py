"""The jars that the gateway runs on: named by Maven coordinate, proven by SHA-256.

``jars.lock.json`` beside this file lists every jar in groups. ``resolve`` hands out a group's
files from the user's cache and fetches what is missing, so nothing is downloaded that is not asked
for, and nothing is used that does not have the locked content. The lock itself is written by
``python -m federation.flink.jarlock``.
"""

from __future__ import annotations

import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

from federation.errors import SetupError
from federation.flink import fetch
from federation.flink.lock import LOCK, Jar, read_lock


def cache_dir() -> Path:
    """The user's cache: ``$XDG_CACHE_HOME/federation``, else ``~/.cache/federation``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "federation"


def resolve(group: str, *, progress: fetch.Progress | None = None, lock: Path = LOCK) -> list[Path]:
    """Return the files of one group, fetching what the user's cache lacks.

    Every file's content is checked each time. Two processes may do this at once: files appear
    under their final name only when they are whole and right.

    Args:
        group: a group of the lock file, such as ``connector`` or ``broker``.
        progress: told about the bytes fetched; default: a bar on a terminal, else one line.
        lock: the lock file that holds the group.

    Returns:
        Paths in the lock's order.

    Raises:
        SetupError: a file cannot be fetched, or what was fetched is not what was locked.
    """
    jars = read_lock(lock)[group]
    target = cache_dir() / "jars"
    paths = [target / jar.sha256[:16] / jar.file_name for jar in jars]
    with ThreadPoolExecutor(fetch.PARALLEL) as pool:
        good = list(pool.map(Jar.fits, jars, paths))
    missing = [(jar, path) for jar, path, ok in zip(jars, paths, good, strict=True) if not ok]
    if missing:
        missing = [(jar, path) for jar, path in missing if not _from_maven_home(jar, path)]
    if missing:
        fetch.fetch_all(group, missing, progress)
    return paths


def flink_lib() -> list[Path]:
    """The jars of Flink itself, as PyFlink's package carries them (``pyflink/lib``), sorted.

    Raises:
        SetupError: PyFlink is not installed.
    """
    return _of_pyflink("lib/*.jar")


def flink_python_jar() -> Path:
    """Flink's jar that talks with Python (``pyflink/opt/flink-python-*.jar``).

    Raises:
        SetupError: PyFlink is not installed.
    """
    return _of_pyflink("opt/flink-python-*.jar")[0]


def _of_pyflink(pattern: str) -> list[Path]:
    spec = find_spec("pyflink")  # found, not imported: importing it takes seconds
    roots = [Path(root) for root in (spec.submodule_search_locations or ())] if spec else []
    jars = sorted(jar for root in roots for jar in root.glob(pattern))
    if not jars:
        raise SetupError(
            f"Flink's jars ({pattern}) are missing",
            where=str(roots[0]) if roots else sys.prefix,
            hint="install apache-flink and apache-flink-libraries into this Python",
        )
    return jars


def _from_maven_home(jar: Jar, path: Path) -> bool:
    """Take the file from the user's own Maven repository if it is the very same there."""
    home = Path(os.environ.get("M2_REPO") or Path.home() / ".m2" / "repository")
    source = home / jar.repository_path
    if not jar.fits(source):
        return False
    with fetch.staged(path) as stage:
        shutil.copyfile(source, stage / "copy")
        (stage / "copy").replace(path)
    return True
