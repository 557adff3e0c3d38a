"""The ledger: one row per record read, on disk, so that memory does not grow with the stream.

Records become numbers. A source record's *id* is its partition's number in the scope and its
offset; a target's *tid* is its partition and offset; keys, values, headers and identities are
64-bit digests. Digests that differ are a suspicion, which is confirmed from the records themselves;
digests that agree by chance would hide one difference in 2^64. What SQLite sorts it sorts on disk.
"""

from __future__ import annotations

import sqlite3
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import Self

OFFSET_BITS = 44
"""A number holds a partition above this many bits of offset: 17 trillion records a partition."""
_OFFSETS = (1 << OFFSET_BITS) - 1

RECORD, TOMBSTONE, DEAD, FILTERED = range(4)
"""What should become of a source record."""

_SCHEMA = """
CREATE TABLE expected (id INTEGER PRIMARY KEY, outcome INT, key INT, value INT, event INT,
                       headers INT, ts INT, why TEXT);
CREATE TABLE carried  (origin INT, id INT);
CREATE TABLE delivered(tid INTEGER PRIMARY KEY, source INT, key INT, value INT, headers INT, ts INT,
                       placed INT, own INT);
CREATE TABLE diverted (did INTEGER PRIMARY KEY, source INT, value INT, headers INT, why TEXT);
"""


def number(partition: int, offset: int) -> int:
    """One number for a place; partitions are numbered by the caller."""
    return partition << OFFSET_BITS | offset


def split(place: int) -> tuple[int, int]:
    """Partition and offset of a number."""
    return place >> OFFSET_BITS, place & _OFFSETS


def digest(*parts: bytes | None) -> int:
    """64 bits, signed, of some byte strings; None differs from empty, and so do other splits."""
    if len(parts) == 1 and parts[0] is not None:
        made = blake2b(parts[0], digest_size=8)
    else:
        made = blake2b(digest_size=8)
        for part in parts:
            made.update(b"-" if part is None else b"%d:" % len(part) + part)
    return int.from_bytes(made.digest(), "little", signed=True)


class Expected(NamedTuple):
    """A source record and what should become of it.

    Attributes:
        id: its place, see :func:`number`.
        outcome: ``RECORD``, ``TOMBSTONE``, ``DEAD`` or ``FILTERED``.
        key: digest of the target key; for a dead letter None.
        value: digest of the target value without its frame; for a dead letter of the raw record.
        event: digest of what deduplication compares; None if it is never a duplicate of another.
        headers: digest of the headers to be kept.
        ts: record timestamp in milliseconds.
        why: ``stage/reason`` of a dead letter, else None.
    """

    id: int
    outcome: int
    key: int | None
    value: int | None
    event: int | None
    headers: int | None
    ts: int
    why: str | None = None


class Delivered(NamedTuple):
    """A target record: where it says that it comes from, and what it holds.

    Attributes:
        tid: its place in the target topic.
        source: the source's place; negative for an origin outside the stream's own topics; None
            where no origin can be read.
        key: digest of the key without its frame.
        value: digest of the value without its frame; None for a tombstone.
        headers: digest of the headers without the origin and that one.
        ts: timestamp in milliseconds; None where the broker gives its own time.
        placed: 1 if it lies in the partition of its key.
        own: the source record's timestamp, as a header says where it was given another; else None.
    """

    tid: int
    source: int | None
    key: int
    value: int | None
    headers: int
    ts: int | None
    placed: int
    own: int | None = None


class Diverted(NamedTuple):
    """A dead letter; attributes as of :class:`Delivered`, and ``why`` as its headers say."""

    did: int
    source: int | None
    value: int
    headers: int
    why: str


class Ledger:
    """The database of one verification, in a folder that is removed with it."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = TemporaryDirectory(prefix="federation-verify-", dir=folder)
        self.db = sqlite3.connect(Path(self._folder.name, "ledger"), isolation_level=None)
        self.db.executescript(
            # a ledger is never reopened: it needs no journal and no flush to disk
            "PRAGMA page_size=8192; PRAGMA cache_size=-65536; PRAGMA temp_store=FILE;"
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE;"
            + _SCHEMA
        )

    def expect(self, rows: Iterable[Expected], carried: Iterable[tuple[int, int]] = ()) -> None:
        """Add source records; ``carried`` are origins that some of them brought along, with ids."""
        self._add("expected", 8, rows)
        self._add("carried", 2, carried)

    def deliver(self, rows: Iterable[Delivered]) -> None:
        """Add target records."""
        self._add("delivered", 8, rows)

    def divert(self, rows: Iterable[Diverted]) -> None:
        """Add dead letters."""
        self._add("diverted", 5, rows)

    def _add(self, table: str, width: int, rows: Iterable[tuple[object, ...]]) -> None:
        self.db.execute("BEGIN")
        marks = ",".join("?" * width)
        self.db.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 - our own names
        self.db.execute("COMMIT")

    def close(self) -> None:
        """Remove it."""
        self.db.close()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
