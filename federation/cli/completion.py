"""``federation completion``: the script that makes a shell complete our commands."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

HOW = {
    "bash": 'eval "$(federation completion bash)"   # in ~/.bashrc',
    "zsh": 'eval "$(federation completion zsh)"   # in ~/.zshrc',
    "fish": "federation completion fish > ~/.config/fish/completions/federation.fish",
}


@click.command(epilog="\b\nExamples:\n" + "\n".join(f"  {how}" for how in HOW.values()))
@click.argument("shell", type=click.Choice(list(HOW)))
def completion(shell: str) -> None:
    """Print the completion script of a shell."""
    from federation.cli.app import cli

    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(cli, {}, "federation", "_FEDERATION_COMPLETE").source())
