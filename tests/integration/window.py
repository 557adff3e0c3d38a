"""The commit window, held open: a gateway killed between a checkpoint's completion and its commit."""

from __future__ import annotations

import os
import signal
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from confluent_kafka import Producer

from federation.flink.transactions import Transactions, in_own_jvm
from federation.run.store import Store
from streams import eventually, kill

if TYPE_CHECKING:
    from collections.abc import Iterator

    from federation.flink.transactions import Transaction
    from streams import Case


def door(made: Case) -> Transactions:
    """The transactions of a case's target, as the gateway reaches them."""
    target = SimpleNamespace(
        topic=made.target,
        dead_letter=made.dead,
        max_record_bytes=1_048_576,
        transaction_timeout=timedelta(minutes=1),
        transactional_prefix=f"fed.{made.state.name}.orders",
        cluster=SimpleNamespace(
            alias="hub", properties={"bootstrap.servers": made.env["HUB_BOOTSTRAP"]}
        ),
    )
    return Transactions(target, in_own_jvm)  # type: ignore[arg-type] # what it needs of a TargetPlan


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


def kill_in_the_window(made: Case, *, open_: int = 1, attempts: int = 60) -> dict[Transaction, str]:
    """Kill a running gateway when so many of its newest checkpoint's transactions are uncommitted.

    The JVM is frozen the moment a checkpoint is written down, a few milliseconds before it commits;
    where that was too late, it may go on to the next.
    """
    jvm = made.status()["jvm_pid"]
    for _ in range(attempts):
        with _frozen_at_next_checkpoint(made, jvm):
            found = pending(made)
            if sum(fate == "open" for fate in found.values()) >= open_:
                kill(made.status()["pid"])
                return found
    raise AssertionError(f"no commit window of {open_} transactions in {attempts} checkpoints")


@contextmanager
def _frozen_at_next_checkpoint(made: Case, jvm: int) -> Iterator[None]:
    """Stop the JVM as soon as one more checkpoint is there; busy, for it is a matter of milliseconds."""
    point = eventually(lambda: Store(made.state).restore_point("orders"), "a checkpoint")
    number = int(point.name.removeprefix("chk-")) if point.name.startswith("chk-") else 0
    run = max(made.state.glob("streams/orders/run-*"))
    (checkpoints,) = eventually(lambda: [*run.glob("checkpoints/*")], "its folder")
    number = max(
        [
            number,
            *(int(p.name[4:]) for p in checkpoints.glob("chk-*") if (p / "_metadata").exists()),
        ]
    )
    files = [str(checkpoints / f"chk-{n}" / "_metadata") for n in (number + 1, number + 2)]
    ends = time.monotonic() + 60
    while not any(map(os.path.exists, files)):
        assert time.monotonic() < ends, "no checkpoint within a minute"
    os.kill(jvm, signal.SIGSTOP)
    try:
        yield
    finally:
        try:
            os.kill(jvm, signal.SIGCONT)
        except ProcessLookupError:
            pass


def fence(made: Case, *transactions: Transaction) -> None:
    """Have the brokers abort these transactions, as they do by themselves after the time-out."""
    for one in transactions:
        producer = Producer(
            {"bootstrap.servers": made.env["HUB_BOOTSTRAP"], "transactional.id": one.id}
        )
        producer.init_transactions(30)
