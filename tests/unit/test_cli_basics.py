"""The command itself: how it starts, what it lists, and where every error ends."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from federation import __version__
from federation.cli import app
from federation.cli.app import cli
from federation.cli.output import config_option, emit, output_option, print_findings, table
from federation.errors import ConfigError, Finding, Incomplete

HEAVY = ("pyflink", "py4j", "confluent_kafka", "pydantic", "rich.console", "httpx", "structlog")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch):
    """Invoke the command with one more subcommand, `probe`, that does what the test says."""
    runner = CliRunner()

    def invoke(*args: str, probe=None, env: dict[str, str] | None = None):
        @click.command()
        @output_option
        def command(output: str) -> None:
            probe(output)

        monkeypatch.setitem(app.COMMANDS, "probe", (f"{__name__}:probe_command", "Probe."))
        module = type(sys)(__name__)
        module.probe_command = command
        monkeypatch.setitem(sys.modules, __name__, module)
        monkeypatch.setattr(app, "_exists", lambda _: True)
        return runner.invoke(cli, list(args), env=env)

    return invoke


def python(code: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


def test_a_command_that_is_terminated_tidies_up(tmp_path: Path) -> None:
    """A service manager's signal ends a command as Ctrl-C does: what it made for itself is gone."""
    code = (
        "import click, sys, tempfile, time, types\n"
        "from federation.cli import app\n"
        "@click.command()\n"
        "def wait():\n"
        f"    with tempfile.TemporaryDirectory(dir={str(tmp_path)!r}):\n"
        "        print('ready', flush=True)\n"
        "        time.sleep(60)\n"
        "sys.modules['probe'] = types.SimpleNamespace(wait=wait)\n"
        "app.COMMANDS['wait'] = ('probe:wait', 'Wait.')\n"
        "app._exists = lambda _: True\n"
        "app.main(['wait'])\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.terminate()
    assert process.wait(30) == 128 + signal.SIGTERM
    process.stdout.close()
    assert list(tmp_path.iterdir()) == []


def test_help_lists_commands_at_once_and_imports_none():
    """`--help` loads no command module, none of the heavy libraries, and costs little."""
    code = (
        "import sys, time; t = time.process_time()\n"
        "from federation.cli.app import cli\n"
        "cli.main(['--help'], standalone_mode=False)\n"
        "t = time.process_time() - t\n"
        "print('LOADED', *sorted(sys.modules)); print('TOOK', t)"
    )
    out = python(code)
    loaded = set(out.partition("LOADED ")[2].splitlines()[0].split())
    assert not loaded & set(HEAVY)
    assert {m for m in loaded if m.startswith("federation.cli.")} <= {"federation.cli.app"}
    assert float(out.rpartition("TOOK ")[2]) < 0.4  # seconds of CPU
    for name, (_, about) in app.COMMANDS.items():
        if name in out:
            assert about.split()[0] in out


def test_lint_needs_no_engine_and_no_client(tmp_path):
    """`lint` loads neither pyflink nor a Kafka client."""
    assert CliRunner().invoke(cli, ["init", str(tmp_path)]).exit_code == 0
    code = (
        "import sys\nfrom federation.cli.app import cli\n"
        f"cli.main(['lint', '-c', {str(tmp_path / 'federation.yaml')!r}], standalone_mode=False)\n"
        "print('LOADED', *sorted(sys.modules))"
    )
    out = python(code)
    assert out.startswith("ok: 1 stream, 3 clusters\n")
    assert not set(out.partition("LOADED ")[2].split()) & {
        "pyflink",
        "py4j",
        "confluent_kafka",
        "httpx",
    }


def test_plan_needs_no_engine(tmp_path):
    """`plan` decides and shows everything without pyflink or py4j."""
    code = (
        f"import pathlib, sys\nsys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "import plan_facts\nfrom federation.cli.app import cli\nfrom federation.plan import gather\n"
        "gather.gather = lambda *args, **more: plan_facts.facts()\n"
        f"plan_facts.loaded(pathlib.Path({str(tmp_path)!r}))\n"
        f"cli.main(['plan', '-c', {str(tmp_path / 'shop.yaml')!r}], standalone_mode=False)\n"
        "print('LOADED', *sorted(sys.modules))"
    )
    out = python(code)
    assert "orders.unified" in out.partition("LOADED ")[0]
    assert not set(out.partition("LOADED ")[2].split()) & {"pyflink", "py4j"}


def test_every_listed_command_is_a_command_of_that_name():
    """The table of commands names modules that export them, each with a line of help."""
    listed = cli.list_commands(click.Context(cli))
    assert {"lint", "init", "config-schema", "completion"} <= set(listed)
    for name in listed:
        command = cli.get_command(click.Context(cli), name)
        assert isinstance(command, click.Command)
        assert command.name == name
        assert command.help


def test_a_command_whose_module_is_absent_is_not_listed(monkeypatch):
    """A build without a command has the others."""
    monkeypatch.setitem(app.COMMANDS, "ghost", ("federation.cli.ghost:ghost", "Not there."))
    result = CliRunner().invoke(cli, ["--help"])
    assert "ghost" not in result.output
    assert "lint" in result.output
    assert CliRunner().invoke(cli, ["ghost"]).exit_code == 2


def test_version():
    """`--version` prints the package's version."""
    assert CliRunner().invoke(cli, ["--version"]).output == f"federation, version {__version__}\n"


def test_a_mistyped_command_gets_its_nearest_name():
    """An unknown command is a usage error that names what was probably meant."""
    result = CliRunner().invoke(cli, ["strat"])
    assert result.exit_code == 2
    assert "No such command 'strat'. Did you mean 'start'?" in result.stderr


def test_errors_for_people_have_no_stack_trace(run):
    """Every finding is one line on stderr; the exit code is the error's own."""

    def fail(_output: str) -> None:
        raise ConfigError.of([Finding("first", "f.yaml:1:1", "do this"), Finding("second")])

    result = run("probe", probe=fail)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "f.yaml:1:1: first; do this\nsecond\n"
    result = run("probe", "-o", "json", probe=fail)
    assert [json.loads(line)["what"] for line in result.stderr.splitlines()] == ["first", "second"]

    def stop(_output: str) -> None:
        raise Incomplete("not done")

    assert run("probe", probe=stop).exit_code == 4


def test_anything_else_is_our_bug_and_keeps_its_traceback(run):
    """An unexpected exception shows where it came from and says whose fault it is."""

    def fail(_output: str) -> None:
        raise ZeroDivisionError("oops")

    result = run("probe", probe=fail)
    assert result.exit_code == 1
    assert "Traceback" in result.stderr
    assert "ZeroDivisionError: oops" in result.stderr
    assert f"this is a bug in federation {__version__}" in result.stderr


def test_an_interruption_is_one_line(run):
    """Ctrl-C gives 130, as shells report it, and no traceback."""

    def interrupt(_output: str) -> None:
        raise KeyboardInterrupt

    result = run("probe", probe=interrupt)
    assert (result.exit_code, result.stderr.strip()) == (130, "interrupted")


def test_a_reader_that_went_away_is_no_error_message(run):
    """`federation … | head` ends without a word."""

    def fail(_output: str) -> None:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    assert run("probe", probe=fail).stderr == ""


def test_results_take_the_form_that_is_asked_for(run):
    """`emit` prints a table, one JSON value, or one JSON line per item."""
    rows = [{"name": "a", "lag": 1200, "ok": True}, {"name": "b", "lag": None, "ok": False}]
    shown = run("probe", probe=lambda o: emit(rows, o, table)).output
    assert shown.split() == [
        "name",
        "lag",
        "ok",
        *[w for w in shown.split() if "─" in w],
        "a",
        "1,200",
        "yes",
        "b",
        "no",
    ]
    assert (
        json.loads(run("probe", "-o", "json", probe=lambda o: emit(rows, o, table)).output) == rows
    )
    lines = run("probe", "-o", "jsonl", probe=lambda o: emit(rows, o, table)).output.splitlines()
    assert [json.loads(line) for line in lines] == rows


def test_config_is_an_option_or_a_variable(tmp_path):
    """`--config` and FEDERATION_CONFIG name the file; one that is not there is a usage error."""
    seen: list[Path] = []

    @click.command()
    @config_option
    def command(config: Path) -> None:
        seen.append(config)

    path = tmp_path / "f.yaml"
    path.touch()
    runner = CliRunner()
    assert runner.invoke(command, ["-c", str(path)]).exit_code == 0
    assert runner.invoke(command, [], env={"FEDERATION_CONFIG": str(path)}).exit_code == 0
    assert seen == [path, path]
    missing = runner.invoke(command, ["--config", "nope.yaml"])
    assert missing.exit_code == 2
    assert "'nope.yaml' does not exist" in missing.stderr
    assert runner.invoke(command, []).exit_code == 2


@pytest.mark.parametrize("domain", ["orders", "telemetry"])
def test_init_writes_what_lints_and_overwrites_nothing(tmp_path, domain):
    """What `init` writes is sound at once; a second time it refuses and changes nothing."""
    runner = CliRunner()
    assert runner.invoke(cli, ["init", str(tmp_path), "--domain", domain]).exit_code == 0
    path = tmp_path / "federation.yaml"
    lint = runner.invoke(cli, ["lint", "-c", str(path)])
    assert (lint.exit_code, lint.stdout) == (0, "ok: 1 stream, 3 clusters\n")
    path.write_text("mine")
    again = runner.invoke(cli, ["init", str(tmp_path), "--domain", domain])
    assert again.exit_code == 1
    assert f"{path}: exists and is not overwritten" in again.stderr
    assert path.read_text() == "mine"


def test_lint_prints_json(tmp_path):
    """`lint -o json` is one JSON value on stdout, and mistakes are JSON lines on stderr."""
    runner = CliRunner()
    runner.invoke(cli, ["init", str(tmp_path)])
    path = tmp_path / "federation.yaml"
    good = json.loads(runner.invoke(cli, ["lint", "-c", str(path), "-o", "json"]).stdout)
    assert (good["ok"], good["streams"], good["clusters"]) == (
        True,
        ["orders"],
        ["eu", "us", "hub"],
    )
    path.write_text(path.read_text().replace("topic: orders.unified", "tpoic: orders.unified"))
    bad = runner.invoke(cli, ["lint", "-c", str(path), "-o", "json"])
    assert (bad.exit_code, bad.stdout) == (1, "")
    assert len([json.loads(line) for line in bad.stderr.splitlines()]) == 2


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_ask_our_command(shell):
    """Each shell's script completes `federation`, and completion offers our commands."""
    script = CliRunner().invoke(cli, ["completion", shell])
    assert script.exit_code == 0
    assert "_FEDERATION_COMPLETE" in script.output
    offered = subprocess.run(
        [sys.executable, "-m", "federation"],
        env={
            **os.environ,
            "_FEDERATION_COMPLETE": "bash_complete",
            "COMP_WORDS": "federation li",
            "COMP_CWORD": "1",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "lint" in offered.stdout


def test_quiet_leaves_warnings_out(run):
    """`--quiet` prints errors only."""

    def warn(_output: str) -> None:
        print_findings([Finding("odd", severity="warning"), Finding("bad")])

    assert run("probe", probe=warn).stderr == "warning: odd\nbad\n"
    assert run("-q", "probe", probe=warn).stderr == "bad\n"


def test_quiet_and_verbose_exclude_each_other():
    """Contradicting options are a usage error."""
    assert CliRunner().invoke(cli, ["-q", "-v", "completion", "bash"]).exit_code == 2
