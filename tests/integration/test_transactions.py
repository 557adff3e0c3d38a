"""The target's log as witness: fates, copies and markers of real transactions on a real broker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from truth import read

from federation.flink.transactions import Extent, Finding, Transaction, Transactions, in_own_jvm

if TYPE_CHECKING:
    from collections.abc import Callable

    from confluent_kafka import Message

    from federation.sandbox import Sandbox

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]


@dataclass
class Place:
    """A topic of two partitions, and producers that write to it in transactions."""

    bootstrap: str
    topic: str
    prefix: str

    @property
    def door(self) -> Transactions:
        """What the gateway asks."""
        return Transactions(
            self.prefix, (self.topic,), {"bootstrap.servers": self.bootstrap}, in_own_jvm
        )

    def begin(self, number: int) -> Writer:
        """A producer with an open transaction."""
        producer = Producer(
            {
                "bootstrap.servers": self.bootstrap,
                "transactional.id": f"{self.prefix}.-{number}-0",
                "linger.ms": 0,
            }
        )
        producer.init_transactions(30)
        producer.begin_transaction()
        return Writer(self, f"{self.prefix}.-{number}-0", producer, [], [])


@dataclass
class Writer:
    """An open transaction, and where its records went."""

    place: Place
    id: str
    producer: Producer
    sent: list[tuple[object, ...]]
    written: list[Message]

    def write(self, partition: int, key: bytes | None, value: bytes | None) -> None:
        """One record, acknowledged."""
        number = len(self.sent)
        timestamp = 1_700_000_000_000 + number
        headers = [("fed.origin", b"%d/%s" % (number, self.id.encode())), ("x", None)]
        self.producer.produce(
            self.place.topic,
            partition=partition,
            key=key,
            value=value,
            timestamp=timestamp,
            headers=headers,
            on_delivery=lambda error, message: self.written.append(error or message),
        )
        self.sent.append((partition, key, value, headers, timestamp))
        self.producer.flush(30)

    def transaction(self, checkpoint: int = 1) -> Transaction:
        """What the sink would remember of it; only while it is open."""
        (listed,) = (one for one in self.place.door.open() if one.id == self.id)
        extents = []
        for partition in sorted({message.partition() for message in self.written}):
            offsets = [one.offset() for one in self.written if one.partition() == partition]
            extents.append(
                Extent(self.place.topic, partition, min(offsets), max(offsets), len(offsets))
            )
        return Transaction(self.id, listed.producer, listed.epoch, checkpoint, tuple(extents))


@pytest.fixture
def place(sandbox: Sandbox, topic: str, unique: Callable[[str], str]) -> Place:
    """A topic at the hub."""
    bootstrap = sandbox.env()["HUB_BOOTSTRAP"]
    admin = AdminClient({"bootstrap.servers": bootstrap})
    kept = {"retention.ms": "-1"}  # its records are of 2023
    admin.create_topics([NewTopic(topic, 2, 1, config=kept)])[topic].result(30)
    return Place(bootstrap, topic, f"fed.{unique('door')}")


def _content(message: Message) -> tuple[object, ...]:
    return (
        message.partition(),
        message.key(),
        message.value(),
        message.headers(),
        message.timestamp()[1],
    )


def test_fates_and_copies(place: Place) -> None:
    """Interleaved transactions are told apart, and an aborted one is copied once, byte for byte."""
    kept, lost, still = (place.begin(number) for number in range(3))
    for step in range(4):
        kept.write(step % 2, b"kept", b"%d" % step)
        lost.write(step % 2, b"lost" if step else None, b"%d" % step if step != 2 else None)
        still.write(0, b"still", b"%d" % step)
    first, second, third = (one.transaction() for one in (kept, lost, still))
    assert {one.id for one in place.door.open()} == {first.id, second.id, third.id}
    kept.producer.commit_transaction(30)
    lost.producer.abort_transaction(30)
    assert place.door.inspect([first, second, third]) == [
        (Finding("committed"), Finding("committed")),
        (Finding("aborted", 2, 0), Finding("aborted", 2, 0)),
        (Finding("open"),),
    ]

    assert place.door.rewrite([second]) == 4
    assert place.door.inspect([second]) == [(Finding("aborted", 2, 2), Finding("aborted", 2, 2))]
    assert place.door.rewrite([second]) == 0
    place.door.commit([third])
    assert place.door.inspect([third]) == [(Finding("committed"),)]
    assert place.door.open() == ()
    seen = [_content(one) for one in read(place.bootstrap, place.topic)]
    wanted = [*kept.sent, *lost.sent, *still.sent]
    assert sorted(map(repr, seen)) == sorted(map(repr, wanted))
    for partition in (0, 1):
        copies = [one for one in seen if one in lost.sent and one[0] == partition]
        assert copies == [one for one in lost.sent if one[0] == partition]


def test_an_aborted_id_commits_no_more(place: Place) -> None:
    """An abort ends what is open under an id; a later commit of it changes nothing."""
    one = place.begin(0)
    one.write(0, b"k", b"v")
    transaction = one.transaction()
    place.door.abort([transaction.id])
    place.door.commit([transaction])
    assert place.door.inspect([transaction]) == [(Finding("aborted", 1, 0),)]
    assert list(read(place.bootstrap, place.topic)) == []


def test_another_transaction_of_the_same_id(place: Place) -> None:
    """Records of an earlier and a later transaction of one id are not taken for each other's."""
    first = place.begin(0)
    first.write(0, b"k", b"first")
    lost = first.transaction()
    second = place.begin(0)  # aborts the first
    second.write(0, b"k", b"second")
    kept = second.transaction()
    second.producer.commit_transaction(30)
    assert place.door.inspect([lost, kept]) == [
        (Finding("aborted", 1, 0),),
        (Finding("committed"),),
    ]
    assert place.door.rewrite([lost]) == 1
    assert [one.value() for one in read(place.bootstrap, place.topic)] == [b"second", b"first"]


def test_what_retention_deleted(place: Place) -> None:
    """Records below a partition's first offset are expired, or missing from those that are found."""
    one = place.begin(0)
    for number in range(4):
        one.write(0, b"k", b"%d" % number)
    transaction = one.transaction()
    one.producer.abort_transaction(30)
    last = one.written[-1].offset()
    admin = AdminClient({"bootstrap.servers": place.bootstrap})
    for offset, found in ((last - 1, Finding("aborted", 2, 0, last - 1)), (last + 1, None)):
        _delete(admin, place.topic, offset)
        ((finding,),) = place.door.inspect([transaction])
        assert finding == (found or Finding("expired", start=offset))


def _delete(admin: AdminClient, topic: str, offset: int) -> None:
    for future in admin.delete_records([TopicPartition(topic, 0, offset)]).values():
        future.result(30)
