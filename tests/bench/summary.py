"""All workloads that were measured, a row each, as Markdown: ``python tests/bench/summary.py``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

sys.path.insert(0, str(Path(__file__).parent))  # a folder of scripts, no package

from contenders import CONTENDERS
from rates import ratio
from report import OURS, spread
from workloads import WORKLOADS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@click.command(context_settings={"show_default": True})
@click.option(
    "--folder",
    type=click.Path(path_type=Path, exists=True),
    default=Path(__file__).parents[2] / ".federation" / "bench",
    help="Where the benchmark left its results.",
)
def main(folder: Path) -> None:
    """Print the gateway's steady rate for each workload, and its ratio to each rival's."""
    found = {name: folder / f"{name}.json" for name in WORKLOADS}
    results = {
        name: json.loads(path.read_text())["runs"] for name, path in found.items() if path.exists()
    }
    click.echo("\n".join(rows(results)))


def rows(results: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterable[str]:
    """A Markdown table of the runs of each workload; medians, and in brackets least and most."""
    rivals = [name for name in CONTENDERS if name != OURS]
    yield f"| | gateway, records/s | {' | '.join(f'by {name}' for name in rivals)} |"
    yield f"|---{'|---' * (len(rivals) + 1)}|"
    for workload, runs in results.items():
        rates = {
            name: [run["steady"] for run in runs if run["contender"] == name] for name in CONTENDERS
        }
        ours = rates.pop(OURS)
        if ours:
            compared = (
                str(ratio(ours, theirs)) if len(theirs) == len(ours) else ""
                for theirs in rates.values()
            )
            yield f"| `{workload}` | {spread(ours)} | {' | '.join(compared)} |"


if __name__ == "__main__":
    main()
