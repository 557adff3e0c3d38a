"""The wheel is the product: it works where there is no checkout and no compiler."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]


def _run(*command: str | Path, cwd: Path) -> str:
    """Run a command to its end and return its stdout; a failure shows what it said."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
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


def test_the_installed_command_tells_its_version(installed_cli: Path, tmp_path: Path):
    """``federation --version`` answers from a folder that has nothing to do with the checkout."""
    assert "0.1.0" in _run(installed_cli, "--version", cwd=tmp_path)


def test_the_installed_gateway_compiles_nothing(installed_cli: Path, tmp_path: Path):
    """Its operators are the jar of the wheel, with our classes inside."""
    code = "from federation.flink import build; print(build.operators_jar())"
    said = _run(installed_cli.with_name("python"), "-c", code, cwd=tmp_path)
    jar = Path(said.strip())
    assert jar.is_relative_to(installed_cli.parents[1])
    assert [n for n in zipfile.ZipFile(jar).namelist() if n.startswith("federation/")]
