"""The events of a seeded domain as the records of one cluster: pure, and the same for one seed.

Every event is a function of (seed number, event number) alone, so the writers of two clusters,
each in a process of its own, agree on an event that both publish without a word between them.
What real topics contain besides new events is added here, for every domain alike:

======================  =======  ============================================================
what                    of 1000  what it means for the merged stream
======================  =======  ============================================================
published twice              60  the same event in two clusters: one of the two comes through
producer retry               30  an identical record a little later: it does not come through
hot key                      15  another event under an id that many others had: the first wins
delete marker                20  null value; half of them for ids that never existed: all pass
undecodable                   7  seven kinds in turn: dead letters
headers                     200  one to three, one name may stand twice: they stay
======================  =======  ============================================================
"""

from __future__ import annotations

import copy
import io
import struct
from collections import deque
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple

import fastavro

from federation.sandbox.seed_domain import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from federation.sandbox.seed_domain import Datum, Domain, Source

RECORD, TOMBSTONE, UNDECODABLE = "record", "tombstone", "undecodable"
RECORDS_PER_EVENT = 1.117  # what the table above adds up to

_LATER = 9  # events between a record and its retry or its delete marker
_HOT_BLOCK = 4096  # each run of so many events has a handful of hot ids
_UNKNOWN_ID = 900_000  # no registry of a sandbox gets that far
_NUMBERS = struct.Struct("<QQ")
_WORDS = struct.Struct("<24H")
# The table above as bounds of a 16-bit word.
_TWICE, _RETRIED, _HOT, _DELETED, _SPOILED, _WITH_HEADERS = (
    share * 65_536 // 1000 for share in (60, 30, 15, 20, 7, 200)
)

Headers = list[tuple[str, str]]


class Item(NamedTuple):
    """One record as it is to be written, and the truth about it.

    Attributes:
        key: framed Avro bytes.
        value: bytes, or None for a delete marker.
        headers: repeated names are meant.
        timestamp: CreateTime, milliseconds since 1970.
        kind: ``record``, ``tombstone`` or ``undecodable``.
        name: the logical key.
        event: business id, None unless it is a record.
        truth: the contract's datum of a record, the reason of an undecodable one, else None.
    """

    key: bytes
    value: bytes | None
    headers: Headers
    timestamp: int
    kind: str
    name: str
    event: str | None
    truth: Any


@dataclass(frozen=True, slots=True)
class Ids:
    """Schema ids of one source in its cluster's registry."""

    key: int
    older: int
    newer: int


def draw(seed: int, number: int) -> tuple[int, ...]:
    """The random words of an event; the same everywhere and always."""
    digest = blake2b(_NUMBERS.pack(seed, number), digest_size=_WORDS.size).digest()
    return _WORDS.unpack(digest)


def event(seed: int, number: int, time: int, words: tuple[int, ...]) -> Event:
    """The event of that number, or another one of a hot key."""
    if words[3] < _HOT and number % _HOT_BLOCK > 8:
        number -= number % _HOT_BLOCK - words[3] % 5
    return Event(seed, number, time, words)


def records(
    domain: Domain,
    source: Source,
    present: Sequence[str],
    ids: Ids,
    seed: int,
    *,
    clock: Callable[[int], int],
    first: int = 0,
) -> Iterator[Item]:
    """Endlessly: what is written into one cluster's topic, in order.

    Args:
        domain: whose events.
        source: one of its sources.
        present: clusters of all sources that are written, in the domain's order.
        ids: the source's schema ids.
        seed: the seed number.
        clock: time of an event by its number, milliseconds since 1970.
        first: number of the first event.
    """
    routes = _routes(domain, present)
    mine = source.cluster
    writer = _Writer(domain, source, ids)
    later: deque[tuple[int, Item]] = deque()
    number = first
    while True:
        while later and later[0][0] <= number:
            yield later.popleft()[1]
        words = draw(seed, number)
        home = routes[words[0] % len(routes)]
        twice = words[1] < _TWICE and len(present) > 1
        if home == mine or (twice and _neighbour(present, home) == mine):
            happened = event(seed, number, clock(number), words)
            item = writer.record(happened)
            yield item
            if words[2] < _RETRIED:
                later.append((number + _LATER, item))
            if home == mine and words[4] < _DELETED:
                later.append((number + _LATER, writer.tombstone(happened)))
            if home == mine and words[5] < _SPOILED:
                yield writer.undecodable(happened)
        number += 1


