"""What should become of one source record, by the Python reference alone.

The engine is not asked, and where the reference and this page say the same thing twice, they say it
in different words on purpose: identities are digests of plain values here, not of Avro bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from federation.mapping import keys, origin, plainjson, resolve
from federation.mapping import where as cel
from federation.mapping.sizes import DEAD_LETTER, size
from federation.plan.transforms import opened
from federation.schemas import codec, framing
from federation.schemas.avro import parse
from federation.schemas.given import Given
from federation.schemas.refusal import MappingError, RecordError
from federation.schemas.registry import NotAvro, connect
from federation.verify.ledger import (
    DEAD,
    FILTERED,
    RECORD,
    TOMBSTONE,
    Expected,
    digest,
    number,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from confluent_kafka import Message

    from federation.mapping.rules import Rule
    from federation.plan.model import FramingPlan, SourcePlan, StreamPlan
    from federation.schemas.avro import Schema
    from federation.schemas.framing import Header, Side
    from federation.schemas.given import Schemas
    from federation.schemas.ids import SchemaId
    from federation.schemas.registry import Access, SchemaRegistry
    from federation.transform.apply import Transform
    from federation.verify.scope import Part, Scope

_NONE = digest(b"")
_FRAME = 5  # bytes: magic and schema id


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the reference makes of a record, in full: for comparing and for explaining.

    Attributes:
        kind: ``RECORD``, ``TOMBSTONE``, ``DEAD`` or ``FILTERED``.
        key: the target key without a frame.
        value: the value as plain data, and ``body`` its Avro bytes.
        event: what deduplication compares; None where nothing is a duplicate of it.
        refusal: why it is a dead letter.
    """

    kind: int
    key: bytes | None = None
    value: Any = None
    body: bytes | None = None
    event: str | None = None
    refusal: RecordError | None = None


@dataclass(frozen=True, slots=True)
class _Writer:
    """What one writer schema means: how to decode, filter and map it."""

    decode: Callable[[bytes], Any]
    passes: Callable[[Any], bool] | None
    apply: Callable[[Any], Any]


