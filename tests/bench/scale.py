"""The gateway's rate against tasks, sources, streams and partitions: ``make scale ARGS='--help'``.

Each curve changes one thing and keeps the rest, the number of records in all included. The output of
each run is checked like that of any contender.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import click

sys.path.insert(0, str(Path(__file__).parent))  # a folder of scripts, no package

import gateway
import report
from check import check
from clusters import clusters
from load import load
from measure import tidy, watched
from rates import steady, whole
from workloads.orders import orders

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from workload import Workload

ROOT = Path(__file__).parents[2]
CURVES = {
    "parallelism": (1, 2),
    "sources": (1, 5, 10, 20),
    "streams": (1, 2, 5, 10),
    "partitions": (1, 10, 50, 200),
    "task_managers": (0, 1, 2),
}
USUAL = {"parallelism": 2, "sources": 2, "streams": 1, "partitions": 4, "task_managers": 0}
# Streams start one after another: the last one's start has to be short beside the rest of the run.
TIMES = {"streams": 3}
_SAID = {
    "parallelism": "tasks of the stream",
    "sources": "sources of the stream",
    "streams": "streams, two sources each",
    "partitions": "partitions of each topic",
    "task_managers": "TaskManagers of their own; 0: one JVM",
}


@click.command(context_settings={"show_default": True})
@click.option("--records", default=3_000_000, help="In all sources of a run; thrice for streams.")
@click.option("--rounds", default=1, help="Every point is measured once in each.")
@click.option("--curves", default=",".join(CURVES), help="Which; others in the folder are kept.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=ROOT / ".federation" / "bench",
    help="Brokers, loaded topics and results; kept, so that the next run need not load.",
)
def main(records: int, rounds: int, curves: str, folder: Path) -> None:
    """Measure the gateway's steady rate at each point of the curves, check its output."""
    chosen = curves.split(",")
    if unknown := set(chosen) - set(CURVES):
        raise click.BadParameter(f"unknown: {', '.join(sorted(unknown))}", param_hint="--curves")
    wanted = [(curve, value) for curve in chosen for value in CURVES[curve]]
    result = folder / "scale.json"
    known = json.loads(result.read_text())["points"] if result.exists() else []
    points = [one for one in known if one["curve"] not in chosen]
    with clusters(folder) as env:
        for number in range(1, rounds + 1):
            for curve, value in wanted:
                point = {"curve": curve, "value": value, "round": number}
                points.append({**point, **_measured(curve, value, records, env, folder)})
                click.echo(json.dumps(points[-1]), err=True)
                found = {"machine": report.machine(), "points": points}
                result.write_text(json.dumps(found, indent=1))
    plot(points, result.with_suffix(".png"))
    click.echo("\n".join(table(points)))
    click.echo(f"{result} and .png", err=True)


def layout(curve: str, value: int, records: int) -> tuple[list[Workload], dict[str, int]]:
    """The streams of a point, and how they run."""
    shape = {**USUAL, curve: value}
    streams, sources, partitions = shape["streams"], shape["sources"], shape["partitions"]
    each = records * TIMES.get(curve, 1) // (streams * sources)
    data = f"scale-{streams}-{sources}-{partitions}-{each}"
    return [
        orders(
            f"stream{number}",
            "orders",
            data=f"{data}-{number}",
            sources=sources,
            records=each,
            partitions=partitions,
            target=f"bench.unified.{number}",
        )
        for number in range(streams)
    ], {name: shape[name] for name in ("parallelism", "task_managers") if shape[name]}


def _measured(
    curve: str, value: int, records: int, env: Mapping[str, str], folder: Path
) -> dict[str, Any]:
    streams, run = layout(curve, value, records)
    for one in streams:
        load(one, one.sources, env, folder)
    topics, partitions = [one.target for one in streams], streams[0].partitions
    tidy(env, topics, partitions)
    read, written = sum(one.read for one in streams), sum(one.written() for one in streams)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        work = Path(name)
        command = gateway.command(work, streams, "--until-caught-up", **run)
        seen = watched(command, work, env, topics=topics, partitions=partitions, expected=written)
    for one in streams:
        check(f"{curve} {value}", one, (one.target,), env, mirrored=False)
    return {
        "records": read,
        "steady": steady(seen.samples, read),
        "whole": whole(seen.samples, read, written),
        "cpu": seen.cpu / read * 1e6,
        "memory": seen.memory,
        "commit": report.commit(ROOT),
    }


def table(points: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    """A Markdown table: medians of the rounds, curve by curve."""
    yield "| | | records/s, steady | records/s, whole run | CPU s per million | peak memory, MB |"
    yield "|---|---|---|---|---|---|"
    for curve, values in CURVES.items():
        for value in values:
            same = [one for one in points if (one["curve"], one["value"]) == (curve, value)]
            if same:
                rates = (
                    f"{median(one[kind] for one in same):,.0f}" for kind in ("steady", "whole")
                )
                cpu, memory = median(one["cpu"] for one in same), max(one["memory"] for one in same)
                cells = (_SAID[curve], str(value), *rates, f"{cpu:.1f}", f"{memory / 1e6:,.0f}")
                yield f"| {' | '.join(cells)} |"


def plot(points: Sequence[Mapping[str, Any]], path: Path) -> None:
    """A panel for each curve: a dot for each run, a line through their medians."""
    from matplotlib import pyplot as plt  # noqa: PLC0415 - an extra, and slow to load

    figure, panels = plt.subplots(2, 3, figsize=(12, 6), sharey=True, layout="constrained")
    panels.flat[len(CURVES)].axis("off")
    for axes, (curve, values) in zip(panels.flat, CURVES.items(), strict=False):
        rates = {
            at: [
                one["steady"] / 1000
                for one in points
                if (one["curve"], one["value"]) == (curve, value)
            ]
            for at, value in enumerate(values)
        }
        measured = {at: each for at, each in rates.items() if each}
        axes.plot(list(measured), [median(each) for each in measured.values()], color="C0")
        for at, each in measured.items():
            axes.plot([at] * len(each), each, "o", color="C0")
        axes.set_xticks(range(len(values)), [str(value) for value in values])
        axes.set(xlabel=_SAID[curve], ylim=(0, None))
        axes.grid(alpha=0.3)
    figure.supylabel("thousand records/s, steady")
    figure.savefig(path, dpi=110)
    plt.close(figure)


if __name__ == "__main__":
    main()
