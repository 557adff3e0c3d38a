"""What is decided about transactions that a checkpoint has yet to commit, case by case."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from federation.errors import JobError
from federation.flink.transactions import Extent, Finding, Open, Transaction
from federation.run.settle import Settled, settle
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
from federation.run.status import Repair

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

OPEN, COMMITTED, EXPIRED = Finding("open"), Finding("committed"), Finding("expired", start=90)
LOST, COPIED = Finding("aborted", 5, 0), Finding("aborted", 5, 5)


def transaction(task: int, checkpoint: int = 7, count: int = 5) -> Transaction:
    """A transaction with ``count`` records in one partition."""
    extent = Extent("unified", task, 10, 30, count)
    number = checkpoint - 7  # of those of a task that are open at a time
    name = f"fed.shop.orders.-{task}-{number}"
    return Transaction(name, 40 + 10 * number + task, 3, checkpoint, (extent,))


A, B, LATER = transaction(0), transaction(1), transaction(0, checkpoint=8)


def step(*found: tuple[Transaction, Finding], tried: int = 0) -> object:
    """What is decided, each transaction having one extent."""
    return decide(
        [(one, (finding,)) for one, finding in found], {one.name: tried for one, _ in found}
    )


def test_what_is_visible_needs_nothing() -> None:
    """Committed, copied or deleted by retention: there is nothing left to do."""
    assert step() == Done()
    assert step((A, COMMITTED), (B, COPIED), (LATER, EXPIRED)) == Done()


def test_open_ones_are_committed_a_checkpoint_at_a_time() -> None:
    """A later checkpoint's are not committed before the earlier ones' fate is known."""
    assert step((LATER, OPEN), (B, OPEN), (A, OPEN)) == Commit((A, B))
    assert step((LATER, OPEN), (A, COMMITTED)) == Commit((LATER,))


def test_the_other_tasks_of_a_checkpoint_are_committed_where_they_lie() -> None:
    """Tasks share no key: one that is lost does not move the others."""
    assert step((A, LOST), (B, OPEN)) == Commit((B,))
    assert step((A, LOST), (B, COMMITTED)) == Rewrite((A,))


@pytest.mark.parametrize("before", [LOST, COPIED])
def test_what_comes_after_a_lost_one_is_written_after_it(before: Finding) -> None:
    """An open transaction of a later checkpoint lies before the copy, so it must not be committed."""
    assert step((A, before), (LATER, OPEN)) == Abort((LATER,))
    assert step((LATER, LOST), (A, before)) == Rewrite((A, LATER) if before is LOST else (LATER,))


def test_what_will_not_end_is_ended() -> None:
    """After some commits it is aborted, after some of those marked by hand, and then refused."""
    kinds = [type(step((A, OPEN), tried=times)) for times in range(16)]
    assert kinds == [Commit] * 5 + [Abort] * 5 + [Mark] * 5 + [Refuse]
    assert isinstance(step((A, LOST), (LATER, OPEN), tried=10), Mark)


def test_a_torn_transaction_is_mended_where_it_is_torn() -> None:
    """Committed in one partition and aborted in another: only the aborted records are missing."""
    torn = replace(A, extents=(*A.extents, Extent("unified", 9, 0, 4, 5)))
    assert decide([(torn, (COMMITTED, LOST))], {}) == Rewrite((torn,))
    assert decide([(torn, (COMMITTED, COPIED))], {}) == Done()


def test_records_that_are_gone_are_refused() -> None:
    """Fewer records than were written, without retention to explain it: no silent hole."""
    refused = step((A, Finding("aborted", 3)), (B, OPEN))
    assert isinstance(refused, Refuse)
    assert "fed.shop.orders.-0-0/40/3 of checkpoint 7" in refused.why
    assert "unified-0: 3 of 5 records there" in refused.why


def test_half_a_copy_is_refused() -> None:
    """A copy is one transaction; half of one means that something else was at work."""
    assert isinstance(step((A, Finding("aborted", 5, 2))), Refuse)


def test_what_retention_has_deleted_is_counted() -> None:
    """Deleted records may be missing, as many as lay below the partition's first offset."""
    assert step((A, Finding("aborted", 3, 0, start=12))) == Rewrite((A,))
    assert step((A, Finding("aborted", 3, 3, start=12))) == Done(expired=2)
    assert isinstance(step((A, Finding("aborted", 3, 0, start=11))), Refuse)
    two = replace(A, extents=(*A.extents, Extent("unified", 9, 0, 4, 5)))
    assert decide([(two, (EXPIRED, COPIED))], {}) == Done(expired=5)
    assert decide([(two, (EXPIRED, COMMITTED))], {}) == Done()