class Reference:
    """The meaning of a stream, record by record. Asks each source's registry once per schema.

    Args:
        stream: the stream's plan.
        schemas: stands in for the registries of all sources.
    """

    def __init__(self, stream: StreamPlan, schemas: Schemas | None = None) -> None:
        target = stream.target
        self._stream = stream
        self.dead_bytes = target.dead_bytes  # what the topic for dead letters takes
        self._contract = parse(stream.contract)
        self._key_schema = keys.key_schema(self._contract, target.key_fields)
        self._single = target.key_encoding == "string"
        self._target = origin.cluster_fingerprint(target.cluster.cluster_id)
        self._event = stream.deduplication.key if stream.deduplication else ()
        if self._event and stream.deduplication and not stream.deduplication.across_keys:
            self._event += tuple(target.key_fields)
        self._schemas: dict[tuple[int, Side], Given] = {}
        for n, source in enumerate(stream.sources):
            asked: Schemas | None = schemas
            if asked is None and source.cluster.registry is not None:
                asked = registry(source.cluster.registry)
            self._schemas[n, "value"] = _given(source.framing, asked)
            self._schemas[n, "key"] = _given(source.key_framing, asked)
        self._writers: dict[tuple[int, Side, SchemaId], _Writer | RecordError] = {}
        self._transform = opened(stream)

    def _stops(self, carried: origin.Origin) -> bool:
        return self._stream.follows is None and carried.crossed(self._target)

    def outcome(self, source: int, message: Message) -> Outcome:
        """What should become of a record of the stream's ``source``-th source.

        Raises:
            ClusterError: the source's registry does not answer.
        """
        try:
            carried = origin_of(message.headers())
            if carried is not None and self._stops(carried):
                return Outcome(FILTERED)  # it has been in the target's cluster: a loop ends here
            made = self._made(source, message)
        except RecordError as refusal:
            return Outcome(DEAD, refusal=refusal)
        if carried is not None and made.kind != FILTERED and len(carried.hops) >= origin.MAX_HOPS:
            far = RecordError("hops", f"crossed {len(carried.hops)} clusters", stage="origin")
            return Outcome(DEAD, refusal=far)
        if made.kind == RECORD and self._transform is not None:
            made = self._transformed(self._transform, made)
        if made.kind != FILTERED and self._size(made, message) > self._stream.target.record_bytes:
            large = RecordError("too_large", "larger than the target topic takes", stage="target")
            return Outcome(DEAD, refusal=large)
        return made

    def _size(self, made: Outcome, message: Message) -> int:
        """What the record would be in the target, with the frames that are not part of it here."""
        frames = _FRAME * ((made.body is not None) + (not self._single))
        return frames + size(made.key, made.body, message.headers())

    def _made(self, source: int, message: Message) -> Outcome:
        value = message.value()
        if value is None:
            return self._tombstone(source, message)
        frame = self._frame(source, value, message, "value")
        writer = self._writer(source, frame, "value")
        datum = writer.decode(frame.body)
        if writer.passes is not None and not writer.passes(datum):
            return Outcome(FILTERED)
        mapped = writer.apply(datum)
        return Outcome(
            RECORD,
            self._key(mapped),
            mapped,
            codec.encode(self._contract, mapped),
            repr([mapped[name] for name in self._event]) if self._event else None,
        )

    def _transformed(self, transform: Transform, made: Outcome) -> Outcome:
        assert made.body is not None
        found = transform.one(made.body)
        if found is None:
            return Outcome(FILTERED)
        if isinstance(found, RecordError):
            return Outcome(DEAD, refusal=found)
        return replace(made, value=codec.decode(self._contract, found), body=found)

    def _frame(self, source: int, data: bytes, message: Message, side: Side) -> framing.Frame:
        plan = self._stream.sources[source]
        told = plan.framing if side == "value" else plan.key_framing
        return framing.split(
            data, told.type, message.headers() or (), side, given=bool(told.schemas)
        )

    def _tombstone(self, source: int, message: Message) -> Outcome:
        if self._stream.tombstones == "drop":
            return Outcome(FILTERED)
        if self._stream.tombstones == "dead-letter":
            raise MappingError("tombstone", "delete markers are dead letters here")
        key = message.key()
        if key is None:
            raise RecordError("null", "a delete marker without a key", stage="key")
        try:
            frame = self._frame(source, key, message, "key")
            writer = self._writer(source, frame, "key")
            mapped = writer.apply(writer.decode(frame.body))
        except RecordError as refusal:
            raise RecordError(
                refusal.reason, str(refusal), path=refusal.path, stage="key"
            ) from refusal
        return Outcome(TOMBSTONE, self._key(mapped))

    def _key(self, mapped: Mapping[str, Any]) -> bytes:
        if self._single:
            (name,) = self._stream.target.key_fields
            return keys.key_text(self._contract, name, mapped[name])
        return codec.encode(self._key_schema, mapped)

    def _writer(self, source: int, frame: framing.Frame, side: Side) -> _Writer:
        at = (source, side, frame.schema)  # one framing gives one name to JSON or to Avro, not both
        if at not in self._writers:
            plan = self._stream.sources[source]
            try:
                schema = self._schemas[source, side].schema(frame.schema)
                self._writers[at] = self._compile(plan, schema, side, json=frame.json)
            except RecordError as refusal:
                self._writers[at] = refusal
            except NotAvro as error:
                self._writers[at] = RecordError("not_avro", str(error), stage="schema")
        found = self._writers[at]
        if isinstance(found, RecordError):
            raise found
        return found

    def _compile(self, plan: SourcePlan, schema: Schema, side: Side, *, json: bool) -> _Writer:
        contract = self._key_schema if side == "key" else self._contract
        rules: Mapping[str, Rule] = plan.key_rules if side == "key" else plan.rules
        try:
            mapper = resolve.compile(schema, contract, rules)
        except resolve.ContractMismatch as mismatch:
            raise RecordError("contract", str(mismatch), stage="schema") from mismatch
        passes = cel.compile(plan.where) if plan.where and side == "value" else None
        decode = plainjson.reader(schema) if json else codec.decoder(schema)
        return _Writer(decode, passes, mapper.apply)


