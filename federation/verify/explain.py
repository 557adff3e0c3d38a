"""From numbers to words: the records behind a difference are read again and compared in full.

A digest that differs is only a suspicion (one value may be encoded in several ways): a difference
of values stands when the values differ.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from federation.kafka.clients import consumer
from federation.kafka.reading import Span, read
from federation.mapping import origin
from federation.schemas import codec
from federation.schemas.avro import parse
from federation.schemas.refusal import RecordError
from federation.verify.expect import Reference, travelling
from federation.verify.ledger import split
from federation.verify.model import Difference, Place
from federation.verify.observe import Observer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from confluent_kafka import Consumer, Message

    from federation.plan.model import ClusterPlan
    from federation.schemas.framing import Header
    from federation.verify.compare import Raw
    from federation.verify.work import Job

_CHUNK = 2_000  # differences explained at a time
_NEAR = 500  # offsets between two records that are read through rather than sought
_EXPLAINED = frozenset({"altered", "wrong_key", "header_lost", "not_dead_letter", "duplicate"})
_FEW = 5  # fields or records that are named in one difference
_WIDTH = 60  # characters of a value that are shown


class Explainer:
    """Turns raw differences of one stream into named ones."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._reference = Reference(job.stream)
        self._observer = Observer(job.stream, job.scope, job.others)
        self._contract = parse(job.stream.contract)
        self._consumers: dict[str, Consumer] = {}

    def close(self) -> None:
        """Close the consumers."""
        for one in self._consumers.values():
            one.close()

    def explain(self, found: Iterable[Raw]) -> Iterator[Difference]:
        """Name each difference; drop those that reading again does not confirm."""
        raws = iter(found)
        while chunk := list(islice(raws, _CHUNK)):
            wanted = [raw for raw in chunk if _explained(raw)]
            sources = self._sources(
                {i for raw in wanted for i in (raw.id, raw.other_id) if i is not None}
            )
            targets = self._targets({raw.tid for raw in wanted if raw.tid is not None})
            for raw in chunk:
                detail = self._detail(raw, sources, targets) if _explained(raw) else raw.detail
                if detail is not None:
                    yield self._named(raw, detail)

    def _named(self, raw: Raw, detail: str) -> Difference:
        other = self._source(raw.other_id) if raw.other_tid is None else None
        if raw.other_tid is not None:
            other = self._target(raw.other_tid, dead=raw.dead)
            if raw.other_id is not None:
                detail = f"{detail}; the other is {self._source(raw.other_id)}"
        if raw.also:
            places = [str(self._source(int(place))) for place in raw.also.split(",")]
            detail = "; ".join(filter(None, [detail, f"also missing: {_some(places, ', ')}"]))
        return Difference(
            raw.kind, self._job.stream.name, self._source(raw.id),
            self._target(raw.tid, dead=raw.dead), other, detail,
        )  # fmt: skip

    def _source(self, place: int | None) -> Place | None:
        if place is None:
            return None
        number, offset = split(place)
        part = self._job.scope.parts[number]
        return Place(part.cluster, part.topic, part.partition, offset)

    def _target(self, place: int | None, *, dead: bool) -> Place | None:
        if place is None:
            return None
        target = self._job.stream.target
        return Place(
            target.cluster.alias, target.dead_letter if dead else target.topic, *split(place)
        )

    def _detail(
        self, raw: Raw, sources: Mapping[int, Message], targets: Mapping[int, Message]
    ) -> str | None:
        """What differs, in words; None if nothing does."""
        source, target = sources.get(_known(raw.id)), targets.get(_known(raw.tid))
        if source is None or target is None:
            return raw.detail or "the records are no longer there to be compared"
        made = self._reference.outcome(self._part_source(_known(raw.id)), source)
        if raw.kind == "altered":
            return self._values(made.value, target.value())
        if raw.kind == "wrong_key":
            return f"key {_text(target.key())} should be {_text(made.key)}"
        if raw.kind == "header_lost":
            return _headers(source, target)
        if raw.kind == "not_dead_letter":
            return str(made.refusal)
        other = sources.get(_known(raw.other_id))
        if other is not None:
            second = self._reference.outcome(self._part_source(_known(raw.other_id)), other)
            return raw.detail if made.event == second.event else None
        return raw.detail

    def _part_source(self, place: int) -> int:
        return self._job.scope.parts[split(place)[0]].source

    def _values(self, wanted: Any, value: bytes | None) -> str | None:
        if value is None or wanted is None:
            return "a delete marker" if value is None else "should be a delete marker"
        try:
            body = self._observer.sound(value)
            found = codec.decode(self._contract, body)
        except RecordError as error:
            return f"not readable: {error}"
        fields = [
            f"{path}: {_text(there)} should be {_text(should)}"
            for path, should, there in differing(wanted, found)
        ]
        return _some(fields, "; ") if fields else None

    def _sources(self, places: set[int]) -> dict[int, Message]:
        found: dict[int, Message] = {}
        scope = self._job.scope
        by_source: dict[int, list[int]] = {}
        for place in places:
            by_source.setdefault(self._part_source(place), []).append(place)
        for source, group in by_source.items():
            wanted = []
            for place in group:
                number, offset = split(place)
                part = scope.parts[number]
                wanted.append((part.topic, part.partition, offset, place))
            found |= self._fetch(self._job.stream.sources[source].cluster, wanted)
        return found

    def _targets(self, places: set[int]) -> dict[int, Message]:
        target = self._job.stream.target
        return self._fetch(
            target.cluster, [(target.topic, *split(place), place) for place in places]
        )

    def _fetch(
        self, cluster: ClusterPlan, wanted: Iterable[tuple[str, int, int, int]]
    ) -> dict[int, Message]:
        """Read single records (topic, partition, offset, place), those near each other at once."""
        names = {(topic, partition, offset): place for topic, partition, offset, place in wanted}
        runs: dict[tuple[str, int], list[Span]] = {}
        for topic, partition, offset in sorted(names):
            spans = runs.setdefault((topic, partition), [])
            if spans and offset - spans[-1].end < _NEAR:
                spans[-1] = Span(topic, partition, spans[-1].start, offset + 1)
            else:
                spans.append(Span(topic, partition, offset, offset + 1))
        if cluster.alias not in self._consumers:
            self._consumers[cluster.alias] = consumer(
                cluster.alias, cluster.properties, fetch_wait_max_ms=20, queued_min_messages=_NEAR
            )
        found: dict[int, Message] = {}
        while runs:
            spans = [spans.pop() for spans in runs.values()]
            runs = {at: spans for at, spans in runs.items() if spans}
            for message in read(
                self._consumers[cluster.alias], spans, where=f"cluster {cluster.alias}"
            ):
                place = names.get((message.topic(), message.partition(), message.offset()))
                if place is not None:
                    found[place] = message
        return found


