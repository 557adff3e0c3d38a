"""The documentation agrees with the files and the program it speaks of."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent))

from cli_reference import page

from federation.cli.app import cli
from federation.run.status import (
    Accepted,
    CheckpointStatus,
    Gap,
    GatewayStatus,
    PartitionStatus,
    Repair,
    SchemaChange,
    SourceStatus,
    StreamStatus,
    TargetStatus,
    Trouble,
)

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("java/*.md"), *ROOT.glob("docs/**/*.md")],
    key=lambda path: path.as_posix(),
)
DEAD_LETTERS = (ROOT / "docs" / "reference" / "dead-letters.md").read_text()
SOURCES = ROOT / "java" / "src" / "main" / "java" / "federation"
VARIABLES = {
    f"{cluster}_{what}": value
    for cluster in ("EU", "US", "HUB")
    for what, value in (("BOOTSTRAP", "localhost:9092"), ("REGISTRY", "http://localhost:8081"))
}
pages = pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))


def _anchors(path: Path) -> set[str]:
    """The names by which a page's headings can be linked to, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


def _blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(), re.MULTILINE | re.DOTALL)


def _prose(path: Path) -> str:
    """A page without its code."""
    return re.sub(r"^```.*?^```|`[^`\n]*`", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    "part",
    [
        GatewayStatus, StreamStatus, SourceStatus, TargetStatus, PartitionStatus,
        CheckpointStatus, Repair, Accepted, Trouble, Gap, SchemaChange,
    ],
)  # fmt: skip
def test_every_field_of_the_status_is_explained(part: type) -> None:
    """What ``status -o json`` prints stands on its page."""
    page = (ROOT / "docs" / "reference" / "status.md").read_text()
    explained = set(re.findall(r"`(\w+)(?:\[\])?`", page))
    assert {one.name for one in fields(part)} - explained == set()


@pages
def test_links_lead_somewhere(path: Path) -> None:
    """Every relative link names a file or folder that is there, and a heading that it has."""
    for link in re.findall(r"\]\(([^)\s]+)\)", _prose(path)):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.exists(), f"{path}: {link}"
        assert not anchor or anchor in _anchors(target), f"{path}: {link}"


@pages
def test_configurations_lint(path: Path, tmp_path: Path) -> None:
    """A YAML block that is a whole configuration has no finding, not even a warning."""
    (tmp_path / "schemas").symlink_to(ROOT / "configs" / "schemas")
    for number, block in enumerate(_blocks(path, "yaml")):
        if not re.search(r"^version:", block, re.MULTILINE):
            continue
        file = tmp_path / f"{number}.yaml"
        file.write_text(block)
        result = CliRunner().invoke(cli, ["lint", "--config", str(file)], env=VARIABLES)
        assert result.stderr == ""
        assert result.exit_code == 0


@pages
def test_no_machine_shows(path: Path) -> None:
    """No page names a folder of somebody's machine or an address from which to download."""
    text = path.read_text()
    places = r"(?<![\w$.])/(?:root|home|work|tmp|Users)/"
    assert re.findall(places, text) == []
    assert (
        re.findall(r"https?://(?!localhost|127\.0\.0\.1|[\w.-]+\.example\b)[^\s)`\"]+", text) == []
    )


def test_the_commands_page_is_fresh() -> None:
    """`python tests/docs/cli_reference.py > docs/reference/cli.md` would change nothing."""
    assert (ROOT / "docs" / "reference" / "cli.md").read_text() == page()


def test_decisions_are_numbered_without_gaps() -> None:
    """Decisions count from 0001, say their number in the title, answer the four questions, and are listed."""
    found = sorted((ROOT / "docs" / "adr").iterdir())
    assert [path.name[:4] for path in found] == [f"{n + 1:04}" for n in range(len(found))]
    index = (ROOT / "docs" / "README.md").read_text()
    for path in found:
        text = path.read_text()
        assert text.startswith(f"# {path.name[:4]} ")
        for part in ("Context", "Decision", "Price", "What would change our mind"):
            assert text.count(f"\n**{part}.** ") == 1, f"{path.name}: {part}"
        assert f"(adr/{path.name})" in index


def test_dead_letter_headers_are_those_that_are_written() -> None:
    """The page's headers are the ones that the engine adds."""
    written = re.findall(
        r'add\(headers, "(\w+)"', (SOURCES / "source/DeadLetters.java").read_text()
    )
    assert len(written) > 5
    assert re.findall(r"^\| `fed\.dead\.(\w+)` \|", DEAD_LETTERS, re.MULTILINE) == list(
        dict.fromkeys(written)
    )


def test_dead_letter_reasons_are_those_that_are_given() -> None:
    """The page has each reason that the engine knows a sentence for or is given, and no other."""
    listed = set(re.findall(r"^\| `\w+` \| `(\w+)` \|", DEAD_LETTERS, re.MULTILINE))
    sentences = re.findall(r'Map\.entry\("(\w+)"', (SOURCES / "source/Reasons.java").read_text())
    schema = {"unknown_id", "not_avro", "contract"}
    python = "".join(one.read_text() for one in (ROOT / "federation/transform").glob("*.py"))
    transform = set(re.findall(r'TransformError\(\s*"(\w+)"', python))
    engine = "".join(path.read_text() for path in SOURCES.rglob("*.java"))
    assert all(f'"{reason}"' in engine for reason in listed - transform)
    assert listed == {*sentences, *schema, *transform}


def test_dead_letter_stages_are_those_of_the_reference() -> None:
    """Each stage is a word of the engine, and those of mapping are on the page that defines them."""
    stages = set(re.findall(r"^\| `(\w+)` \| `\w+` \|", DEAD_LETTERS, re.MULTILINE))
    mapping = (ROOT / "docs" / "reference" / "mapping.md").read_text()
    assert stages == {
        "frame",
        "schema",
        "decode",
        "where",
        "map",
        "key",
        "origin",
        "transform",
        "target",
    }
    assert all(
        f"tage `{stage}`" in mapping or f"stage `{stage}`" in mapping
        for stage in ("frame", "schema", "map", "key", "decode")
    )


def test_the_deviations_from_avro_are_told() -> None:
    """The page on Avro names exactly the cases in which the tests expect another outcome."""
    page = (ROOT / "docs" / "reference" / "avro-conformance.md").read_text()
    section = page.partition("## Deviations")[2].partition("\n## ")[0]
    kept = json.loads((ROOT / "tests" / "vectors" / "deviations.json").read_text())
    rows = [set(re.findall(r"`([a-z]+-[a-z0-9-]+)`", row)) for row in section.splitlines()]
    assert [row for row in rows if row] == [set(kept["names"]), set(kept["meaning"])]
    count = sum(map(len, kept.values()))
    assert f"The other {count} must fail" in section
    assert f"742 cases {742 - count} give" in section
