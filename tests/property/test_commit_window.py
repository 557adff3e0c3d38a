"""Commits that fail, crashes and time-outs in any order: the target holds every record once, in order.

The decisions are the product's; Kafka and Flink around them are simulated.
"""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulation import KEYS, PARTITIONS, POINT, Brokers, Crash, Fenced, Gateway, Target

from federation.errors import ClusterError
from federation.run import settle as settling
from federation.run import settlement

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEDULES = 20_000


class Schedule:
    """One run: each choice is the next byte; when they are used up, nothing more goes wrong."""

    def __init__(self, choices: bytes) -> None:
        self.choices = iter(choices)
        self.quiet = False
        naming = ("pooling", "incrementing")[self.choose(2)]
        self.brokers = Brokers(self.choose)
        self.gateway = Gateway(self.brokers, _source(), naming)
        self.restored = 0

    def choose(self, among: int) -> int:
        """A number below ``among``."""
        byte = next(self.choices, None)
        if byte is None:
            self.quiet = True
            return among - 1
        return byte % among

    def run(self) -> None:
        """Do as the choices say, then heal, read to the end and commit."""
        while not self.quiet:
            try:
                self.step()
            except (Crash, Fenced):
                self.recover()
        self.brokers.deliver()
        self.recover()
        while self.gateway.position < len(self.gateway.source):
            self.gateway.read()
        self.gateway.checkpoint(completes=True)
        for task in range(self.gateway.tasks):
            self.gateway.commit(task)
        self.brokers.deliver()

    def step(self) -> None:
        """Something happens."""
        match self.choose(12):
            case 0 | 1 | 2 | 3:
                for _ in range(self.choose(4) + 1):
                    self.gateway.read()
            case 4 | 5:
                self.gateway.checkpoint(completes=True)
            case 6:
                self.gateway.checkpoint(completes=False)
            case 7 | 8:
                self.gateway.commit(self.choose(self.gateway.tasks))
            case 9:
                self.brokers.expire()
            case 10:
                self.brokers.deliver()
            case 11:
                raise Crash

    def recover(self) -> None:
        """Settle and go on, however often that itself is cut off."""
        while True:
            point = self.gateway.latest
            target = Target(self.brokers, point, self.trouble)
            try:
                settled = settling.settle(target, POINT, self.pause)
            except (Crash, ClusterError):
                continue
            self.restored += len(settled.restored)
            self.gateway.resume(point, settled=settled.names, tasks=1 + self.choose(3))
            return

    def trouble(self) -> None:
        """Between two steps of a repair: mostly nothing."""
        if self.quiet:
            return
        match self.choose(10):
            case 0:
                raise Crash
            case 1:
                raise ClusterError("not now")
            case 2:
                self.brokers.expire()
            case 3 if self.gateway.latest.pending:
                pending = self.gateway.latest.pending
                one = pending[self.choose(len(pending))]
                self.brokers.forget(one.id, one.producer, one.epoch)

    def pause(self, seconds: float) -> None:
        """Time passes: markers come in."""
        if seconds:
            self.brokers.deliver()

    def faults(self) -> list[str]:
        """What a reader of the finished target has to complain of."""
        found = []
        seen = Counter(record for n in range(PARTITIONS) for record in self.brokers.visible(n))
        source = set(self.gateway.source)
        if lost := source - set(seen):
            found.append(f"lost {sorted(lost)}")
        if twice := {record for record, times in seen.items() if times > 1}:
            found.append(f"twice {sorted(twice)}")
        for partition in range(PARTITIONS):
            for key in range(KEYS):
                numbers = [n for k, n in self.brokers.visible(partition) if k == key]
                if numbers != sorted(numbers):
                    found.append(f"key {key} in disorder: {numbers}")
            if self.brokers.open_in(partition):
                found.append(f"partition {partition} is held back by an open transaction")
        return found


def _source() -> list[tuple[int, int]]:
    """Records of every key, in order, some of them twice."""
    chance = Random(1)
    records = [(n % KEYS, n // KEYS) for n in range(40)]
    return [record for record in records for _ in range(1 + (chance.random() < 0.2))]


@settings(max_examples=SCHEDULES, deadline=None, database=None)
@given(st.binary(min_size=20, max_size=120))
def test_every_record_once_and_in_order(choices: bytes) -> None:
    """Whatever fails when: nothing lost, nothing twice, order per key, no reader held back."""
    schedule = Schedule(choices)
    schedule.run()
    assert schedule.faults() == []


def _ignore_what_is_lost(found: list, tried: dict) -> settlement.Step:
    """What the connector does by itself: it counts a failed commit, and goes on."""
    step = settlement.decide(found, tried)
    return settlement.Done() if isinstance(step, settlement.Rewrite) else step


def _commit_where_it_lies(found: list, tried: dict) -> settlement.Step:
    """Without the law of order: whatever is open may be committed."""
    step = settlement.decide(found, tried)
    commits = isinstance(step, settlement.Abort) and not any(tried.values())
    return settlement.Commit(step.transactions) if commits else step


def _leave_orphans(_open: object, _pending: object) -> tuple:
    """As if no transaction were ever nobody's."""
    return ()


@pytest.mark.parametrize(
    ("name", "wrong", "complaint"),
    [
        ("decide", _ignore_what_is_lost, "lost"),
        ("decide", _commit_where_it_lies, "disorder"),
        ("orphans", _leave_orphans, "held back"),
    ],
)
def test_wrong_decisions_are_found(
    name: str, wrong: Callable, complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The simulation tells a wrong rule from a right one, so its silence says something."""
    monkeypatch.setattr(settling, name, wrong)
    chance = Random(7)
    complaints: list[str] = []
    for _ in range(5_000):
        schedule = Schedule(chance.randbytes(chance.randrange(20, 120)))
        schedule.run()
        complaints = [one for one in schedule.faults() if complaint in one]
        if complaints:
            return
    pytest.fail(f"5,000 schedules did not show it: {complaints}")


def test_the_schedules_bite() -> None:
    """Of a thousand schedules a good part loses transactions, and some more than once."""
    chance = Random(3)
    restored = []
    for _ in range(1_000):
        schedule = Schedule(chance.randbytes(100))
        schedule.run()
        restored.append(schedule.restored)
    assert sum(map(bool, restored)) > 200
    assert max(restored) > 5
