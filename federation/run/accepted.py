"""Gaps in the sources: offsets that are gone before they were read, and leave to go without them.

A partition with a gap is held until somebody agrees to just that range. What was agreed is a line
of ``accepted.jsonl`` in the stream's folder, which the reading tasks look at (``Accepted.java``).
"""

from __future__ import annotations

import getpass
import os
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from federation.errors import JobError
from federation.run.status import Accepted, Gap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from federation.run.store import Store


@dataclass(frozen=True, slots=True)
class Waiting:
    """A gap that holds a partition of a stream's source."""

    stream: str
    cluster: str
    cluster_id: str
    gap: Gap

    @property
    def name(self) -> str:
        """What it is called on the command line."""
        gap = self.gap
        place = f"{self.stream}/{self.cluster}/{gap.topic}/{gap.partition}"
        return f"{place}@{gap.first}-{gap.last}"

    def plain(self) -> dict[str, Any]:
        """Plain values."""
        where = {"stream": self.stream, "cluster": self.cluster, "cluster_id": self.cluster_id}
        return {"name": self.name, **where, **asdict(self.gap)}


def waiting(status: Mapping[str, Any] | None) -> Iterator[Waiting]:
    """The gaps that the gateway has last said to wait for an operator."""
    for stream in status["streams"] if status else ():
        for source in stream["sources"]:
            for trouble in source["troubles"]:
                if trouble.get("gap"):
                    gap = Gap(**trouble["gap"])
                    yield Waiting(stream["name"], source["cluster"], source["cluster_id"], gap)


def accept(store: Store, names: Iterable[str]) -> list[Waiting]:
    """Agree to gaps; the gateway goes on behind them, now or when it next runs.

    Raises:
        JobError: no such gap waits; then none of the others is accepted either.
    """
    there = {one.name: one for one in waiting(store.read_status())}
    wanted = list(dict.fromkeys(names))
    for name in wanted:
        if name not in there:
            raise JobError(
                f"no gap {name} waits to be accepted",
                hint=f"there are: {', '.join(there)}" if there else "federation status shows gaps",
            )
    for name in wanted:
        one = there[name]
        gap = asdict(one.gap)
        entry = Accepted(time.time(), _user(), one.cluster, one.cluster_id, **gap)
        store.accepted(one.stream).add(asdict(entry))
    return [there[name] for name in wanted]


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have a number and no name
        return str(os.getuid())


def accepted(store: Store, stream: str) -> tuple[Accepted, ...]:
    """What was ever agreed to for a stream, oldest first."""
    return tuple(Accepted(**one) for one in store.accepted(stream).entries())
