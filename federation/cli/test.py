"""``federation test``: what a configuration does to records, shown by cases, without clusters."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from federation.cli.output import config_option, emit, output_option
from federation.errors import EXIT_DIFFERENCES, ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.text import Text

    from federation.rehearse.run import Verdict

_EXAMPLES = """\b
Examples:
  federation test -c orders.yaml                   # the cases in orders.test.yaml
  federation test -c orders.yaml --engine          # through the Java operators too
  federation test -c orders.yaml -o json | jq '.cases[] | select(.ok | not)'
"""


@click.command(epilog=_EXAMPLES)
@config_option
@click.option(
    "--tests",
    "files",
    multiple=True,
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path),
    help="A file of cases, may be repeated; default: NAME.test.yaml beside NAME.yaml.",
)
@click.option(
    "--engine",
    is_flag=True,
    help="Run the cases through the Java operators too, and compare the two.",
)
@output_option
@click.pass_context
def test(
    ctx: click.Context, config: Path, files: tuple[Path, ...], output: str, *, engine: bool
) -> None:
    """Run the cases that lie beside a configuration; nothing is contacted.

    A case has records in, and the record out, the dead letter or nothing that they become. The
    variables of clusters need not be set. Exit code 3 if a case differs.
    """
    started = time.monotonic()
    from federation.config.cases import beside, load_cases
    from federation.config.load import load
    from federation.rehearse.prepare import prepare
    from federation.rehearse.run import rehearse

    if not files and not beside(config).is_file():
        raise ConfigError(
            f"there are no cases: {beside(config).name} does not exist",
            where=str(config.parent),
            hint="write it, or name another file with --tests",
        )
    loaded = load(config, offline=True)
    operators = None
    if engine:
        from federation.rehearse.engine import through_engine

        operators = through_engine
    verdicts: list[Verdict] = []
    for file in files or (beside(config),):
        verdicts += rehearse(prepare(loaded, load_cases(file)), operators)
    failed = sum(not one.ok for one in verdicts)
    result = {
        "ok": not failed,
        "config": str(config),
        "engine": engine,
        "passed": len(verdicts) - failed,
        "failed": failed,
        "seconds": round(time.monotonic() - started, 3),
        "cases": [_plain(one) for one in verdicts],
    }
    emit(result, output, lambda _: _lines(verdicts, failed, result["seconds"]))
    if failed:
        ctx.exit(EXIT_DIFFERENCES)


def _plain(one: Verdict) -> dict[str, Any]:
    return {
        "name": one.name,
        "where": one.where,
        "ok": one.ok,
        "reference": one.reference,
        "engine": one.engine,
    }


def _lines(verdicts: list[Verdict], failed: int, seconds: Any) -> Iterator[Text]:
    """A line per case; below one that failed, its place and each difference."""
    from rich.text import Text

    for one in verdicts:
        sign, style = ("ok", "green") if one.ok else ("FAILED", "bold red")
        yield Text.assemble((f"{sign:<7}", style), one.name)
        if not one.ok:
            yield Text(f"       at {one.where}", "cyan")
        for by, found in (("", one.reference), ("engine: ", one.engine)):
            for difference in found:
                yield Text(f"       {by}{difference}")
    passed = len(verdicts) - failed
    yield Text(f"{passed} passed, {failed} failed in {seconds:.2f} s")
