"""From a configuration and its cases to a plan and bytes, with stand-ins for clusters."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from federation.config.cases import plain
from federation.errors import ConfigError, Finding
from federation.kafka.facts import ClusterFacts, TopicFacts
from federation.mapping.keys import key_schema
from federation.plan import naming
from federation.plan.compile import compile as compile_plan
from federation.plan.facts import Facts, RegistryFacts
from federation.rehearse.book import Book
from federation.rehearse.values import BadValue, datum
from federation.schemas import codec, framing
from federation.schemas.avro import parse
from federation.schemas.fingerprint import crc64
from federation.schemas.plainkeys import FORMS

if TYPE_CHECKING:
    from federation.config.cases import Case, LoadedCases, Step
    from federation.config.document import ConfigPath
    from federation.config.load import Loaded
    from federation.config.models import Stream
    from federation.config.sources import Framing, KeyFraming
    from federation.plan.model import FramingPlan, StreamPlan
    from federation.schemas.avro import Schema
    from federation.schemas.framing import Header, Side

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME = datetime(2026, 1, 1, tzinfo=UTC)  # of records that give none


@dataclass(frozen=True, slots=True)
class Record:
    """A source record, with the methods that a Kafka client's message has."""

    source: int
    place: tuple[str, int]  # topic and offset
    content: tuple[bytes | None, bytes | None]  # key and value
    stamp: int  # milliseconds
    given: tuple[tuple[str, bytes | None], ...]

    def key(self) -> bytes | None:
        """The key's bytes."""
        return self.content[0]

    def value(self) -> bytes | None:
        """The value's bytes."""
        return self.content[1]

    def headers(self) -> list[tuple[str, bytes | None]]:
        """Names and values, in order."""
        return list(self.given)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A record that the target should hold; ``key`` None is any."""

    key: Any
    value: Any


@dataclass(frozen=True, slots=True)
class Prepared:
    """One case as bytes and data.

    Attributes:
        case: as it was written.
        where: its ``file:line:column``.
        records: what goes in.
        wanted: what the target should hold; empty for other outcomes.
    """

    case: Case
    where: str
    records: tuple[Record, ...]
    wanted: tuple[Wanted, ...]


@dataclass(frozen=True, slots=True)
class _Side:
    """The value or key of a record that a case writes.

    Attributes:
        declared: how the source says that it is framed.
        said: how the case says that it is framed.
    """

    name: Side
    declared: Framing | KeyFraming
    said: str | None
    at: ConfigPath

    @property
    def framing(self) -> str:
        """How it is framed."""
        return self.said or self.declared.type


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Everything that a run needs."""

    stream: StreamPlan
    book: Book
    cases: tuple[Prepared, ...]


def prepare(loaded: Loaded, cases: LoadedCases) -> Rehearsal:
    """Plan the stream and write the cases' records.

    Raises:
        ConfigError: cases that do not fit the configuration or their schemas, all of them.
        PlanError: the configuration cannot work anywhere.
    """
    return _Preparer(loaded, cases).run()


