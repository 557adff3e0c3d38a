"""``federation verify``: prove a stream, or name every record that is not as promised."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from federation.cli.output import (
    OutputFile,
    config_option,
    emit,
    output_option,
    print_findings,
    stderr,
)
from federation.errors import EXIT_DIFFERENCES, EXIT_INCOMPLETE, EXIT_OK, Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rich.console import RenderableType

    from federation.plan.model import Plan, StreamPlan
    from federation.verify.model import Difference, StreamReport, Verification
    from federation.verify.prove import Progress

_EXAMPLES = """\b
Examples:
  federation verify -c orders.yaml
  federation verify -c orders.yaml --report proof.html --differences differences.jsonl
  federation verify -c orders.yaml --all -o json | jq .verdict

\b
Exit codes: 0 equal, 3 differences, 4 not all could be read (or, with --all, not all is
committed yet), 1 a cluster or registry did not answer.
"""


@click.command(epilog=_EXAMPLES)
@config_option
@output_option
@click.option(
    "--stream", "names", multiple=True, metavar="NAME", help="Only this stream; may be repeated."
)
@click.option(
    "--report",
    type=OutputFile(),
    metavar="FILE.html",
    help="Write the proof as one HTML page.",
)
@click.option(
    "--differences",
    type=OutputFile(),
    metavar="FILE.jsonl",
    help="Write every difference, one JSON object a line.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Give up after this time.",
)
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Demand that nothing in the sources is still uncommitted.",
)
@click.option(
    "--workers", type=click.IntRange(1, 64), metavar="N", help="Processes; default: the cores."
)
@click.pass_context
def verify(  # noqa: PLR0917 - click passes its options by name
    ctx: click.Context, config: Path, output: str, names: tuple[str, ...], report: Path | None,
    differences: Path | None, timeout: float | None, workers: int | None, *, everything: bool,
) -> None:  # fmt: skip
    """Prove a stream: nothing lost, nothing twice, order kept, every record explained.

    Reads sources, target and dead letters, recomputes every expected record with a reference that
    shares no code with the engine, and compares by content. A running stream is verified up to what
    it has committed.
    """
    from federation.cli.plan import compiled
    from federation.verify import prove

    plan = compiled(config)
    streams = _chosen(plan, names)
    defaults = prove.Options()
    with _sink(differences) as sink, _progress() as progress:
        found = prove.verify(
            plan,
            streams,
            prove.Options(timeout, workers or defaults.workers, sink, progress),
        )
    if report is not None:
        from federation.verify.report import render as page

        report.write_text(page(found), encoding="utf-8")
    emit(found.plain(), output, lambda _: _shown(found))
    ctx.exit(_exit_code(found, everything=everything))


def _exit_code(found: Verification, *, everything: bool) -> int:
    if found.verdict == "different":
        return EXIT_DIFFERENCES
    for stream in found.streams:
        if stream.unread:
            print_findings([Finding(stream.unread, f"stream {stream.stream}")])
    pending = sum(stream.pending for stream in found.streams) if everything else 0
    if pending:
        what = f"{pending:,} source offsets are not committed yet"
        print_findings([Finding(what, hint="let the stream catch up, then verify again")])
    return EXIT_INCOMPLETE if pending or found.verdict == "incomplete" else EXIT_OK


def _chosen(plan: Plan, names: tuple[str, ...]) -> tuple[StreamPlan, ...]:
    known = {stream.name: stream for stream in plan.streams}
    if unknown := [name for name in names if name not in known]:
        raise click.BadParameter(
            f"no stream {unknown[0]!r}; there are: {', '.join(known)}", param_hint="--stream"
        )
    return tuple(known[name] for name in names) or plan.streams


@contextmanager
def _sink(path: Path | None) -> Iterator[Callable[[Difference], None]]:
    """Where every difference goes: a file of JSON lines, or nowhere."""
    if path is None:
        yield lambda _: None
        return
    with path.open("w", encoding="utf-8") as file:
        yield lambda one: print(json.dumps(one.plain(), ensure_ascii=False), file=file)


@contextmanager
def _progress() -> Iterator[Progress]:
    """A bar on a terminal, else nothing."""
    console = stderr()
    if not console.is_terminal:
        yield lambda _stream, _stage, _done, _total: None
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        tasks: dict[str, Any] = {}

        def show(stream: str, stage: str, done: int, total: int) -> None:
            if stream not in tasks:
                tasks[stream] = bar.add_task(stream)
            if stage == "read":
                bar.update(
                    tasks[stream], completed=done, total=total, description=f"{stream}: reading"
                )
            else:
                bar.update(tasks[stream], total=None, description=f"{stream}: comparing")

        yield show


# below: the table


def _shown(found: Verification) -> Iterator[RenderableType]:
    for stream in found.streams:
        yield from _stream(stream)
    seconds = f"{found.seconds:.1f} s"
    yield f"verified in {seconds}: {found.verdict}"


def _stream(stream: StreamReport) -> Iterator[RenderableType]:
    from rich.text import Text

    from federation.verify.report import dead_reasons

    style = {"equal": "bold green", "different": "bold red", "incomplete": "bold yellow"}
    title = Text(f"{stream.stream} → {stream.target}  ", style="bold")
    yield title.append(stream.verdict.upper(), style=style[stream.verdict])
    if stream.unread:
        yield Text(f"  {stream.unread}", style="yellow")
        return
    yield _balances(stream)
    if reasons := dead_reasons(stream.balances):
        yield Text("dead letters: " + ", ".join(f"{count:,} {why}" for why, count in reasons))
    line = Text()
    for promise, kept in stream.promises():
        line.append("✓ " if kept else "✗ ", style="green" if kept else "red")
        line.append(f"{promise}   ")
    yield line
    yield from _differences(stream)
    for note in stream.notes:
        yield Text(f"note: {note}", style="dim")


def _balances(stream: StreamReport) -> RenderableType:
    from federation.cli.output import table

    columns = ("read", "out", "duplicates", "dead", "filtered", "missing", "pending")
    rows: dict[str, dict[str, Any]] = {}
    for balance in stream.balances:
        row = rows.setdefault(
            balance.source, {"source": balance.source, **dict.fromkeys(columns, 0)}
        )
        for column in columns:
            row[column] += getattr(balance, column)
    if len(rows) > 1:
        rows["all"] = {"source": "all", **{column: stream.total(column) for column in columns}}
    broken = {d.source.cluster for d in stream.samples if d.source is not None}
    clusters = {balance.source: balance.cluster for balance in stream.balances}
    for name, row in rows.items():
        bad = stream.counts if name == "all" else row["missing"] or clusters[name] in broken
        row["verdict"] = "different" if bad else "equal"
    return table(list(rows.values()))


def _differences(stream: StreamReport) -> Iterator[RenderableType]:
    from rich.text import Text

    from federation.verify.model import KINDS

    for kind, count in stream.counts.items():
        yield Text(f"{count:,} {kind}: {KINDS[kind]}", style="bold red")
        for one in (d for d in stream.samples if d.kind == kind):
            places = f"{one.source or 'no source'} → {one.target or 'nowhere'}"
            other = f" (other: {one.other})" if one.other else ""
            yield Text(f"  {places}{other}{': ' if one.detail else ''}{one.detail}")
        shown = sum(d.kind == kind for d in stream.samples)
        if count > shown:
            yield Text(f"  … and {count - shown:,} more; --differences FILE lists all", style="dim")
