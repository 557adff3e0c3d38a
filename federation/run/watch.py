"""What can be seen of one stream while it runs: from Flink, its sources, its target."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from federation.errors import JobError
from federation.run import checkpoints
from federation.run.accepted import accepted
from federation.run.reasons import forgetful
from federation.run.source import SourceWatch
from federation.run.target import TargetWatch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from federation.plan.model import StreamPlan
    from federation.run.pulse import Pulse
    from federation.run.rest import FlinkRest
    from federation.run.status import Accepted, StreamStatus
    from federation.run.store import Store

# Flink's job states, as ours.
_STATES = {
    "INITIALIZING": "STARTING",
    "CREATED": "STARTING",
    "RUNNING": "RUNNING",
    "FAILING": "RESTARTING",
    "RESTARTING": "RESTARTING",
    "FAILED": "FAILED",
    "CANCELLING": "STOPPED",
    "CANCELED": "STOPPED",
    "FINISHED": "STOPPED",
    "SUSPENDED": "STARTING",
    "RECONCILING": "STARTING",
}


class StreamWatch:
    """Follows a running stream, and changes nothing.

    Attributes:
        sources: of the stream, in the plan's order.
        target: of the stream.
    """

    def __init__(self, plan: StreamPlan, group: str, store: Store) -> None:
        """Prepare; :meth:`begin` asks the clusters, over and over, until :meth:`close`."""
        silent = plan.on_schema_change == "ignore"
        self.sources = [
            SourceWatch(source, index, group, silent=silent)
            for index, source in enumerate(plan.sources)
        ]
        self.target = TargetWatch(plan.target)
        self._name = plan.name
        self._store = store

    def begin(self) -> None:
        """Ask the clusters from now on."""
        for one in self._pulses():
            one.start()

    def close(self) -> None:
        """Ask no more."""
        for one in self._pulses():
            one.close()

    def _pulses(self) -> Iterator[Pulse]:
        yield self.target.pulse
        yield from (source.pulse for source in self.sources)

    def look(self, rest: FlinkRest, before: StreamStatus, remark: str = "") -> StreamStatus:
        """The stream now.

        Args:
            rest: answers for its job.
            before: what was seen last.
            remark: something that is wrong although the job runs; told where nothing worse is.

        Raises:
            httpx.HTTPError, KeyError: Flink does not answer, or does not know the job (any more).
        """
        job, account = rest.job(), rest.checkpoints()
        counters = {v["name"]: rest.counters(v["id"]) for v in job["vertices"]}
        told = {
            v["name"]: rest.told(v["id"])
            for v in job["vertices"]
            if any(source.reads(v["name"]) for source in self.sources)
        }
        sources = tuple(source.status(counters, told) for source in self.sources)
        target = self.target.status()
        state = _state(job, before)
        failing = checkpoints.failing(account)
        full = self._store.full() if failing or state == "RESTARTING" else ""
        stalled = ""
        if state == "RUNNING":
            forgotten = sum(c.get("forgottenEarly", 0) for c in counters.values())
            stalled = full or checkpoints.stalled(account) or forgetful(forgotten)
            if stalled or target.error or any(source.degraded for source in sources):
                state = "DEGRADED"
        ends = state in {"RESTARTING", "FAILED"}
        agreed, unread = self._accepted(before)
        return replace(
            before,
            state=state,
            restarts=int(account["counts"].get("restored", 0)) - bool(before.restored_from),
            checkpoint=checkpoints.last(account) or before.checkpoint,
            failed_checkpoints=account["counts"]["failed"],
            failing_checkpoints=failing,
            sources=sources,
            target=target,
            clamped=sum(c.get("timestampsClamped", 0) for c in counters.values()),
            accepted=agreed,
            error=full or rest.root_cause() if ends else stalled or remark or unread,
        )

    def _accepted(self, before: StreamStatus) -> tuple[tuple[Accepted, ...], str]:
        try:
            return accepted(self._store, self._name), ""
        except JobError as error:
            return before.accepted, str(error)


def _state(job: Mapping[str, Any], before: StreamStatus) -> str:
    """Ours for Flink's, who calls a job running before its tasks do."""
    state = _STATES[job["state"]]
    if state == "RUNNING" and any(v["status"] != "RUNNING" for v in job["vertices"]):
        return "STARTING" if before.restarts == 0 else "RESTARTING"
    return state
