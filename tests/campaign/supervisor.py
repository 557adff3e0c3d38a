"""A gateway as a service manager keeps it: a process that is started again whenever it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import psutil
from streams import eventually, kill

if TYPE_CHECKING:
    from streams import Case

START_SECONDS = 120.0  # from its start until it runs, with the busiest machine in mind
STOP_SECONDS = 120.0


class Gateway:
    """The one gateway of a run."""

    def __init__(self, made: Case) -> None:
        self.made = made
        self.starts = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The Python process."""
        assert self._process is not None
        return self._process.pid

    @property
    def jvm(self) -> int:
        """The process of the streams."""
        found = eventually(lambda: self.made.status().get("jvm_pid"), "a JVM", 30)
        return int(found)

    def revive(self) -> None:
        """See to it that it runs: start it where it has ended, as often as it takes."""
        ends = time.monotonic() + START_SECONDS
        while not self._runs():
            assert time.monotonic() < ends, f"the gateway does not run: {self.made.log()[-2000:]}"
            if self._process is None or self._process.poll() is not None:
                self.launch()
            time.sleep(0.1)

    def launch(self) -> None:
        """Start it, and wait for nothing."""
        self.starts += 1
        with (self.made.config.parent / "start.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self.made.cli, "start", "-c", str(self.made.config)],
                env={**os.environ, **self.made.env},
                cwd=self.made.config.parent,
                stdout=log,
                stderr=log,
            )

    def interrupt(self) -> None:
        """Ask it to stop with a savepoint."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)

    def ended(self) -> int:
        """Wait until it has stopped; its exit code."""
        assert self._process is not None
        return self._process.wait(STOP_SECONDS)

    def kill(self) -> None:
        """End it with its JVM, as a power cut would."""
        if self._process is not None and self._process.poll() is None:
            children = psutil.Process(self.pid).children(recursive=True)
            kill(self.pid)
            psutil.wait_procs(children, 30)
            self._process.wait(30)

    def _runs(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            return False
        status = self.made.status()
        states = {stream["state"] for stream in status["streams"]}
        return (
            status["pid"] == self._process.pid
            and bool(states)
            and states <= {"RUNNING", "DEGRADED"}
        )
