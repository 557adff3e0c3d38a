"""How Flink's JVMs are started: their class path, options, log and pipes, and how they ended."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from federation.flink import build, jars, jvm
from federation.flink.archive import Archive

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_CONF = Path(__file__).with_name("conf")


class Program:
    """Java with Flink, the connector and our operators on its class path: looked up once."""

    def __init__(self) -> None:
        """Look them up.

        Raises:
            SetupError: no Java, or jars are missing and cannot be fetched.
        """
        self._java = jvm.find_java(17)
        self._class_path = [
            *jars.flink_lib(),
            jars.flink_python_jar(),
            *jars.resolve("connector"),
            build.operators_jar(),
        ]
        self.archive = Archive(self._java, self._class_path)

    def command(
        self, *main: str, log: Path, scratch: Path, options: Sequence[str] = ()
    ) -> list[str]:
        """The command line of a JVM.

        Args:
            main: the main class and its arguments.
            log: file for Flink's log.
            scratch: folder for temporary files.
            options: of this JVM alone.
        """
        return [
            str(self._java),
            *jvm.FLINK_OPENS,
            *jvm.tuning(),
            "-XX:+ExitOnOutOfMemoryError",
            f"-Dlog4j.configurationFile={_CONF / 'log4j2.properties'}",
            f"-Dfederation.log={log}",
            f"-Djava.io.tmpdir={scratch}",
            *options,
            "-cp",
            os.pathsep.join(str(jar) for jar in self._class_path),
            *main,
        ]


def launch(
    command: Sequence[str],
    output: Path,
    *,
    inherit: Sequence[int],
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a JVM that ends when its standard input does, which is a pipe of ours.

    Args:
        command: its command line.
        output: file to which its own output is appended: a full pipe would stop it.
        inherit: file descriptors that stay open as long as it lives.
        environment: variables beside ours, for it and for a Python worker that it starts.
    """
    with output.open("ab") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env={
                **os.environ,
                "FLINK_CONF_DIR": str(_CONF),
                "PYTHONSAFEPATH": "1",  # no file where we stand hides a module from a worker
                **(environment or {}),
            },
            pass_fds=inherit,
            start_new_session=True,  # Ctrl-C is for us
        )


def how_it_ended(code: int | None) -> str:
    """The exit code or signal of a process that is no longer alive."""
    if code is None or code >= 0:
        return f"exit code {code}"
    killed = signal.Signals(-code).name
    return f"{killed}{', perhaps for want of memory' if killed == 'SIGKILL' else ''}"