class _Preparer:
    def __init__(self, loaded: Loaded, cases: LoadedCases) -> None:
        self.loaded, self.cases = loaded, cases
        self.findings: list[Finding] = []
        self.book = Book()
        self.name = self._stream_name()
        self.stream: Stream = loaded.config.streams[self.name]
        self.contract = loaded.contracts[self.name]
        self.key = key_schema(self.contract, self.stream.target.key.fields)

    def run(self) -> Rehearsal:
        for name in self.cases.cases.sources:
            self._source(name, ("sources", name))
        prepared = [self._case(n, case) for n, case in enumerate(self.cases.cases.cases)]
        if self.findings:
            raise ConfigError.of(self.findings)
        return Rehearsal(self._plan(), self.book, tuple(prepared))

    def _stream_name(self) -> str:
        streams, name = self.loaded.config.streams, self.cases.cases.stream
        if name is None and len(streams) == 1:
            return next(iter(streams))
        if name not in streams:
            what = f"no stream {name}" if name else "which stream?"
            hint = f"stream: one of {', '.join(streams)}"
            raise ConfigError(what, where=self.cases.document.where(("stream",)), hint=hint)
        return name

    def _plan(self) -> StreamPlan:
        """The stream as ``start`` would run it, on clusters that hold just the cases' topics."""
        config = self.loaded.config
        topics: dict[str, set[str]] = {alias: set() for alias in config.clusters}
        for source in self.stream.sources:
            topics[source.cluster].update(source.topics)
        for case in self.cases.cases.cases:
            for step in case.steps:
                cluster, _, topic = step.source.partition("/")
                topics[cluster].add(topic)
        for other in config.streams.values():
            for source in other.sources:
                topics[source.cluster].update(source.topics)
        facts = Facts(
            {
                alias: ClusterFacts(
                    alias, f"cluster-{alias}", topics={t: TopicFacts(t, 1) for t in sorted(names)}
                )
                for alias, names in topics.items()
            },
            {alias: RegistryFacts(alias) for alias in topics},
        )
        plan = compile_plan(self.loaded, facts)
        (stream,) = (one for one in plan.streams if one.name == self.name)
        sources = tuple(replace(one, framing=self._named(one.framing)) for one in stream.sources)
        # a case may well be all dead letters
        return replace(stream, sources=sources, dead_letter_ratio=1.0)

    def _named(self, told: FramingPlan) -> FramingPlan:
        """With the cases' schemas, as if they were registered."""
        if told.type not in ("auto", "single-object"):
            return told
        known = {crc64(one): one.json for one in self.book.schemas}
        return replace(told, fingerprints={**told.fingerprints, **known})

    def _case(self, n: int, case: Case) -> Prepared:
        at: ConfigPath = ("cases", n)
        records = []
        for offset, step in enumerate(case.steps):
            within = (*at, "sequence", offset) if case.sequence is not None else at
            made = self._record(case, step, within, offset)
            records += [made] if made else []
        given = () if case.out is None else case.out
        outs = given if isinstance(given, tuple) else (given,)
        wanted = []
        for m, out in enumerate(outs):
            there = (*at, "out", m) if isinstance(given, tuple) else (*at, "out")
            key = self._out_key(out.key, (*there, "key"))
            value = out.value
            if value is not None:
                value = self._datum(self.contract, value, (*there, "value"))
            wanted.append(Wanted(key, value))
        where = self.cases.document.where(at)
        return Prepared(case, where, tuple(records), tuple(wanted))

    def _out_key(self, key: Any, at: ConfigPath) -> Any:
        if key is None:
            return None
        if self.stream.target.key.form == "avro":
            return self._datum(self.key, key, at)
        if isinstance(key, dict | list):
            self._note(at, "the key of this stream is text", "write it as in the target")
            return None
        return str(getattr(key, "text", str(key).lower() if isinstance(key, bool) else key))

    def _record(self, case: Case, step: Step, at: ConfigPath, offset: int) -> Record | None:
        source = self._source(step.source, (*at, "source"))
        if source is None:
            return None
        given, inside = step.record, (*at, "in")
        told = self.stream.sources[source]
        headers = [(n, None if text is None else text.encode()) for n, text in given.headers]
        content: list[bytes | None] = []
        sides = (
            _Side("key", told.key_framing, given.key_framing, (*inside, "key")),
            _Side("value", told.framing, given.framing, (*inside, "value")),
        )
        for side, written in zip(sides, (given.key, given.value), strict=True):
            framed = None if written is None else self._framed((step, case), side, written)
            data, header = framed or (None, None)
            content.append(data)
            headers += [header] if header else []
        key, value = content
        stamp = ((given.timestamp or _TIME) - _EPOCH) // timedelta(milliseconds=1)
        topic = step.source.partition("/")[2]
        return Record(source, (topic, offset), (key, given.raw or value), stamp, tuple(headers))

    def _source(self, name: str, at: ConfigPath) -> int | None:
        cluster, _, topic = name.partition("/")
        for index, one in enumerate(self.stream.sources):
            if one.cluster == cluster and naming.reads(one, topic):
                return index
        known = [f"{s.cluster}/{t}" for s in self.stream.sources for t in s.topics or [s.pattern]]
        hint = f"its sources: {', '.join(known)}"
        self._note(at, f"stream {self.name} does not read {name}", hint)
        return None

    def _schema(self, own: tuple[Step, Case], which: str, at: ConfigPath) -> Schema | None:
        name, source = "value_schema" if which == "schema" else which, str(own[0].source)
        for writer in (*own, self.cases.cases.sources.get(source)):
            found = self.cases.schema(getattr(writer, name)) if writer else None
            if found is not None:
                return found
        hint = f"give it here, or to all cases in sources: {{{source}: {{{which}: …}}}}"
        self._note(at, f"there is no {which} to write this with", hint)
        return None

    def _framed(
        self, own: tuple[Step, Case], side: _Side, value: Any
    ) -> tuple[bytes, Header | None] | None:
        """One side as it lies in the topic: its bytes, and the header that goes with them."""
        form = framing.FRAMINGS[side.framing]
        if form.kind == "given":
            schema = self._given(side)
        else:
            schema = self._schema(own, "schema" if side.name == "value" else "key_schema", side.at)
        if schema is None:
            return None
        if side.framing == "json":
            return json.dumps(plain(value)).encode(), None
        made = self._datum(schema, value, side.at)
        if made is None:
            return None
        name = self.book.name(schema, form.kind)
        return framing.join(name, codec.encode(schema, made), side.framing, side.name)

    def _given(self, side: _Side) -> Schema | None:
        if side.framing in FORMS:
            return parse(FORMS[side.framing].schema)
        if not side.declared.schemas:
            what = f"the source gives no schema for framing {side.framing}"
            self._note(side.at, what, "give it there: {type: …, schema: file.avsc}")
            return None
        return self.loaded.schemas[side.declared.schemas[0]]

    def _datum(self, schema: Schema, value: Any, at: ConfigPath) -> Any:
        try:
            return datum(schema.root, value)
        except BadValue as error:
            self._note((*at, *error.path), str(error), f"it is read by the schema {schema.name}")
            return None

    def _note(self, at: ConfigPath, what: str, hint: str) -> None:
        self.findings.append(Finding(what, self.cases.document.where(at), hint))
