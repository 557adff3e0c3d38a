"""``federation plan``: what ``start`` will run, decided and shown; nothing is changed anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from federation.cli.output import config_option, emit, output_option, print_findings, stderr

if TYPE_CHECKING:
    from pathlib import Path

    from federation.config.load import Loaded
    from federation.plan.model import Plan


_EXAMPLES = """\b
Examples:
  federation plan -c orders.yaml
  federation plan -c orders.yaml -o json | jq '.streams[].target'
"""


@click.command(epilog=_EXAMPLES)
@config_option
@output_option
def plan(config: Path, output: str) -> None:
    """Show exactly what start would run; nothing is created or changed.

    Asks every cluster and registry at once. What cannot work is refused: all reasons in one run,
    each with its place in the file.
    """
    from federation.plan.explain import render, to_json

    found = compiled(config, measured=True)
    if output == "table":
        emit(found, output, render)
        return
    print_findings(found.warnings)
    emit(to_json(found), output, lambda _: "")


def compiled(config: Path, *, measured: bool = False) -> Plan:
    """Load a configuration and :func:`compile_loaded`.

    Raises:
        ConfigError: the file is wrong.
        PlanError: it cannot work on these clusters and schemas.
    """
    from federation.config.load import load

    return compile_loaded(load(config), measured=measured)


def compile_loaded(
    declared: Loaded, *, keep: bool = False, anew: bool = True, measured: bool = False
) -> Plan:
    """Ask a configuration's clusters and compile its plan, with progress on a terminal.

    Args:
        declared: as its file says it.
        keep: remember what the registries said, for a start while one of them does not answer.
        anew: no stream goes on from what it did before.
        measured: run transforms for a moment, to tell what they cost.

    Raises:
        PlanError: it cannot work on these clusters and schemas.
    """
    from federation.plan import contracts, remembered
    from federation.plan.compile import compile as compile_plan
    from federation.plan.gather import gather

    loaded = contracts.grown(declared)
    waiting = sorted(loaded.config.clusters)
    console = stderr()
    with console.status(_asking(waiting)) as status:

        def answered(alias: str) -> None:
            waiting.remove(alias)
            status.update(_asking(waiting))

        facts = remembered.recall(loaded, gather(loaded, progress=answered))
    if not anew:
        remembered.check(loaded, facts)
    plan = compile_plan(loaded, facts, measured=measured)
    if keep:
        remembered.keep(loaded, facts)
    return plan


def _asking(waiting: list[str]) -> str:
    return f"asking {', '.join(waiting)}" if waiting else "compiling"
