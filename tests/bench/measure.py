"""One run of one contender: started, watched until all its output is committed, and ended."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psutil
from check import check
from confluent_kafka import IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec
from load import create
from rates import Sample, steady, whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from contenders import Contender
    from workload import Workload

_INTERVAL = 0.25
_PATIENCE = 300.0
_STOP = 60.0


@dataclass(frozen=True, slots=True)
class Run:
    """What one run was.

    Attributes:
        contender: its name.
        round: from 1.
        whole: input records per second, start included.
        steady: input records per second in the steady part.
        cpu: seconds of processor per million input records, all its processes together.
        memory: most bytes resident at once, all its processes together.
        samples: the output over time.
    """

    contender: str
    round: int
    whole: float
    steady: float
    cpu: float
    memory: int
    samples: tuple[Sample, ...]


class _Processes:
    """The processes of a contender: what they have used so far, those that ended included."""

    def __init__(self, root: psutil.Process) -> None:
        self._root = root
        self._cpu: dict[tuple[int, float], float] = {}
        self.memory = 0

    @property
    def cpu(self) -> float:
        return sum(self._cpu.values())

    def look(self) -> bool:
        """Add up; whether the contender still runs."""
        memory = 0
        with suppress(psutil.Error):
            for process in (self._root, *self._root.children(recursive=True)):
                with suppress(psutil.Error):
                    times = process.cpu_times()
                    self._cpu[process.pid, process.create_time()] = times.user + times.system
                    memory += process.memory_info().rss
        self.memory = max(self.memory, memory)
        with suppress(psutil.NoSuchProcess):
            return self._root.status() != psutil.STATUS_ZOMBIE
        return False


class _Output:
    """The ends of the target's topics."""

    def __init__(self, bootstrap: str, topics: Iterable[str], partitions: int) -> None:
        self._admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
        every = (TopicPartition(topic, part) for topic in topics for part in range(partitions))
        self._ends = dict.fromkeys(every, OffsetSpec.latest())

    def sample(self, at: float) -> Sample:
        # The committed ones first: they never pass the written ones.
        committed = self._sum(IsolationLevel.READ_COMMITTED)
        return Sample(at, self._sum(IsolationLevel.READ_UNCOMMITTED), committed)

    def _sum(self, level: IsolationLevel) -> int:
        total = 0
        for end in self._admin.list_offsets(self._ends, isolation_level=level).values():
            with suppress(KafkaException):  # MirrorMaker makes its topics itself
                total += end.result(10).offset
        return total


@dataclass(frozen=True, slots=True)
class Watched:
    """A process that has written all its output.

    Attributes:
        samples: the output over time.
        cpu: seconds of processor, all its processes together.
        memory: most bytes resident at once, all its processes together.
    """

    samples: tuple[Sample, ...]
    cpu: float
    memory: int


def run(contender: Contender, number: int, workload: Workload, env: Mapping[str, str]) -> Run:
    """Run a contender on empty topics and check what it wrote.

    Raises:
        RuntimeError: it ended early, took too long, or its output is wrong.
    """
    topics, mirrored = contender.topics(workload), contender.mirrored
    tidy(env, () if contender.renames else topics, workload.partitions)
    expected = workload.written(mirrored=mirrored)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        command = contender.command(workload, env, folder)
        seen = watched(
            *(command, folder, env),
            topics=topics,
            partitions=workload.partitions,
            expected=expected,
        )
    check(contender.name, workload, topics, env, mirrored=mirrored)
    return Run(
        contender.name,
        number,
        whole(seen.samples, workload.read, expected),
        steady(seen.samples, workload.read),
        seen.cpu / workload.read * 1e6,
        seen.memory,
        seen.samples,
    )


def watched(
    command: list[str],
    folder: Path,
    env: Mapping[str, str],
    *,
    topics: Iterable[str],
    partitions: int,
    expected: int,
) -> Watched:
    """Start a process in a folder, watch its output until so many records are committed, and end it.

    Raises:
        RuntimeError: it ended early or took too long.
    """
    output = _Output(env["HUB_BOOTSTRAP"], topics, partitions)
    log = folder / "output.log"
    with log.open("wb") as out:
        begin = time.monotonic()
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **env}, stdout=out, stderr=out
        )
    used = _Processes(psutil.Process(process.pid))
    try:
        samples = tuple(_watch(used, output, begin, expected))
        if samples[-1].committed < expected:
            raise RuntimeError(
                f"{' '.join(command[:3])} {'is slow' if process.poll() is None else 'ended'} with"
                f" {samples[-1].committed} of {expected} records committed:\n"
                + log.read_text(errors="replace")[-3000:]
            )
    finally:
        ended(process)
    return Watched(samples, used.cpu, used.memory)


def _watch(used: _Processes, output: _Output, begin: float, expected: int) -> Iterator[Sample]:
    """Look until all is committed, the contender has ended, or patience has."""
    while True:
        running = used.look()
        yield (last := output.sample(time.monotonic() - begin))
        # Markers of transactions have offsets too: the end is where nothing is left open.
        done = last.committed >= expected and last.committed == last.written
        if done or not running or last.at > _PATIENCE:
            return
        time.sleep(_INTERVAL)


def ended(process: subprocess.Popen[bytes]) -> None:
    """Ask a contender and all that it started to end, then insist."""
    with suppress(psutil.Error):
        tree = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        process.terminate()
        _, alive = psutil.wait_procs(tree, timeout=_STOP)
        for one in alive:
            with suppress(psutil.Error):
                one.kill()
    process.wait()


def tidy(env: Mapping[str, str], topics: Iterable[str], partitions: int) -> None:
    """Delete what runs left at the target, and make topics anew."""
    bootstrap, registry = env["HUB_BOOTSTRAP"], env["HUB_REGISTRY"]
    # Flink SQL names its records otherwise: no version of a contract that others have registered.
    for subject in httpx.get(f"{registry}/subjects").raise_for_status().json():
        for how in ("", "?permanent=true"):
            httpx.delete(f"{registry}/subjects/{subject}{how}")
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})

    def left() -> list[str]:
        return [topic for topic in admin.list_topics(timeout=30).topics if topic[:2] != "__"]

    if old := left():
        for future in admin.delete_topics(old).values():
            future.result(30)
    deadline = time.monotonic() + 30
    while left():
        if time.monotonic() > deadline:
            raise RuntimeError(f"topics are still there: {', '.join(left())}")
        time.sleep(0.1)
    for topic in topics:
        create(admin, topic, partitions)
