"""Reading and recomputing in several processes: Python decodes on one core at a time.

A task is a range of one partition's offsets; its result is rows for the ledger. Workers are started
afresh (not forked): librdkafka's threads do not survive a fork.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from federation.kafka.clients import consumer
from federation.kafka.reading import Span, read
from federation.verify.expect import Places, Reference, expected, origin_of
from federation.verify.ledger import RECORD, TOMBSTONE
from federation.verify.observe import Observer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from confluent_kafka import Consumer

    from federation.plan.model import ClusterPlan, StreamPlan
    from federation.verify.scope import Scope

RANGE = 50_000
"""Offsets of one task: bounds what a worker holds, and shares large partitions among them."""
_AHEAD = 10_000
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


@dataclass(frozen=True, slots=True)
class Task:
    """Offsets ``start`` to ``end`` of a partition; a source's is its number in the scope."""

    side: int
    partition: int
    start: int
    end: int


SOURCES, TARGET, DEAD_LETTERS = range(3)


@dataclass(slots=True)
class Rows:
    """A task's result: rows of the ledger as plain tuples (they travel between processes)."""

    task: Task
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    carried: list[tuple[int, int]] = field(default_factory=list)


class Worker:
    """Does tasks; keeps one consumer per cluster."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._reference = Reference(job.stream)
        self._observer = Observer(job.stream, job.scope, job.others)
        self._places = Places(job.scope)
        self._consumers: dict[str, Consumer] = {}

    def do(self, task: Task) -> Rows:
        """Read a task's range."""
        result, cluster = Rows(task), self._cluster(task)
        rows = result.rows
        left = None if self._job.deadline is None else self._job.deadline - time.time()
        messages = read(
            self._consumer(cluster), [self._span(task)], where=f"cluster {cluster.alias}",
            deadline=left, batch=10_000,
        )  # fmt: skip
        if task.side == SOURCES:
            part = self._job.scope.parts[task.partition]
            for message in messages:
                row = expected(self._reference, part, message)
                rows.append(tuple(row))
                if row.outcome in (RECORD, TOMBSTONE) and (came := origin_of(message.headers())):
                    result.carried.append((self._places.of(came), row.id))
        else:
            see = self._observer.delivered if task.side == TARGET else self._observer.diverted
            rows += [tuple(seen) for message in messages if (seen := see(message)) is not None]
        return result

    def close(self) -> None:
        """Close the consumers."""
        for one in self._consumers.values():
            one.close()

    def _cluster(self, task: Task) -> ClusterPlan:
        if task.side != SOURCES:
            return self._job.stream.target.cluster
        return self._job.stream.sources[self._job.scope.parts[task.partition].source].cluster

    def _consumer(self, cluster: ClusterPlan) -> Consumer:
        if cluster.alias not in self._consumers:
            self._consumers[cluster.alias] = consumer(
                cluster.alias, cluster.properties,
                queued_min_messages=_AHEAD,  # what is fetched beyond a range is thrown away
            )  # fmt: skip
        return self._consumers[cluster.alias]

    def _span(self, task: Task) -> Span:
        scope = self._job.scope
        if task.side == SOURCES:
            part = scope.parts[task.partition]
            return Span(part.topic, part.partition, task.start, task.end)
        output = scope.target if task.side == TARGET else scope.dead
        return Span(output.topic, task.partition, task.start, task.end)


def tasks(scope: Scope, sides: Sequence[int]) -> list[Task]:
    """The ranges of some sides, those of one partition in order."""
    ranges = []
    if SOURCES in sides:
        ranges += [(SOURCES, p.number, p.start, p.end) for p in scope.parts]
    for side, output in ((TARGET, scope.target), (DEAD_LETTERS, scope.dead)):
        if side in sides:
            ranges += [(side, p, *limits) for p, limits in enumerate(output.ranges)]
    return [
        Task(side, partition, at, min(at + RANGE, end))
        for side, partition, start, end in ranges
        for at in range(start, end, RANGE)
    ]


def run(
    job: Job, todo: Sequence[Task], workers: int, progress: Callable[[int], None]
) -> Iterator[Rows]:
    """Do all tasks, in this process where they are few; at most two results a worker wait.

    Raises:
        Incomplete: the deadline passed.
        ClusterError: a cluster or registry did not answer.
    """
    if workers <= 1 or sum(task.end - task.start for task in todo) <= _FEW:
        worker = Worker(job)
        try:
            for task in todo:
                yield worker.do(task)
                progress(task.end - task.start)
        finally:
            worker.close()
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _start, (job,)) as pool:
        try:
            yield from _shared(pool, deque(todo), workers * 2, progress)
        except BaseException:
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
            progress(result.task.end - result.task.start)


_worker: Worker


def _start(job: Job) -> None:
    global _worker  # noqa: PLW0603 - one per process, made when it starts
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it and ends us
    _worker = Worker(job)


def _do(task: Task) -> Rows:
    return _worker.do(task)