def _given(told: FramingPlan, registry: Schemas | None) -> Given:
    known = {number: parse(one) for number, one in told.fingerprints.items()}
    return Given([parse(one) for one in told.schemas], known, registry)


def registry(access: Access | None) -> SchemaRegistry:
    """A registry's client."""
    if access is None:
        raise TypeError("a plan has no source or target without a registry")
    return connect(access)


def origin_of(headers: Sequence[tuple[str, bytes | None]] | None) -> origin.Origin | None:
    """The provenance that a record carries; None without any, or where it cannot be read."""
    found = next((v for name, v in reversed(headers or ()) if name == origin.HEADER), None)
    try:
        return origin.decode(found) if found is not None else None
    except ValueError:
        return None


def travelling(headers: Sequence[Header] | None) -> list[Header]:
    """The headers that a target record keeps: not those that name a schema of the source's."""
    return [one for one in headers or () if not framing.names_schema(one[0])]


def headers_digest(headers: Sequence[tuple[str, bytes | None]] | None, without: str = "") -> int:
    """Digest of the headers in their order, without those whose name begins with ``without``."""
    kept = [h for h in headers or () if not (without and h[0].startswith(without))]
    return (
        digest(*(part for name, value in kept for part in (name.encode(), value)))
        if kept
        else _NONE
    )


class Places:
    """Knows the numbers of places: which origin is which record of the scope."""

    def __init__(self, scope: Scope) -> None:
        self._parts = {(p.cluster_id, p.topic, p.partition): p.number for p in scope.parts}
        self._prints = {
            (topic_print(p.cluster_id, p.topic), p.partition): p.number for p in scope.parts
        }

    def of(self, found: origin.Origin) -> int:
        """The number of an origin; negative where it is not of the stream's own topics."""
        part = self._prints.get((found.cluster + found.topic, found.partition))
        if part is not None:
            return number(part, found.offset)
        text = f"{found.partition}/{found.offset}".encode()
        return -1 - (digest(found.cluster, found.topic, text) & (2**62 - 1))

    def named(self, cluster_id: str, topic: str, partition: int, offset: int) -> int | None:
        """The number of a place by its names; None where it is not of the stream's own topics."""
        part = self._parts.get((cluster_id, topic, partition))
        return None if part is None else number(part, offset)


def topic_print(cluster_id: str, topic: str) -> bytes:
    """What stands for a topic in an origin."""
    return origin.cluster_fingerprint(cluster_id) + origin.topic_fingerprint(topic)


def _dead_letter(message: Message, most: int) -> tuple[int, Sequence[Header]]:
    """Digest and headers of the dead letter of a record: by reference, where it is too large."""
    key, value, headers = message.key(), message.value(), message.headers() or ()
    if size(key, value, headers) + DEAD_LETTER <= most:
        return digest(key, value), headers
    if size(key, None, headers) + DEAD_LETTER <= most:
        return by_reference(key, sha256(value or b"").hexdigest()), headers
    return by_reference(None, sha256(value or b"").hexdigest()), ()


def by_reference(key: bytes | None, checksum: str) -> int:
    """Digest of a dead letter that names its value by a SHA-256, in hex."""
    return digest(b"by reference", key, checksum.encode())


def expected(reference: Reference, part: Part, message: Message) -> Expected:
    """One row of the ledger for a record of a source partition."""
    made = reference.outcome(part.source, message)
    headers, place, stamp = (
        message.headers(),
        number(part.number, message.offset()),
        message.timestamp()[1],
    )
    if made.refusal is not None:
        raw, kept = _dead_letter(message, reference.dead_bytes)
        why = f"{made.refusal.stage}/{made.refusal.reason}"
        return Expected(place, DEAD, None, raw, None, headers_digest(kept), stamp, why)
    return Expected(
        place, made.kind,
        None if made.key is None else digest(made.key),
        None if made.body is None else digest(made.body),
        None if made.event is None else digest(made.event.encode()),
        headers_digest(travelling(headers), origin.HEADER), stamp,
    )  # fmt: skip