def _some(texts: list[str], between: str) -> str:
    """The first few, and how many more there are."""
    more = [f"and {len(texts) - _FEW} more"] if len(texts) > _FEW else []
    return between.join([*texts[:_FEW], *more])


def _explained(raw: Raw) -> bool:
    return raw.kind in _EXPLAINED and not raw.dead


def _known(place: int | None) -> int:
    """A place for look-ups; one that no record has where there is none."""
    return -1 if place is None else place


def differing(wanted: Any, found: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Paths at which two decoded values differ, with both; NaN equals NaN."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        for name in dict.fromkeys([*wanted, *found]):
            below = f"{path}.{name}" if path else str(name)
            yield from differing(wanted.get(name), found.get(name), below)
    elif (
        isinstance(wanted, (list, tuple))
        and isinstance(found, (list, tuple))
        and len(wanted) == len(found)
    ):
        for n, (one, other) in enumerate(zip(wanted, found, strict=True)):
            yield from differing(one, other, f"{path}[{n}]")
    elif repr(wanted) != repr(found):  # tells 0.0 from -0.0, and nan from nothing
        yield path, wanted, found


def _text(value: Any) -> str:
    """A value, short; bytes as text where they are."""
    if isinstance(value, bytes):
        try:
            text = repr(value.decode())
        except UnicodeDecodeError:
            text = f"0x{value.hex()}"
    else:
        text = repr(value)
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"


def _headers(source: Message, target: Message) -> str:
    def kept(headers: Iterable[Header]) -> list[Header]:
        return [h for h in headers if not h[0].startswith(origin.HEADER)]

    wanted, found = kept(travelling(source.headers())), kept(target.headers() or [])
    missing = [name for name, value in wanted if (name, value) not in found]
    added = [name for name, value in found if (name, value) not in wanted]
    if not missing and not added:
        return "the headers are in another order or number"
    parts = [
        f"missing: {', '.join(missing)}" * bool(missing),
        f"added: {', '.join(added)}" * bool(added),
    ]
    return "; ".join(part for part in parts if part)
