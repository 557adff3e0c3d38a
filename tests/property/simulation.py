"""A small Kafka and a small gateway, to try out what a stream does about failed commits.

The brokers have what matters here: logs with markers, coordinators with epochs, time-outs, markers
that come late, coordinators that forget. The gateway has what matters of Flink's: tasks by key,
checkpoints that complete or fail, commits after completion and again after a restore, rescaling.
What is decided after a crash is the product's own :mod:`federation.run.settle`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from federation.errors import ClusterError
from federation.flink.transactions import Extent, Finding, Open, Transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

PARTITIONS = 2
KEYS = 4
POINT = Path("checkpoint")


class Crash(Exception):  # noqa: N818 - it is no error of the simulation
    """The process is gone."""


@dataclass
class Entry:
    """A line of a log: a record of a producer, or a marker."""

    producer: int
    epoch: int
    record: tuple[int, int] | None = None  # key and number within the key
    commits: bool | None = None  # of a marker


@dataclass
class Coordinated:
    """What a coordinator knows of a transactional id."""

    producer: int
    epoch: int = 0
    ongoing: bool = False
    partitions: set[int] = field(default_factory=set)
    committed: int = -1  # the epoch that was committed last, if it is still the id's
    late: list[tuple[int, bool]] = field(default_factory=list)  # partitions whose marker is due


class Fenced(Exception):  # noqa: N818 - Kafka's word
    """The brokers will never do it."""


class Brokers:
    """The target's cluster."""

    def __init__(self, choose: Callable[[int], int]) -> None:
        self.logs: list[list[Entry]] = [[] for _ in range(PARTITIONS)]
        self.ids: dict[str, Coordinated] = {}
        self.choose = choose
        self.moves = choose(2) == 1  # whether each end moves the epoch, as of Kafka 4
        self._producers = 0

    def init(self, name: str) -> tuple[int, int]:
        """Give an id a new epoch; what was open under it is aborted."""
        if name not in self.ids:
            self._producers += 1
            self.ids[name] = Coordinated(self._producers)
            return self._producers, 0
        one = self.ids[name]
        self._deliver(one)
        if one.ongoing:
            self._end(one, commits=False)
            self._deliver(one)
        one.epoch += 1
        return one.producer, one.epoch

    def write(self, name: str, partition: int, record: tuple[int, int], epoch: int) -> int:
        """Append a record of a transaction; its offset."""
        one = self.ids[name]
        if one.epoch != epoch:
            raise Fenced
        one.ongoing = True
        one.partitions.add(partition)
        self.logs[partition].append(Entry(one.producer, one.epoch, record))
        return len(self.logs[partition]) - 1

    def commit(self, name: str, producer: int, epoch: int) -> None:
        """Commit; where a commit moves the epoch, one that is repeated is fenced."""
        one = self.ids.get(name)
        if one is None or (one.producer, one.epoch) != (producer, epoch):
            raise Fenced
        if one.ongoing:
            self._end(one, commits=True)
        elif one.committed != epoch:
            raise Fenced

    def expire(self) -> None:
        """Time passes: every open transaction is aborted."""
        for one in self.ids.values():
            if one.ongoing:
                self._end(one, commits=False)

    def forget(self, name: str, producer: int, epoch: int) -> None:
        """A coordinator loses an idle id, as after a week, or this transaction, which then hangs."""
        one = self.ids.get(name)
        if (
            one
            and not one.late
            and (not one.ongoing or (one.producer, one.epoch) == (producer, epoch))
        ):
            del self.ids[name]

    def deliver(self) -> None:
        """All markers that are due are written."""
        for one in self.ids.values():
            self._deliver(one)

    def mark(self, producer: int, partition: int) -> None:
        """An administrator ends a transaction in one partition."""
        if producer in self.open_in(partition):
            self.logs[partition].append(Entry(producer, 0, commits=False))

    def visible(self, partition: int) -> list[tuple[int, int]]:
        """What a reader of committed records sees, from the first to the last."""
        seen, open_ = [], {}
        for at, entry in enumerate(self.logs[partition]):
            if entry.record is not None:
                open_.setdefault(entry.producer, []).append((at, entry.record))
            else:
                ended = open_.pop(entry.producer, [])
                seen += ended if entry.commits else []
        return [record for _, record in sorted(seen)]

    def open_in(self, partition: int) -> set[int]:
        """Producers whose records in a partition have no marker yet."""
        open_: set[int] = set()
        for entry in self.logs[partition]:
            (open_.add if entry.record is not None else open_.discard)(entry.producer)
        return open_

    def _end(self, one: Coordinated, *, commits: bool) -> None:
        one.late += [(partition, commits) for partition in sorted(one.partitions)]
        one.committed = one.epoch if commits else -1
        if self.moves or not commits:
            one.epoch += 1
        one.ongoing, one.partitions = False, set()
        if self.choose(3):
            self._deliver(one)

    def _deliver(self, one: Coordinated) -> None:
        for partition, commits in one.late:
            self.logs[partition].append(Entry(one.producer, one.epoch, commits=commits))
        one.late = []


