"""The live view of running streams, and their last words."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from rich import box
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from federation.observe.logs import get_logger

if TYPE_CHECKING:
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
_LOG_EVERY = 5.0


class View:
    """Shows status on a terminal as a table that renews itself, elsewhere as log lines."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None
        self._logged = 0.0
        self._state = ""

    def __enter__(self) -> Self:
        if self._live:
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

    def say(self, what: str) -> None:
        """Tell what is being waited for."""
        if self._live:
            self._live.update(Text(f"{what} …", style="cyan"), refresh=True)
        else:
            _LOG.info(what)

    def show(self, status: GatewayStatus) -> None:
        """Show a new status."""
        if self._live:
            self._live.update(Group(*render(status.to_dict())), refresh=True)
            return
        now = time.monotonic()
        if status.state != self._state or now - self._logged >= _LOG_EVERY:
            self._logged, self._state = now, status.state
            for stream in status.streams:
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
                )


def render(status: dict[str, Any]) -> list[RenderableType]:
    """A status as tables: one per stream."""
    shown: list[RenderableType] = []
    if status.get("error"):
        shown.append(Text(f"{status['state']}: {status['error']}", style=_COLOURS[status["state"]]))
    for stream in status["streams"]:
        shown += [_headline(stream), _sources(stream)]
        if stream["error"]:
            shown.append(Text(stream["error"], style="red"))
    return shown


def summary(status: GatewayStatus) -> list[RenderableType]:
    """What is left to say when the gateway has ended."""
    return render(status.to_dict())


def _headline(stream: dict[str, Any]) -> Text:
    line = Text()
    line.append(stream["name"], style="bold").append("  ")
    line.append(stream["state"], style=_COLOURS[stream["state"]])
    line.append(f"  {stream['delivery']}")
    if checkpoint := stream["checkpoint"]:
        at = datetime.fromtimestamp(checkpoint["completed_at"] / 1000, UTC)
        line.append(
            f"  checkpoint {checkpoint['number']} at {at:%H:%M:%S}Z, {checkpoint['duration']} ms"
        )
    if stream["restarts"]:
        line.append(f"  {stream['restarts']} restarts", style="yellow")
    if stream["failed_checkpoints"]:
        line.append(f"  {stream['failed_checkpoints']} checkpoints failed", style="yellow")
    return line


def _sources(stream: dict[str, Any]) -> Table:
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    grid.add_column("source")
    for name in ("records/s", "read", "lag", "duplicates", "dead letters", "filtered"):
        grid.add_column(name, justify="right")
    for source in stream["sources"]:
        label = Text(source["name"])
        if source["error"]:
            label.append(f"\n{source['error']}", style="yellow")
        grid.add_row(
            label,
            f"{source['rate']:,.0f}",
            f"{source['read']:,}",
            f"{source['lag']:,}",
            f"{source['duplicates']:,}",
            f"{source['dead_letters']:,}",
            f"{source['filtered']:,}",
        )
    return grid