def test_orphans_are_those_of_no_checkpoint() -> None:
    """An id that the checkpoint knows, with another epoch, is another transaction."""
    known = Open(A.id, A.producer, A.epoch, 0, 0, ())
    again = replace(known, epoch=A.epoch + 1)
    assert orphans([known, again], [A]) == (again,)


class Target:
    """A target that does as told, and remembers it."""

    def __init__(self, **fates: Finding) -> None:
        self.fates = {"A": A, "B": B, "LATER": LATER}
        self.found = {self.fates[name].name: finding for name, finding in fates.items()}
        self.told: list[object] = []

    def pending(self, _: Path) -> tuple[Transaction, ...]:
        """Those of the checkpoint."""
        return tuple(one for one in self.fates.values() if one.name in self.found)

    def inspect(self, transactions: Sequence[Transaction]) -> list[tuple[Finding, ...]]:
        """Their fates."""
        return [(self.found[one.name],) for one in transactions]

    def commit(self, transactions: Sequence[Transaction]) -> None:
        """It succeeds."""
        self.told.append(("commit", [one.name for one in transactions]))
        self.found.update({one.name: COMMITTED for one in transactions})

    def rewrite(self, transactions: Sequence[Transaction]) -> int:
        """It succeeds."""
        self.told.append(("rewrite", [one.name for one in transactions]))
        self.found.update({one.name: COPIED for one in transactions})
        return 5 * len(transactions)

    def open(self) -> tuple[Open, ...]:
        """One of nobody's."""
        return (Open("fed.shop.orders.-9-9", 1, 0, 0, 0, ()),)

    def abort(self, ids: Iterable[str]) -> None:
        """It succeeds."""
        self.told.append(("abort", list(ids)))
        for one in (A, B, LATER):
            if one.id in self.told[-1][1] and self.found.get(one.name) is OPEN:
                self.found[one.name] = LOST

    def abort_hanging(self, producer: int, partitions: Iterable[str]) -> None:
        """Not needed."""
        raise AssertionError((producer, partitions))


def test_a_settlement_goes_step_by_step() -> None:
    """Orphans end first, then the open, then what is lost is written again; the account says so."""
    target = Target(A=LOST, B=OPEN, LATER=OPEN)
    done = settle(target, Path("chk-8"), lambda _: None)
    assert target.told == [
        ("abort", ["fed.shop.orders.-9-9"]),
        ("abort", [LATER.id]),
        ("commit", [B.name]),
        ("rewrite", [A.name, LATER.name]),
    ]
    assert done == Settled(
        names=(A.name, B.name, LATER.name),
        restored=(A, LATER),
        written=10,
        orphans=("fed.shop.orders.-9-9",),
    )
    repair = Repair.of(done, 1.5)
    assert repair is not None
    assert (repair.checkpoint, repair.records, repair.partitions) == (8, 10, ("unified-0",))


def test_a_stream_that_begins_only_ends_orphans() -> None:
    """Without a checkpoint there is nothing to commit."""
    target = Target(A=OPEN)
    done = settle(target, None, lambda _: None)
    assert (done.names, done.orphans) == ((), ("fed.shop.orders.-9-9",))
    assert Repair.of(Settled(names=("any",)), 0) is None


def test_a_refusal_names_the_checkpoint_and_a_way_out() -> None:
    """The error of start says which transaction, where, and what can be done."""
    with pytest.raises(JobError, match=r"chk-7: the brokers have aborted .*--fresh"):
        settle(Target(A=Finding("aborted", 1)), Path("chk-7"), lambda _: None)
