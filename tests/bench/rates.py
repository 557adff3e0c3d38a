"""From samples to rates and ratios: nothing here knows Kafka."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

STEADY = (0.15, 0.9)
"""The steady part of a run: between these shares of its output, the same for every contender."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What the target held at an instant.

    Attributes:
        at: seconds since the contender's process was started.
        written: end offsets, summed over all partitions.
        committed: last stable offsets, summed; no more than ``written``.
    """

    at: float
    written: int
    committed: int


def reached(samples: Sequence[Sample], written: float) -> float:
    """When the output first had so many records: seconds, between two samples in proportion.

    Raises:
        ValueError: it never had.
    """
    before = Sample(0.0, 0, 0)
    for sample in samples:
        if sample.written >= written:
            grown = sample.written - before.written
            share = (written - before.written) / grown if grown else 1.0
            return before.at + share * (sample.at - before.at)
        before = sample
    raise ValueError(f"the output never had {written:.0f} records")


def steady(samples: Sequence[Sample], records: int) -> float:
    """Input records per second in the steady part of a run that reads so many in all."""
    total = max(sample.written for sample in samples)
    begin, end = (reached(samples, share * total) for share in STEADY)
    return (STEADY[1] - STEADY[0]) * records / (end - begin)


def whole(samples: Sequence[Sample], records: int, expected: int) -> float:
    """Input records per second from the start of the process until all output was committed.

    Raises:
        ValueError: it never was.
    """
    for sample in samples:
        if sample.committed >= expected:
            return records / sample.at
    raise ValueError(f"never more than {samples[-1].committed} of {expected} records committed")


@dataclass(frozen=True, slots=True)
class Ratio:
    """Of two contenders' rates, round by round: what a noisy machine does to both cancels out."""

    median: float
    least: float
    most: float

    def __str__(self) -> str:
        """``1.42 (1.38-1.51)``."""
        return f"{self.median:.2f} ({self.least:.2f}\N{EN DASH}{self.most:.2f})"


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """Compare rates of the same rounds.

    Raises:
        ValueError: the contenders did not run the same rounds.
    """
    each = [a / b for a, b in zip(ours, theirs, strict=True)]
    return Ratio(median(each), min(each), max(each))
