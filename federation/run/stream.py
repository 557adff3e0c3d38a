"""One stream's job: submitted, kept going, stopped."""

from __future__ import annotations

import errno
import threading
import time
from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx

from federation.errors import ClusterError, FederationError, JobError
from federation.flink.endpoint import embedded
from federation.flink.transactions import Transactions, in_gateway
from federation.observe.logs import get_logger
from federation.run import checkpoints
from federation.run.aim import Aim
from federation.run.reasons import refused
from federation.run.rest import FlinkRest
from federation.run.settle import Settled, settle
from federation.run.status import Repair, StreamStatus
from federation.run.watch import StreamWatch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from federation.flink.cluster import Cluster
    from federation.plan.model import RunPlan, StreamPlan
    from federation.plan.prepare import PreparedStream
    from federation.run.store import Store

_LOG = get_logger(__name__)
_STOPPING = "stopping"  # of a run's folder: sources tell their tasks nothing more
_LOOK = 0.5  # seconds between two looks for a new cluster
_SILENT = 8.0  # seconds; trouble is told within ten
_AWAY = 5.0  # seconds without a cluster, after which a stop waits for it no longer
# Its task manager is gone, and a mini cluster never gets another one.
_NO_TASKS = "The TaskExecutor is shutting down"


def group_of(federation: str, stream: str) -> str:
    """The consumer group under which a stream publishes its progress."""
    return f"federation.{federation}.{stream}"


