"""The shipped examples are sound, and what is generated from the models is fresh."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from federation.cli.app import cli
from federation.config.load import load
from federation.config.reference import cases_schema, json_schema, reference_markdown

ROOT = Path(__file__).parents[2]
CASES = sorted((ROOT / "configs").glob("*.test.yaml"))
CONFIGS = sorted(set((ROOT / "configs").glob("*.yaml")) - set(CASES))
ENV = {
    f"{cluster}_{what}": value
    for cluster in ("EU", "US", "HUB")
    for what, value in {
        "BOOTSTRAP": "localhost:9092",
        "REGISTRY": "http://localhost:8081",
        "PASSWORD": "not-a-password",
        "CONNECTION": "not-a-connection",
        "KEY_PASSWORD": "not-a-password",
        "REGISTRY_TOKEN": "not-a-token",
    }.items()
}


def test_there_are_examples():
    """At least the four that the documentation speaks of are there."""
    assert {path.stem for path in CONFIGS} >= {"orders", "telemetry", "minimal", "production"}


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_example_lints(path):
    """With its variables set an example has no finding, not even a warning."""
    result = CliRunner().invoke(cli, ["lint", "--config", str(path)], env=ENV)
    assert result.stderr == ""
    assert result.stdout.startswith("ok: 1 stream, ")


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_example_is_good_for_editors(path):
    """Its first line names the schema, and the schema allows all of it."""
    text = path.read_text()
    assert text.startswith("# yaml-language-server: $schema=federation.schema.json\n")
    data = YAML(typ="safe", pure=True).load(text)
    data = json.loads(json.dumps(data, default=lambda instant: instant.isoformat()))
    jsonschema.Draft202012Validator(json_schema()).validate(data)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colour": "red"}, "colour"),
        ({"run": {"parallelism": "many"}}, "many"),
        ({"clusters": {}}, "{}"),
    ],
)
def test_the_schema_marks_mistakes(change, message):
    """An editor shows what the loader would refuse."""
    data = YAML(typ="safe", pure=True).load(ROOT / "configs" / "minimal.yaml")
    errors = list(jsonschema.Draft202012Validator(json_schema()).iter_errors({**data, **change}))
    assert [message in error.message for error in errors] == [True]


def test_the_schema_in_the_repository_is_fresh():
    """`federation config-schema > configs/federation.schema.json` would change nothing."""
    assert json.loads((ROOT / "configs" / "federation.schema.json").read_text()) == json_schema()


def test_the_schema_of_cases_is_fresh():
    """`federation config-schema --tests > configs/federation.test.schema.json` would change nothing."""
    shipped = json.loads((ROOT / "configs" / "federation.test.schema.json").read_text())
    assert shipped == cases_schema()


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_every_example_of_cases_passes(path):
    """The cases beside an example pass without any variable set, and an editor takes the file."""
    config = path.with_name(path.name.replace(".test", ""))
    result = CliRunner().invoke(cli, ["test", "--config", str(config)], env=dict.fromkeys(ENV))
    assert result.exit_code == 0, result.output
    assert " 0 failed" in result.stdout
    text = path.read_text()
    assert text.startswith("# yaml-language-server: $schema=federation.test.schema.json\n")
    data = YAML(typ="safe", pure=True).load(text)
    data = json.loads(json.dumps(data, default=lambda instant: instant.isoformat()))
    jsonschema.Draft202012Validator(cases_schema()).validate(data)


def test_the_reference_page_is_fresh():
    """`federation config-schema --markdown > docs/reference/config.md` would change nothing."""
    assert (ROOT / "docs" / "reference" / "config.md").read_text() == reference_markdown()


def test_the_example_for_production_hides_its_secrets():
    """Loaded with real-looking secrets, the configuration prints none of them."""
    config = load(ROOT / "configs" / "production.yaml", env=ENV).config
    from federation.observe.secrets import masked  # noqa: PLC0415 - after loading, as a command would

    shown = str([masked(cluster.properties) for cluster in config.clusters.values()])
    assert "not-a-" not in shown
    assert "***" in shown
