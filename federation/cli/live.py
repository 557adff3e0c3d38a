"""The live view of running streams, and their last words."""

from __future__ import annotations

import logging
import time
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Self

from rich import box
from rich.console import Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from federation.observe.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

    from rich.console import Console, RenderableType

    from federation.run.status import GatewayStatus

_LOG = get_logger(__name__)
_COLOURS = {
    "RUNNING": "green",
    "STARTING": "cyan",
    "STOPPED": "dim",
    "FINISHED": "dim",
    "DEGRADED": "yellow",
    "RESTARTING": "yellow",
    "FAILED": "bold red",
    "DEAD": "bold red",
}
_LOG_EVERY = 60.0  # a log of weeks lies beside the checkpoints
_LOG_SOME = 3  # of what is wrong with a source; `status` says all
_WIDTHS = {"read": 9, "lag": 8}  # at least: steady columns are read more easily


class View:
    """Shows status on a terminal as tables that renew themselves, elsewhere as log lines."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._tables: list[RenderableType] = []
        self._doing: Spinner | None = None
        self._since = 0.0
        self._size = console.size
        self._logged = 0.0
        self._state = ""
        self._level = logging.NOTSET
        self._live: Live | None = None
        if console.is_terminal:
            self._live = Live(console=console, transient=True, get_renderable=self._renderable)

    def __enter__(self) -> Self:
        if self._live:
            ours = logging.getLogger("federation")
            self._level = ours.level
            if self._level == logging.INFO:  # the view tells the same
                ours.setLevel(logging.WARNING)
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live:
            self._live.stop()
            logging.getLogger("federation").setLevel(self._level)

    def say(self, what: str) -> None:
        """Tell what is being waited for; nothing, and it is over."""
        if not self._live:
            if what:
                _LOG.info(what)
            return
        self._doing = Spinner("dots", Text(what), style="cyan") if what else None
        self._since = time.monotonic()

    def show(self, status: GatewayStatus) -> None:
        """Show a new status."""
        if self._live:
            if self._size != self._console.size:  # what was drawn at another width is scrambled
                self._size = self._console.size
                self._console.clear()
            self._tables = render(status.to_dict())
            return
        now = time.monotonic()
        if status.state != self._state or now - self._logged >= _LOG_EVERY:
            self._logged, self._state = now, status.state
            for stream in status.streams:
                problems = {
                    one.name: "; ".join(islice(wrong, _LOG_SOME))
                    for one in stream.sources
                    if (wrong := [what for what, is_wrong in _said(asdict(one)) if is_wrong])
                }
                target = stream.target.error if stream.target else ""
                _LOG.info(
                    "stream",
                    stream=stream.name,
                    state=stream.state,
                    restarts=stream.restarts,
                    checkpoint=stream.checkpoint.number if stream.checkpoint else None,
                    lag=sum(source.lag for source in stream.sources),
                    rate=round(sum(source.rate for source in stream.sources)),
                    duplicates=sum(source.duplicates for source in stream.sources),
                    dead_letters=sum(source.dead_letters for source in stream.sources),
                    **({"error": stream.error} if stream.error else {}),
                    **({"sources": problems} if problems else {}),
                    **({"target": target} if target else {}),
                )

    def _renderable(self) -> RenderableType:
        if self._doing is None:
            return Group(*self._tables, Text("Ctrl-C stops with a savepoint", style="dim"))
        seconds = time.monotonic() - self._since
        spinner = self._doing
        if seconds >= 2 and isinstance(spinner.text, Text):
            what = spinner.text.plain.partition("  ")[0]
            spinner.update(text=Text.assemble(what, (f"  {seconds:.0f} s", "dim")))
        return Group(*self._tables, spinner)


def render(status: dict[str, Any]) -> list[RenderableType]:
    """A status as tables: one per stream."""
    shown: list[RenderableType] = []
    if status.get("error"):
        shown.append(Text(f"{status['state']}: {status['error']}", style=_COLOURS[status["state"]]))
    for stream in status["streams"]:
        shown.append(_headline(stream))
        if stream["sources"]:
            shown.append(_sources(stream))
        for source in stream["sources"]:
            shown += [
                Text(f"{source['name']}: {what}", style="yellow" if wrong else "dim")
                for what, wrong in _said(source)
            ]
        if (target := stream.get("target")) and target["error"]:
            what = f"{_since(target['error_since'])}target {target['topic']}: {target['error']}"
            shown.append(Text(what, style="yellow"))
        if clamped := stream.get("clamped", 0):
            what = f"{clamped:,} records have the time of writing, and their own in fed.timestamp"
            shown.append(Text(what, style="dim"))
        shown += [Text(_repaired(one), style="yellow") for one in stream.get("repairs", ())[-3:]]
        shown += [Text(_accepted(one), style="yellow") for one in stream.get("accepted", ())[-3:]]
        if stream["error"]:
            shown.append(Text(stream["error"], style="red"))
    return shown


def _said(source: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """What there is to say of a source, and whether something is wrong."""
    if source["error"]:
        yield f"{_since(source.get('error_since', 0))}{source['error']}", True
    for one in source.get("troubles", ()):
        if one["where"] != "cluster" or not source["error"]:  # the same, as a task sees it
            way = "; federation accept goes on without them" if one.get("gap") else ""
            yield f"{_since(one['since'])}{one['where']}: {one['what']}{way}", True
    for one in source.get("schema_changes", ()):
        fields = f", fields not taken over: {', '.join(one['fields'])}" if one["fields"] else ""
        what = {
            "flows": f"flows{fields}",
            "held": "is held",
            "refused": f"cannot meet the contract, its records are dead letters: {one['why']}",
        }[one["state"]]
        yield f"{_since(one['since'])}new schema {one['schema']} {what}", one["state"] != "flows"


def _since(milliseconds: int) -> str:
    if not milliseconds:
        return ""
    return f"since {datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d %H:%M:%S}Z "


def summary(status: GatewayStatus) -> list[RenderableType]:
    """What is left to say when the gateway has ended."""
    return render(status.to_dict())


def _headline(stream: dict[str, Any]) -> Text:
    line = Text()
    line.append(stream["name"], style="bold").append("  ")
    line.append(stream["state"], style=_COLOURS[stream["state"]])
    line.append(f"  {stream['delivery']}")
    if stream["savepoint"]:
        line.append("  savepoint written")
    elif checkpoint := stream["checkpoint"]:
        at = datetime.fromtimestamp(checkpoint["completed_at"] / 1000, UTC)
        line.append(
            f"  checkpoint {checkpoint['number']} at {at:%H:%M:%S}Z, {checkpoint['duration']:,} ms"
        )
    if stream["restored_from"]:
        line.append(f"  from {PurePath(stream['restored_from']).name}", style="dim")
    for number, what in (
        (stream["restarts"], "restart"),
        (stream.get("failing_checkpoints", 0), "failing checkpoint"),
    ):
        if number:
            line.append(f"  {number} {what}{'s' * (number > 1)}", style="yellow")
    return line


def _repaired(repair: dict[str, Any]) -> str:
    """One repair in a sentence."""
    told = []
    if repair["transactions"]:
        told.append(
            f"{_transactions(repair['transactions'])} of checkpoint {repair['checkpoint']} had "
            f"been aborted: {repair['records']:,} records written again"
        )
    if repair["expired"]:
        told.append(f"{repair['expired']:,} had been deleted by the target's retention")
    if repair["orphans"]:
        told.append(f"{_transactions(repair['orphans'])} of no checkpoint ended")
    at = datetime.fromtimestamp(repair["at"], UTC)
    return f"repaired {at:%Y-%m-%d %H:%M:%S}Z: {', '.join(told)}"


def _accepted(gap: dict[str, Any]) -> str:
    """One accepted gap in a sentence."""
    at = datetime.fromtimestamp(gap["at"], UTC)
    return (
        f"accepted {at:%Y-%m-%d %H:%M:%S}Z by {gap['by']}: offsets {gap['first']:,} to "
        f"{gap['last']:,} of {gap['cluster']}/{gap['topic']}/{gap['partition']} were not read"
    )


def _transactions(names: list[str]) -> str:
    return f"{len(names)} transaction{'s' * (len(names) != 1)}"


def _sources(stream: dict[str, Any]) -> Table:
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    grid.add_column("source", overflow="fold")
    columns = ["records/s", "read", "lag", "duplicates", "dead letters"]
    if any(source["filtered"] for source in stream["sources"]):
        columns.append("filtered")
    for name in columns:
        grid.add_column(name, justify="right", min_width=_WIDTHS.get(name))
    for source in stream["sources"]:
        cells = (
            f"{source['rate']:,.0f}",
            f"{source['read']:,}",
            f"{source['lag']:,}" if source["partitions"] else "?",
            f"{source['duplicates']:,}",
            f"{source['dead_letters']:,}",
            f"{source['filtered']:,}",
        )
        grid.add_row(Text(source["name"]), *cells[: len(columns)])
    return grid