@dataclass
class Checkpoint:
    """What a restore gives back: how much was read, what is remembered, what is uncommitted."""

    position: int = 0
    seen: frozenset[tuple[int, int]] = frozenset()
    pending: tuple[Transaction, ...] = ()


class Target:
    """The door to the brokers; it may fail, or the process may end, at any step."""

    def __init__(self, brokers: Brokers, point: Checkpoint, trouble: Callable[[], None]) -> None:
        self.brokers = brokers
        self.point = point
        self.trouble = trouble

    def pending(self, _folder: Path) -> tuple[Transaction, ...]:
        """What the checkpoint has yet to commit."""
        self.trouble()
        return self.point.pending

    def open(self) -> tuple[Open, ...]:
        """Whatever is ongoing."""
        self.trouble()
        return tuple(
            Open(name, one.producer, one.epoch, 0, 0, ())
            for name, one in self.brokers.ids.items()
            if one.ongoing
        )

    def abort(self, ids: Iterable[str]) -> None:
        """Fence these ids."""
        for name in ids:
            self.trouble()
            self.brokers.init(name)

    def abort_hanging(self, producer: int, partitions: Iterable[str]) -> None:
        """Markers by hand."""
        for name in partitions:
            self.trouble()
            self.brokers.mark(producer, int(name.rpartition("-")[2]))

    def commit(self, transactions: Sequence[Transaction]) -> None:
        """Try; what is fenced stays as it is."""
        for one in transactions:
            self.trouble()
            try:
                self.brokers.commit(one.id, one.producer, one.epoch)
            except Fenced:
                continue

    def inspect(self, transactions: Sequence[Transaction]) -> list[tuple[Finding, ...]]:
        """What the logs say."""
        self.trouble()
        return [tuple(self.finding(one, extent) for extent in one.extents) for one in transactions]

    def finding(self, one: Transaction, extent: Extent) -> Finding:
        """What one log says of one extent."""
        log = self.brokers.logs[extent.partition]
        ends = (
            (at, entry.commits)
            for at, entry in enumerate(log)
            if at > extent.last and entry.record is None and entry.producer == one.producer
        )
        end, commits = next(ends, (None, None))
        if end is None:
            return Finding("open")
        if commits:
            return Finding("committed")
        records = [log[at].record for at in self.lines(one, extent)]
        behind = Brokers(self.brokers.choose)
        behind.logs[0] = log[end + 1 :]
        copies = sum(record in records for record in behind.visible(0))
        return Finding("aborted", len(records), copies)

    def lines(self, one: Transaction, extent: Extent) -> list[int]:
        """Offsets of a transaction's records."""
        log = self.brokers.logs[extent.partition]
        return [
            at
            for at in range(extent.first, extent.last + 1)
            if log[at].record is not None
            and (log[at].producer, log[at].epoch) == (one.producer, one.epoch)
        ]

    def rewrite(self, transactions: Sequence[Transaction]) -> int:
        """All of it, or nothing."""
        try:
            return self._rewrite(transactions)
        except Fenced:  # it took too long
            raise ClusterError("timed out") from None

    def _rewrite(self, transactions: Sequence[Transaction]) -> int:
        self.trouble()
        producer, epoch = self.brokers.init("again")
        found = [(one, e, self.finding(one, e)) for one in transactions for e in one.extents]
        if any(finding.copies for _, _, finding in found):
            return 0
        written = 0
        for one, extent, finding in found:
            if finding.fate == "aborted":
                for at in self.lines(one, extent):
                    self.trouble()
                    record = self.brokers.logs[extent.partition][at].record
                    assert record is not None
                    self.brokers.write("again", extent.partition, record, epoch)
                    written += 1
        self.trouble()
        self.brokers.commit("again", producer, epoch)
        self.trouble()
        return written


