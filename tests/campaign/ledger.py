"""The ledger of a campaign: one line of JSON a run, and what they say together."""

from __future__ import annotations

import json
import statistics
from collections import Counter, defaultdict
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from run import Outcome

BAD = ("LOST", "DUP", "ORDER", "DLQ", "CORRUPT", "COPY", "STUCK", "INFRA")


def read(path: Path) -> list[dict[str, Any]]:
    """The lines of a ledger; none where there is no file."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines() if line]


def append(path: Path, outcome: Outcome, commit: str) -> None:
    """Write a run down."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as out:
        out.write(line(outcome, commit) + "\n")


def line(outcome: Outcome, commit: str) -> str:
    """One run as it stands in the ledger."""
    return json.dumps({"commit": commit, **asdict(outcome)})


def summary(lines: list[dict[str, Any]]) -> str:
    """Markdown: all runs together, then fault by fault."""
    words = Counter(word for line in lines for word in line["words"])
    valid = [line for line in lines if "INFRA" not in line["words"]]
    good = sum(not line["words"] for line in valid)
    faults = [fault for line in valid for fault in line["faults"]]
    gaps = [gap for fault in faults for gap in fault["gaps"].values()]
    commits = list(dict.fromkeys(line["commit"] for line in lines))
    head = ["runs", "without a finding", "records", "faults", *BAD]
    row = [
        len(lines),
        good,
        f"{sum(line['records'] for line in valid):,}",
        len(faults),
        *(words[word] for word in BAD),
    ]
    text = [
        (
            f"Commits: {', '.join(commits)}. Seeds {min(line['seed'] for line in lines)} to "
            f"{max(line['seed'] for line in lines)}; "
            f"{sum(line['seconds'] for line in lines) / 3600:.1f} hours."
        ),
        "",
        _row(head),
        _row(["---"] * len(head)),
        _row(row),
        "",
        (
            f"Longest time without a record of a source that the fault does not touch: "
            f"{max(gaps, default=0):.1f} s (median {statistics.median(gaps or [0]):.1f} s, "
            f"{len(gaps)} measured)."
        ),
        "",
        _row(["fault", "times", "lasted, median s", "recovered, p50 s", "p95 s", "most s"]),
        _row(["---"] * 6),
    ]
    by_name: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for fault in faults:
        by_name[fault["name"]].append(fault)
    for name, found in sorted(by_name.items()):
        times = sorted(fault["recovered"] for fault in found)
        text.append(
            _row(
                [
                    name,
                    len(found),
                    f"{statistics.median(fault['lasted'] for fault in found):.1f}",
                    *(f"{_quantile(times, share):.1f}" for share in (0.5, 0.95, 1.0)),
                ]
            )
        )
    bad = [line for line in lines if line["words"]]
    text += ["", *(f"- seed {one['seed']}: {', '.join(one['words'])}" for one in bad)]
    return "\n".join(text).rstrip() + "\n"


def _quantile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _row(cells: list[Any]) -> str:
    return f"| {' | '.join(map(str, cells))} |"
