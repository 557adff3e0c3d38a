"""The truth file: what was written where, and what the merged stream must make of it.

JSON lines, gzipped if the name ends in ``.gz``. The gateway never reads it. Each run of the seeder
begins with one line of its own::

    {"kind": "run", "domain": "orders", "seed": 1, "first": 0, "start": 1790000000000,
     "sources": {"eu": {"topic": "orders", "cluster_id": "…"}, …}}

Then follows one line for each record that a broker acknowledged, with the place it was given::

    {"cluster": "eu", "topic": "orders", "partition": 3, "offset": 17, "timestamp": 1790000000123,
     "key": "o-1-00000042", "headers": [["trace", "…"], …], "kind": "record",
     "event": "o-1-00000042", "value": {…the contract's fields…}}

    … "kind": "tombstone"}
    … "kind": "undecodable", "reason": "truncated"}

Lines of one source partition stand in the order of their offsets. From them follows, for any order
of arrival between clusters:

- of all records with one ``event`` exactly one is in the target, and it is the first of its source
  partition (the lowest offset) in one of the partitions that have it: its value, its headers, its
  timestamp, keyed by ``key``;
- every tombstone is in the target, as a null value keyed by ``key``;
- every undecodable record is a dead letter, and nothing else is;
- what came from one source partition stands, per key, in the order of the source.
"""

from __future__ import annotations

import gzip
import json
import shutil
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


def open_truth(path: Path, *, append: bool = False) -> IO[str]:
    """Open for writing; gzip's fastest level, for the producer must not wait for it."""
    mode = "at" if append else "wt"
    if path.suffix == ".gz":
        return gzip.open(path, mode, compresslevel=1, encoding="utf-8")  # type: ignore[return-value]  # text mode gives text
    return path.open(mode, encoding="utf-8")


def join(parts: Sequence[Path], path: Path) -> None:
    """Append the parts one behind the other (for gzip that is one file still) and delete them."""
    with path.open("ab") as target:
        for part in parts:
            with part.open("rb") as source:
                shutil.copyfileobj(source, target, 1 << 20)
            part.unlink()


def read_truth(path: Path) -> Iterator[dict[str, Any]]:
    """Every line of a truth file, in its order, without holding the file in memory."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
