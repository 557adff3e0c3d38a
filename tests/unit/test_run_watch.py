"""Looking at what runs: Flink's answers, lag, and a status that is never better than its worst."""

from __future__ import annotations

import io
import itertools
import threading
import time
from types import SimpleNamespace

import httpx
import pytest
from rich.console import Console

from federation.cli.live import render
from federation.errors import ClusterError, Incomplete, JobError
from federation.flink.endpoint import Endpoint
from federation.kafka.reading import Span
from federation.plan.model import ClusterPlan, SourcePlan, StartPosition, TopicRef
from federation.run import checkpoints, detached, gateway, lag, stream
from federation.run.lag import PartitionLag, SourceLag
from federation.run.rest import FlinkRest
from federation.run.source import SourceWatch
from federation.run.status import (
    STATES,
    GatewayStatus,
    SchemaChange,
    SourceStatus,
    StreamStatus,
    worst,
)

SOURCE = SourcePlan(
    uid="u",
    name="eu/orders",
    cluster=ClusterPlan("eu", "id-of-eu", {"bootstrap.servers": "eu:9092"}, None),
    topics=(TopicRef("orders", "t", 2),),
    pattern=None,
    start=StartPosition("earliest"),
    where=None,
    key_rules={},
    rules={},
    versions=(),
)
A, B = ("orders", 0), ("orders", 1)


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
        assert set(stream._STATES) == names
        assert set(stream._STATES.values()) <= set(STATES)


def rest(answers: dict[str, object]) -> tuple[FlinkRest, list[httpx.URL]]:
    """A Flink that answers by path; and what it was asked."""
    asked: list[httpx.URL] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        path = request.url.path.removeprefix("/jobs/j")
        if path not in answers:
            return httpx.Response(404, json={"errors": ["not found"]})
        found = answers[path]
        return httpx.Response(200, json=found(request) if callable(found) else found)

    flink = FlinkRest(Endpoint(1, {}), "j")
    flink._http = httpx.Client(
        base_url="http://flink/jobs/j", transport=httpx.MockTransport(answer)
    )
    return flink, asked


class TestRest:
    def test_only_our_counters_are_asked_for_and_by_their_own_names(self):
        """Whatever operator names Flink puts before them; others' look-alikes are left alone."""
        listed = [
            {"id": "Source__source_eu/orders_(a.b).recordsRead"},
            {"id": "normalize.deadLetters"},
            {"id": "deduplicate.duplicates_0"},
            {"id": "deduplicate.duplicates_12"},
            {"id": "deduplicate.transportDuplicates_0"},
            {"id": "deduplicate.duplicates_x"},
            {"id": "x.numRecordsRead"},
            {"id": "x.recordsReadPerSecond"},
            {"id": "recordsRead"},
        ]

        def answer(request: httpx.Request) -> list[dict[str, object]]:
            names = request.url.params.get("get")
            return [{"id": n, "sum": 7.0} for n in names.split(",")] if names else listed

        flink, asked = rest({"/vertices/v/subtasks/metrics": answer})
        assert flink.counters("v") == {
            "recordsRead": 7,
            "deadLetters": 7,
            "duplicates_0": 7,
            "duplicates_12": 7,
            "transportDuplicates_0": 7,
        }
        flink.counters("v")
        assert len(asked) == 3  # the names are remembered
        assert asked[-1].params["agg"] == "sum"

    def test_counters_that_are_not_there_yet_are_asked_for_again(self):
        """Before its tasks run a vertex has no counters; that is not remembered."""
        listed: list[dict[str, object]] = []
        flink, asked = rest({"/vertices/v/subtasks/metrics": lambda _: listed})
        assert flink.counters("v") == {}
        listed.append({"id": "s.recordsRead", "sum": 3.0})
        assert flink.counters("v") == {"recordsRead": 3}
        assert len(asked) == 3

    @pytest.mark.parametrize(
        ("trace", "cause"),
        [
            ("java.lang.X: a\n\tat f.g(H.java:1)\nCaused by: b.Y: why\n\t... 3 more\n", "b.Y: why"),
            ("java.lang.X: alone\n\tat f.g(H.java:1)\n", "java.lang.X: alone"),
            ("", ""),
        ],
    )
    def test_a_root_cause_is_the_innermost_without_frames(self, trace, cause):
        """Of a Java stack trace a person gets the last sentence."""
        flink, _ = rest({"/exceptions": {"exceptionHistory": {"entries": [{"stacktrace": trace}]}}})
        assert flink.root_cause() == cause
        assert rest({"/exceptions": {}})[0].root_cause() == ""

    def test_an_answer_that_is_none_is_an_http_error(self):
        """A job that Flink does not know raises what poll catches."""
        with pytest.raises(httpx.HTTPError):
            rest({})[0].job()

    def test_failing_checkpoints_are_those_since_the_last_good_one(self):
        """Old failures are history; each of those after the last completed one counts."""
        history = [
            {"id": 9, "status": "FAILED"},
            {"id": 8, "status": "FAILED"},
            {"id": 7, "status": "COMPLETED"},
            {"id": 6, "status": "FAILED"},
        ]
        assert checkpoints.failing({"latest": {"completed": {"id": 7}}, "history": history}) == 2
        assert checkpoints.failing({"latest": {"completed": None}, "history": history}) == 3
        assert checkpoints.failing({}) == 0


