"""What all commands share: their common options, and how they print.

Data goes to stdout in the form that ``-o`` names; findings and everything else go to stderr. All of
it passes the redactor.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from federation.observe.secrets import MASK, REDACTOR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import TextIO

    from rich.console import Console, RenderableType

    from federation.errors import Finding

    Command = TypeVar("Command", bound=Callable[..., Any])

FORMATS = ("table", "json", "jsonl")
QUIET = "federation.quiet"  # key of the context's meta: only errors are printed
_META = "federation.output"


def config_option(command: Command) -> Command:
    """Add ``--config/-c`` as the parameter ``config: Path``; it is a file that can be read."""
    return click.option(
        "-c",
        "--config",
        "config",
        required=True,
        envvar="FEDERATION_CONFIG",
        show_envvar=True,
        metavar="FILE",
        type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path),
        help="The configuration.",
    )(command)


def output_option(command: Command) -> Command:
    """Add ``-o/--output`` as the parameter ``output: str``, one of :data:`FORMATS`."""
    return click.option(
        "-o",
        "--output",
        "output",
        type=click.Choice(FORMATS),
        default="table",
        show_default=True,
        is_eager=True,  # so that mistakes in other options are already printed in this form
        callback=_remember,
        help="Form of the result on stdout; with json and jsonl errors are JSON lines too.",
    )(command)


class OutputFile(click.Path):
    """A file that will be written: found impossible before the work, not after it."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, writable=True, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The path; a usage error if its folder is not there or cannot be written."""
        path = Path(super().convert(value, param, ctx))  # type: ignore[arg-type] # path_type
        if not path.parent.is_dir():
            self.fail(f"{path}: there is no folder {path.parent}", param, ctx)
        if not os.access(path.parent, os.W_OK) and not path.exists():
            self.fail(f"{path}: the folder {path.parent} cannot be written", param, ctx)
        return path


def stdout() -> Console:
    """A rich console on stdout; plain text when that is not a terminal."""
    return _console(sys.stdout)


def stderr() -> Console:
    """A rich console on stderr; plain text when that is not a terminal."""
    return _console(sys.stderr)


def emit(
    value: Any, output: str, render: Callable[[Any], RenderableType | Iterable[RenderableType]]
) -> None:
    """Print a command's result.

    Args:
        value: the result, as dataclasses, mappings, lists and plain values.
        output: one of :data:`FORMATS`; ``jsonl`` prints one line per item of a list.
        render: makes what ``table`` shows of the value: one rich renderable or several.
    """
    if output == "table":
        console = stdout()
        shown = render(value)
        several = isinstance(shown, (list, tuple)) or hasattr(shown, "__next__")
        for part in shown if several else [shown]:  # type: ignore[union-attr]
            console.print(part)
        return
    items = value if output == "jsonl" and isinstance(value, (list, tuple)) else [value]
    for item in items:
        click.echo(to_json(item, indent=2 if output == "json" else None))


def table(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str] | None = None
) -> RenderableType:
    """A plain table of mappings: one row each, numbers to the right.

    Args:
        rows: what to show; missing and None values stay empty.
        columns: keys in order; default: the keys of the first row.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    names = list(columns or (rows[0] if rows else ()))
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in names:
        numbers = [row.get(name) for row in rows]
        right = any(isinstance(n, (int, float)) and not isinstance(n, bool) for n in numbers)
        grid.add_column(name.replace("_", " "), justify="right" if right else "left")
    for row in rows:
        grid.add_row(*(Text(_cell(row.get(name))) for name in names))
    return grid


def to_json(value: Any, *, indent: int | None = None) -> str:
    """JSON of dataclasses, paths, times (ISO 8601) and durations (seconds), without secrets."""
    plain = json.loads(json.dumps(value, default=_plain, ensure_ascii=False))
    return json.dumps(REDACTOR.scrub_value(plain), indent=indent, ensure_ascii=False)


def print_findings(findings: Iterable[Finding], ctx: click.Context | None = None) -> None:
    """Print findings to stderr: JSON lines after ``-o json`` or ``jsonl``, else one line each."""
    context = ctx or click.get_current_context(silent=True)
    meta = context.meta if context else {}
    shown = [f for f in findings if f.severity != "warning" or not meta.get(QUIET)]
    if meta.get(_META, "table") != "table":
        for finding in shown:
            click.echo(to_json(finding), err=True)
        return
    if not sys.stderr.isatty():  # whole lines, never wrapped: others parse them
        for finding in shown:
            warning = "warning: " if finding.severity == "warning" else ""
            click.echo(REDACTOR.scrub(f"{warning}{finding}"), err=True)
        return
    from rich.text import Text

    console = stderr()
    for finding in shown:
        color = "yellow" if finding.severity == "warning" else "red"
        parts = [(f"{finding.severity}: ", f"bold {color}"), (finding.what, "bold")]
        parts += [(f"\n  at {finding.where}", "cyan")] if finding.where else []
        parts += [(f"\n  {finding.hint}", "")] if finding.hint else []
        clean = [(REDACTOR.scrub(text), style) for text, style in parts]
        console.print(Text.assemble(*clean), soft_wrap=True)


def _remember(ctx: click.Context, _: click.Parameter, value: str) -> str:
    ctx.meta[_META] = value
    return value


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    if isinstance(value, date):  # datetime too
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if hasattr(value, "get_secret_value"):
        return MASK
    if hasattr(value, "items"):
        return dict(value.items())
    return str(value)


class _Scrubbed:
    """A text stream that scrubs what is written; all else is the stream's own."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return self._stream.write(REDACTOR.scrub(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _console(stream: TextIO) -> Console:
    from rich.console import Console

    terminal = stream.isatty()
    # a table in a pipe keeps its lines whole: 80 columns would cut names
    return Console(file=_Scrubbed(stream), width=None if terminal else 200, highlight=False)  # type: ignore[arg-type]
