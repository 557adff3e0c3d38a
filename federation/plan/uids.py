"""Names under which Flink keeps an operator's state: made from what the operator reads, for ever.

A uid comes from the broker's cluster.id and topic names, never from an alias or a place in the
file, so that renaming an alias or reordering sources finds the state again. A change of a function
here orphans the state of every running stream; the tests hold the results as literals.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

DEDUPLICATE = "deduplicate"
SINK = "sink"


def source(cluster_id: str, topics: Iterable[str], pattern: str | None = None) -> str:
    """The uid of a source: its cluster, and its topics in any order or its pattern."""
    what = f"pattern\0{pattern}" if pattern is not None else "topics\0" + "\0".join(sorted(topics))
    return f"source-{_short(cluster_id, what)}"


def step(name: str, source_uid: str) -> str:
    """The uid of a step of a transform, behind a source; none of them keeps state."""
    return f"{name}-{source_uid.removeprefix('source-')}"


def transactional_prefix(federation: str, stream: str) -> str:
    """What the transactional ids of a stream's sink begin with; an ACL may name it."""
    return f"fed.{federation}.{stream}"


def _short(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:8]