class StreamRun:
    """The life of one stream's job in this process."""

    def __init__(
        self,
        federation: str,
        plan: StreamPlan,
        run: RunPlan,
        store: Store,
        *,
        reach: Callable[[StreamPlan], StreamPlan] = lambda plan: plan,
        cluster: Cluster | None = None,
        leader: StreamRun | None = None,
    ) -> None:
        self._leader = leader  # the stream that it follows
        self._cluster = cluster  # of processes, where Flink has its own
        self._reach = reach  # the plan as the JVM is to have it
        self._run = run
        self._store = store
        self._group = group_of(federation, plan.name)
        self.remark = ""  # something else that is wrong, for the status
        self._job: Any = None
        self._rest: FlinkRest | None = None
        self._silent: float | None = None  # since when Flink owes an answer
        self._folder: Path | None = None
        self._prepared: PreparedStream | None = None
        self._heap_share = 0.0
        self._starting: threading.Thread | None = None
        self._stopping = threading.Event()
        self._take(plan)

    def _take(self, plan: StreamPlan) -> None:
        self.plan = plan
        self._watch = StreamWatch(plan, self._group, self._store)
        self._aim = Aim(plan, self._watch.sources, follows=self._leader is not None)
        self.status = StreamStatus(plan.name, "STARTING", plan.target.delivery)

    @property
    def over(self) -> bool:
        """Whether the job has ended and nothing is tried any more."""
        return self.status.state in {"FAILED", "STOPPED"}

    @property
    def starting(self) -> bool:
        """Whether it tries to start a job in the background, as often as that takes."""
        return self._starting is not None and self._starting.is_alive()

    def begin(self, start: Callable[[], None]) -> None:
        """Start, or try to in the background while one of the stream's clusters does not answer.

        Raises:
            JobError, ClusterError: as :meth:`start`, where all clusters have answered.
        """
        silent = [one.alias for one in self.plan.clusters if not one.answers]
        if not silent:
            try:
                start()
            except OSError as error:
                if not _full(error):
                    raise
                raise JobError(self._store.full() or str(error)) from error
            return
        what = f"cluster {', '.join(silent)} does not answer"
        self.status = replace(self.status, state="DEGRADED", error=f"{what}: trying to start")
        self._try_until_it_succeeds(start)

    def start(
        self, prepare: Callable[[], PreparedStream], *, fresh: bool, heap_share: float
    ) -> None:
        """Submit the job, going on from the newest checkpoint or savepoint.

        Args:
            prepare: makes the target ready and tells the schema ids there.
            fresh: begin anew although the stream has run before.
            heap_share: part of the JVM's heap that its deduplication may fill.

        Raises:
            JobError: the stream has run before and its state is not here, or records of its last
                checkpoint are gone from the target for good.
            ClusterError: the target does not tell what became of that checkpoint's transactions.
        """
        if fresh:
            self._store.discard(self.plan.name)
        if self._store.restore_point(self.plan.name) is None:
            self._begin_anew(fresh=fresh)
        self._prepared, self._heap_share = prepare(), heap_share
        self._submit()
        self._watch.begin()

    def _submit(self) -> None:
        """Settle the transactions of the restore point, and let a job go on from it."""
        assert self._prepared is not None
        restore = self._store.restore_point(self.plan.name)
        settled = self._settle(restore)
        if self._stopping.is_set():
            return
        self._store.prune(self.plan.name)  # a run that was killed did not
        self._folder = self._store.new_run(self.plan.name)
        folder = self._folder / "checkpoints"
        folder.mkdir()
        # PyFlink costs seconds: only a start pays
        from federation.flink import compose
        from federation.flink.configuration import JobSettings

        interval = int(self._run.checkpoint.total_seconds() * 1000)
        timeout, tolerated = checkpoints.patience(
            interval, int(self.plan.target.transaction_timeout.total_seconds() * 1000)
        )
        endpoint = self._cluster.endpoint if self._cluster else embedded()
        settings = JobSettings(
            parallelism=self._run.parallelism,
            checkpoint_ms=interval,
            checkpoint_timeout_ms=timeout,
            tolerated_failures=tolerated,
            checkpoints=folder.resolve(),
            schemas=self._store.schemas.resolve(),
            accepted=self._store.accepted(self.plan.name).file.resolve(),
            stopping=(self._folder / _STOPPING).resolve(),
            restore=restore.resolve() if restore else None,
            settled=settled,
            flink=endpoint.options,
            group=self._group,
            heap_share=self._heap_share,
            value_schema_id=self._prepared.value_schema_id,
            key_schema_id=self._prepared.key_schema_id,
        )
        self._job = compose.submit(self._reach(self.plan), settings)
        if self._rest:
            self._rest.close()
        self._rest = FlinkRest(endpoint, self._job.job_id)
        self._silent = None
        self.status = replace(
            self.status,
            state="STARTING",
            error="",
            job_id=self._job.job_id,
            rest_port=endpoint.port,
            restored_from=str(restore or ""),
        )
        _LOG.info(
            "stream started",
            stream=self.plan.name,
            job_id=self._job.job_id,
            restored_from=str(restore or "nothing"),
        )

    def _settle(self, restore: Path | None) -> tuple[str, ...]:
        """Make the restore point's output visible, whatever became of its transactions."""
        name = self.plan.name
        if self.plan.target.delivery == "exactly-once":
            door = Transactions.of(self.plan.target, in_gateway)
            settled = settle(door, restore.resolve() if restore else None, time.sleep)
            if repair := Repair.of(settled, time.time()):
                self._store.repairs(name).add(asdict(repair))
                _LOG.warning("transactions repaired", stream=name, **asdict(repair))
        else:
            settled = Settled()
        try:
            repairs = tuple(Repair(**one) for one in self._store.repairs(name).entries())
            self.status = replace(self.status, repairs=repairs)
        except JobError as error:  # an account of the past
            _LOG.warning("repairs are not told", stream=name, error=str(error))
        return settled.names

    def _try_until_it_succeeds(self, start: Callable[[], None]) -> None:
        self._starting = threading.Thread(target=self._try, args=(start,), daemon=True)
        self._starting.start()

    def _try(self, start: Callable[[], None]) -> None:
        pause = 1.0
        while not self._stopping.is_set():
            try:
                start()
            except Exception as error:
                if self._stopping.is_set():  # it may have been left behind, and the JVM be gone
                    return
                if isinstance(error, ClusterError) or _full(error) or self._flink_is_away():
                    full = self._store.full() if _full(error) else ""
                    self.status = replace(self.status, error=full or str(error))
                    self._stopping.wait(pause)
                    pause = min(2 * pause, 30.0)
                    continue
                self.status = replace(self.status, state="FAILED", error=str(error))
                if not isinstance(error, FederationError):
                    raise  # a bug of ours keeps its traceback
                return
            else:
                return

    def _flink_is_away(self) -> bool:
        return self._cluster is not None and not self._cluster.ready

    def submit_again(self) -> None:
        """Go on in a new cluster: the one that had the job is gone."""
        if self.starting:
            return  # it tries until it succeeds
        if self._job is None or self.over:
            return
        why = "Flink's JobManager ended: a new one goes on from the last checkpoint"
        self.status = replace(self.status, state="RESTARTING", error=why)
        self._try_until_it_succeeds(self._submit_when_ready)

    def _submit_when_ready(self) -> None:
        while self._flink_is_away():
            if self._stopping.wait(_LOOK):
                return
        self._submit()

    def _begin_anew(self, *, fresh: bool) -> None:
        """Refuse to begin a stream twice by accident: it would write everything again."""
        if not fresh and any(source.lag.published() for source in self._watch.sources):
            raise JobError(
                f"stream {self.plan.name} has run before, but its state is not here: starting "
                "from the beginning would write every record again",
                where=str(self._store.folder),
                hint="point run.state to the folder it ran with, or use --fresh after deleting "
                f"the target topic {self.plan.target.topic}",
            )
        for source in self._watch.sources:
            source.lag.forget()

    def renew(
        self, plan: StreamPlan, prepare: Callable[[], PreparedStream], *, heap_share: float
    ) -> None:
        """Go on with another plan, from a savepoint; what is just starting is left alone."""
        if self.starting:  # in its midst it does not see that it should stop
            return
        self.stop()
        if self.status.state != "STOPPED":
            return
        self._take(plan)
        self._job = None  # it has stopped
        self._stopping.clear()
        self._try_until_it_succeeds(
            partial(self.start, prepare, fresh=False, heap_share=heap_share)
        )

    def poll(self) -> StreamStatus:
        """Look at the job and at its lag; never raises for a job in trouble."""
        if self.starting:
            return self.status
        if self._rest is None or self.over:
            return self.status
        asked = time.monotonic()
        try:
            self.status = self._watch.look(self._rest, self.status, self.remark)
        except (httpx.HTTPError, KeyError) as error:
            _LOG.debug("flink does not answer", stream=self.plan.name, error=str(error))
            self._silent = self._silent or asked  # while others start nobody is asked
            silence = time.monotonic() - self._silent
            if self._cluster is None and self._job.ended:
                self._ended()
            elif silence > _SILENT:
                why = f"Flink has not answered for {silence:.0f} s"
                self.status = replace(self.status, state="DEGRADED", error=why)
        else:
            self._silent = None
            if self.status.state == "RESTARTING":
                self._end_what_no_restart_helps(self.status.error)
            elif self.status.state == "FAILED":
                self._ended()
        return self.status

    def _end_what_no_restart_helps(self, cause: str) -> None:
        if why := refused(cause):
            self._job.cancel()
            self.status = replace(self.status, state="FAILED", error=why)
            self._close()
        elif _NO_TASKS in cause and self._cluster is None and not self._stopping.is_set():
            _LOG.warning("flink has no tasks left: a new job goes on", stream=self.plan.name)
            self._try_until_it_succeeds(self._submit_another)

    def _submit_another(self) -> None:
        self._job.cancel()
        self._submit()

    def _ended(self) -> None:
        failure = self._job.failure()
        if failure and failure.lost_commit and not self._stopping.is_set():
            _LOG.warning(
                "a commit failed for good",
                stream=self.plan.name,
                checkpoint=str(self._store.restore_point(self.plan.name)),
                error=failure.why,
            )
            self.status = replace(self.status, state="RESTARTING", error=failure.why)
            self._try_until_it_succeeds(self._submit)
            return
        failed = failure or self.status.state == "FAILED"  # Flink has said so before
        self.status = replace(
            self.status,
            state="FAILED" if failed else "STOPPED",
            error=failure.why if failure else self.status.error,
        )

    def lost(self, why: str) -> None:
        """Take note that the job is gone with its JVM."""
        self._stopping.set()
        if self.status.state not in {"FAILED", "STOPPED"}:
            self.status = replace(self.status, state="FAILED", error=why)
            self._close()

    def caught_up(self) -> bool:
        """Whether everything that was there at the first look is in a completed checkpoint.

        Of a follower it is what the stream that it follows had written once that had caught up.
        """
        leader = self._leader
        if leader is not None and not (leader.over or leader.caught_up()):
            return False
        return self._aim.reached(self.status)

    def stop(self) -> None:
        """Stop with a savepoint; where that is not possible, cancel and keep the checkpoint."""
        self._stopping.set()
        if self._starting is not None:
            self._starting.join(_AWAY)  # one that waits for a cluster submits nothing any more
        if self._job is None:
            self.status = replace(self.status, state="STOPPED")
        if self.over:
            return
        assert self._folder is not None
        (self._folder / _STOPPING).touch()
        stopped = threading.Event()
        threading.Thread(target=self._cancel_without_target, args=(stopped,), daemon=True).start()
        try:
            savepoint = self._job.stop((self._folder / "savepoint").resolve())
            self.status = replace(self.status, state="STOPPED", savepoint=savepoint)
            _LOG.info("stream stopped", stream=self.plan.name, savepoint=savepoint)
        except JobError as error:
            _LOG.warning(
                "no savepoint: the next start goes on from the last checkpoint",
                stream=self.plan.name,
                error=str(error),
            )
            self._job.cancel()
            self.status = replace(self.status, state="STOPPED", error=str(error))
        finally:
            stopped.set()
            self._close()

    def _cancel_without_target(self, stopped: threading.Event) -> None:
        """Wait for no savepoint that cannot be: its records cannot be written."""
        while not stopped.wait(_LOOK):
            target = self._watch.target.status()
            if target.error and time.time() - target.error_since / 1000 > _AWAY:
                _LOG.warning("no savepoint without the target", stream=self.plan.name)
                self._job.cancel()
                return

    def _close(self) -> None:
        self._watch.close()
        if self._rest:
            self._rest.close()
            self._rest = None


def _full(error: Exception) -> bool:
    """Whether it is for want of room, which may come."""
    return isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}
