"""What became of a case's records against what should have; the same for both implementations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from federation.mapping.keys import key_schema
from federation.rehearse.values import differences, shown
from federation.schemas import codec
from federation.schemas.avro import parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from federation.plan.model import StreamPlan
    from federation.rehearse.prepare import Prepared, Wanted
    from federation.schemas.avro import Schema


@dataclass(frozen=True, slots=True)
class Made:
    """What became of one record.

    Attributes:
        kind: ``record``, ``tombstone``, ``dead`` or ``filtered``.
        key: the target key without a frame; of a record or delete marker.
        body: the value's Avro bytes without a frame; of a record.
        event: what deduplication compares; None where nothing is a duplicate of it.
        stage: of a dead letter, with ``reason`` and a ``sentence`` that names the field.
    """

    kind: str
    key: bytes | None = None
    body: bytes | None = None
    event: str | None = None
    stage: str = ""
    reason: str = ""
    sentence: str = ""

    def __str__(self) -> str:
        """For people."""
        words = {"record": "a record", "tombstone": "a delete marker", "filtered": "filtered"}
        return words.get(self.kind) or (
            f"a dead letter ({self.stage}/{self.reason}: {self.sentence})"
        )


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it should be; ``field`` may be empty."""

    field: str
    expected: str
    found: str

    def __str__(self) -> str:
        """One line."""
        at = f"{self.field}: " if self.field else ""
        return f"{at}expected {self.expected}, found {self.found}"


class Judge:
    """Compares outcomes of one stream."""

    def __init__(self, stream: StreamPlan) -> None:
        self._contract = parse(stream.contract)
        self._key = key_schema(self._contract, stream.target.key_fields)
        self._text_key = stream.target.key_encoding == "string"

    def differences(self, case: Prepared, made: Sequence[Made]) -> list[Difference]:
        """Every difference between a case's expectation and what its records became."""
        expected = case.case
        if expected.sequence is not None:
            return list(self._sequence(case.wanted, _first_of_each(made)))
        (one,) = made
        if expected.dead_letter is not None:
            wants = expected.dead_letter
            if one.kind != "dead":
                return [Difference("", "a dead letter", str(one))]
            found = [
                Difference(name, wanted, given)
                for name, wanted, given in (
                    ("stage", wants.stage, one.stage),
                    ("reason", wants.reason, one.reason),
                )
                if wanted is not None and wanted != given
            ]
            if wants.field and not one.sentence.startswith(f"field {wants.field}: "):
                found.append(Difference("field", wants.field, one.sentence))
            return found
        if expected.filtered:
            return [] if one.kind == "filtered" else [Difference("", "filtered", str(one))]
        return list(self._record(case.wanted[0], one, ""))

    def _sequence(self, wanted: Sequence[Wanted], made: Sequence[Made]) -> Iterator[Difference]:
        for n, (want, one) in enumerate(zip(wanted, made, strict=False)):
            yield from self._record(want, one, f"out[{n}]")
        if len(wanted) != len(made):
            extra = [self._brief(one) for one in made[len(wanted) :]]
            found = f"{len(made)}" + (f" ({', '.join(extra)} at the end)" if extra else "")
            yield Difference("", f"{len(wanted)} results", found)

    def _record(self, want: Wanted, one: Made, at: str) -> Iterator[Difference]:
        kind = "record" if want.value is not None else "tombstone"
        if one.kind != kind:
            yield Difference(at, str(Made(kind)), str(one))
            return
        assert one.key is not None
        prefix = f"{at}." if at else ""
        if want.key is not None and self._text_key:
            if want.key.encode() != one.key:
                yield Difference(f"{prefix}key", repr(want.key), self._shown_key(one.key))
        elif want.key is not None:
            key = codec.decode(self._key, one.key)
            yield from _all(self._key, want.key, key, f"{prefix}key")
        if one.body is not None:
            value = codec.decode(self._contract, one.body)
            yield from _all(self._contract, want.value, value, f"{prefix}value")

    def _brief(self, one: Made) -> str:
        return f"{one} of key {self._shown_key(one.key)}" if one.key is not None else str(one)

    def _shown_key(self, key: bytes) -> str:
        if self._text_key:
            return repr(key.decode())
        return shown(self._key.root, codec.decode(self._key, key))

    def disagreement(self, reference: Made, engine: Made) -> list[Difference]:
        """Where the Java operators differ from the reference (``expected``)."""
        kinds = [
            one.kind if one.kind != "dead" else f"{one.stage}/{one.reason}"
            for one in (reference, engine)
        ]
        if kinds[0] != kinds[1]:
            return [Difference("", str(reference), str(engine))]
        found = []
        if reference.key != engine.key and reference.key is not None and engine.key is not None:
            pair = self._shown_key(reference.key), self._shown_key(engine.key)
            found.append(Difference("key", *pair))
        if reference.body != engine.body:
            pair_ = [codec.decode(self._contract, one.body or b"") for one in (reference, engine)]
            named = list(_all(self._contract, pair_[0], pair_[1], "value"))
            found += named or [Difference("value", "the same bytes", "others of the same meaning")]
        return found


def _all(schema: Schema, expected: object, found: object, at: str) -> Iterator[Difference]:
    for path, left, right in differences(schema.root, expected, found, at):
        yield Difference(path, left, right)


def _first_of_each(made: Sequence[Made]) -> list[Made]:
    """Without repeated events, and without what is filtered: what is written, in order."""
    seen: set[str] = set()
    out = []
    for one in made:
        if one.kind == "filtered" or (one.event is not None and one.event in seen):
            continue
        if one.event is not None:
            seen.add(one.event)
        out.append(one)
    return out
