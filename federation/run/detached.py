"""A gateway in the background: starting one, and ending whatever one runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from federation.errors import Incomplete, JobError
from federation.run.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from federation.plan.model import Plan

_START_DEADLINE = 180.0
_STOP_DEADLINE = 180.0
_SILENCE = 15.0  # thirty missed looks


def launch(plan: Plan, config: Path, options: Sequence[str]) -> dict[str, Any]:
    """Start a gateway that outlives this process, and wait until its streams run.

    Returns:
        The gateway's first status in which every stream runs.

    Raises:
        JobError: it ended before that; carries the end of its log.
        Incomplete: it has not come up in time; it goes on trying.
    """
    store = Store(plan.run.state)
    owner = store.owner()
    if owner and owner.alive:
        raise store.taken()
    store.prepare().close()
    log = store.logs / "gateway.log"
    seen = log.stat().st_size if log.exists() else 0
    began = time.time()
    with log.open("ab") as out:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "federation",
                "--log-format",
                "json",
                "start",
                "--config",
                str(config.resolve()),
                *options,
            ],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    deadline = time.monotonic() + _START_DEADLINE
    while time.monotonic() < deadline:
        code = process.poll()
        status = store.read_status()
        if status and status["at"] >= began and status["pid"] == process.pid:
            states = [stream["state"] for stream in status["streams"]]
            if "FAILED" in states and set(states) != {"FAILED"}:  # else the process ends as well
                failed = status["streams"][states.index("FAILED")]
                raise JobError(
                    f"stream {failed['name']} failed: {failed['error']}",
                    hint="the other streams go on: see federation status",
                )
            if code == 0 or all(state in {"RUNNING", "DEGRADED"} for state in states):
                return status
        if code is not None:
            said = _last_words(log, seen)
            raise JobError(f"the gateway ended at once: {said}", hint=f"read {log}")
        time.sleep(0.2)
    raise Incomplete(
        f"the streams do not run yet after {_START_DEADLINE:.0f} s",
        hint=f"see federation status, and {log}",
    )


def _last_words(log: Path, since: int) -> str:
    """What a gateway said to people before it ended: its lines that are not log lines."""
    lines = log.read_bytes()[since:].decode(errors="replace").splitlines()
    return "\n".join([line for line in lines if not line.startswith("{")] or lines[-3:])


def stop(store: Store, *, say: Callable[[str], None]) -> dict[str, Any] | None:
    """End the gateway that runs this federation, with savepoints.

    Returns:
        Its last status, or None when nothing ran.

    Raises:
        Incomplete: it has not ended in time; it goes on stopping.
        JobError: it is another user's.
    """
    owner = store.owner()
    if owner is None or not owner.alive:
        return None
    try:
        os.kill(owner.pid, signal.SIGTERM)
    except PermissionError as error:
        raise JobError(
            f"process {owner.pid} is another user's", hint="stop it as the user that it runs as"
        ) from error
    say(f"waiting for process {owner.pid} to write its savepoints")
    deadline = time.monotonic() + _STOP_DEADLINE
    while owner.alive:
        if time.monotonic() > deadline:
            raise Incomplete(
                f"process {owner.pid} has not stopped within {_STOP_DEADLINE:.0f} s",
                hint=f"read {store.logs / 'flink.log'}; if it is killed, the next start goes on "
                "from its last checkpoint",
            )
        time.sleep(0.1)
    return store.read_status()


def current(store: Store) -> dict[str, Any] | None:
    """What the federation's gateway says of itself, corrected by whether it still lives.

    Returns:
        The status, with ``state`` DEAD where the process is gone without having stopped, or is
        silent; None when the federation never ran here.
    """
    status = store.read_status()
    if status is None:
        return None
    owner = store.owner()
    alive = owner is not None and owner.alive and owner.pid == status["pid"]
    silent = time.time() - status["at"]
    stopped = status["state"] in {"STOPPED", "FINISHED", "FAILED"}
    if not alive and not stopped:
        return {**status, "state": "DEAD", "error": f"process {status['pid']} is gone"}
    # A start waits for the JVM and for each stream in turn, and cannot look meanwhile.
    allowed = _START_DEADLINE if status["state"] == "STARTING" else _SILENCE
    if alive and silent > allowed and not stopped:
        return {
            **status,
            "state": "DEAD",
            "error": f"process {status['pid']} has said nothing for {silent:.0f} s",
        }
    return status
