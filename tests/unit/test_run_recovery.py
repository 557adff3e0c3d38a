"""A stream whose commit failed for good: repaired and submitted again, and what is said of it."""

from __future__ import annotations

import os
from dataclasses import replace
from types import SimpleNamespace

import httpx
import pytest
from rich.console import Console
from run_facts import stream_plan

from federation.cli.live import render
from federation.errors import ClusterError, JobError
from federation.flink.transactions import Open
from federation.run import held, stream
from federation.run.settle import Settled
from federation.run.status import GatewayStatus, Repair, StreamStatus
from federation.run.store import Store, began

LOST = SimpleNamespace(why="the brokers have aborted transaction x", lost_commit=True)
REPAIR = Repair(1_700_000_000.0, 8, 1241, 2, ("x/1/2", "y/1/2"), ("orders-0",), ("z",))


@pytest.fixture
def run(tmp_path):
    """A stream whose job has just ended because of a commit."""
    one = stream.StreamRun("shop", stream_plan(), None, Store(tmp_path))
    one._job = SimpleNamespace(failure=lambda: LOST)
    one._rest = SimpleNamespace(close=lambda: None)
    one.status = replace(one.status, state="RUNNING")
    return one


def ended(run, submit) -> None:
    """Let it notice, and repair by ``submit``, to the end."""
    run._submit = submit
    run._stopping.wait = lambda _seconds: None
    run._ended()
    run._starting.join(30)


class TestRecovery:
    def test_it_is_submitted_again_until_the_target_answers(self, run):
        """A target that is away once more is waited for, and the status says so meanwhile."""
        seen = []

        def submit() -> None:
            seen.append((run.status.state, run.status.error))
            if len(seen) < 3:
                raise ClusterError("no answer")
            run.status = replace(run.status, state="STARTING", error="")

        ended(run, submit)
        assert seen == [("RESTARTING", LOST.why), *[("RESTARTING", "no answer")] * 2]
        assert run.status.state == "STARTING"

    def test_what_cannot_be_repaired_fails_with_the_reason(self, run):
        """A refusal is the end of the stream, and its words are those of the refusal."""

        def submit() -> None:
            raise JobError("records are gone", hint="see verify")

        ended(run, submit)
        assert (run.status.state, run.status.error) == ("FAILED", "records are gone; see verify")

    def test_a_bug_is_a_failure_too(self, run, monkeypatch):
        """Whatever else comes out of a repair, the stream does not claim to be on its way."""
        monkeypatch.setattr("threading.excepthook", lambda _: None)

        def submit() -> None:
            raise KeyError("odd")

        ended(run, submit)
        assert run.status.state == "FAILED"
        assert "odd" in run.status.error

    def test_a_stream_that_stops_is_not_submitted_again(self, run):
        """Its next start repairs it."""
        run._stopping.set()
        run._ended()
        assert run._starting is None
        assert (run.status.state, run.status.error) == ("FAILED", LOST.why)


REFUSALS = (
    "org.apache.kafka.common.errors.InvalidTimestampException: Timestamp 1 is out of range",
    "KafkaException: Failed to append record because it was part of a batch which had one more more",
)


class TestEndless:
    """Restarts that Flink would make for ever."""

    @pytest.mark.parametrize("cause", REFUSALS)
    def test_a_record_that_is_refused_ends_the_stream(self, run, cause):
        """With the reason, and without another try: start reads the topic's settings anew."""
        cancelled = []
        run._job.cancel = lambda: cancelled.append(True)
        run._end_what_no_restart_helps(cause)
        assert cancelled == [True]
        assert run.status.state == "FAILED"
        assert cause in run.status.error

    def test_a_job_without_task_manager_gives_way_to_another(self, run):
        """A mini cluster has only one; when that has ended no restart finds a slot."""
        done = []
        run._job.cancel = lambda: done.append("cancel")
        run._submit = lambda: done.append("submit")
        run._end_what_no_restart_helps("FlinkExpectedException: The TaskExecutor is shutting down.")
        run._starting.join(30)
        assert done == ["cancel", "submit"]

    def test_anything_else_is_left_to_flink(self, run):
        """A target that is away comes back."""
        run._end_what_no_restart_helps("TimeoutException: Expiring 3 record(s)")
        assert (run.status.state, run._starting) == ("RUNNING", None)


