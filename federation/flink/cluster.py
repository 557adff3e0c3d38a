"""Flink as processes of their own on this machine: a JobManager and some TaskManagers.

A TaskManager that ends takes only its own tasks with it: another one is started in its place, and
the streams go on from their last checkpoint. Where the JobManager ends, all of them end, so that no
task of a job it has forgotten still writes, and a new cluster takes the jobs.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import httpx

from federation.errors import JobError
from federation.flink.endpoint import Endpoint, free_ports, settings
from federation.flink.program import how_it_ended, launch
from federation.flink.tls import Identity
from federation.observe.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from federation.flink.program import Program

_LOG = get_logger(__name__)
_TETHER = "federation.process.Tether"
_JOB_MANAGER = "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint"
_TASK_MANAGER = "org.apache.flink.runtime.taskexecutor.TaskManagerRunner"
_START_DEADLINE = 90.0
_STOP_DEADLINE = 10.0
_AGAIN_AFTER = 5.0  # seconds that a process has run before another one follows at once
_HEAP_PERCENT = 25  # of the machine's memory, for all TaskManagers together, as Java has it
_SETTINGS = {
    "jobmanager.rpc.address": "127.0.0.1",
    # A process that is gone is missed within seconds, one that stands still within half a minute.
    "heartbeat.interval": "2000",
    "heartbeat.timeout": "30000",
    # Flink's scripts would find these by arithmetic; the heap's size is the JVM's own affair.
    "taskmanager.cpu.cores": "1.0",
    "taskmanager.memory.framework.heap.size": "128mb",
    "taskmanager.memory.framework.off-heap.size": "128mb",
    "taskmanager.memory.task.heap.size": "512mb",
    "taskmanager.memory.task.off-heap.size": "0",
    "taskmanager.memory.managed.size": "128mb",
    "taskmanager.memory.jvm-metaspace.size": "256mb",
    "taskmanager.memory.jvm-overhead.min": "192mb",
    "taskmanager.memory.jvm-overhead.max": "192mb",
}


class Cluster:
    """The processes; all of them end with this one, however it does."""

    def __init__(
        self, *, workers: int, slots: int, logs: Path, scratch: Path, inherit: Sequence[int] = ()
    ) -> None:
        """Prepare; :meth:`start` does the work.

        Args:
            workers: TaskManagers.
            slots: tasks that all of them together take.
            logs: folder for their logs and output.
            scratch: folder for temporary files, emptied by whoever starts first.
            inherit: file descriptors that stay open as long as any of them lives.
        """
        self._workers, self._slots = workers, slots
        self._logs, self._scratch = logs, scratch
        self._inherit = tuple(inherit)
        self._processes: dict[str, _Process] = {}

    def start(self, program: Program) -> None:
        """Start all processes, and wait until they know each other.

        Raises:
            JobError: one of them ended, or they do not find each other in time; names the log.
        """
        self._folder = self._scratch / "cluster"
        self._folder.mkdir(parents=True, mode=0o700)
        identity = Identity(self._folder)
        port, rpc = free_ports(2)
        own = {
            **_SETTINGS,
            **settings(port, scheme="https"),
            "jobmanager.rpc.port": str(rpc),
            "taskmanager.numberOfTaskSlots": str(-(-self._slots // self._workers)),
            **identity.options("rest", "internal"),
        }
        configuration = self._folder / "config.yaml"
        configuration.touch(mode=0o600)
        configuration.write_text(json.dumps(own))  # which is YAML, too
        found = {"rest.address": "127.0.0.1", "rest.port": str(port), **identity.options("rest")}
        self.endpoint = Endpoint(port, {"execution.target": "remote", **found}, identity.context())
        self._http = self.endpoint.client()
        heap = _HEAP_PERCENT / self._workers
        self._processes = {
            "jobmanager": self._process(program, "jobmanager", _JOB_MANAGER, heap=4),
            **{
                name: self._process(
                    program,
                    name,
                    _TASK_MANAGER,
                    *("-D", f"taskmanager.resource-id={name}"),
                    heap=heap,
                )
                for name in (f"taskmanager-{number + 1}" for number in range(self._workers))
            },
        }
        for one in self._processes.values():
            one.start()
        self._wait()

    @property
    def pids(self) -> dict[str, int]:
        """The processes' ids by their names."""
        return {name: one.pid for name, one in self._processes.items()}

    @property
    def ready(self) -> bool:
        """Whether all TaskManagers are there."""
        try:
            found = self._http.get("/overview").raise_for_status().json()
        except httpx.HTTPError:
            return False
        return bool(found["taskmanagers"] >= self._workers)

    def tend(self) -> bool:
        """Start what has ended; True if that was the JobManager, which took all jobs along."""
        ended = {name: one for name, one in self._processes.items() if one.due}
        for name, one in ended.items():
            _LOG.warning("a process of Flink ended", process=name, how=one.how_it_ended())
        anew = "jobmanager" in ended
        again = self._processes if anew else ended
        for one in again.values():
            one.kill()
        for one in again.values():
            one.start()
        return anew

    def stop(self) -> None:
        """End all processes; safe to call twice."""
        for one in self._processes.values():
            one.end()
        deadline = time.monotonic() + _STOP_DEADLINE
        for one in self._processes.values():
            one.wait(deadline - time.monotonic())
            one.kill()

    def _process(self, program: Program, name: str, *main: str, heap: float) -> _Process:
        scratch = self._scratch / name
        command = program.command(
            *(_TETHER, main[0], "--configDir", str(self._folder), *main[1:]),
            log=self._logs / f"{name}.log",
            scratch=scratch,
            options=[f"-XX:MaxRAMPercentage={heap:g}", *program.archive.options(write=False)],
        )
        return _Process(command, self._logs / f"{name}.out", scratch, self._inherit)

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_DEADLINE
        while not self.ready:
            for name, one in self._processes.items():
                if not one.alive:
                    self.stop()
                    raise JobError(
                        f"Flink's {name} ended at once: {one.how_it_ended()}",
                        hint=f"read {self._logs / name}.log and {name}.out",
                    )
            if time.monotonic() > deadline:
                self.stop()
                raise JobError(
                    f"Flink's processes did not find each other within {_START_DEADLINE:.0f} s",
                    hint=f"read the logs in {self._logs}",
                )
            time.sleep(0.1)


class _Process:
    """One of them, again and again."""

    def __init__(
        self, command: list[str], output: Path, scratch: Path, inherit: Sequence[int]
    ) -> None:
        self._command, self._output = command, output
        self._scratch, self._inherit = scratch, inherit
        self._began = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        shutil.rmtree(self._scratch, ignore_errors=True)  # one that was killed left its own
        self._scratch.mkdir(parents=True)
        self._began = time.monotonic()
        self._process = launch(self._command, self._output, inherit=self._inherit)

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def due(self) -> bool:
        """Whether it has ended, and is to start again: not at once, where it ended at once."""
        return not self.alive and time.monotonic() - self._began >= _AGAIN_AFTER

    def how_it_ended(self) -> str:
        return how_it_ended(self._process.poll() if self._process else None)

    def end(self) -> None:
        if self._process is not None:
            self._process.terminate()

    def wait(self, seconds: float) -> None:
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=max(0.0, seconds))

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            assert self._process.stdin is not None
            self._process.stdin.close()
