"""How one of Flink's JVMs is started: its class path, its options and its log."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from federation.flink import build, jars, jvm
from federation.flink.archive import Archive

if TYPE_CHECKING:
    from collections.abc import Sequence

CONF = Path(__file__).with_name("conf")


def archive() -> Archive:
    """The archive of the classes that all of Flink's JVMs load."""
    return Archive(jvm.find_java(17), _class_path())


def command(
    main: Sequence[str], *, log: Path, scratch: Path, options: Sequence[str] = ()
) -> list[str]:
    """The command line of a JVM with Flink, the connector and our operators on its class path.

    Args:
        main: the main class and its arguments.
        log: file for Flink's log.
        scratch: folder for temporary files.
        options: of this JVM alone.

    Raises:
        SetupError: no Java, or jars are missing and cannot be fetched.
    """
    return [
        str(jvm.find_java(17)),
        *jvm.FLINK_OPENS,
        *jvm.tuning(),
        "-XX:+ExitOnOutOfMemoryError",
        f"-Dlog4j.configurationFile={CONF / 'log4j2.properties'}",
        f"-Dfederation.log={log}",
        f"-Djava.io.tmpdir={scratch}",
        *options,
        "-cp",
        os.pathsep.join(str(jar) for jar in _class_path()),
        *main,
    ]


def environment() -> dict[str, str]:
    """What such a JVM, and a Python worker that it starts, has in its environment."""
    return {
        **os.environ,
        "FLINK_CONF_DIR": str(CONF),
        "PYTHONSAFEPATH": "1",  # no file where we stand hides a module from a worker
    }


def _class_path() -> list[Path]:
    return [
        *jars.flink_lib(),
        jars.flink_python_jar(),
        *jars.resolve("connector"),
        build.operators_jar(),
    ]
