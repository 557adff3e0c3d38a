"""``federation lint``: every mistake of a configuration, without any network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from federation.cli.output import config_option, emit, output_option, print_findings

if TYPE_CHECKING:
    from pathlib import Path


_EXAMPLES = """\b
Examples:
  federation lint -c orders.yaml
  federation lint -c orders.yaml -o json | jq .warnings
"""


@click.command(epilog=_EXAMPLES)
@config_option
@output_option
def lint(config: Path, output: str) -> None:
    """Check a configuration and the contracts it names; nothing is contacted.

    All mistakes are reported at once, each with file:line:column and what to do about it.
    """
    from federation.config.load import load

    loaded = load(config)
    print_findings(loaded.warnings)
    streams, clusters = len(loaded.config.streams), len(loaded.config.clusters)
    summary = {
        "ok": True,
        "config": str(config),
        "streams": list(loaded.config.streams),
        "clusters": list(loaded.config.clusters),
        "warnings": loaded.warnings,
    }
    emit(
        summary, output, lambda _: f"ok: {_count(streams, 'stream')}, {_count(clusters, 'cluster')}"
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
