"""The verification of a plan's streams, from fixing the scope to the last difference named."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from federation import __version__
from federation.errors import Incomplete
from federation.verify import scope as scopes
from federation.verify import work
from federation.verify.compare import Comparison, Rules
from federation.verify.explain import Explainer
from federation.verify.ledger import OFFSET_BITS, Ledger
from federation.verify.model import Balance, Difference, StreamReport, Verification

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from federation.plan.model import Plan, StreamPlan
    from federation.verify.scope import Scope

SAMPLES = 20
"""Differences of each kind that a report holds; the sink gets all of them."""
_LEAST_PATIENCE = 5.0  # seconds; a commit takes a moment, whatever the checkpoint's interval is


class Progress(Protocol):
    """What is told how far a verification is."""

    def __call__(self, stream: str, stage: str, done: int, total: int) -> None:
        """``done`` of ``total`` offsets of a stage (``read`` or ``compare``)."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to verify.

    Attributes:
        timeout: seconds for the whole; None for as long as it takes.
        workers: processes; default: the machine's cores, 8 at most.
        sink: is given every difference.
        progress: is told how far it is.
    """

    timeout: float | None = None
    workers: int = field(default_factory=work.cores)
    sink: Callable[[Difference], None] = lambda _difference: None
    progress: Progress = lambda _stream, _stage, _done, _total: None


def verify(plan: Plan, streams: Sequence[StreamPlan], options: Options) -> Verification:
    """Verify some streams of a plan, one after the other.

    A stream that was not read to its end within the time gets the verdict ``incomplete``.

    Raises:
        ClusterError: a cluster or registry does not answer, or the target does not exist.
    """
    began = time.time()
    result = Verification(plan.federation, plan.config_file, __version__, datetime.now(UTC))
    deadline = None if options.timeout is None else began + options.timeout
    for stream in streams:
        result.streams.append(_stream(plan, stream, options, deadline))
    result.seconds = time.time() - began
    return result


def _stream(
    plan: Plan, stream: StreamPlan, options: Options, deadline: float | None
) -> StreamReport:
    patience = 2 * plan.run.checkpoint.total_seconds() + _LEAST_PATIENCE
    if deadline is not None:
        patience = max(0.0, min(patience, deadline - time.time()))
    scope = scopes.fix(plan.federation, stream, patience)
    alias = stream.target.cluster.alias
    report = StreamReport(
        stream.name, str(stream.contract.get("name", stream.contract_file)),
        f"{alias}/{stream.target.topic}", f"{alias}/{stream.target.dead_letter}",
        {s.cluster.alias: s.cluster.cluster_id for s in stream.sources}
        | {alias: stream.target.cluster.cluster_id},
        notes=list(scope.notes),
    )  # fmt: skip
    job = work.Job(stream, scope, _others(plan, stream), deadline)
    with Ledger() as ledger:
        try:
            scope = _fill(ledger, job, options)
        except Incomplete as error:
            report.unread = str(error)
        report.balances = [_balance(stream, part) for part in scope.parts]
        if report.unread:
            return report
        options.progress(stream.name, "compare", 0, 0)
        comparison = Comparison(ledger, _rules(stream, scope))
        comparison.fill(report.balances)
        report.target_records, report.dead_records = comparison.counts()
        report.notes += comparison.notes()
        _name(report, comparison, replace(job, scope=scope), options)
    return report


def _fill(ledger: Ledger, job: work.Job, options: Options) -> Scope:
    """Read everything into the ledger; outputs first where they tell where the sources begin."""
    scope, name, done = job.scope, job.stream.name, 0

    def step(count: int) -> None:
        nonlocal done
        done += count
        options.progress(name, "read", done, max(done, scope.records))

    def fill(job: work.Job, *sides: int) -> None:
        for result in work.run(
            job, work.tasks(job.stream, job.scope, sides), options.workers, step
        ):
            if result.task.side == work.SOURCES:
                ledger.expect(result.rows, result.carried)  # type: ignore[arg-type] # plain tuples
            elif result.task.side == work.TARGET:
                ledger.deliver(result.rows)  # type: ignore[arg-type] # as above
            else:
                ledger.divert(result.rows)  # type: ignore[arg-type] # as above

    if not any(part.open for part in scope.parts):
        fill(job, work.SOURCES, work.TARGET, work.DEAD_LETTERS)
        return scope
    fill(job, work.TARGET, work.DEAD_LETTERS)
    scope = _opened(ledger, scope)
    fill(replace(job, scope=scope), work.SOURCES)
    return scope


def _opened(ledger: Ledger, scope: Scope) -> Scope:
    """Where the first run began at a topic's end, its first record in the outputs is the start."""
    query = f"""SELECT source >> {OFFSET_BITS}, min(source & {(1 << OFFSET_BITS) - 1}) FROM
        (SELECT source FROM delivered UNION ALL SELECT source FROM diverted)
        WHERE source >= 0 GROUP BY 1"""  # noqa: S608 - our own numbers
    first = dict(ledger.db.execute(query))
    return replace(
        scope,
        parts=tuple(
            replace(part, start=min(first.get(part.number, part.end), part.end))
            if part.open
            else part
            for part in scope.parts
        ),
    )


def _name(report: StreamReport, comparison: Comparison, job: work.Job, options: Options) -> None:
    """Enter every difference into the report and give it to the sink."""
    explainer = Explainer(job)
    try:
        for difference in explainer.explain(comparison.differences()):
            report.counts[difference.kind] += 1
            if report.counts[difference.kind] <= SAMPLES:
                report.samples.append(difference)
            options.sink(difference)
    finally:
        explainer.close()


def _others(plan: Plan, stream: StreamPlan) -> tuple[tuple[str, str], ...]:
    """Topics whose records lie in the same target or dead letters for another stream's sake."""
    ours = {(s.cluster.cluster_id, t.name) for s in stream.sources for t in s.topics}
    shared = [
        other
        for other in plan.streams
        if other.name != stream.name
        and other.target.cluster.cluster_id == stream.target.cluster.cluster_id
        and {other.target.topic, other.target.dead_letter}
        & {stream.target.topic, stream.target.dead_letter}
    ]
    theirs = {(s.cluster.cluster_id, t.name) for o in shared for s in o.sources for t in s.topics}
    return tuple(sorted(theirs - ours))


def _rules(stream: StreamPlan, scope: Scope) -> Rules:
    deduplication = stream.deduplication
    return Rules(
        int(deduplication.window.total_seconds() * 1000) if deduplication else None,
        scope.target.compacted,
        tuple((part.start, part.end, part.compacted) for part in scope.parts),
        stream.target.times,
    )


def _balance(stream: StreamPlan, part: scopes.Part) -> Balance:
    return Balance(
        stream.sources[part.source].name, part.cluster, part.topic, part.partition,
        part.start, part.end, part.last - part.end, part.removed,
    )  # fmt: skip
