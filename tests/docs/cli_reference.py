"""The reference page of the command line, made from click: ``python tests/docs/cli_reference.py``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from federation.cli.app import cli

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEAD = """# Commands

Made from the program (`python tests/docs/cli_reference.py > docs/reference/cli.md`); `federation COMMAND --help` says
the same. Results go to stdout, everything else to stderr. `FEDERATION_CONFIG` stands in for `--config`.

| exit code | |
|---|---|
| 0 | good |
| 1 | error; `status` and `sandbox status`: something is not well |
| 2 | wrong usage |
| 3 | `verify` or `test` found differences; `schemas diff`: a version cannot meet the contract |
| 4 | partial, or out of time |
| 130 | interrupted |
"""


def page() -> str:
    """The whole page, as Markdown."""
    return "\n".join([_HEAD, *_group(cli, "federation")])


def _group(group: click.Group, path: str) -> Iterator[str]:
    yield from _one(group, path)
    with click.Context(group) as context:
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            if isinstance(command, click.Group):
                yield from _group(command, f"{path} {name}")
            else:
                yield from _one(command, f"{path} {name}")


def _one(command: click.Command, path: str) -> Iterator[str]:
    """A command's own help, as click prints it on 90 columns."""
    settings = {**cli.context_settings, "terminal_width": 90, "max_content_width": 90}
    with click.Context(command, info_name=path, **settings) as context:
        shown = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    yield f"## {path}\n\n```text\n{shown.strip()}\n```\n"


if __name__ == "__main__":
    sys.stdout.write(page())
