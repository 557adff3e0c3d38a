"""Whether a cluster answers, asked once a second: why not, and since when."""

from __future__ import annotations

import time
from threading import Event, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_EVERY = 1.0
_SILENT = 7.0  # seconds; trouble is told within ten


class Pulse:
    """Asks in a thread of its own: a cluster that hangs holds up nothing else."""

    def __init__(self, cluster: str, ask: Callable[[], str], end: Callable[[], None]) -> None:
        """Prepare; :meth:`start` begins.

        Args:
            cluster: its alias.
            ask: asks it; why it did not answer, or nothing.
            end: closes what asks, in that thread.
        """
        self._cluster, self._ask, self._end = cluster, ask, end
        self._closed = Event()
        self._thread = Thread(target=self._follow, name=f"pulse of {cluster}", daemon=True)
        self._error = ""
        self._error_since = 0
        self._heard: float | None = None  # when the cluster last answered, or refused to

    def start(self) -> None:
        """Begin to ask."""
        self._heard = time.monotonic()
        self._thread.start()

    def close(self) -> None:
        """Ask no longer; a thread that waits for its cluster is left to end by itself."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join(_EVERY)

    def trouble(self) -> tuple[str, int]:
        """Why the cluster does not answer, or nothing; since when, in epoch milliseconds.

        A call that hangs is no answer.
        """
        silence = 0.0 if self._heard is None else time.monotonic() - self._heard
        if self._error or silence < _SILENT:
            return self._error, self._error_since
        since = int((time.time() - silence) * 1000)
        return f"cluster {self._cluster} has not answered for {silence:.0f} s", since

    def _follow(self) -> None:
        while not self._closed.is_set():
            error = self._ask()
            if not error or not self._error:
                self._error_since = int(time.time() * 1000) if error else 0
            self._error, self._heard = error, time.monotonic()
            self._closed.wait(_EVERY)
        self._end()
