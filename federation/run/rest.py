"""Flink's REST API, as far as a gateway needs it: state, checkpoints, counters, root causes."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from federation.flink.endpoint import Endpoint

# Flink puts the operator's name before a counter's own; the number is the source's in the plan.
_OURS = re.compile(
    r"\.((?:recordsRead|recordsFiltered|recordsLooped|tombstonesDropped|deadLetters|forgottenEarly|timestampsClamped)"
    r"|(?:duplicates|transportDuplicates)_\d+)$"
)

# Gauges whose value is a JSON array; each reading task has its own.
_TOLD = re.compile(r"\.federation\.(troubles|schemaChanges)$")
_LONGEST = 3_000  # bytes of names in a request; Flink reads 4,096 of its first line
_LIST_EVERY = 10  # looks; a task's counters appear one after the other while it starts


class FlinkRest:
    """One job's view of a Flink REST endpoint."""

    def __init__(self, endpoint: Endpoint, job_id: str) -> None:
        self._http = endpoint.client(f"/jobs/{job_id}")
        self._ids: dict[str, list[str]] = {}
        self._looks: Counter[str] = Counter()

    def job(self) -> dict[str, Any]:
        """State, times and vertices.

        Raises:
            httpx.HTTPError: Flink does not answer (any method may).
        """
        return self._get("")

    def checkpoints(self) -> dict[str, Any]:
        """Counts and the latest of each kind."""
        return self._get("/checkpoints")

    def root_cause(self) -> str:
        """The newest exception's first lines, or nothing."""
        history = self._get("/exceptions").get("exceptionHistory", {}).get("entries", [])
        return _cause(history[0].get("stacktrace", "")) if history else ""

    def counters(self, vertex: str) -> dict[str, int]:
        """Sums over all subtasks of our own counters in a vertex, by their names."""
        path = f"/vertices/{vertex}/subtasks/metrics"
        counts: Counter[str] = Counter()
        # Two operators of a vertex may count the same.
        for one in self._values(path, self._names(path, _OURS), agg="sum"):
            counts[_OURS.search(one["id"])[1]] += int(one["sum"])  # type: ignore[index] # asked for by this pattern
        return counts

    def told(self, vertex: str) -> dict[str, list[dict[str, Any]]]:
        """What the tasks of a vertex say in words, all tasks together, by the gauge's name."""
        path = f"/vertices/{vertex}/metrics"
        found: dict[str, list[dict[str, Any]]] = {}
        for one in self._values(path, self._names(path, _TOLD)):
            name = _TOLD.search(one["id"])[1]  # type: ignore[index] # asked for by this pattern
            found.setdefault(name, []).extend(json.loads(one["value"]))
        return found

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _names(self, path: str, wanted: re.Pattern[str]) -> list[str]:
        """The full names of the wanted metrics that there are."""
        if not self._ids.get(path) or self._looks[path] % _LIST_EVERY == 0:
            listed = self._http.get(path).raise_for_status().json()
            self._ids[path] = [m["id"] for m in listed if wanted.search(m["id"])]
        self._looks[path] += 1
        return self._ids[path]

    def _values(self, path: str, names: Sequence[str], **how: str) -> Iterator[dict[str, Any]]:
        """Metrics by their names, which grow with tasks: in as many requests as that takes."""
        for some in _parts(names):
            answer = self._http.get(path, params={"get": ",".join(some), **how})
            yield from answer.raise_for_status().json()

    def _get(self, path: str) -> dict[str, Any]:
        answer: dict[str, Any] = self._http.get(path).raise_for_status().json()
        return answer


def _parts(names: Sequence[str]) -> Iterator[list[str]]:
    part: list[str] = []
    length = 0
    for name in names:
        size = len(quote(name, safe="")) + 3  # a comma, as it is sent
        if part and length + size > _LONGEST:
            yield part
            part, length = [], 0
        part.append(name)
        length += size
    if part:
        yield part


def _cause(stacktrace: str) -> str:
    """The innermost cause of a Java stack trace, without its frames."""
    lines = [line.strip() for line in stacktrace.splitlines()]
    causes = [line for line in lines if line and not line.startswith(("at ", "..."))]
    return causes[-1].removeprefix("Caused by: ") if causes else ""
