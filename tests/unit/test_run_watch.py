"""What runs, seen as a whole: never better than its worst part; how it ends, how it looks."""

from __future__ import annotations

import io
import itertools
import threading
import time
from types import SimpleNamespace

import pytest
from rich.console import Console
from run_facts import SOURCE, stream_plan

from federation.cli import live
from federation.cli.live import render
from federation.errors import JobError
from federation.run import detached, gateway, stream, watch
from federation.run.status import (
    STATES,
    GatewayStatus,
    SourceStatus,
    StreamStatus,
    Trouble,
    worst,
)


class TestWorst:
    def test_a_whole_is_its_worst_part(self):
        """Of any two states the later in the list wins, in whichever order they come."""
        for left, right in itertools.product(STATES, repeat=2):
            assert STATES.index(worst([left, right])) == max(map(STATES.index, (left, right)))
        assert worst(["RUNNING", "DEGRADED", "STARTING"]) == "DEGRADED"
        assert worst(["STOPPED", "RUNNING"]) == "RUNNING"

    def test_nothing_is_stopped(self):
        """A federation of no streams runs nothing."""
        assert worst([]) == "STOPPED"

    def test_every_state_of_flink_has_one_of_ours(self):
        """What Flink may answer is known, and is a state of the list."""
        flink = "INITIALIZING CREATED RUNNING FAILING FAILED CANCELLING CANCELED FINISHED"
        names = {*flink.split(), "RESTARTING", "SUSPENDED", "RECONCILING"}
        assert set(watch._STATES) == names
        assert set(watch._STATES.values()) <= set(STATES)


class TestGateway:
    def test_a_lost_jvm_fails_its_streams_and_says_how(self):
        """The watch ends at once; each stream that ran is FAILED with the JVM's end as its cause."""

        class Run:
            status = StreamStatus("orders", "RUNNING", "exactly-once")

            def lost(self, why: str) -> None:
                self.status = StreamStatus("orders", "FAILED", "exactly-once", error=why)

        one = Run()
        seen = SimpleNamespace(
            gateway=SimpleNamespace(alive=False, how_it_ended=lambda: "SIGKILL"), runs=[one]
        )
        assert gateway._watch(seen, threading.Event(), until_caught_up=False) is False
        assert (one.status.state, one.status.error.endswith("SIGKILL")) == ("FAILED", True)

    def test_a_second_interrupt_does_not_wait_for_savepoints(self):
        """What interrupts the wait leaves it at once, though a stream is still stopping."""
        release = threading.Event()

        def interrupted() -> None:
            raise KeyboardInterrupt

        def stopping() -> None:
            assert release.wait(30)

        begun = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            gateway._stop([SimpleNamespace(stop=interrupted), SimpleNamespace(stop=stopping)])
        assert time.monotonic() - begun < 5
        release.set()

    def test_the_last_words_of_a_detached_gateway_are_its_own(self, tmp_path):
        """Of its log: this run's sentences for people; without any, its last lines."""
        log = tmp_path / "gateway.log"
        log.write_text("an old error\n")
        since = log.stat().st_size
        with log.open("a") as file:
            file.write('{"event": "starting"}\nf.yaml:1:1: wrong; do this\n')
        assert detached._last_words(log, since) == "f.yaml:1:1: wrong; do this"
        log.write_text('an old error\n{"event": "only"}\n')
        assert detached._last_words(log, since) == '{"event": "only"}'

    def test_a_stream_that_never_started_is_stopped(self):
        """An interrupt before its job was submitted leaves nothing to wait for."""
        run = stream.StreamRun("shop", stream_plan(SOURCE), None, None)
        run.stop()
        assert run.status.state == "STOPPED"
        run.lost("too late")
        assert run.status.state == "STOPPED"
        other = stream.StreamRun("shop", stream_plan(SOURCE), None, None)
        other.lost(str(JobError("no Java", hint="install one")))
        assert (other.status.state, other.status.error) == ("FAILED", "no Java; install one")


class TestRender:
    def test_what_is_wrong_stands_below_the_table(self):
        """A source's trouble is whole, and does not widen the table."""
        sources = (SourceStatus("eu/orders", "eu", error="cluster eu: " + "refused " * 20),)
        one = StreamStatus("orders", "DEGRADED", "exactly-once", restarts=1, sources=sources)
        status = GatewayStatus("shop", 1, 2, 0.0, 0.0, (one,), "DEGRADED")
        lines = text(render(status.to_dict()), 80)
        assert lines[0].startswith("orders  DEGRADED  exactly-once  1 restart")
        assert not lines[0].rstrip().endswith("restarts")
        assert any(line.startswith("eu/orders: cluster eu: refused") for line in lines)
        assert max(len(line) for line in lines) <= 80

    def test_a_log_says_what_holds_a_partition(self, monkeypatch):
        """A stream that is degraded has its reason in the same line, whatever the reason is."""
        lines = []
        monkeypatch.setattr(
            live, "_LOG", SimpleNamespace(info=lambda _event, **line: lines.append(line))
        )
        held = Trouble("orders-3", 0, "held at offset 7: schema 9 is not known yet")
        sources = (SourceStatus("eu/orders", "eu", troubles=(held,)), SourceStatus("us/o", "us"))
        one = StreamStatus("orders", "DEGRADED", "exactly-once", sources=sources)
        with live.View(Console(file=io.StringIO())) as view:
            view.show(GatewayStatus("shop", 1, 2, 0.0, 0.0, (one,), "DEGRADED"))
        assert lines[0]["sources"] == {
            "eu/orders": "orders-3: held at offset 7: schema 9 is not known yet"
        }

    def test_lag_that_is_not_known_is_no_zero(self):
        """Before the cluster was asked the lag is a question mark; filtered shows when used."""
        sources = (SourceStatus("eu/orders", "eu", filtered=3),)
        one = StreamStatus("orders", "STARTING", "exactly-once", sources=sources)
        shown = text(render(GatewayStatus("shop", 1, 2, 0.0, 0.0, (one,)).to_dict()), 120)
        row = next(line for line in shown if "eu/orders" in line)
        assert row.split() == ["eu/orders", "0", "0", "?", "0", "0", "3"]


def text(parts: list, width: int) -> list[str]:
    """What a terminal of some width shows."""
    console = Console(width=width, record=True, file=io.StringIO())
    for part in parts:
        console.print(part)
    return console.export_text().splitlines()
