"""The gateway and its rivals on the same work, in turns: ``make bench ARGS='--help'``."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).parent))  # a folder of scripts, no package

import measure
import report
from clusters import clusters
from contenders import CONTENDERS
from load import load
from workloads import WORKLOADS

ROOT = Path(__file__).parents[2]


@click.command(context_settings={"show_default": True})
@click.option("--workload", default="baseline", type=click.Choice(list(WORKLOADS)))
@click.option("--records", type=int, help="Records in each source; default: the workload's own.")
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
def main(workload: str, records: int | None, rounds: int, contenders: str, folder: Path) -> None:
    """Run the gateway and its rivals in turns, check their output, compare their rates.

    A run whose output is wrong is an error and no figure. Results: a table here, and JSON and PNG
    in the folder.
    """
    chosen = WORKLOADS[workload]
    if records:
        chosen = replace(chosen, records=records)
    names = contenders.split(",")
    if unknown := set(names) - set(CONTENDERS):
        raise click.BadParameter(
            f"unknown: {', '.join(sorted(unknown))}", param_hint="--contenders"
        )
    able = [CONTENDERS[name] for name in names if CONTENDERS[name].sources(chosen)]
    runs: list[measure.Run] = []
    with clusters(folder) as env:
        _say(f"loading {chosen.read:,} {chosen.says}")
        load(chosen, (source for one in able for source in one.sources(chosen)), env, folder)
        for number in range(1, rounds + 1):
            for one in able:
                done = measure.run(one, number, chosen, env)
                runs.append(done)
                _say(
                    f"round {number} {one.name}: {done.whole:,.0f}/s whole, {done.steady:,.0f}/s"
                    f" steady, {done.cpu:.1f} CPU s per million, {done.memory / 1e6:,.0f} MB"
                )
    click.echo("\n".join(report.table(runs)))
    said = {"workload": workload, "records": chosen.records, "commit": report.commit(ROOT)}
    result = folder / f"{workload}.json"
    result.write_text(report.document(runs, **said))
    title = f"{workload}: {chosen.read / 1e6:g} million {chosen.says}"
    report.plot(runs, result.with_suffix(".png"), title)
    for name in set(names) - {one.name for one in able}:
        _say(f"{name} cannot do this work")
    _say(f"{result} and .png")


def _say(line: str) -> None:
    click.echo(line, err=True)


if __name__ == "__main__":
    main()
