"""``federation status``: what runs, and how far behind it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from federation.cli.output import config_option, emit, output_option

if TYPE_CHECKING:
    from pathlib import Path

_GOOD = {"RUNNING", "STOPPED", "FINISHED", "STARTING"}


_EXAMPLES = """\b
Examples:
  federation status -c orders.yaml
  federation status -c orders.yaml -o json
"""


@click.command(epilog=_EXAMPLES)
@config_option
@output_option
@click.pass_context
def status(ctx: click.Context, config: Path, output: str) -> None:
    """Show each stream's state, and lag, duplicates and dead letters per source.

    The state of the whole is that of its worst part. Exit code 1 when something is degraded,
    restarting, failed or dead.
    """
    from federation.cli.live import render
    from federation.config.paths import find_state
    from federation.run.detached import current
    from federation.run.store import Store

    found = current(Store(find_state(config)))
    if found is None:
        emit(
            {"state": "STOPPED", "streams": []}, output, lambda _: "this federation never ran here"
        )
        return
    emit(found, output, render)
    ctx.exit(0 if found["state"] in _GOOD else 1)