class TestProcesses:
    """Flink as processes of its own, which may end, or answer no more."""

    def test_a_new_cluster_gets_the_job_once_it_is_there(self, run):
        """What goes wrong while that one is away as well is tried again, and is no failure."""
        there = iter((False, True, False, True, True))
        run._cluster = SimpleNamespace()
        run._flink_is_away = lambda: not next(there)
        done = []

        def submit() -> None:
            done.append(run.status.state)
            if len(done) == 1:
                raise JobError("nobody listens")
            run.status = replace(run.status, state="STARTING", error="")

        run._submit = submit
        run._stopping.wait = lambda _seconds: None
        run.submit_again()
        run._starting.join(30)
        assert done == ["RESTARTING"] * 2
        assert (run.status.state, run.status.error) == ("STARTING", "")

    def test_a_stream_that_has_ended_is_not_begun_again(self, run):
        """Its JobManager was no longer its own."""
        run.status = replace(run.status, state="FAILED", error="a reason")
        run.submit_again()
        assert (run._starting, run.status.error) == (None, "a reason")

    def test_silence_is_said(self, run, monkeypatch):
        """A Flink that stands still is no running stream, from the eighth second on.

        That is since it was asked in vain: it is not asked while other streams start.
        """

        def nothing(*_: object) -> None:
            raise httpx.ReadTimeout("")

        run._watch.look = nothing
        run._cluster = SimpleNamespace()
        for now, state in ((100.0, "RUNNING"), (107.0, "RUNNING"), (109.0, "DEGRADED")):
            monkeypatch.setattr("time.monotonic", lambda now=now: now)
            assert run.poll().state == state
        assert run.status.error == "Flink has not answered for 9 s"


class TestRepairs:
    def test_they_are_kept_with_the_streams_state(self, tmp_path):
        """Each is a line of a file, in the order in which they were made."""
        store = Store(tmp_path)
        assert store.repairs("orders").entries() == []
        store.repairs("orders").add({"at": 1})
        store.repairs("orders").add({"at": 2})
        assert Store(tmp_path).repairs("orders").entries() == [{"at": 1}, {"at": 2}]

    def test_a_settlement_without_trouble_is_no_repair(self):
        """Committing what was open is what a restore does."""
        assert Repair.of(Settled(names=("x",)), 0.0) is None
        assert Repair.of(Settled(orphans=("z",)), 0.0).orphans == ("z",)

    def test_status_tells_them_in_a_sentence(self):
        """When, of which checkpoint, and how many records."""
        one = StreamStatus("orders", "RUNNING", "exactly-once", repairs=(REPAIR,))
        console = Console(width=200)
        with console.capture() as shown:
            for line in render(GatewayStatus("shop", 1, 2, 0.0, 0.0, (one,), "RUNNING").to_dict()):
                console.print(line)
        assert (
            "repaired 2023-11-14 22:13:20Z: 2 transactions of checkpoint 8 had been aborted: 1,241 "
            "records written again, 2 had been deleted by the target's retention, 1 transaction of "
            "no checkpoint ended"
        ) in shown.get()


class TestHeld:
    """Whose an open transaction is, and which may be ended by hand."""

    @pytest.fixture
    def there(self, monkeypatch):
        """One open transaction with an id, one that hangs; what was ended."""
        done = []

        class There:
            def __init__(self, *_: object) -> None:
                self.open = lambda: (Open("fed.shop.orders.-0-1", 7, 2, 5, 6, ("orders-0",)),)
                self.hanging = lambda: (Open("", 9, 2, 5, -1, ("orders-1",)),)
                self.pending = lambda _: ()
                self.abort = lambda ids: done.append(list(ids))
                self.abort_hanging = lambda producer, places: done.append((producer, places))

        monkeypatch.setattr(held, "Transactions", There)
        return done

    @pytest.fixture
    def loaded(self):
        """A configuration of one stream, as far as this needs it."""
        one = SimpleNamespace(
            target=SimpleNamespace(cluster="hub", topic="orders"),
            errors=SimpleNamespace(dead_letter=None),
        )
        return SimpleNamespace(
            config=SimpleNamespace(
                federation="shop",
                streams={"orders": one},
                clusters={"hub": SimpleNamespace(properties={"bootstrap.servers": "h:1"})},
            )
        )

    def test_all_that_is_nobodys_is_ended(self, there, loaded, tmp_path):
        """Without names, orphans by their ids and hanging ones partition by partition."""
        ended = held.abort(loaded, Store(tmp_path), ())
        assert [(one.name, one.owner) for one in ended] == [
            ("fed.shop.orders.-0-1", "orphan"),
            ("9", "hanging"),
        ]
        assert there == [["fed.shop.orders.-0-1"], (9, ("orders-1",))]

    def test_names_choose(self, there, loaded, tmp_path):
        """With names, only those; one that is not there is an error before anything is done."""
        held.abort(loaded, Store(tmp_path), ("9",))
        assert there == [(9, ("orders-1",))]
        with pytest.raises(JobError, match="no open transaction 10"):
            held.abort(loaded, Store(tmp_path), ("9", "10"))
        assert len(there) == 1

    def test_a_running_gateways_are_its_own(self, there, loaded, tmp_path):
        """What a gateway has open is not ended behind its back."""
        store = Store(tmp_path)
        me = os.getpid()
        store._write("gateway.json", {"pid": me, "began": began(me), "config": ""})
        with pytest.raises(JobError, match="is the gateway's"):
            held.abort(loaded, store, ("fed.shop.orders.-0-1",))
        assert there == []
