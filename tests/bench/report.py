"""What the rounds say: a table, a JSON document and a plot."""

from __future__ import annotations

import json
import platform
import subprocess
from dataclasses import asdict
from statistics import median
from typing import TYPE_CHECKING, Any

import psutil
from rates import ratio

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from measure import Run

OURS = "gateway"


def by_contender(runs: Iterable[Run]) -> dict[str, list[Run]]:
    """Runs in rounds, for each contender in the order of its first run."""
    found: dict[str, list[Run]] = {}
    for run in runs:
        found.setdefault(run.contender, []).append(run)
    return found


def table(runs: Sequence[Run]) -> Iterator[str]:
    """A Markdown table: medians, and the gateway's rate by each rival's as ``median (least-most)``."""
    yield "| | records/s, whole run | records/s, steady | CPU s per million | peak memory, MB | gateway by it, whole | gateway by it, steady |"
    yield "|---|---|---|---|---|---|---|"
    grouped = by_contender(runs)
    ours = grouped.get(OURS)
    for name, theirs in grouped.items():
        compared = ["", ""]
        if ours and name != OURS and len(ours) == len(theirs):
            compared = [
                str(ratio([r.whole for r in ours], [r.whole for r in theirs])),
                str(ratio([r.steady for r in ours], [r.steady for r in theirs])),
            ]
        cells = [
            name,
            spread([r.whole for r in theirs]),
            spread([r.steady for r in theirs]),
            f"{median(r.cpu for r in theirs):.1f}",
            f"{max(r.memory for r in theirs) / 1e6:,.0f}",
            *compared,
        ]
        yield f"| {' | '.join(cells)} |"


def spread(values: Sequence[float]) -> str:
    """The median, and in brackets the least and the most."""
    low, high = min(values), max(values)
    return f"{median(values):,.0f} ({low:,.0f}\N{EN DASH}{high:,.0f})"


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "processors": psutil.cpu_count(),
        "memory": psutil.virtual_memory().total,
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def commit(root: Path) -> str:
    """What of the project was measured."""
    return subprocess.run(
        ["git", "describe", "--always", "--dirty"],  # noqa: S607 - the git of whoever measures
        *(), cwd=root, capture_output=True, text=True, check=False,
    ).stdout.strip()  # fmt: skip


def document(runs: Sequence[Run], **more: Any) -> str:
    """Everything, samples included, as JSON."""
    return json.dumps(
        {**more, "machine": machine(), "runs": [asdict(run) for run in runs]}, indent=1
    )


def plot(runs: Sequence[Run], path: Path, title: str) -> None:
    """Output over time, a line for each run, as a PNG."""
    from matplotlib import pyplot as plt  # noqa: PLC0415 - an extra, and slow to load

    figure, axes = plt.subplots(figsize=(9, 5), layout="constrained")
    for at, (name, theirs) in enumerate(by_contender(runs).items()):
        for run in theirs:
            label = f"{name}: {median(r.steady for r in theirs) / 1000:,.0f}k/s steady"
            axes.plot(
                [s.at for s in run.samples],
                [s.written / 1e6 for s in run.samples],
                color=f"C{at}",
                linewidth=1.2,
                label=label if run is theirs[0] else None,
            )
    axes.set(xlabel="seconds since start", ylabel="million records written", title=title)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    figure.savefig(path, dpi=110)
    plt.close(figure)
