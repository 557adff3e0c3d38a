"""The gateway and its rivals on the same work, in turns: ``make bench ARGS='--help'``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).parent))  # a folder of scripts, no package

import measure
import report
from contenders import CONTENDERS
from workload import load, workloads

from federation.sandbox import Sandbox

ROOT = Path(__file__).parents[2]


@click.command(context_settings={"show_default": True})
@click.option("--workload", default="baseline", type=click.Choice(sorted(workloads(1))))
@click.option("--records", default=1_500_000, help="Records in each of the two source clusters.")
@click.option("--rounds", default=3, help="Every contender runs once in each.")
@click.option(
    "--contenders", default=",".join(CONTENDERS), help="Who runs, in this order in each round."
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=ROOT / ".federation" / "bench",
    help="Brokers, loaded topics and results; kept, so that the next run need not load.",
)
def main(workload: str, records: int, rounds: int, contenders: str, folder: Path) -> None:
    """Run the gateway and its rivals in turns, check their output, compare their rates.

    A run whose output is wrong is an error and no figure. Results: a table here, and JSON and PNG
    in the folder.
    """
    chosen = workloads(records)[workload]
    names = contenders.split(",")
    if unknown := set(names) - set(CONTENDERS):
        raise click.BadParameter(
            f"unknown: {', '.join(sorted(unknown))}", param_hint="--contenders"
        )
    folder.mkdir(parents=True, exist_ok=True)
    box = Sandbox(folder / "clusters")
    _say("starting three clusters")
    box.up()
    try:
        env = box.env()
        _say(f"loading {chosen.says}")
        loaded = load(chosen, env, folder)
        _say(f"{loaded.records:,} records of {loaded.distinct:,} orders")
        runs = []
        for number in range(1, rounds + 1):
            for name in names:
                runs.append(measure.run(CONTENDERS[name], number, loaded, env))
                done = runs[-1]
                _say(
                    f"round {number} {name}: {done.whole:,.0f}/s whole, {done.steady:,.0f}/s steady, "
                    f"{done.cpu:.1f} CPU s per million, {done.memory / 1e6:,.0f} MB"
                )
    finally:
        box.down()
    click.echo("\n".join(report.table(runs)))
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"],  # noqa: S607 - the git of whoever measures
        *(), cwd=ROOT, capture_output=True, text=True, check=False,
    ).stdout.strip()  # fmt: skip
    result = folder / f"{workload}.json"
    result.write_text(report.document(runs, workload=workload, records=records, commit=commit))
    report.plot(
        runs, result.with_suffix(".png"), f"{workload}: {loaded.records / 1e6:g} million records"
    )
    _say(f"{result} and .png")


def _say(line: str) -> None:
    click.echo(line, err=True)


if __name__ == "__main__":
    main()
