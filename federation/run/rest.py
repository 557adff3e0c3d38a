"""Flink's REST API, as far as a gateway needs it: state, checkpoints, counters, root causes."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from federation.flink.endpoint import Endpoint

# Flink puts the operator's name before a counter's own; the number is the source's in the plan.
_OURS = re.compile(
    r"\.((?:recordsRead|recordsFiltered|recordsLooped|tombstonesDropped|deadLetters|forgottenEarly|timestampsClamped)"
    r"|(?:duplicates|transportDuplicates)_\d+)$"
)

# Gauges whose value is a JSON array; each reading task has its own.
_TOLD = re.compile(r"\.federation\.(troubles|schemaChanges)$")
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
        names = self._names(path, _OURS)
        if not names:
            return {}
        found = self._http.get(path, params={"get": ",".join(names), "agg": "sum"})
        answer = found.raise_for_status().json()
        counts: Counter[str] = Counter()
        for one in answer:  # two operators of a vertex may count the same
            counts[_OURS.search(one["id"])[1]] += int(one["sum"])  # type: ignore[index] # asked for by this pattern
        return counts

    def told(self, vertex: str) -> dict[str, list[dict[str, Any]]]:
        """What the tasks of a vertex say in words, all tasks together, by the gauge's name."""
        path = f"/vertices/{vertex}/metrics"
        names = self._names(path, _TOLD)
        found: dict[str, list[dict[str, Any]]] = {}
        if names:
            answer = self._http.get(path, params={"get": ",".join(names)}).raise_for_status().json()
            for one in answer:
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

    def _get(self, path: str) -> dict[str, Any]:
        answer: dict[str, Any] = self._http.get(path).raise_for_status().json()
        return answer


def _cause(stacktrace: str) -> str:
    """The innermost cause of a Java stack trace, without its frames."""
    lines = [line.strip() for line in stacktrace.splitlines()]
    causes = [line for line in lines if line and not line.startswith(("at ", "..."))]
    return causes[-1].removeprefix("Caused by: ") if causes else ""
