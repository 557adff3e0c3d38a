"""The gateway in this process: all streams of a plan, from start to a clean stop."""

from __future__ import annotations

import os
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from federation.errors import FederationError, Incomplete, JobError
from federation.observe.logs import get_logger
from federation.plan import contracts, remembered_registries
from federation.plan.serving import served
from federation.run import evolve
from federation.run.status import GatewayStatus, worst
from federation.run.store import Store
from federation.run.stream import StreamRun

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from pathlib import Path

    from federation.config.load import Loaded
    from federation.flink.cluster import Cluster
    from federation.flink.gateway import Gateway
    from federation.plan.model import Plan, StreamPlan
    from federation.plan.prepare import PreparedStream

_LOG = get_logger(__name__)
_EVERY = 1.0
_GROW_AGAIN = 60.0
_HEAP = 0.5  # of the JVM, for all that deduplication remembers


def run(
    loaded: Loaded,
    plan: Plan,
    stop: threading.Event,
    show: Callable[[GatewayStatus], None],
    *,
    until_caught_up: bool = False,
    fresh: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> GatewayStatus:
    """Run every stream of the plan until told to stop.

    Args:
        loaded: the configuration as its file says it.
        plan: what to run.
        stop: set it, and all streams stop with a savepoint.
        show: called with each new status, about once a second.
        until_caught_up: stop by itself once everything that was in the sources at the start is
            in a completed checkpoint.
        fresh: begin anew, ignoring earlier state.
        say: called with what is being waited for before the streams run.

    Returns:
        The last status.

    Raises:
        JobError: another gateway runs this federation, or a stream failed for good.
        Incomplete: stopped before it had caught up.
    """
    store = Store(plan.run.state)
    with store.owned(plan.config_file) as lock, served(plan) as reach:
        from federation.flink.gateway import Gateway

        folders = store.logs.resolve(), store.scratch.resolve()
        cluster = _cluster(plan, *folders, lock)
        gateway = Gateway(*folders, inherit=(lock,), cluster=cluster)
        runs = _runs(plan, partial(StreamRun, store=store, reach=reach, cluster=cluster))
        watch = _Watch(plan, runs, gateway, store, show)
        watch.look()
        caught_up = False
        try:
            say("starting Flink")
            gateway.start()
            say("preparing topics and schemas at the target")
            ready = {one.name: _prepared(plan, one) for one in plan.streams if one.answers}

            def prepare(stream: StreamPlan) -> PreparedStream:
                return ready.get(stream.name) or _prepared(plan, stream)

            for one in runs:
                if stop.is_set():
                    break
                say(f"starting stream {one.plan.name}")
                begin = partial(one.start, partial(prepare, one.plan))
                one.begin(partial(begin, fresh=fresh, heap_share=_HEAP / len(runs)))
            say("")
            growth = _Growth(loaded, plan, runs, _HEAP / len(runs))
            caught_up = _watch(
                watch,
                stop,
                until_caught_up=until_caught_up,
                grow=lambda: growth.look(lambda: watch.look(ask=False)),
            )
            _announce(runs, say)
            _stop(runs, lambda: watch.look(ask=False))
        except FederationError as error:
            for one in runs:
                one.lost(str(error))
            watch.look()
            raise
        finally:
            gateway.stop()
        last = watch.look()
        for one in runs:
            store.prune(one.plan.name)
    failed = [one.status for one in runs if one.status.state == "FAILED"]
    if failed:
        raise JobError(
            f"stream {failed[0].name} failed: {failed[0].error}",
            hint=f"read {store.logs / 'flink.log'}; start goes on from the last checkpoint",
        )
    if caught_up and not all(one.status.savepoint for one in runs):
        raise Incomplete(
            "caught up, but stopped without a savepoint: the last output may not be committed",
            hint="start again: it commits what is left",
        )
    if until_caught_up and not caught_up:
        raise Incomplete("stopped before the streams had caught up", hint="start goes on from here")
    return last


def _runs(plan: Plan, make: Callable[..., StreamRun]) -> list[StreamRun]:
    """The streams in the plan's order, in which each comes after the one that it follows."""
    made: dict[str, StreamRun] = {}
    for one in plan.streams:
        leader = None if one.follows is None else made[one.follows]
        made[one.name] = make(plan.federation, one, plan.run, leader=leader)
    return list(made.values())


def _cluster(plan: Plan, logs: Path, scratch: Path, lock: int) -> Cluster | None:
    """Flink's processes, where the plan wants some."""
    if not plan.run.task_managers:
        return None
    from federation.flink.cluster import Cluster

    return Cluster(
        workers=plan.run.task_managers,
        slots=plan.run.parallelism * len(plan.streams),
        logs=logs,
        scratch=scratch,
        inherit=(lock,),
    )


class _Watch:
    """Collects the streams' status, and keeps the folder's copy fresh."""

    def __init__(
        self,
        plan: Plan,
        runs: list[StreamRun],
        gateway: Gateway,
        store: Store,
        show: Callable[[GatewayStatus], None],
    ) -> None:
        self.runs = runs
        self.gateway = gateway
        self._plan = plan
        self._store = store
        self._show = show
        self._began = time.time()

    def tend(self) -> None:
        """See to it that Flink's own processes run, and that the jobs are theirs."""
        if self.gateway.cluster and self.gateway.cluster.tend():
            for one in self.runs:
                one.submit_again()

    def look(self, *, ask: bool = True) -> GatewayStatus:
        """Tell the state of things; without ``ask``, that this process still lives."""
        streams = tuple(one.poll() if ask else one.status for one in self.runs)
        status = GatewayStatus(
            federation=self._plan.federation,
            pid=os.getpid(),
            jvm_pid=self.gateway.pid,
            started_at=self._began,
            at=time.time(),
            streams=streams,
            state=worst([stream.state for stream in streams]),
            processes=self.gateway.cluster.pids if self.gateway.cluster else {},
        )
        self._store.write_status(status.to_dict())
        self._show(status)
        return status


class _Growth:
    """Lets contracts grow where sources write new fields and the stream is to take them in."""

    def __init__(
        self, loaded: Loaded, plan: Plan, runs: list[StreamRun], heap_share: float
    ) -> None:
        self._loaded = loaded
        self._plan = plan
        self._runs = runs
        self._heap_share = heap_share
        self._not_before: dict[str, float] = {}

    def look(self, beat: Callable[[], object]) -> None:
        """See whether a stream waits for its contract; what cannot be is tried again later."""
        for run in self._runs:
            wants = evolve.wanted(run.plan, run.status)
            if (
                not wants
                or run.starting
                or time.monotonic() < self._not_before.get(run.plan.name, 0.0)
            ):
                continue
            self._not_before[run.plan.name] = time.monotonic() + _GROW_AGAIN
            try:
                _together([partial(self._grow, run, wants)], beat)
                run.remark = ""
            except FederationError as error:
                _LOG.warning("the contract cannot grow", stream=run.plan.name, error=str(error))
                run.remark = f"the contract cannot take in new fields: {error}"

    def _grow(self, run: StreamRun, wants: tuple[evolve.Wanted, ...]) -> None:
        found, wider = evolve.replan(self._loaded, run.plan, wants)
        prepared = _prepared(self._plan, found)
        if wider is not None:
            contracts.keep(wider, found.name)
        run.renew(found, lambda: prepared, heap_share=self._heap_share)


def _prepared(plan: Plan, stream: StreamPlan) -> PreparedStream:
    """See to it that a stream's target is ready, and remember what it is written with."""
    from federation.plan.prepare import prepare

    (done,) = prepare(replace(plan, streams=(stream,))).values()
    remembered_registries.registered(plan.run.state, [(stream, done.schemas)])
    return done


def _watch(
    watch: _Watch,
    stop: threading.Event,
    *,
    until_caught_up: bool,
    grow: Callable[[], object] = lambda: None,
) -> bool:
    """Watch until told to stop, caught up, or nothing runs any more; True if caught up.

    ``grow`` is called after each look, to let contracts grow.
    """
    while not stop.wait(_EVERY):
        if not watch.gateway.alive:
            for one in watch.runs:
                one.lost(f"the JVM of the streams ended: {watch.gateway.how_it_ended()}")
            return False
        watch.tend()
        watch.look()
        grow()
        over = [one.over for one in watch.runs]
        if all(over):
            return False
        if until_caught_up:
            reached = [one.caught_up() for one in watch.runs]  # all: each sets its aim when asked
            if all(is_over or is_there for is_over, is_there in zip(over, reached, strict=True)):
                return all(reached)
    return False


def _announce(runs: list[StreamRun], say: Callable[[str], None]) -> None:
    """Tell what is being waited for, where there is anything left to stop."""
    if any(one.status.state != "FAILED" for one in runs):
        say("stopping with a savepoint; Ctrl-C again ends at once")


def _stop(runs: list[StreamRun], beat: Callable[[], object] = lambda: None) -> None:
    """Stop all streams at once; each waits for its own savepoint, with a ``beat`` now and then."""
    _together([one.stop for one in runs], beat)


def _together(work: list[Callable[[], None]], beat: Callable[[], object]) -> None:
    """Do all of it at once, with a ``beat`` now and then; an error of one is raised."""
    pool = ThreadPoolExecutor(max_workers=max(1, len(work)))
    try:
        waiting = {pool.submit(one) for one in work}
        while waiting:
            done, waiting = wait(waiting, _EVERY, FIRST_COMPLETED)
            for one in done:
                one.result()
            beat()
    finally:
        pool.shutdown(wait=False)  # a second Ctrl-C waits for nothing
