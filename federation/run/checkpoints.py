"""What Flink's account of a job's checkpoints means: the last good one, failures, standstill."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from federation.run.status import CheckpointStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

_CHECKPOINT_MS = 5 * 60 * 1000
_SLOW_CHECKPOINT_S = 60


def patience(interval_ms: int, transaction_ms: int) -> tuple[int, int]:
    """How long a checkpoint may take, and how many in a row may fail before the job restarts.

    A failed checkpoint leaves its transactions open until a later one commits them. All that
    together may take half of the transaction timeout: the broker must not end what is to be
    committed, and the other half is for an outage in between.

    Args:
        interval_ms: between two checkpoints.
        transaction_ms: after which the broker aborts a transaction.

    Returns:
        Milliseconds, and the number of failures.
    """
    timeout = min(_CHECKPOINT_MS, transaction_ms // 6)
    return timeout, max(0, transaction_ms // 2 // (interval_ms + timeout) - 1)


def last(checkpoints: Mapping[str, Any]) -> CheckpointStatus | None:
    """The last completed checkpoint."""
    latest = (checkpoints.get("latest") or {}).get("completed")
    if not latest:
        return None
    return CheckpointStatus(
        latest["id"],
        latest["latest_ack_timestamp"],
        latest["end_to_end_duration"],
        latest["state_size"],
    )


def failing(checkpoints: Mapping[str, Any]) -> int:
    """How many have failed since the last completed one."""
    latest = (checkpoints.get("latest") or {}).get("completed") or {}
    return sum(
        one["status"] == "FAILED" and one["id"] > latest.get("id", 0)
        for one in checkpoints.get("history") or ()
    )


def stalled(checkpoints: Mapping[str, Any]) -> str:
    """Why nothing is committed although all tasks run, or nothing."""
    if failed := failing(checkpoints):
        return f"the last {failed} checkpoints failed: nothing was committed meanwhile"
    begun = [
        one["trigger_timestamp"] / 1000
        for one in checkpoints.get("history") or ()
        if one["status"] == "IN_PROGRESS"
    ]
    waited = time.time() - min(begun, default=time.time())
    if waited < _SLOW_CHECKPOINT_S:
        return ""
    return f"a checkpoint has been under way for {waited:.0f} s: nothing is committed meanwhile"
