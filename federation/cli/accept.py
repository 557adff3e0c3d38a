"""``federation accept``: the leave to go without source records that are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from federation.cli.output import config_option, emit, output_option

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rich.console import RenderableType

    from federation.run.accepted import Waiting

_EXAMPLES = """\b
Examples:
  federation accept -c orders.yaml
  federation accept -c orders.yaml orders/eu/orders/3@120-449
"""


@click.command(epilog=_EXAMPLES)
@config_option
@output_option
@click.argument("gaps", metavar="[STREAM/CLUSTER/TOPIC/PARTITION@FIRST-LAST]...", nargs=-1)
def accept(config: Path, output: str, gaps: tuple[str, ...]) -> None:
    """List the gaps that hold source partitions, or accept some and go on behind them.

    A gap is a range of offsets that is gone (by retention, or because records were deleted) before
    the stream has read it. Its partition is held until that very range is accepted: its records
    will never be in the target. Who accepted it, and when, is kept with the stream's state and
    shown by status. A running gateway goes on within a second.
    """
    from federation.config.paths import find_state
    from federation.run.accepted import accept as agree
    from federation.run.accepted import waiting
    from federation.run.store import Store

    store = Store(find_state(config))
    found = agree(store, gaps) if gaps else list(waiting(store.read_status()))
    emit([one.plain() for one in found], output, lambda _: _shown(found, done=bool(gaps)))


def _shown(found: list[Waiting], *, done: bool) -> Iterator[RenderableType]:
    from rich.text import Text

    if not found:
        yield "no gap waits to be accepted"
    for one in found:
        count = one.gap.last - one.gap.first + 1
        what = f"accepted: {count:,} offsets will not be read" if done else f"{count:,} offsets"
        yield Text.assemble((one.name, "bold"), f"  {what}")
