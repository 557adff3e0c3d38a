"""Random faults on real brokers, run after run; each judged by who shares no code with the gateway.

``make campaign N=300`` goes on where the ledger ends; ``make campaign SEED=17`` repeats one run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING

import click

sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))

import ledger
from run import run
from streams import clusters, compile_once
from window import impatient_brokers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from federation.sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[2]


@click.command()
@click.option("--runs", default=300, show_default=True, help="How many the ledger shall have.")
@click.option(
    "--seed", type=int, help="Repeat the run of this seed only, and print its line of the ledger."
)
@click.option(
    "--ledger",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    default=ROOT / "docs" / "reliability" / "ledger.jsonl",
    help="Where runs are written down, and counted.",
)
@click.option(
    "--jobs", default=1, show_default=True, help="Runs at once, on clusters of their own."
)
@click.option("--summary", is_flag=True, help="Only say what the ledger says.")
def main(runs: int, seed: int | None, path: Path, jobs: int, *, summary: bool) -> None:
    """Run random schedules of faults until the ledger holds so many runs."""
    lines = ledger.read(path)
    if summary:
        click.echo(ledger.summary(lines), nl=False)
        return
    done = {line["seed"] for line in lines}
    seeds = [seed] if seed is not None else [one for one in range(1, runs + 1) if one not in done]
    compile_once()
    campaign = Campaign(None if seed is not None else path)
    with impatient_brokers(), ThreadPoolExecutor(jobs) as pool:
        try:
            bad = sum(pool.map(campaign.share, [iter(seeds)] * jobs))
        except KeyboardInterrupt:
            campaign.stop.set()
            click.echo(
                "interrupted: the runs under way end, the ledger goes on from there", err=True
            )
            bad = 0
    raise SystemExit(1 if bad else 0)


class Campaign:
    """The runs of one call; each worker has clusters of its own."""

    def __init__(self, path: Path | None) -> None:
        self.stop = Event()
        self._path = path
        self._folder = Path(tempfile.mkdtemp(prefix="campaign-"))
        self._turn = Lock()

    def share(self, seeds: Iterator[int]) -> int:
        """Take seeds from those that all workers share until there are none; how many went wrong."""
        bad = 0
        with clusters(Path(tempfile.mkdtemp(prefix="sandbox-", dir=self._folder))) as box:
            while not self.stop.is_set():
                with self._turn:
                    seed = next(seeds, None)
                if seed is None:
                    break
                bad += self._one(box, seed)
        return bad

    def _one(self, box: Sandbox, seed: int) -> bool:
        folder = self._folder / f"run-{seed}"
        outcome = run(box, folder, seed)
        what = ", ".join(fault.name for fault in outcome.faults)
        word = " ".join(outcome.words) or "ok"
        with self._turn:
            click.echo(f"{seed:5} {word:6} {outcome.seconds:6.1f} s {outcome.records:7,}  {what}")
            if outcome.words:
                click.echo(f"      {folder}: {outcome.why[:600]}", err=True)
            if self._path is None:
                click.echo(ledger.line(outcome, _commit()))
            else:
                ledger.append(self._path, outcome, _commit())
        if not outcome.words:
            shutil.rmtree(folder)
        return bool(outcome.words)


def _commit() -> str:
    git = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--exclude", "*"]
    said = subprocess.run(git, capture_output=True, text=True, check=False, env=os.environ)
    return said.stdout.strip() or "unknown"


if __name__ == "__main__":
    main()
