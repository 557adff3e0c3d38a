"""Carrying out :mod:`federation.run.settlement`: look, decide, do, until nothing is left to do.

Nothing is remembered between two starts. Whatever the process was doing when it was killed, the
log tells the next one how far it came: copies are written in one transaction, so they are there or
they are not.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from federation.errors import JobError
from federation.run.settlement import (
    Abort,
    Commit,
    Done,
    Mark,
    Refuse,
    Rewrite,
    decide,
    orphans,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from federation.flink.transactions import Finding, Open, Transaction


class Door(Protocol):
    """What is done at the target; :class:`federation.flink.transactions.Transactions` does it."""

    def pending(self, folder: Path) -> tuple[Transaction, ...]: ...  # noqa: D102 - as there

    def inspect(self, transactions: Sequence[Transaction]) -> list[tuple[Finding, ...]]: ...  # noqa: D102 - as there

    def commit(self, transactions: Sequence[Transaction]) -> None: ...  # noqa: D102 - as there

    def rewrite(self, transactions: Sequence[Transaction]) -> int: ...  # noqa: D102 - as there

    def open(self) -> tuple[Open, ...]: ...  # noqa: D102 - as there

    def abort(self, ids: Iterable[str]) -> None: ...  # noqa: D102 - as there

    def abort_hanging(self, producer: int, partitions: Iterable[str]) -> None: ...  # noqa: D102 - as there


@dataclass(frozen=True, slots=True)
class Settled:
    """How the transactions of a restore point ended.

    Attributes:
        names: all of them: the job need not commit them.
        restored: those whose records had to be written again.
        written: how many records that were.
        expired: records that retention deleted before they could be.
        orphans: ids of open transactions that belonged to no checkpoint, and were aborted.
    """

    names: tuple[str, ...] = ()
    restored: tuple[Transaction, ...] = ()
    written: int = 0
    expired: int = 0
    orphans: tuple[str, ...] = ()


def settle(door: Door, point: Path | None, pause: Callable[[float], object]) -> Settled:
    """Make everything up to a restore point visible, exactly once, before the job goes on from it.

    Args:
        door: the target.
        point: a checkpoint or savepoint; None for a stream that begins.
        pause: called with seconds, between two attempts at the same thing.

    Raises:
        JobError: records were lost for good: says which and how many.
        ClusterError: the target does not answer; nothing is half done.
    """
    pending = door.pending(point) if point else ()
    nobodys = orphans(door.open(), pending)
    if nobodys:
        door.abort(sorted(one.id for one in nobodys))
    tried: Counter[str] = Counter()
    restored: tuple[Transaction, ...] = ()
    written = 0
    while True:
        step = decide(list(zip(pending, door.inspect(pending), strict=True)), tried)
        match step:
            case Done():
                return Settled(
                    names=tuple(one.name for one in pending),
                    restored=restored,
                    written=written,
                    expired=step.expired,
                    orphans=tuple(one.id for one in nobodys),
                )
            case Refuse():
                raise JobError(
                    step.why,
                    where=str(point),
                    hint="verify names the records; --fresh, with the target topics emptied, reads "
                    "all of them again",
                )
            case Rewrite():
                written += door.rewrite(step.transactions)
                restored += tuple(one for one in step.transactions if one not in restored)
            case Commit() | Abort() | Mark():
                _tell(door, step)
                for one in step.transactions:
                    pause(0.5 * tried[one.name])
                    tried[one.name] += 1


def _tell(door: Door, step: Commit | Abort | Mark) -> None:
    match step:
        case Commit():
            door.commit(step.transactions)
        case Abort():
            door.abort(one.id for one in step.transactions)
        case Mark():
            for one in step.transactions:
                places = [f"{extent.topic}-{extent.partition}" for extent in one.extents]
                door.abort_hanging(one.producer, places)
