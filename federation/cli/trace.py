"""``federation trace``: where one record of a target came from."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from federation.cli.output import config_option, emit, output_option

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rich.console import RenderableType

    from federation.verify.trace import Traced

_PLACE = re.compile(r"(?P<topic>[A-Za-z0-9._-]+)-(?P<partition>\d+)@(?P<offset>\d+)")

_EXAMPLES = """\b
Examples:
  federation trace -c orders.yaml orders.unified-3@1200
  federation trace -c orders.yaml orders.unified --key o-17
"""


@click.command(epilog=_EXAMPLES)
@config_option
@output_option
@click.argument("record", metavar="TOPIC-PARTITION@OFFSET")
@click.option(
    "--key", metavar="TEXT", help="All records of a string key; then RECORD is the topic."
)
def trace(config: Path, output: str, record: str, key: str | None) -> None:
    """Explain a record of a target or dead-letter topic: its source, times, clusters crossed."""
    place = _PLACE.fullmatch(record)
    if key is None and place is None:
        raise click.BadParameter(
            "a record is written topic-partition@offset, such as orders.unified-3@1200",
            param_hint="TOPIC-PARTITION@OFFSET",
        )
    from federation.cli.plan import compiled
    from federation.verify.trace import Tracer

    tracer = Tracer(compiled(config))
    if key is not None or place is None:
        found = list(tracer.by_key(record, (key or "").encode()))
    else:
        at = int(place["partition"]), int(place["offset"])
        found = [tracer.at(place["topic"], *at)]
    emit([one.plain() for one in found], output, lambda _: _shown(found))


def _shown(found: list[Traced]) -> Iterator[RenderableType]:
    from rich.text import Text

    if not found:
        yield "no record has this key"
    for one in found:
        yield Text(f"{one.record}  {one.kind} of stream {one.stream}", style="bold")
        yield Text(f"  key        {one.key if one.key is not None else 'none'}")
        yield Text(f"  timestamp  {_instant(one.timestamp)}")
        if one.source is not None:
            there = (
                f"  {_instant(one.source_timestamp)}" if one.source_timestamp is not None else ""
            )
            yield Text(f"  source     {one.source}{there}")
        if one.hops:
            yield Text(f"  crossed    {' → '.join(one.hops)}")
        for name in ("stage", "reason", "error", "attempt"):
            if one.dead and name in one.dead:
                yield Text(f"  {name:<9}  {one.dead[name]}")
        if one.note:
            yield Text(f"  note       {one.note}")


def _instant(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")
