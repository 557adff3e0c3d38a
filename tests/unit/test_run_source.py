"""What is seen of a source that runs: its lag, its rate, what its tasks tell."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from run_facts import SOURCE

from federation.errors import ClusterError, Incomplete
from federation.kafka.reading import Span
from federation.plan.model import StartPosition
from federation.run import lag
from federation.run.lag import PartitionLag, SourceLag
from federation.run.source import SourceWatch
from federation.run.status import (
    SchemaChange,
)

A, B = ("orders", 0), ("orders", 1)


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
        monkeypatch.setattr(
            lag.watching, "matching", lambda _, takes, *__: [p for p in self.ends if takes(p[0])]
        )
        monkeypatch.setattr(
            lag.watching,
            "partitions",
            lambda _, names, *__: [p for p in self.ends if p[0] in names],
        )
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

    def test_topics_that_begin_to_match_count(self, cluster):
        """What a pattern takes in while the stream runs is behind as well; nothing else is."""
        cluster.ends |= {("orders2", 0): 7, ("other", 0): 9}
        cluster.begins |= {("orders2", 0): 0, ("other", 0): 0}
        assert records(SourceLag(SOURCE, "g").sample()) == [0, 0]
        assert records(SourceLag(replace(SOURCE, pattern="orders.*"), "g").sample()) == [0, 0, 7]

    def test_a_stream_from_latest_begins_without_lag(self, cluster):
        """What was there before the first start is none of its concern."""
        cluster.ends = {A: 100, B: 50}
        latest = replace(SOURCE, start=StartPosition("latest"))
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
