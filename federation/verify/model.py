"""What a verification says: places, differences, balances and the verdict."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

REPORT_VERSION = 1
BUCKET_MS = 600_000
"""Width of a balance's time bucket: ten minutes of record time."""

KINDS = {
    "lost": "a source record is in neither the target nor the dead letters",
    "duplicate": "one event is in the target more than once",
    "altered": "the value is not what the mapping makes of the source record",
    "wrong_key": "the key is not what the mapping makes of the source record",
    "wrong_partition": "the record is not in the partition of its key (murmur2)",
    "out_of_order": "two records of one key and one source partition changed places",
    "header_lost": "the source record's headers are not all there, in their order",
    "timestamp_changed": "the timestamp is not the source record's",
    "dead_letter_missing": "a record that cannot be mapped is not in the dead letters",
    "dead_letter_unexpected": "a dead letter can be mapped",
    "dead_letter_altered": "a dead letter is not the source record as it was, or not explained",
    "not_dead_letter": "the target has a record that cannot be mapped",
    "not_filtered": "the target has a record that the source's filter refuses",
    "foreign": "a record comes from no source record of this stream",
}
"""Every kind of difference, and what it means."""

PROMISES = {
    "Nothing lost": ("lost", "dead_letter_missing"),
    "Nothing twice": ("duplicate",),
    "Order kept per key": ("out_of_order", "wrong_partition"),
    "Every record explainable": ("foreign", "not_filtered"),
    "Every value as mapped": (
        "altered", "wrong_key", "header_lost", "timestamp_changed", "not_dead_letter",
    ),
    "Dead letters explained": ("dead_letter_unexpected", "dead_letter_altered"),
}  # fmt: skip
"""What the gateway promises, and the differences that break each promise."""


class Place(NamedTuple):
    """Where a record lies."""

    cluster: str
    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        """``cluster/topic/partition@offset``."""
        return f"{self.cluster}/{self.topic}/{self.partition}@{self.offset}"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as promised.

    Attributes:
        kind: a key of :data:`KINDS`.
        stream: the stream's name.
        source: the source record, if one is known.
        target: the record in the target or dead-letter topic, if there is one.
        other: a second record that the first is at odds with (the first of two duplicates, the
            record that should have come later).
        detail: what differs, in words.
    """

    kind: str
    stream: str
    source: Place | None
    target: Place | None
    other: Place | None = None
    detail: str = ""

    def plain(self) -> dict[str, Any]:
        """As one JSON object; places as objects of their own."""
        place = {
            name: None if at is None else {**at._asdict(), "at": str(at)}
            for name, at in (
                ("source", self.source),
                ("target", self.target),
                ("other", self.other),
            )
        }
        return {"kind": self.kind, "stream": self.stream, **place, "detail": self.detail}


@dataclass(slots=True)
class Bucket:
    """The balance of one source partition over ten minutes of record time, in records."""

    start_ms: int
    read: int = 0
    out: int = 0
    duplicates: int = 0
    dead: int = 0
    filtered: int = 0
    missing: int = 0


@dataclass(slots=True)
class Balance:
    """The books of one source partition; ``read = out + duplicates + dead + filtered + missing``.

    Attributes:
        start: first offset looked at.
        end: offset behind the last one looked at.
        pending: offsets from ``end`` to the partition's end, not yet committed by the gateway.
        removed: offsets before ``start`` that the topic's retention has removed.
        unproven: duplicates whose first record is further away than the window, by their
            timestamps; the window's clock may have stood still, so this is no difference.
        dead_reasons: dead letters by ``stage/reason``.
    """

    source: str
    cluster: str
    topic: str
    partition: int
    start: int
    end: int
    pending: int
    removed: int = 0
    read: int = 0
    out: int = 0
    duplicates: int = 0
    dead: int = 0
    filtered: int = 0
    missing: int = 0
    unproven: int = 0
    dead_reasons: dict[str, int] = field(default_factory=dict)
    buckets: list[Bucket] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether every record read is accounted for."""
        return self.missing == 0


@dataclass(slots=True)
class StreamReport:
    """One stream's verification.

    Attributes:
        counts: differences by kind.
        samples: the first differences of each kind; all of them are in the differences file.
        target_records: records read in the target, of this stream and within scope.
        dead_records: the same of the dead letters.
        notes: what limits the proof, in sentences.
        unread: what the time limit left unread, empty if nothing.
    """

    stream: str
    contract: str
    target: str
    dead_letter: str
    cluster_ids: dict[str, str]
    balances: list[Balance] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    samples: list[Difference] = field(default_factory=list)
    target_records: int = 0
    dead_records: int = 0
    notes: list[str] = field(default_factory=list)
    unread: str = ""

    @property
    def verdict(self) -> str:
        """``equal``, ``different`` or ``incomplete``."""
        return "incomplete" if self.unread else "different" if self.counts else "equal"

    @property
    def pending(self) -> int:
        """Source offsets that are not in scope yet."""
        return sum(balance.pending for balance in self.balances)

    def promises(self) -> list[tuple[str, bool]]:
        """Every promise, and whether it was found kept."""
        return [
            (promise, not self.unread and not any(self.counts[kind] for kind in kinds))
            for promise, kinds in PROMISES.items()
        ]

    def total(self, name: str) -> int:
        """The sum of one column of the balances."""
        return sum(getattr(balance, name) for balance in self.balances)


@dataclass(slots=True)
class Verification:
    """The whole: one report per stream, and how it was made."""

    federation: str
    config: str
    program: str
    started: datetime
    seconds: float = 0.0
    streams: list[StreamReport] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        """The worst of the streams' verdicts."""
        found = {stream.verdict for stream in self.streams}
        return next((v for v in ("different", "incomplete") if v in found), "equal")

    def plain(self) -> dict[str, Any]:
        """As JSON; ``version`` changes when the meaning or the place of a value does."""
        return {
            "version": REPORT_VERSION,
            "verdict": self.verdict,
            "federation": self.federation,
            "config": self.config,
            "program": self.program,
            "started": self.started.isoformat(),
            "seconds": round(self.seconds, 3),
            "streams": [_plain_stream(stream) for stream in self.streams],
        }


def _plain_stream(stream: StreamReport) -> dict[str, Any]:
    return {
        "stream": stream.stream,
        "verdict": stream.verdict,
        "contract": stream.contract,
        "target": stream.target,
        "dead_letter": stream.dead_letter,
        "cluster_ids": stream.cluster_ids,
        "promises": dict(stream.promises()),
        "target_records": stream.target_records,
        "dead_records": stream.dead_records,
        "pending": stream.pending,
        "differences": dict(stream.counts),
        "samples": [difference.plain() for difference in stream.samples],
        "balances": [asdict(balance) for balance in stream.balances],
        "notes": stream.notes,
        "unread": stream.unread,
    }
