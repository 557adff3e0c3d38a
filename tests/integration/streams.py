"""Running the gateway in tests as a person does: as a process, by its command line."""

from __future__ import annotations

import ipaddress
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from ruamel.yaml import YAML
from truth import Verdict, judge

from federation.sandbox import Sandbox
from federation.sandbox.seed import seed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]


def compile_once() -> None:
    """JVMs that we start use the first compiler alone: a short run never earns the second one back."""
    os.environ.setdefault("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1")


@contextmanager
def clusters(folder: Path) -> Iterator[Sandbox]:
    """The clusters eu, us and hub, each with its registry; nothing is left of them afterwards."""
    box = Sandbox(folder)
    try:
        box.up(("eu", "us", "hub"))
        yield box
    finally:
        box.reset()


@dataclass(frozen=True)
class Case:
    """A seeded domain with topics of its own, and the configuration that merges it."""

    config: Path
    truth: Path
    env: Mapping[str, str]
    target: str
    dead: str
    state: Path
    cli: tuple[str, ...] = (sys.executable, "-m", "federation")

    def run(self, *arguments: str, code: int | None = 0, timeout: float = 240) -> str:
        """Run a command to its end; its stdout. ``code`` None: however it ends."""
        return self._run(*arguments, code=code, timeout=timeout).stdout

    def fails(self, *arguments: str, timeout: float = 240) -> str:
        """Run a command that ends with an error; what it says of that."""
        return self._run(*arguments, code=1, timeout=timeout).stderr

    def _run(
        self, *arguments: str, code: int | None, timeout: float
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*self.cli, *arguments, "-c", str(self.config)],
            env={**os.environ, **self.env},
            cwd=self.config.parent,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert code in {None, done.returncode}, (
            f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """``start`` in the foreground; killed at the end if the test has not ended it."""
        log = (self.config.parent / "start.log").open("a")
        process = subprocess.Popen(
            [*self.cli, "start", "-c", str(self.config), *arguments],
            env={**os.environ, **self.env},
            cwd=self.config.parent,
            stdout=log,
            stderr=log,
            text=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                kill(process.pid)
            process.wait()
            log.close()

    def verdict(self) -> Verdict:
        """What the judge says of the target as it is now."""
        env = self.env
        return judge(self.truth, env["HUB_BOOTSTRAP"], env["HUB_REGISTRY"], self.target, self.dead)

    def becomes_true(self) -> Verdict:
        """After a start that catches up the target is the truth; what the judge saw."""
        self.run("start", "--until-caught-up")
        verdict = self.verdict()
        assert verdict.counts["record"] > 0
        assert verdict.faults() == {}
        return verdict

    def edit(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Change the configuration of the next start."""
        yaml = YAML(typ="safe")
        config = yaml.load(self.config.read_text())
        change(config)
        with self.config.open("w") as out:
            yaml.dump(config, out)

    def checkpoint(self, pid: int | None = None) -> bool:
        """Whether the gateway, or the one of that process, has completed a checkpoint."""
        status = self.status()
        return pid in {None, status["pid"]} and any(one["checkpoint"] for one in status["streams"])

    def status(self) -> dict[str, Any]:
        """What the gateway last said of itself."""
        try:
            return json.loads((self.state / "status.json").read_text())
        except (OSError, ValueError):
            return {"pid": 0, "streams": []}

    def log(self) -> str:
        """What ``start`` logged."""
        return (self.config.parent / "start.log").read_text()


def quick(**run: Any) -> Callable[[dict[str, Any]], None]:
    """An edit: a checkpoint each second, and what else is said of the run."""

    def edit(config: dict[str, Any]) -> None:
        config["run"] = {"checkpoint": "1s", **run}

    return edit


def case(
    box: Sandbox,
    folder: Path,
    name: str,
    *,
    example: str = "orders",
    records: int = 20_000,
    number: int = 1,
    edit: Callable[[dict[str, Any]], None] = lambda _config: None,
) -> Case:
    """Seed a domain under topic names of its own, and write the example's configuration for it.

    Args:
        box: a sandbox that is up.
        folder: for the configuration, the truth file and the state.
        name: put before the federation's and all topics' names.
        example: ``orders`` or ``telemetry``.
        records: how many to seed.
        number: the seed number.
        edit: changes the configuration before it is written.
    """
    truth = folder / "truth.jsonl.gz"
    seed(box, example, records=records, number=number, truth=truth, prefix=f"{name}.")
    yaml = YAML(typ="safe")
    config = yaml.load((ROOT / "configs" / f"{example}.yaml").read_text())
    config["federation"] = name
    (stream,) = config["streams"].values()
    for source in stream["sources"]:
        source["topics"] = [f"{name}.{topic}" for topic in source["topics"]]
    stream["target"]["topic"] = f"{name}.{stream['target']['topic']}"
    stream["errors"]["dead_letter"] = f"{name}.{stream['errors']['dead_letter']}"
    edit(config)
    file = folder / f"{example}.yaml"
    with file.open("w") as out:
        yaml.dump(config, out)
    shutil.copytree(ROOT / "configs" / "schemas", folder / "schemas", dirs_exist_ok=True)
    return Case(
        file,
        truth,
        box.env(),
        (stream.get("target") or stream["targets"][0])["topic"],
        stream["errors"]["dead_letter"],
        folder / ".federation" / name,
    )


@contextmanager
def producing(box: Sandbox, made: Case, *, rate: int, example: str = "orders") -> Iterator[None]:
    """Live traffic into a case's sources, written down in its truth file; ends cleanly."""
    process = subprocess.Popen(
        [
            *made.cli, "sandbox", "seed", "--domain", example, "--folder", str(box.folder),
            "--rate", str(rate), "--prefix", f"{made.state.name}.",
            "--truth", str(made.truth), "--append",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode in (0, 130), said


def kill(pid: int) -> None:
    """End a gateway and its JVM as a power cut would."""
    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for process in family:
        try:
            process.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            continue


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """A process that stands still in the block; a busy system takes a moment to stop it."""
    os.kill(pid, signal.SIGSTOP)
    try:
        eventually(
            lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED, "a stopped process"
        )
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def eventually(found: Callable[[], Any], what: str, deadline: float = 90) -> Any:
    """Ask again until the answer is true; the answer."""
    ends = time.monotonic() + deadline
    while time.monotonic() < ends:
        if answer := found():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"not within {deadline} s: {what}")


def ports_elsewhere(pid: int, *, at_least: int) -> list[str]:
    """The addresses beside loopback on which a process and its children listen.

    ``at_least`` so many ports are there, or this looks at the wrong process.
    """
    gateway = psutil.Process(pid)
    listening = [
        connection.laddr.ip
        for process in (gateway, *gateway.children(recursive=True))
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= at_least
    return [one for one in listening if not _loopback(one)]


def _loopback(address: str) -> bool:
    parsed = ipaddress.ip_address(address)
    mapped = getattr(parsed, "ipv4_mapped", None)
    return bool((mapped or parsed).is_loopback)
