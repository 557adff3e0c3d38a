"""Where one record of a target or dead-letter topic came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from federation.errors import ClusterError, FederationError, Incomplete
from federation.kafka import offsets
from federation.kafka.clients import consumer, reach
from federation.kafka.reading import Span, read
from federation.mapping import keys, origin
from federation.verify.expect import origin_of
from federation.verify.model import Place
from federation.verify.observe import DEAD_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confluent_kafka import Message

    from federation.plan.model import ClusterPlan, Plan, StreamPlan


@dataclass(frozen=True, slots=True)
class Traced:
    """One record's history.

    Attributes:
        stream: the stream's name.
        record: where it lies now; ``kind`` is record, tombstone or dead letter.
        source: where it was written first; None if that is not known, see ``note``.
        source_timestamp: its timestamp there in milliseconds; None if it is gone from there.
        hops: clusters that it crossed since, oldest first: aliases, else fingerprints.
        dead: what a dead letter's own headers say, without their prefix.
        note: what could not be found out.
    """

    stream: str
    record: Place
    kind: str
    timestamp: int
    key: str | None
    source: Place | None
    source_timestamp: int | None
    hops: tuple[str, ...] = ()
    dead: dict[str, str] | None = None
    note: str = ""

    def plain(self) -> dict[str, Any]:
        """As one JSON object."""
        return {
            "stream": self.stream, "kind": self.kind, "record": str(self.record),
            "timestamp": self.timestamp, "key": self.key,
            "source": str(self.source) if self.source else None,
            "source_timestamp": self.source_timestamp, "hops": list(self.hops),
            "dead": self.dead, "note": self.note,
        }  # fmt: skip


class Tracer:
    """Traces records of a plan's streams."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        clusters = [s.cluster for stream in plan.streams for s in stream.sources]
        clusters += [stream.target.cluster for stream in plan.streams]
        self._clusters = {origin.cluster_fingerprint(c.cluster_id): c for c in clusters}
        self._topics = {
            origin.topic_fingerprint(topic): topic
            for stream in plan.streams
            for topic in [t.name for s in stream.sources for t in s.topics] + [stream.target.topic]
        }

    def at(self, topic: str, partition: int, offset: int) -> Traced:
        """Trace one record of a target or dead-letter topic.

        Raises:
            FederationError: no stream writes that topic, or there is no such record.
        """
        stream = self._stream(topic)
        cluster = stream.target.cluster
        message = _one(cluster, topic, partition, offset)
        if message is None:
            raise FederationError(
                "there is no record at this offset",
                where=str(Place(cluster.alias, topic, partition, offset)),
                hint="it may be a transaction's marker, or removed by retention or compaction",
            )
        return self._traced(stream, message)

    def by_key(self, topic: str, key: bytes) -> Iterator[Traced]:
        """Trace every record of a key (a string key's text); reads the key's partition.

        Raises:
            FederationError: no stream writes that topic.
        """
        stream = self._stream(topic)
        cluster = stream.target.cluster
        partitions = stream.target.partitions
        at = (topic, keys.partition(key, partitions))
        admin, where = reach(cluster.alias, cluster.properties).admin, f"cluster {cluster.alias}"
        begin, end = offsets.begins(admin, [at], where)[at], offsets.ends(admin, [at], where)[at]
        client = consumer(cluster.alias, cluster.properties)
        try:
            found = [
                message
                for message in read(client, [Span(*at, begin, end)], where=where, batch=10_000)
                if message.key() == key
            ]
        finally:
            client.close()
        return (self._traced(stream, message) for message in found)

    def _stream(self, topic: str) -> StreamPlan:
        for stream in self._plan.streams:
            if topic in (stream.target.topic, stream.target.dead_letter):
                return stream
        known = [stream.target.topic for stream in self._plan.streams]
        raise FederationError(f"no stream writes {topic}", hint=f"targets: {', '.join(known)}")

    def _traced(self, stream: StreamPlan, message: Message) -> Traced:
        is_dead = message.topic() == stream.target.dead_letter
        place = Place(
            stream.target.cluster.alias, message.topic(), message.partition(), message.offset()
        )
        said = _dead_headers(message) if is_dead else None
        source, hops, note = self._source(message, said)
        stamp = None
        if source is not None:
            stamp = self._source_timestamp(source)
            note = note or ("the source record is not there any more" if stamp is None else "")
        kind = "dead letter" if is_dead else "tombstone" if message.value() is None else "record"
        return Traced(
            stream.name, place, kind, message.timestamp()[1], _shown(message.key()), source, stamp,
            hops, said, note,
        )  # fmt: skip

    def _source(
        self, message: Message, said: dict[str, str] | None
    ) -> tuple[Place | None, tuple[str, ...], str]:
        if said is not None:
            try:
                numbers = int(said["partition"]), int(said["offset"])
                return Place(said["cluster"], said["topic"], *numbers), (), ""
            except (KeyError, ValueError):
                return None, (), "the dead letter does not name its source"
        found = origin_of(message.headers())
        if found is None:
            return None, (), f"the record carries no readable {origin.HEADER} header"
        hops = tuple(self._alias(hop) for hop in found.hops)
        topic = self._topics.get(found.topic)
        if found.cluster not in self._clusters or topic is None:
            where = f"cluster {self._alias(found.cluster)}, topic {topic or found.topic.hex()}"
            at = f"partition {found.partition}, offset {found.offset}"
            return None, hops, f"it began outside this configuration: {where}, {at}"
        return Place(self._alias(found.cluster), topic, found.partition, found.offset), hops, ""

    def _alias(self, fingerprint: bytes) -> str:
        known = self._clusters.get(fingerprint)
        return known.alias if known else fingerprint.hex()

    def _source_timestamp(self, place: Place) -> int | None:
        cluster = next((c for c in self._clusters.values() if c.alias == place.cluster), None)
        if cluster is None:
            return None
        try:
            message = _one(cluster, place.topic, place.partition, place.offset)
        except (ClusterError, Incomplete):
            return None
        return None if message is None else int(message.timestamp()[1])


def _one(cluster: ClusterPlan, topic: str, partition: int, offset: int) -> Message | None:
    client = consumer(cluster.alias, cluster.properties)
    try:
        spans = [Span(topic, partition, offset, offset + 1)]
        return next(
            read(client, spans, where=f"cluster {cluster.alias}", quiet=15.0, batch=1), None
        )
    finally:
        client.close()


def _dead_headers(message: Message) -> dict[str, str]:
    return {
        name.removeprefix(DEAD_PREFIX): (value or b"").decode("utf-8", "replace")
        for name, value in message.headers() or []
        if name.startswith(DEAD_PREFIX)
    }


def _shown(key: bytes | None) -> str | None:
    if key is None:
        return None
    try:
        return key.decode()
    except UnicodeDecodeError:
        return f"0x{key.hex()}"
