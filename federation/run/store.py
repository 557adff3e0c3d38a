"""The state folder of a federation: who runs, and where each stream goes on.

::

    lock                          held by the running gateway, and by nobody else
    gateway.json                  who that is (pid, and when that process began)
    status.json                   what it last said of itself, replaced every second
    logs/                         gateway.log (detached runs), flink.log, jvm.out
    tmp/                          Flink's temporary files, emptied at each start
    clusters.json                 what clusters were at the last start (plan/remembered_*.py)
    registries.json               what registries held then
    schemas/<registry>-<id>.json  writer schemas, for a restart while a registry does not answer
    streams/<stream>/repairs.jsonl  what had to be repaired at the target, a line each
    streams/<stream>/accepted.jsonl  gaps in sources that an operator has agreed to, a line each
    streams/<stream>/run-0001/    checkpoints/<job>/chk-<n>/…  and savepoint/… of one run

Runs are numbered, and checkpoint numbers go on from run to run, so "the newest" needs no clock.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import struct
import time
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import psutil

from federation.errors import JobError
from federation.observe.logs import get_logger
from federation.run.journal import Journal
from federation.run.steady import SteadyFile

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOG = get_logger(__name__)
_KEPT_RUNS = 3
_LEAST_FREE = 16 * 2**20  # bytes; where checkpoints fail with less left, that is why
_ACCEPTED = "accepted.jsonl"
_REMNANT_DEADLINE = 30.0  # seconds for the JVM of a killed gateway to notice
_HEADER = struct.Struct(">IIq")  # of Flink's _metadata: magic, version, checkpoint number
_MAGIC = 0x4960672D


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that runs the federation; when it began tells it from a reused pid."""

    pid: int
    began: str
    config: str

    @property
    def alive(self) -> bool:
        """Whether just that process still runs."""
        try:
            zombie = psutil.Process(self.pid).status() == psutil.STATUS_ZOMBIE
            return not zombie and began(self.pid) == self.began
        except psutil.NoSuchProcess:
            return False


def began(pid: int) -> str:
    """When a process began; on Linux by a clock that nobody sets, so that it never changes.

    Raises:
        psutil.NoSuchProcess: it is not there.
    """
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
        return f"{ticks} ticks after boot {boot}"
    return str(psutil.Process(pid).create_time())


