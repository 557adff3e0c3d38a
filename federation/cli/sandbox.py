"""``federation sandbox``: real clusters and registries on this machine, to try things on."""

from __future__ import annotations

import json
import shlex
import signal
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from federation.cli.output import OutputFile, emit, output_option, stderr, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import RenderableType

    from federation.sandbox import NodeStatus, Sandbox
    from federation.sandbox.seed import Seeded


def _example(*lines: str) -> str:
    """An epilog that click leaves as it is written."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


_folder = click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="FEDERATION_SANDBOX",
    help="Where the sandbox keeps its state and data."
    "  [default: $XDG_STATE_HOME/federation/sandbox]",
)


def _sandbox(folder: Path | None) -> Sandbox:
    from federation.sandbox import Sandbox

    return Sandbox(folder)


@click.group(
    epilog=_example(
        "federation sandbox up",
        'eval "$(federation sandbox env)"',
        "federation sandbox seed --domain orders --records 100000 --truth truth.jsonl.gz",
        "federation sandbox down",
    )
)
def sandbox() -> None:
    """Real Kafka clusters and schema registries on this machine.

    Each cluster is one broker with its own cluster id and one registry with its own schema ids.
    Everything listens on 127.0.0.1 only, and nothing but Java processes is needed.
    """


@sandbox.command(
    epilog=_example(
        "federation sandbox up",
        "federation sandbox up --clusters eu,us,ap,hub",
        "federation sandbox up --base-port 29000 -o json",
    )
)
@click.option(
    "--clusters",
    metavar="NAME,...",
    help="Clusters to start; known ones stay.  [default: those known, or eu,us,hub]",
)
@click.option(
    "--base-port",
    type=click.IntRange(1024, 65000),
    help="Ports of new clusters from here on, three each.  [default: free ones]",
)
@_folder
@output_option
def up(clusters: str | None, base_port: int | None, folder: Path | None, output: str) -> None:
    """Start the clusters and wait until all answer; heal what crashed.

    Doing it twice is harmless: what runs is left alone.
    """
    begun = time.monotonic()
    box = _sandbox(folder)
    before = {status.pid for status in box.status() if status.state == "up"}
    names = [name.strip() for name in (clusters or "").split(",") if name.strip()]
    with _progress() as tell:
        nodes = box.up(names, base_port=base_port, progress=tell)
    _print_nodes(nodes, output)
    if {status.pid for status in nodes} <= before:
        click.echo("The sandbox was up already.", err=True)
    else:
        click.echo(f"The sandbox is up ({time.monotonic() - begun:.0f} s).", err=True)


@sandbox.command(epilog=_example("federation sandbox status", "federation sandbox status -o json"))
@_folder
@output_option
def status(folder: Path | None, output: str) -> None:
    """Show every node: up, starting, crashed or down.

    Exit code 1 if a node crashed.
    """
    nodes = _sandbox(folder).status()
    _print_nodes(nodes, output)
    if not nodes:
        click.echo("There is no sandbox here; start one with: federation sandbox up", err=True)
    crashed = [node.node for node in nodes if node.state == "crashed"]
    if crashed:
        click.echo(f"Crashed: {', '.join(crashed)}; heal with: federation sandbox up", err=True)
        sys.exit(1)


@sandbox.command(epilog=_example("federation sandbox down"))
@_folder
def down(folder: Path | None) -> None:
    """Stop every process; topics, schemas and ids stay for the next up."""
    stopped = _sandbox(folder).down()
    click.echo(
        f"Stopped {len(stopped)} processes." if stopped else "Nothing was running.", err=True
    )


@sandbox.command(epilog=_example("federation sandbox reset --yes && federation sandbox up"))
@click.option("--yes", is_flag=True, help="Do not ask.")
@_folder
def reset(*, yes: bool, folder: Path | None) -> None:
    """Stop everything and delete all clusters, topics, schemas and logs."""
    box = _sandbox(folder)
    if not yes:
        click.confirm(f"Delete all data under {box.folder}?", abort=True, err=True)
    box.reset()
    click.echo("The sandbox is gone.", err=True)


@sandbox.command(
    epilog=_example('eval "$(federation sandbox env)"', "federation sandbox env -o json")
)
@_folder
@click.option(
    "-o",
    "--output",
    type=click.Choice(["shell", "json"]),
    default="shell",
    show_default=True,
    help="Lines for a shell, or one JSON object.",
)
def env(folder: Path | None, output: str) -> None:
    """Print the addresses as variables: EU_BOOTSTRAP, EU_REGISTRY..."""
    found = _sandbox(folder).env()
    if output == "json":
        click.echo(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        click.echo(f"export {name}={shlex.quote(value)}")


@sandbox.command(
    epilog=_example(
        "federation sandbox logs eu", "federation sandbox logs hub/registry --lines 200 --follow"
    )
)
@click.argument("node")
@click.option(
    "-n",
    "--lines",
    type=click.IntRange(0),
    default=50,
    show_default=True,
    help="How many lines from its end.",
)
@click.option("-f", "--follow", is_flag=True, help="Go on with what is appended, until Ctrl-C.")
@_folder
def logs(node: str, lines: int, *, follow: bool, folder: Path | None) -> None:
    """Print the log of a node.

    NODE is a name that status shows, such as eu/registry; eu alone is its broker.
    """
    try:
        for line in _sandbox(folder).logs(node, lines=lines, follow=follow):
            click.echo(line)
    except KeyboardInterrupt:
        return  # the only way to end --follow


@sandbox.command(
    epilog=_example(
        "federation sandbox seed --records 100000 --truth truth.jsonl.gz",
        "federation sandbox seed --domain telemetry --seed 7",
        "federation sandbox seed --rate 200 --truth truth.jsonl.gz --append",
    )
)
@click.option(
    "--domain",
    type=click.Choice(["orders", "telemetry"]),
    default="orders",
    show_default=True,
    help="What the records are about.",
)
@click.option(
    "--records",
    type=click.IntRange(1),
    default=10_000,
    show_default=True,
    help="How many, over all source clusters.",
)
@click.option(
    "--seed",
    "number",
    type=click.IntRange(0, 2**63),
    default=1,
    show_default=True,
    help="Another number gives other data; the same number the same.",
)
@click.option(
    "--rate",
    type=click.FloatRange(0, min_open=True),
    help="Keep producing this many records a second until Ctrl-C, instead of --records.",
)
@click.option(
    "--truth",
    type=OutputFile(),
    help="Write down what the merged stream must contain (JSON lines; gzipped if it ends in .gz).",
)
@click.option("--append", is_flag=True, help="Add to the truth file instead of replacing it.")
@click.option("--prefix", default="", help="Put before the topics' names, for several data sets.")
@_folder
@output_option
def seed(  # noqa: PLR0917 - click passes its options by name
    domain: str,
    records: int,
    number: int,
    rate: float | None,
    truth: Path | None,
    prefix: str,
    *,
    append: bool,
    folder: Path | None,
    output: str,
) -> None:
    """Write realistic records into the source clusters.

    Those are eu and us, and ap if it exists.

    Each cluster has its own schemas for the same thing, an older and a newer version in one topic,
    and what real topics contain: events in two clusters, retries, delete markers, records that
    cannot be decoded, headers, hot keys.
    """
    from federation.sandbox.seed import seed as write

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a clean end, as at Ctrl-C

    with _bar(None if rate is not None else records) as advance:
        done = write(
            _sandbox(folder),
            domain,
            records=records,
            number=number,
            rate=rate,
            truth=truth,
            append=append,
            prefix=prefix,
            progress=advance,
        )
    emit(done, output, _count_table)
    click.echo(f"Wrote {done.records:,} records in {done.seconds:.1f} s.", err=True)


@contextmanager
def _bar(total: int | None) -> Iterator[Callable[[int], None]]:
    """Records written so far, on stderr, on a terminal only."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = stderr()
    columns = (TextColumn("seeding"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("seeding", total=total)
        yield lambda written: bar.update(task, completed=written)


def _print_nodes(nodes: Sequence[NodeStatus], output: str) -> None:
    emit(list(nodes), output, _node_table)


def _node_table(nodes: Sequence[NodeStatus]) -> RenderableType:
    return table(
        [
            {
                "node": node.node,
                "state": node.state,
                "address": node.address,
                "process": str(node.pid) if node.pid else None,  # a name, not an amount
                "MiB": node.memory >> 20 if node.pid else None,
            }
            for node in nodes
        ]
    )


def _count_table(done: Seeded) -> RenderableType:
    columns = ("record", "tombstone", "undecodable")
    rows = [
        {"cluster": cluster} | {f"{name}s": found.get(name, 0) for name in columns}
        for cluster, found in done.counts.items()
    ]
    return table(rows)


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """What happens now, on stderr, on a terminal only."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _line: None
        return
    spinner = console.status("")

    def tell(line: str) -> None:
        spinner.update(line)
        spinner.start()  # only now: fetching jars shows a bar of its own

    try:
        yield tell
    finally:
        spinner.stop()
