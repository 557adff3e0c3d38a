"""What is there: one record of the target or of the dead letters, as a row of the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from federation.mapping import keys, origin, resolve, times
from federation.schemas import codec, framing
from federation.schemas.avro import parse
from federation.schemas.refusal import RecordError
from federation.schemas.registry import NotAvro
from federation.verify.expect import (
    Places,
    by_reference,
    headers_digest,
    origin_of,
    registry,
    topic_print,
)
from federation.verify.ledger import Delivered, Diverted, digest, number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from confluent_kafka import Message

    from federation.plan.model import StreamPlan
    from federation.schemas.avro import Type
    from federation.schemas.framing import Header
    from federation.schemas.ids import SchemaId
    from federation.verify.scope import Scope

DEAD_PREFIX = "fed.dead."


class Observer:
    """Reads target records and dead letters of one stream.

    Args:
        stream: the stream's plan.
        scope: what is looked at.
        others: (cluster id, topic) of sources of other streams with the same outputs.
    """

    def __init__(
        self, stream: StreamPlan, scope: Scope, others: Sequence[tuple[str, str]] = ()
    ) -> None:
        target = stream.target
        self._contract = parse(stream.contract)
        self._keys = keys.key_schema(self._contract, target.key_fields)
        self._avro_key = target.key_encoding == "avro"
        self._registry = registry(target.cluster.registry)
        self._blocks = _has_blocks(self._contract.root, set())
        self._earlier = {one.fingerprint: one for one in map(parse, stream.earlier)}
        self._readers: dict[tuple[SchemaId, bool], Callable[[bytes], bytes] | None] = {}
        self._partitions = len(scope.target.ranges)
        self._own_time = scope.target.own_time
        self._places = Places(scope)
        self._others = set(others)
        self._other_prints = {topic_print(*at) for at in others}

    def delivered(self, message: Message) -> Delivered | None:
        """A target record; None if it is another stream's."""
        headers, key, value = message.headers(), message.key(), message.value()
        own, headers = _given_up(headers or [])
        found = origin_of(headers)
        if found is not None and found.cluster + found.topic in self._other_prints:
            return None
        return Delivered(
            number(message.partition(), message.offset()),
            None if found is None else self._places.of(found),
            self._key_digest(key),
            None if value is None else self._value_digest(value),
            headers_digest(headers, origin.HEADER),
            None if self._own_time else message.timestamp()[1],
            int(key is not None and keys.partition(key, self._partitions) == message.partition()),
            own,
        )

    def diverted(self, message: Message) -> Diverted | None:
        """A dead letter; None if it is another stream's."""
        headers = message.headers() or []
        said = {
            name.removeprefix(DEAD_PREFIX): (text or b"").decode("utf-8", "replace")
            for name, text in headers
            if name.startswith(DEAD_PREFIX)
        }
        cluster_id, topic = said.get("cluster_id", ""), said.get("topic", "")
        if (cluster_id, topic) in self._others:
            return None
        try:
            at = int(said["partition"]), int(said["offset"])
            source = self._places.named(cluster_id, topic, *at)
        except (KeyError, ValueError):
            source = None
        return Diverted(
            number(message.partition(), message.offset()),
            source,
            by_reference(message.key(), said.get("sha256", ""))
            if "omitted" in said
            else digest(message.key(), message.value()),
            headers_digest(headers, DEAD_PREFIX),
            f"{said.get('stage', '?')}/{said.get('reason', '?')}",
        )

    def sound(self, value: bytes, *, key: bool = False) -> bytes:
        """The Avro bytes, in the contract's form, of a framed value (or key).

        Raises:
            RecordError: the frame is broken, or its schema id stands neither for the contract nor
                for one that the stream was written with before.
        """
        frame = framing.split(value)  # the target's is Confluent's, whatever the sources' are
        at = (frame.schema, key)
        if at not in self._readers:
            self._readers[at] = self._reader(frame.schema, key=key)
        reader = self._readers[at]
        if reader is None:
            what = f"schema id {frame.schema} is not the contract"
            raise RecordError("contract", what, stage="schema")
        return reader(frame.body)

    def _reader(self, name: SchemaId, *, key: bool) -> Callable[[bytes], bytes] | None:
        try:
            found = self._registry.schema(name).fingerprint
        except NotAvro:
            return None
        if found == (self._keys if key else self._contract).fingerprint:
            return bytes
        before = None if key else self._earlier.get(found)
        if before is None:
            return None
        decode, mapper = codec.decoder(before), resolve.compile(before, self._contract, {})
        return lambda body: codec.encode(self._contract, mapper.apply(decode(body)))

    def _key_digest(self, key: bytes | None) -> int:
        if key is None or not self._avro_key:
            return digest(key)
        try:
            return digest(self.sound(key, key=True))
        except RecordError:
            return digest(b"unframed", key)

    def _value_digest(self, value: bytes) -> int:
        """Of the contract's canonical bytes; of something else where the value is not sound."""
        try:
            body = self.sound(value)
            if self._blocks:  # the same array may be written in blocks of several sizes
                body = codec.encode(self._contract, codec.decode(self._contract, body))
        except RecordError:
            return digest(b"unsound", value)
        return digest(body)


def _given_up(headers: Sequence[Header]) -> tuple[int | None, Sequence[Header]]:
    """The timestamp that a record had before it was given another, and its other headers.

    Only behind the origin is the header this gateway's; elsewhere it came with the record.
    """
    match headers:
        case [*kept, (origin.HEADER, _) as last, (times.HEADER, bytes(text))] if text.isdigit():
            return int(text), [*kept, last]
    return None, headers


def _has_blocks(node: Type, seen: set[Type]) -> bool:
    """Whether a schema has arrays or maps: then one value has several encodings."""
    if node in seen:
        return False
    seen.add(node)
    if node.kind in ("array", "map"):
        return True
    inner = [f.type for f in node.fields] or list(node.branches)
    return any(_has_blocks(one, seen) for one in inner)
