"""Flink as processes of their own: each of them is killed and frozen, and the stream goes on."""

from __future__ import annotations

import os
import signal
import ssl
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import psutil
import pytest
from streams import case, eventually, ports_elsewhere, producing, quick

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from streams import Case

    from federation.sandbox import Sandbox

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]


@dataclass(frozen=True)
class _Running:
    """A stream under load in a cluster of processes."""

    made: Case
    process: subprocess.Popen[str]
    traffic: ExitStack

    def stream(self) -> dict[str, Any]:
        assert self.process.poll() is None, self.made.log()
        return eventually(lambda: self.made.status()["streams"], "a status")[0]

    def checkpoint(self) -> int:
        """The number of the last one, or 0 while the stream does not run."""
        said = self.stream()
        return said["checkpoint"]["number"] if said["checkpoint"] and _runs(said) else 0

    def moves(self) -> None:
        """Two more checkpoints complete."""
        before = eventually(self.checkpoint, "a running stream", 120)
        eventually(lambda: self.checkpoint() > before + 1, "checkpoints", 60)

    def pid(self, name: str) -> int:
        return int(self.made.status()["processes"][name])


def _runs(said: dict[str, Any]) -> bool:
    return bool(said["state"] == "RUNNING")


@pytest.fixture(scope="module")
def running(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Running]:
    """One for all: each test leaves it running, but for the last."""
    two = quick(parallelism=2, task_managers=2)
    made = case(sandbox, tmp_path_factory.mktemp("cluster"), "cluster", edit=two)
    with ExitStack() as traffic, made.running() as process:
        traffic.enter_context(producing(sandbox, made, rate=500))
        yield _Running(made, process, traffic)


def test_only_the_gateway_may_talk_to_its_cluster(running: _Running) -> None:
    """All ports are on loopback; REST takes nobody without this run's own certificate."""
    running.moves()
    assert ports_elsewhere(running.process.pid, at_least=4) == []
    port = running.stream()["rest_port"]
    with httpx.Client(verify=_anyone(), trust_env=False, timeout=20) as client:
        plain = client.get(f"http://127.0.0.1:{port}/v1/jobs")
        assert plain.is_redirect
        assert plain.headers["location"].startswith("https://")
        assert plain.content == b""
        with pytest.raises(httpx.HTTPError):
            client.get(f"https://127.0.0.1:{port}/v1/jobs")
    folder = running.made.state / "tmp" / "cluster"
    assert {path.name: path.stat().st_mode & 0o077 for path in (folder, *folder.iterdir())} == {
        "cluster": 0,
        "config.yaml": 0,
        "identity.p12": 0,
        "identity.pem": 0,
    }


def _anyone() -> ssl.SSLContext:
    """Of a client that would talk to everybody, and has nothing to show."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@pytest.mark.parametrize("name", ["taskmanager-2", "jobmanager"])
def test_a_process_is_killed_and_another_takes_its_place(running: _Running, name: str) -> None:
    """The stream goes on by itself: of a TaskManager by a restart, of the JobManager by a new job."""
    running.moves()
    before, pid = running.stream(), running.pid(name)
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: running.pid(name) not in {0, pid}, f"another {name}", 60)
    eventually(lambda: _bitten(before, running.stream()), "it has cost the job something", 60)
    running.moves()


def _bitten(before: dict[str, Any], now: dict[str, Any]) -> bool:
    return now["restarts"] > before["restarts"] or now["job_id"] != before["job_id"]


def test_a_frozen_job_manager_is_told(running: _Running) -> None:
    """Status does not go on saying RUNNING; once it moves again the stream does, too."""
    running.moves()
    frozen = psutil.Process(running.pid("jobmanager"))
    frozen.suspend()
    try:
        eventually(lambda: "has not answered" in running.stream()["error"], "it is said", 20)
        assert running.stream()["state"] == "DEGRADED"
    finally:
        frozen.resume()
    running.moves()


def test_a_frozen_task_manager_is_given_up(running: _Running) -> None:
    """Flink takes it for dead; when it wakes, what it held is not committed (the last test)."""
    running.moves()
    frozen = psutil.Process(running.pid("taskmanager-1"))
    frozen.suspend()
    try:
        eventually(lambda: running.stream()["state"] == "RESTARTING", "Flink misses it", 90)
    finally:
        frozen.resume()
    running.moves()


def test_no_process_outlives_its_gateway(running: _Running) -> None:
    """Flink's processes end with a gateway that is killed; after all of that the target is the truth.

    The next start goes on from the last checkpoint, and stops with a savepoint by itself.
    """
    running.moves()
    family = psutil.Process(running.process.pid).children(recursive=True)
    assert len(family) >= 4  # a JVM for Py4J, and three of Flink's
    os.kill(running.process.pid, signal.SIGKILL)
    running.process.wait(timeout=30)
    assert psutil.wait_procs(family, timeout=15)[1] == []
    running.traffic.close()
    running.made.becomes_true()
