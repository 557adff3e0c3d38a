"""What a gateway concludes from what it sees: stalled, failed, caught up."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from run_facts import SOURCE, stream_plan

from federation.errors import ClusterError
from federation.plan.model import SourcePlan, TopicRef
from federation.run import checkpoints, gateway, stream
from federation.run.source import SourceWatch
from federation.run.status import (
    CheckpointStatus,
    PartitionStatus,
    SourceStatus,
    StreamStatus,
    TargetStatus,
)

MINUTE = 60_000
ORDERS = replace(SOURCE, topics=(TopicRef("orders", "t", 1),))
WAITING = replace(ORDERS, name="eu/orders[.].*", topics=(), pattern="orders[.].*")


def run_of(*sources: SourcePlan, leader: object = None) -> stream.StreamRun:
    """A stream that was not started."""
    return stream.StreamRun("shop", stream_plan(*sources), None, None, leader=leader)


@pytest.mark.parametrize("transaction", [MINUTE, 2 * MINUTE, 15 * MINUTE, 60 * MINUTE])
@pytest.mark.parametrize("interval", [100, 5_000, MINUTE])
def test_failed_checkpoints_do_not_outlast_a_transaction(interval, transaction):
    """However many fail in a row, the broker does not abort what a later one is to commit."""
    timeout, failures = checkpoints.patience(interval, transaction)
    taken = (failures + 1) * (interval + timeout)
    assert taken <= transaction / 2 or (failures == 0 and taken <= interval + transaction / 6)


def test_a_job_that_flink_calls_failed_stays_failed():
    """A result that is late or silent makes no clean end of a failure."""
    run = run_of(ORDERS)
    run._job = SimpleNamespace(failure=lambda: "")
    run.status = replace(run.status, state="FAILED", error="too many dead letters")
    run._ended()
    assert (run.status.state, run.status.error) == ("FAILED", "too many dead letters")


def test_a_stream_whose_checkpoints_do_not_complete_is_stalled():
    """Failed ones count at once, a slow one after a minute; a quick one is the normal case."""
    now = time.time() * 1000
    under_way = {"id": 8, "status": "IN_PROGRESS", "trigger_timestamp": now - 5_000}
    done = {"id": 7, "status": "COMPLETED", "trigger_timestamp": now - 90_000}
    seen = {"latest": {"completed": {"id": 7}}, "history": [under_way, done]}
    assert checkpoints.stalled(seen) == ""
    under_way["trigger_timestamp"] = now - 75_000
    assert "under way for 75 s" in checkpoints.stalled(seen)
    under_way["status"] = "FAILED"
    assert "the last 1 checkpoints failed" in checkpoints.stalled(seen)
    assert checkpoints.stalled({}) == ""


def test_a_pattern_without_topics_is_caught_up():
    """What matches nothing yet holds nothing; a source with topics has to have been seen."""
    run = run_of(ORDERS, WAITING)
    seen = SourceStatus("eu/orders", "eu", partitions=(PartitionStatus("orders", 0, 9, 9, 0),))
    ready = StreamStatus(
        "orders", "RUNNING", "exactly-once", checkpoint=CheckpointStatus(1, 0, 0, 0)
    )
    run.status = replace(ready, sources=(replace(seen, partitions=()), SourceStatus("p", "eu")))
    assert not run.caught_up()
    run.status = replace(ready, sources=(seen, SourceStatus("p", "eu")))
    assert run.caught_up()


def test_what_is_wrong_beside_keeps_nobody_from_catching_up():
    """Dead letters of a schema, or a mirror that is away, degrade a stream that has read it all."""
    run = run_of(ORDERS)
    seen = SourceStatus("eu/orders", "eu", partitions=(PartitionStatus("orders", 0, 9, 9, 0),))
    checkpoint = CheckpointStatus(1, 0, 0, 0)
    run.status = replace(run.status, state="DEGRADED", checkpoint=checkpoint, sources=(seen,))
    assert run.caught_up()


def test_a_failed_stream_does_not_keep_the_others_waiting():
    """Until caught up means until each stream has, or never will."""

    def one(state: str, *, there: bool) -> SimpleNamespace:
        status = StreamStatus("s", state, "exactly-once")
        return SimpleNamespace(status=status, caught_up=lambda: there, over=state == "FAILED")

    def watched(*runs: SimpleNamespace) -> bool:
        alive = SimpleNamespace(alive=True)
        watch = SimpleNamespace(
            gateway=alive, runs=list(runs), look=lambda: None, tend=lambda: None
        )
        return gateway._watch(watch, threading.Event(), until_caught_up=True)

    assert watched(one("RUNNING", there=True), one("RUNNING", there=True)) is True
    assert watched(one("RUNNING", there=True), one("FAILED", there=False)) is False


def test_a_follower_catches_up_with_what_its_leader_has_written():
    """Its aim is set once the leader is done, and counts what is not committed yet."""
    leader = SimpleNamespace(over=False, caught_up=lambda: False)
    run = run_of(ORDERS, leader=leader)
    run._watch.sources[:] = [
        SimpleNamespace(lag=SimpleNamespace(written=lambda: {("orders", 0): 12}))
    ]

    def at(position: int, *, end: int) -> bool:
        checkpoint = CheckpointStatus(1, 0, 0, 0)
        part = PartitionStatus("orders", 0, position, end, end - position)
        source = SourceStatus("eu/orders", "eu", partitions=(part,))
        run.status = replace(run.status, state="RUNNING", checkpoint=checkpoint, sources=(source,))
        return run.caught_up()

    assert not at(9, end=9)  # the leader still works
    leader.caught_up = lambda: True
    assert not at(9, end=9)  # its last transaction is open: 10 to 12
    assert at(12, end=12)
    leader.caught_up, leader.over = (lambda: False), True
    assert at(12, end=20)  # a leader that has failed writes nothing more


def test_a_stop_waits_for_no_savepoint_without_the_target(monkeypatch: pytest.MonkeyPatch):
    """A target that has been away for a while cannot take what a savepoint has to write."""
    monkeypatch.setattr(stream, "_LOOK", 0.01)
    run, cancelled, stopped = run_of(ORDERS), threading.Event(), threading.Event()
    run._job = SimpleNamespace(cancel=cancelled.set)
    away = TargetStatus("hub", "unified", "cluster hub is away", int(time.time() * 1000))
    run._watch.target = SimpleNamespace(status=lambda: away)
    waiting = threading.Thread(target=run._cancel_without_target, args=(stopped,))
    waiting.start()
    assert not cancelled.wait(0.2)  # a moment ago it was there
    away = replace(away, error_since=away.error_since - 6_000)
    assert cancelled.wait(10)
    waiting.join(10)
    assert not waiting.is_alive()


def test_a_start_that_is_left_behind_says_nothing_more(monkeypatch: pytest.MonkeyPatch):
    """A stop waits for it no longer; what it meets when its JVM is gone is no failure."""
    monkeypatch.setattr(stream, "_AWAY", 0.01)
    run, gone = run_of(ORDERS), threading.Event()

    def start() -> None:
        assert gone.wait(30)
        raise OSError("the JVM is gone")

    run._try_until_it_succeeds(start)
    run.stop()
    assert run.status.state == "STOPPED"
    gone.set()
    run._starting.join(30)
    assert (run.status.state, run.status.error) == ("STOPPED", "")


def renewable(monkeypatch: pytest.MonkeyPatch) -> stream.StreamRun:
    """A stream whose job stops when it is to go on with another plan."""
    run = run_of(ORDERS)
    run._rest = SimpleNamespace(close=lambda: None)
    run.status = replace(run.status, state="RUNNING")

    def stop() -> None:
        run._close()
        run.status = replace(run.status, state="STOPPED")

    monkeypatch.setattr(run, "stop", stop)
    return run


def test_a_renewal_is_tried_until_it_succeeds(monkeypatch: pytest.MonkeyPatch):
    """A target that is away just then costs the stream some time, and the others nothing."""
    run, tries = renewable(monkeypatch), []

    def start(*_: object, **__: object) -> None:
        tries.append(run.status.state)
        if len(tries) < 3:
            raise ClusterError("no answer")

    monkeypatch.setattr(run, "start", start)
    monkeypatch.setattr(run._stopping, "wait", lambda _seconds: None)
    run.renew(run.plan, lambda: None, heap_share=0.1)
    run._starting.join(30)
    assert tries == ["STARTING"] * 3
    assert run.poll().error == "no answer"  # and no exception: there is no job to ask yet


def test_what_is_just_starting_is_not_renewed(monkeypatch: pytest.MonkeyPatch):
    """Two starts at once would be two jobs with the same transactions."""
    run, go_on = renewable(monkeypatch), threading.Event()
    run._try_until_it_succeeds(lambda: go_on.wait(30))
    run.renew(WAITING, lambda: None, heap_share=0.1)
    assert run.status.state == "RUNNING"
    go_on.set()
    run._starting.join(30)


def test_stopping_shows_that_the_process_lives():
    """While a savepoint is written the status is refreshed: silence is for the dead."""
    beats = threading.Event()
    slow = SimpleNamespace(stop=lambda: beats.wait(30))
    gateway._stop([slow], beats.set)
    assert beats.is_set()


def test_a_name_that_begins_like_another_is_another():
    """Counters of eu/orders2 are none of eu/orders."""
    watch = SourceWatch(ORDERS, 0, "g")
    vertices = {"Source: source eu/orders2": {"recordsRead": 5}}
    assert watch.status(vertices, {}).read == 0
    assert watch.status(vertices | {"Source: source eu/orders": {"recordsRead": 7}}, {}).read == 7