class Store:
    """One federation's state folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.logs = folder / "logs"
        self.scratch = folder / "tmp"
        self.schemas = folder / "schemas"

    @contextmanager
    def owned(self, config: str) -> Iterator[int]:
        """Hold the folder for this process and those that inherit the lock.

        Yields:
            The lock's file descriptor: the JVM gets it too, so that after a kill of this process
            nobody starts again before the JVM has ended as well.

        Raises:
            JobError: another gateway holds it, or the folder cannot be written.
        """
        with self.prepare() as lock:
            self._acquire(lock.fileno())
            me = Owner(os.getpid(), began(os.getpid()), config)
            self._write("gateway.json", asdict(me))
            yield lock.fileno()

    def prepare(self) -> IO[str]:
        """Make the folder; its lock file, not yet locked.

        Raises:
            JobError: it cannot be written.
        """
        try:
            self.logs.mkdir(parents=True, exist_ok=True)
            return (self.folder / "lock").open("a")
        except OSError as error:
            raise JobError(
                f"the state folder cannot be written: {error.strerror}",
                where=str(self.folder),
                hint="set run.state to a folder that can be",
            ) from error

    def _acquire(self, lock: int) -> None:
        deadline = time.monotonic() + _REMNANT_DEADLINE
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                owner = self.owner()
                remnant = owner is not None and not owner.alive  # its JVM is just ending
                if remnant and time.monotonic() < deadline:
                    time.sleep(0.1)
                    continue
                raise self.taken() from None
            return

    def taken(self) -> JobError:
        """The error for a folder that another gateway holds."""
        owner = self.owner()
        who = f"process {owner.pid} ({owner.config})" if owner else "another process"
        return JobError(
            f"this federation is already run by {who}",
            where=str(self.folder),
            hint="see federation status; federation stop ends it",
        )

    def owner(self) -> Owner | None:
        """Who runs, or last ran, the federation.

        Raises:
            JobError: the folder cannot be read.
        """
        found = self._read("gateway.json")
        return Owner(found["pid"], found.get("began", ""), found["config"]) if found else None

    def write_status(self, status: dict[str, Any]) -> None:
        """Replace what the gateway says of itself; what goes wrong with that ends no stream."""
        try:
            SteadyFile(self.folder / "status.json").write(json.dumps(status, indent=1))
        except OSError as error:
            _LOG.warning("the status cannot be written", error=str(error))

    def full(self) -> str:
        """A sentence where the folder's disk is full, or nothing."""
        free = shutil.disk_usage(self.folder).free
        if free >= _LEAST_FREE:
            return ""
        return (
            f"the disk of the state folder {self.folder} is full ({free:,} bytes are free): "
            "without checkpoints nothing is committed; make room, and it goes on"
        )

    def read_status(self) -> dict[str, Any] | None:
        """What the gateway last said of itself.

        Raises:
            JobError: the folder cannot be read.
        """
        return self._read("status.json")

    def new_run(self, stream: str) -> Path:
        """Make the folder of a stream's next run."""
        runs = self._runs(stream)
        number = int(runs[-1].name[4:]) + 1 if runs else 1
        folder = self._stream(stream) / f"run-{number:04d}"
        folder.mkdir(parents=True)
        return folder

    def restore_point(self, stream: str) -> Path | None:
        """The newest savepoint or complete checkpoint of a stream."""
        points = (_newest(run) for run in reversed(self._runs(stream)))
        return next((point for point in points if point), None)

    def discard(self, stream: str) -> None:
        """Put all runs aside: no later start goes on from them."""
        runs = self._runs(stream)
        if runs:
            aside = self._stream(stream) / f"discarded-{time.time_ns()}"
            aside.mkdir()
            for run in runs:
                run.rename(aside / run.name)
            if (accepted := self._stream(stream) / _ACCEPTED).exists():  # of offsets of that time
                accepted.rename(aside / _ACCEPTED)

    def prune(self, stream: str) -> None:
        """Delete the runs before the newest three that have something to go on from."""
        runs = self._runs(stream)
        usable = [run for run in runs if _newest(run)][-_KEPT_RUNS:]
        for run in runs[: runs.index(usable[0])] if usable else ():
            shutil.rmtree(run, ignore_errors=True)

    def repairs(self, stream: str) -> Journal:
        """What was ever repaired at the target."""
        return Journal(self._stream(stream) / "repairs.jsonl")

    def accepted(self, stream: str) -> Journal:
        """The gaps in sources that an operator has agreed to."""
        return Journal(self._stream(stream) / _ACCEPTED)

    def _stream(self, stream: str) -> Path:
        return self.folder / "streams" / stream

    def _runs(self, stream: str) -> list[Path]:
        return sorted(self._stream(stream).glob("run-[0-9]*"), key=lambda run: int(run.name[4:]))

    def _write(self, name: str, value: dict[str, Any]) -> None:
        draft = self.folder / f".{name}.{os.getpid()}"
        draft.write_text(json.dumps(value, indent=1))
        draft.replace(self.folder / name)

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = json.loads((self.folder / name).read_text())
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None
        except OSError as error:
            raise JobError(
                f"the state folder cannot be read: {error.strerror}",
                where=str(self.folder / name),
                hint="ask as the user that the gateway runs as",
            ) from error
        return found


def _newest(run: Path) -> Path | None:
    """Where a run can be gone on from: its last checkpoint, or the savepoint that came after it.

    Mostly the savepoint ends the run; a job that could not stop after it goes on with checkpoints.
    """
    files = [*run.glob("savepoint/*/_metadata"), *run.glob("checkpoints/*/chk-*/_metadata")]
    numbers = {file.parent: number for file in files if (number := _number(file)) is not None}
    return max(numbers, key=numbers.__getitem__, default=None)


def _number(metadata: Path) -> int | None:
    """The number of a checkpoint or savepoint, from its file's head; None if that is damaged."""
    try:
        with metadata.open("rb") as file:
            magic, _version, number = _HEADER.unpack(file.read(_HEADER.size))
    except (OSError, struct.error):
        return None
    return number if magic == _MAGIC else None
