"""``federation stop``: end a running federation with savepoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from federation.cli.output import config_option, emit, output_option, stderr

if TYPE_CHECKING:
    from pathlib import Path


_EXAMPLES = """\b
Examples:
  federation stop -c orders.yaml
  federation stop -c orders.yaml -o json | jq .savepoints
"""


@click.command(epilog=_EXAMPLES)
@config_option
@output_option
def stop(config: Path, output: str) -> None:
    """Stop the running gateway of a configuration; each stream writes a savepoint.

    The next start goes on from there. Stopping what does not run is no error.
    """
    from federation.config.paths import find_state
    from federation.run.detached import stop as end
    from federation.run.store import Store

    console = stderr()
    with console.status("stopping") as waiting:
        last = end(Store(find_state(config)), say=waiting.update)
    if last is None:
        emit({"stopped": False}, output, lambda _: "nothing runs")
        return
    savepoints = {stream["name"]: stream["savepoint"] for stream in last["streams"]}
    emit(
        {"stopped": True, "savepoints": savepoints},
        output,
        lambda _: [
            f"{name}: stopped, {path or 'no savepoint'}" for name, path in savepoints.items()
        ],
    )
