"""What a transform costs, measured on records that are made up from the contract."""

from __future__ import annotations

import sys
import time
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING

from federation.transform.apply import Transform, Verdict
from federation.transform.function import Function
from federation.transform.refusal import TransformError
from federation.transform.samples import samples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from federation.schemas.avro import Schema

_SAMPLES = 1000
_ROUND = 0.05  # seconds that one round should take at least
_SECONDS = 0.1  # for the rounds of one turn
_TURNS = 3


@dataclass(frozen=True, slots=True)
class Cost:
    """What the function did with made-up records.

    Attributes:
        records: how many different ones it was given.
        microseconds: of one core, for each record.
        form_microseconds: the part of them that a function which does nothing takes, too: from
            Avro to Python's form, and back.
        dropped: for how many it returned None.
        refused: how many would be dead letters.
        refusal: the first of them, or nothing.
        steady: whether it gave the same answers when asked again.
    """

    records: int
    microseconds: float
    form_microseconds: float
    dropped: int
    refused: int
    refusal: str
    steady: bool

    @property
    def per_second(self) -> int:
        """Records that one core can do in a second."""
        return round(1e6 / self.microseconds)


def measure(contract: Schema, function: Function, keys: Sequence[str]) -> Cost:
    """Run a function for a short time. What it prints goes to stderr."""
    bodies = samples(contract, _SAMPLES)
    transform = Transform(contract, function, keys)
    nothing = Transform(contract, Function("", lambda given: given, function.batches), keys)
    with redirect_stdout(sys.stderr):
        # In turns, so that a busy moment of the machine does not meet one of the two alone.
        turns = [(_timed(transform, bodies), _timed(nothing, bodies)) for _ in range(_TURNS)]
        per_record, form = (min(seconds for seconds, _ in one) for one in zip(*turns, strict=True))
        verdicts = max((made for (_, made), _ in turns), key=len)
        steady = _answers(transform(bodies[: len(verdicts)])) == _answers(verdicts)
    refused = [one for one in verdicts if isinstance(one, TransformError)]
    return Cost(
        records=len(verdicts),
        microseconds=per_record * 1e6,
        form_microseconds=min(form, per_record) * 1e6,
        dropped=verdicts.count(None),
        refused=len(refused),
        refusal=str(refused[0]) if refused else "",
        steady=steady,
    )


def _timed(transform: Transform, bodies: Sequence[bytes]) -> tuple[float, list[Verdict]]:
    """Seconds for each record in the best of some rounds, and the verdicts of the largest."""
    ends, count = time.monotonic() + _SECONDS, 1
    while True:
        best, verdicts = _round(transform, bodies[:count])
        if best * count >= _ROUND or count == len(bodies):
            break
        count = min(4 * count, len(bodies))
    while time.monotonic() < ends:
        best = min(best, _round(transform, bodies[:count])[0])
    return best, verdicts


def _round(transform: Transform, bodies: Sequence[bytes]) -> tuple[float, list[Verdict]]:
    began = time.perf_counter()
    verdicts = transform(bodies)
    return (time.perf_counter() - began) / len(bodies), verdicts


def _answers(verdicts: Sequence[Verdict]) -> list[bytes | str | None]:
    return [one.reason if isinstance(one, TransformError) else one for one in verdicts]
