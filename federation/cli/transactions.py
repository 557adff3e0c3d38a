"""``federation transactions``: what holds back the readers of a target, and its end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from federation.cli.output import config_option, emit, output_option

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rich.console import RenderableType

    from federation.run.held import Held

_LIST = """\b
Examples:
  federation transactions list -c orders.yaml
  federation transactions list -c orders.yaml -o json | jq '.[] | select(.owner == "hanging")'
"""
_ABORT = """\b
Examples:
  federation transactions abort -c orders.yaml
  federation transactions abort -c orders.yaml fed.shop.orders.-0-3
"""


@click.group()
def transactions() -> None:
    """List, or end, the open transactions of the streams at their targets.

    Readers of committed records see nothing behind an open transaction. start ends what an earlier
    run left behind; this is for targets that have to be readable while nothing runs, and for
    transactions that hang.
    """


@transactions.command("list", epilog=_LIST)
@config_option
@output_option
def list_(config: Path, output: str) -> None:
    """Show each open transaction, since when, where, and whose it is.

    gateway: of the gateway that runs. checkpoint: the next start commits it. orphan: the next start
    aborts it. hanging: no coordinator knows of it, so nobody will ever end it.
    """
    from federation.config.load import load
    from federation.config.paths import find_state
    from federation.run.held import held
    from federation.run.store import Store

    found = [one for one, _ in held(load(config), Store(find_state(config)))]
    emit([one.plain() for one in found], output, lambda _: _shown(found, "no open transaction"))


@transactions.command(epilog=_ABORT)
@config_option
@output_option
@click.argument("names", metavar="[ID|PRODUCER]...", nargs=-1)
def abort(config: Path, output: str, names: tuple[str, ...]) -> None:
    """End transactions that are orphaned or hang: those named, or all of them.

    A hanging one has no id; it goes by its producer's number. What belongs to a running gateway or
    to the checkpoint that start goes on from is not touched.
    """
    from federation.config.load import load
    from federation.config.paths import find_state
    from federation.run.held import abort as end
    from federation.run.store import Store

    ended = end(load(config), Store(find_state(config)), names)
    emit([one.plain() for one in ended], output, lambda _: _shown(ended, "nothing to abort"))


def _shown(found: list[Held], none: str) -> Iterator[RenderableType]:
    from rich.text import Text

    if not found:
        yield none
    for one in found:
        transaction = one.transaction
        since = ""
        if transaction.started >= 0:
            at = datetime.fromtimestamp(transaction.started / 1000, UTC)
            since = f"  since {at:%Y-%m-%d %H:%M:%S}Z"
        ends = f", at most {transaction.timeout / 1000:,.0f} s" if transaction.timeout > 0 else ""
        yield Text.assemble((one.name, "bold"), f"  {one.stream}  {one.owner}{since}{ends}")
        yield Text(f"  {', '.join(transaction.partitions)}", style="dim")
