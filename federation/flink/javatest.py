"""What checks our Java: JUnit, and the programs among the tests. For those who work on ``java/``.

::

    python -m federation.flink.javatest junit [--select-class NAME ...]
    python -m federation.flink.javatest run federation.map.Fuzz [ARGUMENT ...]
    python -m federation.flink.javatest jmh [JMH OPTION ...]
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from federation.errors import FederationError
from federation.flink import build, jars, jvm

if TYPE_CHECKING:
    from collections.abc import Iterator

_LAUNCHER = "org.junit.platform.console.ConsoleLauncher"


@contextmanager
def program(main: str, *, memory: str = "", sources: Path = build.SOURCES) -> Iterator[list[str]]:
    """Compile ``java/src/test`` for the time of the block.

    Args:
        main: class of the tests, or a library's, that has a ``main`` method.
        memory: most that its heap may take, as ``-Xmx`` takes it; empty for Java's own choice.
        sources: ``java/src`` of a checkout.

    Yields:
        The command that runs it, to which its arguments are added. System properties
        ``federation.vectors``, ``.conformance`` and ``.classes`` name folders.

    Raises:
        SetupError: something does not compile.
    """
    root = sources.parents[1]
    class_path = build.libraries(sources)
    with tempfile.TemporaryDirectory(prefix="federation-java-") as folder:
        classes = Path(folder, "classes")
        build.compile_java(sources / "test" / "java", classes, class_path)
        path = [classes, sources / "test" / "resources", *class_path]
        places = {"vectors": root / "tests" / "vectors", "classes": classes}
        places |= {"conformance": root.parent / "shared" / "conformance"}
        command = [str(jvm.find_java(int(build.RELEASE))), *jvm.FLINK_OPENS]
        command += [f"-Djava.io.tmpdir={folder}", *([f"-Xmx{memory}"] if memory else [])]
        command += [f"-Dfederation.{name}={at}" for name, at in places.items() if at.is_dir()]
        yield [*command, "-cp", os.pathsep.join(map(str, path)), main]


def junit(arguments: list[str], sources: Path = build.SOURCES) -> int:
    """Run JUnit's console launcher; its output goes through.

    Args:
        arguments: the launcher's own options; with none, every test runs.
        sources: ``java/src`` of a checkout.

    Returns:
        The launcher's exit code: 0 good, 1 failed tests, 2 none found.
    """
    with program(_LAUNCHER, sources=sources) as command:
        options = ["execute", "--disable-banner", "--disable-ansi-colors", "--fail-if-no-tests"]
        if not any("select" in argument for argument in arguments):
            classes = next(c.partition("=")[2] for c in command if c.startswith("-Dfederation.cl"))
            options += ["--scan-class-path", classes]
        return subprocess.run([*command, *options, *arguments], check=False).returncode


def run(main: str, arguments: list[str]) -> int:
    """Run a program among the tests, and return its exit code."""
    with program(main) as command:
        return subprocess.run([*command, *arguments], check=False).returncode


def jmh(arguments: list[str], sources: Path = build.SOURCES) -> int:
    """Compile ``java/src/jmh``, run its benchmarks, and return JMH's exit code."""
    class_path = [*jars.resolve("jmh"), *build.libraries(sources)]
    with tempfile.TemporaryDirectory(prefix="federation-jmh-") as folder:
        classes = Path(folder, "classes")
        build.compile_java(sources / "jmh" / "java", classes, class_path, annotations=True)
        command = [str(jvm.find_java(int(build.RELEASE))), f"-Djava.io.tmpdir={folder}", "-cp"]
        command += [os.pathsep.join(map(str, [classes, *class_path])), "org.openjdk.jmh.Main"]
        return subprocess.run([*command, *arguments], check=False).returncode


def main(arguments: list[str]) -> int:
    """The command line; returns the exit code."""
    try:
        match arguments:
            case ["junit", *options]:
                return junit(options)
            case ["run", name, *options]:
                return run(name, options)
            case ["jmh", *options]:
                return jmh(options)
    except FederationError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stderr.write(
        "usage: python -m federation.flink.javatest junit | run CLASS [ARGUMENT ...]\n"
    )
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
