"""Which timestamps a topic takes and keeps; ``TimeLimits.java`` decides the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

HEADER = "fed.timestamp"
"""Has a record's own timestamp, in milliseconds as text, where it was given another."""
_HOUR_MS = 60 * 60 * 1000


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """How far from the time of writing a record's timestamp may lie; None for as far as it likes.

    Attributes:
        old_ms: what is older is refused, or deleted as soon as it is written.
        ahead_ms: what lies further ahead is refused.
    """

    old_ms: int | None = None
    ahead_ms: int | None = None

    def clamps(self, timestamp: int, now: int) -> bool:
        """Whether a record that is written now gets the time of writing instead of its own."""
        return timestamp >= 0 and (
            (self.old_ms is not None and timestamp < now - _safe(self.old_ms))
            or (self.ahead_ms is not None and timestamp > now + _safe(self.ahead_ms))
        )


def broker_stamps(config: Mapping[str, str]) -> bool:
    """Whether a topic's records get the broker's time when they are appended, instead of theirs."""
    return config.get("message.timestamp.type") == "LogAppendTime"


def _safe(limit: int) -> int:
    """A tenth less, an hour at most: clocks differ, and a record has to be there to be read."""
    return limit - min(limit // 10, _HOUR_MS)
