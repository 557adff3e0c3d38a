"""The ``federation`` command: a list of names, and one place where errors end.

Commands live in their own modules and are imported when they are called, so that ``--help`` answers
at once and a command costs only what it needs. Each module exports a click command of its name.
"""

from __future__ import annotations

import difflib
import errno
import importlib
import importlib.util
import signal
import sys
import traceback
from typing import TYPE_CHECKING, Any, NoReturn

import click

from federation import __version__
from federation.errors import EXIT_ERROR, FederationError

if TYPE_CHECKING:
    from collections.abc import Sequence

EXIT_INTERRUPTED = 130  # what a shell reports for a program ended by SIGINT

# name -> (module:attribute, what it does). In the order of a first day's work.
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("federation.cli.init:init", "Write a commented configuration to start from."),
    "lint": ("federation.cli.lint:lint", "Check a configuration, without any network."),
    "test": ("federation.cli.test:test", "Run a configuration's cases, without any network."),
    "plan": ("federation.cli.plan:plan", "Show exactly what start would run."),
    "schemas": (
        "federation.cli.schemas:schemas",
        "Compare schemas with the contract, or draft one.",
    ),
    "start": ("federation.cli.start:start", "Run the streams of a configuration."),
    "status": ("federation.cli.status:status", "Show the state and lag of running streams."),
    "stop": ("federation.cli.stop:stop", "Stop running streams with a savepoint."),
    "accept": ("federation.cli.accept:accept", "List or accept gaps that retention has made."),
    "verify": ("federation.cli.verify:verify", "Prove a stream: nothing lost, nothing twice."),
    "trace": ("federation.cli.trace:trace", "Explain where one record came from."),
    "transactions": (
        "federation.cli.transactions:transactions",
        "List or end open transactions at the targets.",
    ),
    "demo": ("federation.cli.demo:demo", "Merge three real clusters and prove the result."),
    "sandbox": ("federation.cli.sandbox:sandbox", "Real clusters, registries and data, locally."),
    "config-schema": (
        "federation.cli.schema:config_schema",
        "Print the JSON Schema of configurations, for editors.",
    ),
    "completion": ("federation.cli.completion:completion", "Print a shell's completion script."),
}


class App(click.Group):
    """A group that imports its commands late and turns errors into messages and exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands whose modules are there, in our own order."""
        del ctx
        return [name for name, (target, _) in COMMANDS.items() if _exists(target)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; None if there is no such command."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Like click's, with the nearest name for a mistyped one."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            near = difflib.get_close_matches(name, self.list_commands(ctx), n=1)
            guess = f" Did you mean {near[0]!r}?" if near else ""
            ctx.fail(f"No such command {name!r}.{guess}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table above, importing none of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; whatever it raises ends here."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit):
            raise
        except FederationError as error:
            from federation.cli.output import print_findings

            print_findings(error.findings, ctx)
            ctx.exit(error.exit_code)
        except (KeyboardInterrupt, click.Abort):
            click.echo("\ninterrupted", err=True)
            ctx.exit(EXIT_INTERRUPTED)
        except Exception as error:
            if isinstance(error, OSError) and error.errno == errno.EPIPE:
                raise  # the reader of our output went away: click ends quietly
            _print_bug()
            ctx.exit(EXIT_ERROR)


@click.group(cls=App, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "--version", prog_name="federation")
@click.option("-v", "--verbose", is_flag=True, help="Log details, those of libraries too.")
@click.option("-q", "--quiet", is_flag=True, help="Log and print only what went wrong.")
@click.option(
    "--log-format",
    type=click.Choice(["auto", "console", "json"]),
    default="auto",
    show_default=True,
    help="Form of the log on stderr; auto is console on a terminal, else json.",
)
@click.pass_context
def cli(ctx: click.Context, *, verbose: bool, quiet: bool, log_format: str) -> None:
    """Many Kafka clusters, one clean stream: nothing lost, nothing twice, and the proof."""
    if verbose and quiet:
        raise click.UsageError("--verbose and --quiet exclude each other.")
    from federation.observe.logs import configure

    level = "debug" if verbose else "error" if quiet else "info"
    configure(level, None if log_format == "auto" else log_format == "json")
    ctx.meta["federation.quiet"] = quiet


def main(args: Sequence[str] | None = None) -> NoReturn:
    """The entry point of the console script; a SIGTERM tidies up as Ctrl-C does."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        cli.main(args=None if args is None else list(args), prog_name="federation")
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    raise AssertionError("click always exits")


def _exists(target: str) -> bool:
    return importlib.util.find_spec(target.partition(":")[0]) is not None


def _print_bug() -> None:
    from federation.observe.secrets import REDACTOR

    click.echo(REDACTOR.scrub(traceback.format_exc()), err=True, nl=False)
    click.echo(
        f"this is a bug in federation {__version__}; please report the lines above", err=True
    )
