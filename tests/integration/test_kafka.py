"""Clients against real brokers: reading to an end, and one clear sentence for each failure."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from confluent_kafka.admin import NewTopic
from guarded import guarded_broker, login

from federation.errors import ClusterError, Incomplete
from federation.kafka import offsets
from federation.kafka.clients import consumer, producer, reach, wait
from federation.kafka.facts import ask
from federation.kafka.reading import Span, read

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.integration


@pytest.fixture
def eu(sandbox) -> dict[str, str]:
    """Client properties of one of the shared clusters."""
    return {"bootstrap.servers": sandbox.env()["EU_BOOTSTRAP"]}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory) -> Iterator[str]:
    """The address of a broker that asks for a login (PLAIN or SCRAM; reader, right)."""
    with guarded_broker(tmp_path_factory.mktemp("guarded")) as bootstrap:
        yield bootstrap


def refused(properties, timeout=10.0) -> ClusterError:
    """The error of a cluster that cannot be reached."""
    with pytest.raises(ClusterError) as caught:
        reach("eu", properties, timeout)
    assert len(caught.value.findings) == 1
    return caught.value


class TestReach:
    @pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
    def test_the_right_password_opens(self, guarded, mechanism):
        """A login written as for the Java client works here as it stands."""
        assert reach("eu", login(guarded, mechanism=mechanism)).brokers == (1,)

    @pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
    def test_a_wrong_password_is_named_at_once(self, guarded, mechanism):
        """Wrong credentials are no time-out, and do not show the password."""
        begun = time.monotonic()
        error = refused(login(guarded, word="wrongpassword", mechanism=mechanism), timeout=30)
        assert time.monotonic() - begun < 15
        assert "refuses the credentials" in str(error)
        assert f"cluster eu ({guarded})" in str(error)
        assert "wrongpassword" not in str(error)

    def test_no_tls_on_the_other_side_is_named(self, guarded):
        """A TLS client of a broker without TLS learns that."""
        error = refused(login(guarded, protocol="SASL_SSL"), timeout=30)
        assert "no TLS connection" in str(error)

    def test_no_login_where_one_is_needed_is_hinted_at(self, guarded):
        """A broker that hangs up on a plain client points to security.protocol."""
        error = refused({"bootstrap.servers": guarded}, timeout=3)
        assert "did not answer within 3 s" in str(error)
        assert "security.protocol" in str(error)

    def test_a_closed_port_is_unreachable_and_costs_no_more_than_asked(self):
        """Nobody listens: one sentence after the time that was given."""
        begun = time.monotonic()
        error = refused({"bootstrap.servers": "127.0.0.1:1"}, timeout=2)
        assert time.monotonic() - begun < 6
        assert "did not answer within 2 s" in str(error)
        assert "Connection refused" in str(error)


class TestFacts:
    def test_a_topic_is_known_with_id_size_and_settings(self, eu, topic):
        """Details are those of the broker; other topics have none."""
        cluster = _create(eu, topic, 3)
        _write(eu, topic, 5)
        found = ask("eu", eu, lambda name: name == topic)
        known = found.topics[topic]
        assert found.error is None
        assert found.cluster_id == cluster.cluster_id
        assert found.transaction_max_timeout_ms == 900_000
        assert found.retention_ms == 604_800_000
        assert (known.partitions, known.records) == (3, 5)
        assert len(known.topic_id) == 22
        assert known.config["cleanup.policy"] == "delete"

    def test_a_dead_cluster_is_a_fact(self):
        """Asking never raises for what a cluster does."""
        found = ask("eu", {"bootstrap.servers": "127.0.0.1:1"}, lambda _: True, timeout=1)
        assert found.error is not None
        assert found.topics == {}


class TestReading:
    def test_committed_records_are_read_to_the_end_and_no_others(self, eu, topic):
        """Aborted records are skipped; markers at the end of a partition do not keep it open."""
        cluster = _create(eu, topic, 2)
        writer = producer("eu", eu, transactional_id=topic)
        writer.init_transactions(30)
        for commit in (True, False, True, False):
            writer.begin_transaction()
            for n in range(500):
                writer.produce(topic, f"{commit}", key=str(n))
            writer.commit_transaction(30) if commit else (
                writer.flush(),
                writer.abort_transaction(30),
            )
        counts: list[int] = []
        messages = list(_read_all(eu, cluster, topic, 2, progress=counts.append))
        assert len(messages) == sum(counts) == 1000
        assert {m.value() for m in messages} == {b"True"}
        for partition in (0, 1):
            at = [m.offset() for m in messages if m.partition() == partition]
            assert at == sorted(at)

    def test_reading_ends_where_it_was_told_to(self, eu, topic):
        """Spans are exact, also when there is more behind them; empty ones are nothing."""
        _create(eu, topic, 2)
        _write(eu, topic, 50, partition=0)
        _write(eu, topic, 50, partition=1)
        spans = [Span(topic, 0, 10, 20), Span(topic, 1, 5, 5)]
        reader = consumer("eu", eu)
        assert [m.offset() for m in read(reader, spans)] == list(range(10, 20))
        assert [m.offset() for m in read(reader, [Span(topic, 0, 15, 16)])] == [15]

    def test_an_open_transaction_is_behind_the_end(self, eu, topic):
        """The end is the last stable offset; what lies behind it makes reading incomplete."""
        cluster = _create(eu, topic, 1)
        _write(eu, topic, 3)
        writer = producer("eu", eu, transactional_id=topic)
        writer.init_transactions(30)
        writer.begin_transaction()
        writer.produce(topic, b"open")
        writer.flush()
        assert offsets.ends(cluster.admin, [(topic, 0)], "eu") == {(topic, 0): 3}
        with pytest.raises(Incomplete, match=f"{topic}/0"):
            list(read(consumer("eu", eu), [Span(topic, 0, 0, 4)], quiet=2))
        writer.abort_transaction(30)

    def test_records_that_are_gone_are_an_error(self, eu, topic):
        """A position that the broker no longer has is told, never jumped over."""
        _create(eu, topic, 1)
        with pytest.raises(ClusterError, match=f"cluster eu/{topic}/0: records were deleted"):
            list(read(consumer("eu", eu), [Span(topic, 0, 100, 101)], where="cluster eu"))

    def test_offsets_by_time(self, eu, topic):
        """The first record at or after an instant; the end where there is none."""
        cluster = _create(eu, topic, 2)
        for n in range(3):
            _write(eu, topic, 1, partition=0, timestamp=1_700_000_000_000 + n * 1000)
        where = [(topic, 0), (topic, 1)]
        instant = datetime.fromtimestamp(1_700_000_001, UTC)
        assert offsets.at(cluster.admin, where, instant, "eu") == {(topic, 0): 1, (topic, 1): 0}
        future = datetime.fromtimestamp(1_800_000_000, UTC)
        assert offsets.at(cluster.admin, where, future, "eu") == {(topic, 0): 3, (topic, 1): 0}

    def test_a_group_that_never_was_has_committed_nothing(self, eu, topic):
        """An unknown group is empty, not an error."""
        _create(eu, topic, 1)
        client = consumer("eu", eu, group=f"group-of-{topic}")
        assert offsets.committed(client, [(topic, 0)], "eu") == {}
        client.close()


def _create(properties, name, partitions):
    cluster = reach("eu", properties)
    new = NewTopic(name, partitions, 1)
    wait(cluster.admin.create_topics([new])[name], "topic cannot be created", "eu")
    return cluster


def _write(properties, name, count, **more) -> None:
    writer = producer("eu", properties)
    for n in range(count):
        writer.produce(name, str(n), **more)
    assert writer.flush(30) == 0


def _read_all(properties, cluster, name, partitions, **more):
    where = [(name, p) for p in range(partitions)]
    first = offsets.begins(cluster.admin, where, "eu")
    last = offsets.ends(cluster.admin, where, "eu")
    return read(consumer("eu", properties), [Span(*p, first[p], last[p]) for p in where], **more)