class _Writer:
    """Events to bytes, with one source's schemas and ids."""

    def __init__(self, domain: Domain, source: Source, ids: Ids) -> None:
        self._domain = domain
        self._source = source
        self._key = _frame(ids.key)
        self._values = {
            False: (fastavro.parse_schema(source.older), _frame(ids.older)),
            True: (fastavro.parse_schema(source.newer), _frame(ids.newer)),
        }
        self._spoiled = fastavro.parse_schema(_spoiled(source.newer, source.spoil[0]))
        self._buffer = io.BytesIO()

    def record(self, happened: Event) -> Item:
        name, business = self._domain.identify(happened)
        newer = happened.words[7] & 3 != 0  # a quarter still comes from old producers
        datum, truth = self._source.make(happened, newer)
        value = self._encode(self._values[newer], datum)
        return self._item(happened, name, value, RECORD, business, truth=truth)

    def tombstone(self, happened: Event) -> Item:
        """Of the event's own key or of a ghost's; one in sixteen has an unreadable key."""
        choice = happened.words[4] & 15
        name, _ = self._domain.identify(happened)
        if choice & 1:
            name = self._domain.ghost(happened)
        if choice == 15:
            item = self._item(happened, name, None, UNDECODABLE, truth="bad-key")
            return item._replace(key=b"key:" + name.encode())
        return self._item(happened, name, None, TOMBSTONE)

    def undecodable(self, happened: Event) -> Item:
        name, _ = self._domain.identify(happened)
        good = self._encode(self._values[True], self._source.make(happened, True)[0])  # noqa: FBT003 - newer
        choice = happened.words[5] % 6
        if choice == 0:
            reason, value = "unknown-schema", _frame(_UNKNOWN_ID + happened.words[6]) + good[5:]
        elif choice == 1:  # no Avro value is the beginning of another of its schema
            reason, value = "truncated", good[: 5 + (len(good) - 5) * 2 // 3]
        elif choice == 2:
            reason, value = "no-magic", b'{"note": "not Avro", "key": "' + name.encode() + b'"}'
        elif choice == 3:
            reason, value = "trailing", good + b"\x00\x2a"
        elif choice == 4:
            reason, value = "empty", b""
        else:
            datum = self._source.make(happened, True)[0]  # noqa: FBT003 - newer
            field, number = self._source.spoil
            spoiled = datum | {field: number}
            reason, value = "bad-number", self._encode((self._spoiled, good[:5]), spoiled)
        return self._item(happened, name, value, UNDECODABLE, truth=reason)

    def _item(
        self,
        happened: Event,
        name: str,
        value: bytes | None,
        kind: str,
        business: str | None = None,
        *,
        truth: Any = None,
    ) -> Item:
        text = name.encode()  # a record of one string is, in Avro, that string
        key = self._key + bytes((len(text) << 1,)) + text  # under 64 bytes: a length of one byte
        time = happened.time + happened.words[7] % 1500
        return Item(key, value, _headers(happened), time, kind, name, business, truth)

    def _encode(self, how: tuple[Any, bytes], datum: Any) -> bytes:
        buffer = self._buffer
        buffer.seek(0)
        buffer.truncate()
        buffer.write(how[1])
        fastavro.schemaless_writer(buffer, how[0], datum)
        return buffer.getvalue()


def _headers(happened: Event) -> Headers:
    word = happened.words[6]
    if word >= _WITH_HEADERS:
        return []
    headers = [("trace", f"{happened.seed:x}-{happened.number:x}-{word:x}")]
    if word & 1:
        headers.append(("route", f"edge-{word & 6}"))
    if word & 3 == 3:
        headers.append(("route", "core"))  # the same name again, another value
    return headers


def _routes(domain: Domain, present: Sequence[str]) -> list[str]:
    """A cluster's name once per unit of its weight."""
    return [name for name in present for _ in range(domain.sources[name].weight)]


def _neighbour(present: Sequence[str], home: str) -> str:
    return present[(present.index(home) + 1) % len(present)]


def _frame(schema_id: int) -> bytes:
    """Confluent's framing: a zero and the schema id, big-endian."""
    return b"\x00" + schema_id.to_bytes(4, "big")


def _spoiled(schema: Datum, field: str) -> Datum:
    """The schema with one field turned into a plain long.

    An enum's index, a union's branch and a string's length are all varints, as a long is: written
    with this schema, the field's bytes are where its own belong, but mean nothing there.
    """
    copied = copy.deepcopy(schema)
    for item in copied["fields"]:
        if item["name"] == field:
            item["type"] = "long"
            item.pop("default", None)
    return copied
