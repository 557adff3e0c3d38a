"""Reading and recomputing in several processes: Python decodes on one core at a time.

A task is some ranges of a cluster's partitions; its result is rows for the ledger. Workers are
started afresh, not forked: librdkafka's threads do not survive a fork.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from threading import Thread
from typing import TYPE_CHECKING, Any

from federation.errors import Incomplete
from federation.kafka.clients import consumer
from federation.kafka.reading import Span, read
from federation.verify.expect import Places, Reference, expected, origin_of
from federation.verify.ledger import RECORD, TOMBSTONE
from federation.verify.observe import Observer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from multiprocessing.synchronize import Event

    from confluent_kafka import Consumer

    from federation.plan.model import StreamPlan
    from federation.verify.scope import Scope

RANGE = 25_000
"""Offsets of one task: bounds what a worker holds, and shares large partitions among them."""
_QUICK: dict[str, Any] = {
    "queued_min_messages": 10_000,  # what is fetched beyond a range is thrown away
    "queued_max_messages_kbytes": 16_384,
    "fetch_wait_max_ms": 20,  # a fetch that waits at a partition's end delays the next task
}
_FEW = 20_000  # offsets that are read faster than a process starts


@dataclass(frozen=True, slots=True)
class Job:
    """What every worker knows.

    Attributes:
        others: topics of other streams, see :class:`federation.verify.observe.Observer`.
        deadline: ``time.time()`` at which reading ends; none by default.
    """

    stream: StreamPlan
    scope: Scope
    others: tuple[tuple[str, str], ...] = ()
    deadline: float | None = None


SOURCES, TARGET, DEAD_LETTERS = range(3)


@dataclass(frozen=True, slots=True)
class Task:
    """Spans of one cluster's partitions, at most one of each; ``cluster`` is its alias."""

    side: int
    cluster: str
    spans: tuple[Span, ...]

    @property
    def size(self) -> int:
        """Offsets, which is at least the number of records."""
        return sum(span.end - span.start for span in self.spans)


@dataclass(slots=True)
class Rows:
    """A task's result: rows of the ledger as plain tuples (they travel between processes)."""

    task: Task
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    carried: list[tuple[int, int]] = field(default_factory=list)


class Worker:
    """Does tasks; keeps one consumer per cluster."""

    def __init__(self, job: Job, stopped: Callable[[], bool] = lambda: False) -> None:
        self._job = job
        self._stopped = stopped
        self._reference = Reference(job.stream)
        self._observer = Observer(job.stream, job.scope, job.others)
        self._places = Places(job.scope)
        self._parts = {(p.cluster, p.topic, p.partition): p for p in job.scope.parts}
        clusters = [source.cluster for source in job.stream.sources]
        self._clusters = {c.alias: c for c in (*clusters, job.stream.target.cluster)}
        self._consumers: dict[str, Consumer] = {}

    def do(self, task: Task) -> Rows:
        """Read a task's spans.

        Raises:
            Incomplete: the deadline passed, or work was stopped.
        """
        result, rows = Rows(task), []
        left = None if self._job.deadline is None else self._job.deadline - time.time()
        messages = read(
            self._consumer(task.cluster),
            task.spans,
            where=f"cluster {task.cluster}",
            progress=self._go_on,
            deadline=left,
            batch=5_000,
        )
        if task.side == SOURCES:
            for message in messages:
                part = self._parts[task.cluster, message.topic(), message.partition()]
                row = expected(self._reference, part, message)
                rows.append(tuple(row))
                if row.outcome in {RECORD, TOMBSTONE} and (came := origin_of(message.headers())):
                    result.carried.append((self._places.of(came), row.id))
        else:
            see = self._observer.delivered if task.side == TARGET else self._observer.diverted
            rows += [tuple(seen) for message in messages if (seen := see(message)) is not None]
        result.rows = rows
        return result

    def close(self) -> None:
        """Close the consumers."""
        for one in self._consumers.values():
            one.close()

    def _go_on(self, _count: int) -> None:
        if self._stopped():
            raise Incomplete("stopped")

    def _consumer(self, alias: str) -> Consumer:
        if alias not in self._consumers:
            properties = self._clusters[alias].properties
            self._consumers[alias] = consumer(alias, properties, **_QUICK)
        return self._consumers[alias]


def tasks(stream: StreamPlan, scope: Scope, sides: Sequence[int]) -> list[Task]:
    """Everything of some sides, in tasks of about ``RANGE`` offsets."""
    todo: list[Task] = []
    hub = stream.target.cluster.alias
    if SOURCES in sides:
        for alias in dict.fromkeys(part.cluster for part in scope.parts):
            spans = [
                Span(p.topic, p.partition, p.start, p.end)
                for p in scope.parts
                if p.cluster == alias
            ]
            todo += _packed(SOURCES, alias, spans)
    for side, output in ((TARGET, scope.target), (DEAD_LETTERS, scope.dead)):
        if side in sides:
            spans = [Span(output.topic, p, *limits) for p, limits in enumerate(output.ranges)]
            todo += _packed(side, hub, spans)
    return todo


def _packed(side: int, cluster: str, spans: Iterable[Span]) -> Iterator[Task]:
    """Cut large spans and put small ones together; the parts of one span never meet in a task."""
    pack: list[Span] = []
    for span in spans:
        for at in range(span.start, span.end, RANGE):
            piece = Span(span.topic, span.partition, at, min(at + RANGE, span.end))
            if pack and sum(s.end - s.start for s in pack) + piece.end - piece.start > RANGE:
                yield Task(side, cluster, tuple(pack))
                pack = []
            pack.append(piece)
    if pack:
        yield Task(side, cluster, tuple(pack))


def run(
    job: Job, todo: Sequence[Task], workers: int, progress: Callable[[int], None]
) -> Iterator[Rows]:
    """Do all tasks, in this process where they are few; at most two results a worker wait.

    Raises:
        Incomplete: the deadline passed.
        ClusterError: a cluster or registry did not answer.
    """
    if workers <= 1 or sum(task.size for task in todo) <= _FEW:
        worker = Worker(job)
        try:
            for task in todo:
                yield worker.do(task)
                progress(task.size)
        finally:
            worker.close()
        return
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    with ProcessPoolExecutor(workers, context, _start, (job, stop)) as pool:
        try:
            yield from _shared(pool, deque(todo), workers * 2, progress)
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def cores() -> int:
    """How many workers are worth their start here."""
    return min(8, len(os.sched_getaffinity(0)))


def _shared(
    pool: ProcessPoolExecutor, todo: deque[Task], ahead: int, progress: Callable[[int], None]
) -> Iterator[Rows]:
    going: set[Future[Rows]] = set()
    while todo or going:
        while todo and len(going) < ahead:
            going.add(pool.submit(_do, todo.popleft()))
        done, going = wait(going, return_when=FIRST_COMPLETED)
        for future in done:
            result = future.result()
            yield result
            progress(result.task.size)


_worker: Worker


def _start(job: Job, stop: Event) -> None:
    global _worker  # noqa: PLW0603 - one per process, made when it starts
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it and says stop
    Thread(target=_end_with_parent, daemon=True).start()
    _worker = Worker(job, stop.is_set)


def _end_with_parent() -> None:
    """A parent that is killed tells nobody."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _do(task: Task) -> Rows:
    return _worker.do(task)
