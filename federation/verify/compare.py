"""The books: what the ledger's two sides say about each other.

The statements stand in ``compare.sql``. Each kind of difference is one query over ``expected``
(sources, by the reference), ``delivered`` and ``diverted`` (target, dead letters). Tables are
made of them first: ``matched`` and ``parted`` for what arrived, ``absent`` for the rest, and why.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple

from federation.mapping.times import HEADER, TimeLimits
from federation.verify.ledger import (
    DEAD,
    FILTERED,
    OFFSET_BITS,
    RECORD,
    TOMBSTONE,
    Ledger,
    split,
)
from federation.verify.model import BUCKET_MS, Balance, Bucket

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_UNLIMITED = TimeLimits()
_BLOCK = re.compile(r"^-- @(\w+) ?(\w*)( in dead letters)?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the stream promises beyond the mapping.

    Attributes:
        window_ms: within it one event passes once; None without deduplication.
        target_compacted: the target keeps only the last record of a key.
        times: which timestamps the target takes and keeps.
        limits: per source partition, by number: first offset, the one behind the last, and whether
            the topic keeps only the last record of a key.
    """

    window_ms: int | None = None
    target_compacted: bool = False
    limits: tuple[tuple[int, int, bool], ...] = ()
    times: TimeLimits = _UNLIMITED

    def clamped(self, own: int, given: int | None) -> bool | None:
        """Whether a record that was written at ``given`` had to get that time; None if not told."""
        return None if given is None else self.times.clamps(own, given)

    def stray(self, source: int | None) -> str:
        """Why a source was not read: ``foreign``, ``outside`` the scope or ``compacted``."""
        if source is None or source < 0:
            return "foreign"
        part, offset = split(source)
        start, end, compacted = self.limits[part]
        return "outside" if not start <= offset < end else "compacted" if compacted else "foreign"


class Raw(NamedTuple):
    """A difference as numbers: see :mod:`federation.verify.ledger` for what they mean.

    ``also`` has the ids (by comma) of further source records of a lost event.
    """

    kind: str
    dead: bool
    id: int | None
    tid: int | None
    other_id: int | None = None
    other_tid: int | None = None
    detail: str = ""
    also: str | None = None


class Comparison:
    """The two sides of a full ledger, compared."""

    def __init__(self, ledger: Ledger, rules: Rules) -> None:
        self._db = ledger.db
        self._values = {
            "RECORD": RECORD, "TOMBSTONE": TOMBSTONE, "DEAD": DEAD, "FILTERED": FILTERED,
            "BITS": OFFSET_BITS, "BUCKET": BUCKET_MS, "compacted": rules.target_compacted,
            # without deduplication there are no event digests, and the window is never looked at
            "window": rules.window_ms or 0,
        }  # fmt: skip
        self._db.create_function("stray", 1, rules.stray, deterministic=True)
        self._db.create_function("clamped", 2, rules.clamped, deterministic=True)
        if self._db.execute("SELECT EXISTS (SELECT 1 FROM carried)").fetchone()[0]:
            self._all("routes")
        else:
            self._db.execute("CREATE TABLE chosen(origin INTEGER PRIMARY KEY, id INT)")
        if rules.target_compacted:
            self._db.execute("CREATE INDEX delivered_key ON delivered(key)")
        self._all("arrivals")
        self._all("absences")
        self._strays = {why: (target, dead) for why, target, dead in self._all("strays")}

    def differences(self) -> Iterator[Raw]:
        """Every difference, kind by kind, in the order of the source or the target."""
        for name, kind, dead, statements in _blocks():
            if name == "difference":
                for row in self._db.execute(statements[0], self._values):
                    yield Raw(kind, dead, *row)

    def fill(self, balances: Sequence[Balance]) -> None:
        """Enter the counts into the balances, which stand in the order of their numbers."""
        for part, start, fate, count in self._all("fates"):
            balance = balances[part]
            if not balance.buckets or balance.buckets[-1].start_ms != start:
                balance.buckets.append(Bucket(start))
            for books in (balance, balance.buckets[-1]):
                for column in ("read", fate):
                    setattr(books, column, getattr(books, column) + count)
        for part, why, count in self._all("reasons"):
            balances[part].dead_reasons[why] = count
        for part, count in self._all("unproven"):
            balances[part].unproven = count

    def notes(self) -> Iterator[str]:
        """What limits the proof."""
        if count := self._all("compacted")[0][0]:
            yield (
                f"{count:,} records are not in the target, which is compacted and has another "
                "record of their key"
            )
        if count := self._all("clamped")[0][0]:
            yield (
                f"{count:,} records have the time of writing, and their own in {HEADER}: the "
                "target would have refused them, or deleted them at once"
            )
        if count := sum(self._strays.get("outside", ())):
            yield f"{count:,} records of the target are of source records outside what was read"
        if count := sum(self._strays.get("compacted", ())):
            yield f"{count:,} records of the target are of source records that compaction removed"

    def counts(self) -> tuple[int, int]:
        """Records in the target and in the dead letters, without those outside the scope."""
        ((target, dead),) = self._all("totals")
        outside = self._strays.get("outside", (0, 0))
        return target - outside[0], dead - outside[1]

    def _all(self, wanted: str) -> list[Any]:
        """Run a block; the rows of its last statement."""
        statements = next(found for name, _, _, found in _blocks() if name == wanted)
        return [self._db.execute(one, self._values).fetchall() for one in statements][-1]


@cache
def _blocks() -> tuple[tuple[str, str, bool, tuple[str, ...]], ...]:
    """The blocks of ``compare.sql``: name, kind, whether of dead letters, statements."""
    text = resources.files(__package__).joinpath("compare.sql").read_text("utf-8")
    _, *parts = _BLOCK.split(text)
    return tuple(
        (name, kind, bool(dead), tuple(one for one in body.split(";\n") if one.strip()))
        for name, kind, dead, body in zip(*[iter(parts)] * 4, strict=True)
    )
