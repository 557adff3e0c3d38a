"""The commit window, held open: a gateway killed between a checkpoint's completion and its commit."""

from __future__ import annotations

import os
import signal
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Producer
from streams import eventually, kill

from federation.flink.transactions import Transactions, in_own_jvm
from federation.run.store import Store
from federation.sandbox import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from streams import Case

    from federation.flink.transactions import Transaction


# Brokers that abort transactions after a minute at most, and look for such every second.
# Checkpoints may take a sixth of that: less would be too little for a busy machine.
_IMPATIENT = (
    "transaction.max.timeout.ms=60000\n"
    "transaction.abort.timed.out.transaction.cleanup.interval.ms=1000\n"
)


@contextmanager
def impatient_brokers() -> Iterator[None]:
    """Brokers that a sandbox starts in this block wait no longer than a minute."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nodes, "_BROKER_PROPERTIES", nodes._BROKER_PROPERTIES + _IMPATIENT)
        yield


def door(made: Case) -> Transactions:
    """The transactions of a case's target, as the gateway reaches them."""
    return Transactions(
        f"fed.{made.state.name}.orders",
        (made.target, made.dead),
        {"bootstrap.servers": made.env["HUB_BOOTSTRAP"], "transaction.timeout.ms": "20000"},
        in_own_jvm,
    )


def pending(made: Case) -> dict[Transaction, str]:
    """The transactions of the newest checkpoint, each with one word for all its partitions."""
    point = Store(made.state).restore_point("orders")
    assert point is not None
    there = door(made)
    transactions = there.pending(point.resolve())
    fates = ({one.fate for one in found} for found in there.inspect(transactions))
    return {
        one: found.pop() if len(found) == 1 else "mixed"
        for one, found in zip(transactions, fates, strict=True)
    }


def touches(one: Transaction, topic: str) -> bool:
    """Whether a transaction has written into a topic."""
    return any(extent.topic == topic for extent in one.extents)


@contextmanager
def in_the_window(
    made: Case, *, touching: str = "", attempts: int = 60
) -> Iterator[list[Transaction]]:
    """Freeze a running gateway's JVMs where its newest checkpoint is not committed at all.

    They are frozen the moment a checkpoint is written down, some milliseconds before it commits; where
    that was too late, or no record of the topic that it should be ``touching``, it may go on to the
    next.

    Yields:
        The transactions, all of them open; those first that have records of that topic.
    """
    eventually(made.checkpoint, "a checkpoint", 180)
    status = made.status()
    jvms = (*status["processes"].values(), status["jvm_pid"])
    for _ in range(attempts):
        with _frozen_at_next_checkpoint(made, jvms):
            found = pending(made)
            those = sorted(found, key=lambda one: not touches(one, touching))
            if set(found.values()) == {"open"} and (not touching or touches(those[0], touching)):
                yield those
                return
    raise AssertionError(f"no commit window in {attempts} checkpoints")


@contextmanager
def _first_in_line() -> Iterator[None]:
    """Run before all usual processes, where the system lets us."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except OSError:
        yield
        return
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


@contextmanager
def _frozen_at_next_checkpoint(made: Case, jvms: Sequence[int]) -> Iterator[None]:
    """Stop the JVMs once one more checkpoint is there; asks without a pause, for it is in a hurry.

    The commit follows within milliseconds: on a busy machine others may not go first.
    """
    run = max(made.state.glob("streams/orders/run-*"))
    (checkpoints,) = run.glob("checkpoints/*")
    last = max(int(file.parent.name[4:]) for file in checkpoints.glob("chk-*/_metadata"))
    files = [str(checkpoints / f"chk-{last + ahead}" / "_metadata") for ahead in (1, 2, 3)]
    ends = time.monotonic() + 60
    with _first_in_line():
        while not any(map(os.path.exists, files)):
            assert time.monotonic() < ends, "no checkpoint within a minute"
        for jvm in jvms:
            os.kill(jvm, signal.SIGSTOP)
    try:
        yield
    finally:
        for jvm in jvms:
            with suppress(ProcessLookupError):
                os.kill(jvm, signal.SIGCONT)


def fence(made: Case, *transactions: Transaction) -> None:
    """Have the brokers abort these transactions, as they do by themselves after the time-out."""
    for one in transactions:
        Producer(
            {"bootstrap.servers": made.env["HUB_BOOTSTRAP"], "transactional.id": one.id}
        ).init_transactions(30)


def kill_gateway(made: Case) -> None:
    """End the gateway and its frozen JVM as a power cut would."""
    kill(made.status()["pid"])