class Gateway:
    """One stream's job: reads ``source``, drops duplicates, writes by key, commits by checkpoint."""

    def __init__(self, brokers: Brokers, source: list[tuple[int, int]], naming: str) -> None:
        self.brokers = brokers
        self.source = source
        self.naming = naming
        self.latest = Checkpoint()
        self.numbers = 0
        self.tasks = 1
        self.resume(self.latest, settled=(), tasks=1)

    def resume(self, point: Checkpoint, *, settled: tuple[str, ...], tasks: int) -> None:
        """Begin again from a checkpoint whose transactions are settled."""
        assert {one.name for one in point.pending} == set(settled)
        self.tasks = tasks
        self.position, self.seen = point.position, set(point.seen)
        self.waiting: list[Transaction] = []  # prepared, in order; committed when complete
        self.complete = 0
        self.used = {one.id for one in point.pending}
        self.open: dict[int, tuple[str, int, int]] = {}
        self.extents: dict[int, dict[int, Extent]] = {}

    def read(self) -> None:
        """Read one record, and write it if it is new."""
        if self.position == len(self.source):
            return
        record = self.source[self.position]
        self.position += 1
        if record in self.seen:
            return
        task = record[0] % self.tasks
        if task not in self.open:
            name = self._name(task)
            self.open[task] = (name, *self.brokers.init(name))
        name, _, epoch = self.open[task]
        partition = record[0] % PARTITIONS
        offset = self.brokers.write(name, partition, record, epoch)
        self.seen.add(record)
        mine = self.extents.setdefault(task, {})
        known = mine.get(partition, Extent("t", partition, offset, offset, 0))
        mine[partition] = Extent("t", partition, known.first, offset, known.count + 1)

    def checkpoint(self, *, completes: bool) -> None:
        """Prepare what is open; where the checkpoint fails, it waits for a later one."""
        self.numbers += 1
        for task, (name, producer, epoch) in sorted(self.open.items()):
            extents = tuple(one for _, one in sorted(self.extents[task].items()))
            self.waiting.append(Transaction(name, producer, epoch, self.numbers, extents))
            self.used.add(name)
        self.open, self.extents = {}, {}
        if completes:
            self.latest = Checkpoint(self.position, frozenset(self.seen), tuple(self.waiting))
            self.complete = self.numbers

    def commit(self, task: int) -> None:
        """One task commits its part of what is complete, in order; Crash where one is lost."""
        for one in [w for w in self.waiting if w.checkpoint <= self.complete]:
            if int(one.id.split("-")[1]) % self.tasks != task:
                continue
            try:
                self.brokers.commit(one.id, one.producer, one.epoch)
            except Fenced:
                log = Target(self.brokers, self.latest, lambda: None)
                if any(f.fate != "committed" for f in log.inspect([one])[0]):
                    raise Crash from None
            self.waiting.remove(one)
            self.used.discard(one.id)

    def _name(self, task: int) -> str:
        if self.naming == "incrementing":
            return f"sink-{task}-{self.numbers}-{len(self.brokers.ids)}"
        free = (f"sink-{task}-{n}" for n in range(1000))
        return next(name for name in free if name not in self.used)
