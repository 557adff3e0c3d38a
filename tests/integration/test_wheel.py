"""The wheel is the product: it works where there is no checkout and no compiler."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from streams import case

if TYPE_CHECKING:
    from federation.sandbox import Sandbox

CHECKOUT = Path(__file__).parents[2]

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]


def _run(*command: str | Path, cwd: Path) -> str:
    """Run a command to its end and return its stdout; a failure shows what it said."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that was built from that sdist alone."""
    out = tmp_path_factory.mktemp("dist")
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, CHECKOUT, cwd=out)
    return out


@pytest.fixture(scope="module")
def installed_cli(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ``federation`` program of an environment that holds the wheel and its dependencies only."""
    home = tmp_path_factory.mktemp("installed")
    _run(sys.executable, "-m", "venv", home / "venv", cwd=home)
    pip = [home / "venv" / "bin" / "pip", "--disable-pip-version-check", "install", "--quiet"]
    (wheel,) = built.glob("*.whl")
    _run(*pip, "--constraint", CHECKOUT / "constraints.txt", wheel, cwd=home)
    return home / "venv" / "bin" / "federation"


def test_the_wheel_holds_the_operators_and_the_sdist_their_sources(built: Path):
    """The wheel carries one built jar and no Java source; the sdist carries what builds it."""
    (wheel,), (sdist,) = built.glob("*.whl"), built.glob("*.tar.gz")
    names = zipfile.ZipFile(wheel).namelist()
    assert "federation/flink/operators.jar" in names
    assert "federation/flink/jars.lock.json" in names
    assert not [name for name in names if name.endswith(".java") or name.startswith("tests")]
    with tarfile.open(sdist) as archive:
        assert [name for name in archive.getnames() if "/java/src/main/" in name]


def test_the_wheel_holds_every_example(built: Path):
    """What the checkout has in configs/ is in the package, so that `federation demo` finds it."""
    (wheel,) = built.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    found = ((CHECKOUT / "configs").glob(pattern) for pattern in ("*.*", "schemas/*"))
    examples = [path for paths in found for path in paths if path.is_file()]
    assert "orders.yaml" in {path.name for path in examples}
    assert {f"federation/{path.relative_to(CHECKOUT)}" for path in examples} <= names


def test_the_installed_command_tells_its_version(installed_cli: Path, tmp_path: Path):
    """``federation --version`` answers from a folder that has nothing to do with the checkout."""
    assert "0.1.0" in _run(installed_cli, "--version", cwd=tmp_path)


def test_the_installed_command_lists_its_commands(installed_cli: Path, tmp_path: Path):
    """``federation --help`` names what a person needs, from the package alone."""
    said = _run(installed_cli, "--help", cwd=tmp_path)
    assert {"demo", "plan", "start", "verify"} <= set(said.split())


def test_the_installed_gateway_finds_its_examples(installed_cli: Path, tmp_path: Path):
    """What the demo copies is there, and is the installation's own; its configuration is sound."""
    code = "from federation.cli import demo; print(demo._examples())"
    examples = Path(_run(installed_cli.with_name("python"), "-c", code, cwd=tmp_path).strip())
    assert examples.is_relative_to(installed_cli.parents[1])
    names = (
        "EU_BOOTSTRAP",
        "EU_REGISTRY",
        "US_BOOTSTRAP",
        "US_REGISTRY",
        "HUB_BOOTSTRAP",
        "HUB_REGISTRY",
    )
    settings = [f"{name}=http://x:1" if "REG" in name else f"{name}=x:1" for name in names]
    lint = [installed_cli, "lint", "-c", examples / "orders.yaml"]
    assert _run("env", *settings, *lint, cwd=tmp_path).startswith("ok: 1 stream, 3 clusters")


def test_the_installed_gateway_compiles_nothing(installed_cli: Path, tmp_path: Path):
    """Its operators are the jar of the wheel, with our classes inside."""
    code = "from federation.flink import build; print(build.operators_jar())"
    said = _run(installed_cli.with_name("python"), "-c", code, cwd=tmp_path)
    jar = Path(said.strip())
    assert jar.is_relative_to(installed_cli.parents[1])
    assert [n for n in zipfile.ZipFile(jar).namelist() if n.startswith("federation/")]


def test_the_installed_gateway_runs_a_stream(
    installed_cli: Path, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Installed from the wheel it merges a stream to the truth, and its verify agrees."""
    monkeypatch.delenv("PYTHONPATH", raising=False)  # nothing of the checkout may help
    made = replace(case(sandbox, tmp_path, "wheel", records=5_000), cli=(str(installed_cli),))
    assert made.becomes_true().counts["tombstone"] > 0
    assert json.loads(made.run("verify", "--all", "-o", "json"))["verdict"] == "equal"
