"""What to do with the transactions of a checkpoint from which a stream goes on: decisions, no I/O.

A checkpoint's transactions were flushed before it was complete, so all their records lie in the
target's log, whatever happens to the transactions afterwards. If the brokers aborted one, its
records are still there, hidden from readers. So what is lost is written once more, from the log
itself: source positions and deduplication memory of the checkpoint stay as they are, and match.

Law of order: what a transaction wrote must lie before anything of a later checkpoint. A copy lies
behind all that was written before it; therefore, once a transaction of a checkpoint is lost, those
of later checkpoints must not be committed where they lie, but are aborted and copied after it.
Transactions of one checkpoint come from different tasks, which share no key.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from federation.flink.transactions import Extent, Finding, Open, Transaction

# How often a transaction is told to end in one way before another is tried.
_COMMITS, _ABORTS, _MARKERS = 5, 10, 15


@dataclass(frozen=True, slots=True)
class Commit:
    """Commit these."""

    transactions: tuple[Transaction, ...]


@dataclass(frozen=True, slots=True)
class Abort:
    """Abort these: they may not be committed any more, or cannot be."""

    transactions: tuple[Transaction, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """End these in their partitions: no coordinator knows of them."""

    transactions: tuple[Transaction, ...]


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Write the records of these again, in this order, in one transaction."""

    transactions: tuple[Transaction, ...]


@dataclass(frozen=True, slots=True)
class Refuse:
    """It cannot be done without a hole: say so."""

    why: str


@dataclass(frozen=True, slots=True)
class Done:
    """All is visible; ``expired`` records at most were deleted by retention meanwhile."""

    expired: int = 0


Step = Commit | Abort | Mark | Rewrite | Refuse | Done


class _State(Enum):
    OPEN = auto()  # neither committed nor aborted
    VISIBLE = auto()  # committed, or copied, or expired
    COPIED = auto()  # visible, behind everything that was written before the copy
    LOST = auto()  # aborted, every record there
    DAMAGED = auto()  # aborted, and not every record there


def decide(
    found: Sequence[tuple[Transaction, tuple[Finding, ...]]], tried: Mapping[str, int]
) -> Step:
    """The next step towards a target in which every transaction is visible once.

    Args:
        found: the checkpoint's transactions, each with what the log holds of its extents.
        tried: by transaction's name, how often it was told to end and has not.
    """
    states = {one.name: _state(one, findings) for one, findings in found}
    ordered = sorted((one for one, _ in found), key=lambda one: (one.checkpoint, one.id))
    damaged = [one for one in ordered if states[one.name] is _State.DAMAGED]
    if damaged:
        return Refuse(_damage(damaged[0], dict(found)[damaged[0]]))
    still = [one for one in ordered if states[one.name] is _State.OPEN]
    if still:
        return _end(still, _first_moved(ordered, states), tried)
    if lost := tuple(one for one in ordered if states[one.name] is _State.LOST):
        return Rewrite(lost)
    return Done(expired=sum(_expired(one, findings) for one, findings in found))


def _end(still: list[Transaction], moved: int | None, tried: Mapping[str, int]) -> Step:
    """One step for the open ones: abort those behind a lost one, else commit the first."""
    late = tuple(one for one in still if moved is not None and one.checkpoint > moved)
    first = late or tuple(one for one in still if one.checkpoint == still[0].checkpoint)
    times = max(tried.get(one.name, 0) for one in first)
    if times < _COMMITS and not late:
        return Commit(first)
    if times < _ABORTS:
        return Abort(first)
    if times < _MARKERS:
        return Mark(first)
    return Refuse(f"transaction {first[0].name} can neither be committed nor aborted")


def _first_moved(ordered: list[Transaction], states: Mapping[str, _State]) -> int | None:
    """The first checkpoint of which something is visible only behind what came after it."""
    moved = (_State.LOST, _State.COPIED)
    return min((one.checkpoint for one in ordered if states[one.name] in moved), default=None)


def _state(transaction: Transaction, findings: tuple[Finding, ...]) -> _State:
    if any(one.fate == "open" for one in findings):
        return _State.OPEN
    aborted = _aborted(transaction, findings)
    found = sum(one.found for _, one in aborted)
    copies = sum(one.copies for _, one in aborted)
    # What retention has deleted since would have been deleted just so had it been committed.
    if any(_missing(extent, one) > max(0, one.start - extent.first) for extent, one in aborted):
        return _State.DAMAGED
    if not found:
        return _State.VISIBLE
    if not copies:
        return _State.LOST
    return _State.COPIED if copies == found else _State.DAMAGED


def _aborted(
    transaction: Transaction, findings: tuple[Finding, ...]
) -> list[tuple[Extent, Finding]]:
    pairs = zip(transaction.extents, findings, strict=True)
    return [(extent, one) for extent, one in pairs if one.fate == "aborted"]


def _expired(transaction: Transaction, findings: tuple[Finding, ...]) -> int:
    """Records of an aborted transaction that retention deleted before they could be copied."""
    if not _aborted(transaction, findings):
        return 0
    pairs = zip(transaction.extents, findings, strict=True)
    return sum(_missing(extent, one) for extent, one in pairs if one.fate != "committed")


def _missing(extent: Extent, one: Finding) -> int:
    return extent.count - one.found


def _damage(transaction: Transaction, findings: tuple[Finding, ...]) -> str:
    parts = ", ".join(
        f"{extent.topic}-{extent.partition}: {one.found:,} of {extent.count:,} records there"
        + (f", {one.copies:,} of them copied" if one.copies else "")
        for extent, one in _aborted(transaction, findings)
        if _missing(extent, one) or one.copies != 0
    )
    return (
        f"the brokers have aborted transaction {transaction.name} of checkpoint "
        f"{transaction.checkpoint}, and its records cannot be restored from the target's log "
        f"({parts})"
    )


def orphans(open_: Iterable[Open], pending: Iterable[Transaction]) -> tuple[Open, ...]:
    """Open transactions of the stream that belong to no checkpoint it goes on from: nobody's."""
    owned = {(one.id, one.producer, one.epoch) for one in pending}
    return tuple(one for one in open_ if (one.id, one.producer, one.epoch) not in owned)
