"""``federation start``: run the streams of a configuration."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from federation.cli.output import config_option, emit, output_option, print_findings, stderr

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from federation.plan.model import Plan


_EXAMPLES = """\b
Examples:
  federation start -c orders.yaml
  federation start -c orders.yaml --detach
  federation start -c orders.yaml --until-caught-up -o json
"""


@click.command(epilog=_EXAMPLES)
@config_option
@output_option
@click.option("--detach", is_flag=True, help="Run in the background and give the prompt back.")
@click.option(
    "--until-caught-up",
    is_flag=True,
    help="Stop by itself when everything that was in the sources at the start is committed.",
)
@click.option(
    "--fresh",
    is_flag=True,
    help="Begin anew, without earlier state: everything is read and written again.",
)
def start(config: Path, output: str, *, detach: bool, until_caught_up: bool, fresh: bool) -> None:
    """Run every stream: one Flink job each, on this machine.

    Goes on from the last checkpoint or savepoint by itself. On a terminal it shows a live view;
    elsewhere it logs JSON lines. Ctrl-C stops with a savepoint.
    """
    from federation.cli.plan import compile_loaded
    from federation.config.load import load

    loaded = load(config)
    plan = compile_loaded(loaded, keep=True, anew=fresh)
    print_findings(plan.warnings)
    if detach:
        _detach(config, plan, output, fresh=fresh, until_caught_up=until_caught_up)
        return
    from federation.cli.live import View, summary
    from federation.run.gateway import run

    with _stop_on_signals() as stop, View(stderr()) as view:
        last = run(
            loaded, plan, stop, view.show,
            until_caught_up=until_caught_up, fresh=fresh, say=view.say,
        )  # fmt: skip
    emit(last.to_dict(), output, lambda _: summary(last))


@contextmanager
def _stop_on_signals() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set; a second Ctrl-C ends at once."""
    stop = threading.Event()

    def on_signal(number: int, _: object) -> None:
        if stop.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.set()

    before = {n: signal.signal(n, on_signal) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _detach(config: Path, plan: Plan, output: str, *, fresh: bool, until_caught_up: bool) -> None:
    from federation.run.detached import launch

    options = ["--fresh"] * fresh + ["--until-caught-up"] * until_caught_up
    with stderr().status("starting in the background, about 20 s"):
        status = launch(plan, config, options)
    emit(
        status,
        output,
        lambda s: (
            f"{plan.federation} runs as process {s['pid']}; "
            f"federation status -c {config} shows it, federation stop -c {config} ends it"
        ),
    )