class Cluster:
    """A source cluster as the lag sees it: ends, commits, and what lies between."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ends = {A: 0, B: 0}
        self.begins = {A: 0, B: 0}
        self.committed: dict[tuple[str, int], int] = {}
        self.records = True  # whether reading finds any
        self.failures = 0
        self.reached = 0
        self.read: list[Span] = []
        monkeypatch.setattr(lag.clients, "consumer", self._client)
        monkeypatch.setattr(lag.watching, "partitions", lambda *_: list(self.ends))
        monkeypatch.setattr(lag.watching, "ends", lambda *_: self._answer(self.ends))
        monkeypatch.setattr(
            lag.watching, "begins", lambda _, asked, *__: {p: self.begins[p] for p in asked}
        )
        monkeypatch.setattr(lag.offsets, "committed", lambda *_: dict(self.committed))
        monkeypatch.setattr(lag, "read", self._read)

    def _client(self, *_: object, group: str = "", **__: object) -> SimpleNamespace:
        self.reached += bool(group)  # without one it is for reading records
        return SimpleNamespace(close=lambda: None, poll=lambda _: None)

    def _answer(self, value: dict[tuple[str, int], int]) -> dict[tuple[str, int], int]:
        if self.failures:
            self.failures -= 1
            raise ClusterError("stale", where="cluster eu", hint="again")
        return dict(value)

    def _read(self, _consumer: object, spans: list[Span], **_: object):
        self.read += spans
        if isinstance(self.records, Exception):
            raise self.records
        yield from [object()] if self.records else []


@pytest.fixture
def cluster(monkeypatch) -> Cluster:
    """A cluster that answers."""
    return Cluster(monkeypatch)


def records(sampled: tuple[PartitionLag, ...]) -> list[int]:
    """The lag per partition."""
    return [part.records for part in sampled]


class TestLag:
    def test_it_is_what_lies_between_commit_and_end(self, cluster):
        """A partition without a commit counts from where the stream would begin."""
        cluster.ends, cluster.begins = {A: 100, B: 50}, {A: 0, B: 20}
        cluster.committed = {A: 90}
        found = SourceLag(SOURCE, "g").sample()
        assert records(found) == [10, 30]
        assert [part.position for part in found] == [90, 20]

    def test_partitions_that_are_added_count(self, cluster, monkeypatch):
        """Not at once, but with one of the next looks; those of the plan count always."""
        source = SourceLag(SOURCE, "g")
        assert records(source.sample()) == [0, 0]
        added = ("orders", 2)
        cluster.ends[added], cluster.begins[added] = 7, 0
        assert records(source.sample()) == [0, 0]
        monkeypatch.setattr(lag, "_LOOK_EVERY", 0.0)
        assert records(source.sample()) == [0, 0, 7]

    def test_a_stream_from_latest_begins_without_lag(self, cluster):
        """What was there before the first start is none of its concern."""
        cluster.ends = {A: 100, B: 50}
        latest = SOURCE.__class__(
            **{name: getattr(SOURCE, name) for name in SOURCE.__slots__}
            | {"start": StartPosition("latest")}
        )
        assert records(SourceLag(latest, "g").sample()) == [0, 0]

    def test_a_gap_at_the_tail_without_records_is_no_lag(self, cluster):
        """Transaction markers hold offsets: a rest that does not move is looked into, once."""
        cluster.ends, cluster.committed, cluster.records = {A: 100, B: 5}, {A: 99, B: 5}, False
        source = SourceLag(SOURCE, "g")
        assert [records(source.sample())[0] for _ in range(6)] == [1, 1, 1, 0, 0, 0]
        assert cluster.read == [Span("orders", 0, 99, 100)]
        cluster.ends[A] = 103  # and what comes later counts again, from behind the gap
        assert records(source.sample())[0] == 3

    def test_a_rest_that_holds_records_stays_lag(self, cluster):
        """A stream that stands still before records is behind, however long."""
        cluster.ends, cluster.committed = {A: 100, B: 0}, {A: 99}
        source = SourceLag(SOURCE, "g")
        assert [records(source.sample())[0] for _ in range(8)] == [1] * 8
        assert len(cluster.read) == 1

    def test_a_rest_that_cannot_be_read_stays_lag(self, cluster):
        """Not knowing is not the same as nothing."""
        cluster.ends, cluster.committed = {A: 100, B: 0}, {A: 99}
        cluster.records = Incomplete("not read")
        source = SourceLag(SOURCE, "g")
        assert [records(source.sample())[0] for _ in range(5)] == [1] * 5

    def test_a_lag_that_moves_is_not_looked_into(self, cluster):
        """As long as positions move nobody reads the rest."""
        source = SourceLag(SOURCE, "g")
        for n in range(1, 8):
            cluster.ends, cluster.committed = {A: 100, B: 0}, {A: n}
            source.sample()
        assert cluster.read == []

    def test_clients_of_a_broker_that_came_back_are_made_anew(self, cluster):
        """What an old client remembers of dead leaders costs one try, not the rest of its life."""
        source = SourceLag(SOURCE, "g")
        source.sample()
        cluster.failures = 1
        cluster.ends = {A: 4, B: 0}
        assert records(source.sample()) == [4, 0]
        assert cluster.reached == 2

    def test_a_cluster_that_stays_away_is_an_error_in_one_sentence(self, cluster):
        """What and where, without the hint: the line stands in a table."""
        watch = SourceWatch(SOURCE, 0, "g")
        assert watch._ask() == ""
        cluster.failures = 2
        assert watch._ask() == "cluster eu: stale"
        assert watch._ask() == ""


class TestSourceWatch:
    @pytest.mark.usefixtures("cluster")
    def test_a_cluster_that_hangs_holds_up_no_look(self, monkeypatch):
        """Status is answered at once while the cluster is still being waited for."""
        asked, release = threading.Event(), threading.Event()

        def hang(*_: object) -> dict[tuple[str, int], int]:
            asked.set()
            assert release.wait(30)
            return {A: 0, B: 0}

        monkeypatch.setattr(lag.watching, "ends", hang)
        watch = SourceWatch(SOURCE, 0, "g")
        watch.pulse.start()
        try:
            assert asked.wait(10)
            begun = time.monotonic()
            assert watch.status({}, {}).partitions == ()
            assert time.monotonic() - begun < 1
        finally:
            release.set()
            watch.pulse.close()

    @pytest.mark.usefixtures("cluster")
    def test_a_cluster_that_hangs_is_told_of(self, monkeypatch: pytest.MonkeyPatch):
        """A call that does not come back is trouble after some seconds, with its beginning."""
        release = threading.Event()
        monkeypatch.setattr(lag.watching, "ends", lambda *_: release.wait(30) and {A: 0, B: 0})
        watch = SourceWatch(SOURCE, 0, "g")
        watch.pulse.start()
        try:
            assert watch.status({}, {}).error == ""
            watch.pulse._heard -= 8
            found = watch.status({}, {})
            assert found.error == "cluster eu has not answered for 8 s"
            assert 7_000 < time.time() * 1000 - found.error_since < 30_000
        finally:
            release.set()
            watch.pulse.close()

    def test_counters_are_those_of_the_source(self):
        """A source's own vertex, and the duplicates that carry its number, wherever they are."""
        watch = SourceWatch(SOURCE, 1, "g")
        found = watch.status(
            {
                "Source: source eu/orders -> normalize": {"recordsRead": 9, "deadLetters": 2},
                "Source: source us/orders -> normalize": {"recordsRead": 5},
                "deduplicate": {"duplicates_0": 1, "duplicates_1": 2, "transportDuplicates_1": 3},
            },
            {},
        )
        assert (found.read, found.dead_letters, found.duplicates) == (9, 2, 5)

    def test_what_tasks_say_is_said_once_and_by_its_beginning(self):
        """Two tasks that miss one cluster are one trouble; a schema that both met is one change."""
        watch = SourceWatch(SOURCE, 0, "g")
        change = {"schema": "7", "state": "refused", "fields": ["note"], "why": "n: no"}
        told = {
            "Source: source eu/orders": {
                "troubles": [
                    {"where": "cluster", "since": 9, "what": "nobody answers"},
                    {"where": "cluster", "since": 5, "what": "nobody answers"},
                    {"where": "orders-1", "since": 7, "what": "held"},
                ],
                "schemaChanges": [{**change, "since": 4}, {**change, "since": 3}],
            }
        }
        found = watch.status({}, told)
        assert [(t.where, t.since) for t in found.troubles] == [("cluster", 5), ("orders-1", 7)]
        assert found.schema_changes == (SchemaChange("7", 3, "refused", ("note",), "n: no"),)
        assert found.degraded
        silent = SourceWatch(SOURCE, 0, "g", silent=True).status({}, told)
        assert silent.schema_changes == ()

    def test_a_new_schema_that_flows_degrades_nothing(self):
        """It is shown, and all is well."""
        change = {"schema": "7", "since": 1, "state": "flows", "fields": ["note"], "why": ""}
        told = {"Source: source eu/orders": {"schemaChanges": [change]}}
        found = SourceWatch(SOURCE, 0, "g").status({}, told)
        assert found.schema_changes[0].state == "flows"
        assert not found.degraded

    def test_closing_what_never_began_is_harmless(self):
        """A stream whose start failed has sources that were never followed."""
        SourceWatch(SOURCE, 0, "g").pulse.close()


class TestGateway:
    def test_a_lost_jvm_fails_its_streams_and_says_how(self):
        """The watch ends at once; each stream that ran is FAILED with the JVM's end as its cause."""

        class Run:
            status = StreamStatus("orders", "RUNNING", "exactly-once")

            def lost(self, why: str) -> None:
                self.status = StreamStatus("orders", "FAILED", "exactly-once", error=why)

        one = Run()
        watch = SimpleNamespace(
            gateway=SimpleNamespace(alive=False, how_it_ended=lambda: "SIGKILL"), runs=[one]
        )
        assert gateway._watch(watch, threading.Event(), until_caught_up=False) is False
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
        plan = SimpleNamespace(
            name="orders",
            sources=(SOURCE,),
            target=SimpleNamespace(
                delivery="exactly-once",
                topic="unified",
                partitions=1,
                cluster=SimpleNamespace(alias="hub", properties={}),
            ),
            on_schema_change="lenient",
        )
        run = stream.StreamRun("shop", plan, None, None)
        run.stop()
        assert run.status.state == "STOPPED"
        run.lost("too late")
        assert run.status.state == "STOPPED"
        other = stream.StreamRun("shop", plan, None, None)
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
