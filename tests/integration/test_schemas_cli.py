"""``federation schemas`` against real registries: drafted from seeded topics, planned, compared."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from federation.cli.app import cli
from federation.sandbox.seed import seed
from federation.schemas.registry import Access, connect_target

pytestmark = pytest.mark.integration

CLUSTERS = """\
version: 1
federation: drafted
clusters:
  eu:
    properties: {bootstrap.servers: "${EU_BOOTSTRAP}"}
    registry: {url: "${EU_REGISTRY}"}
  us:
    properties: {bootstrap.servers: "${US_BOOTSTRAP}"}
    registry: {url: "${US_REGISTRY}"}
  hub:
    properties: {bootstrap.servers: "${HUB_BOOTSTRAP}"}
    registry: {url: "${HUB_REGISTRY}"}
"""


TOPICS = {
    "orders": ("orders", "order_events"),
    "telemetry": ("telemetry", "device_readings"),
}


def run(*arguments):
    """A command's result; a traceback is never an answer."""
    result = CliRunner().invoke(cli, [str(one) for one in arguments])
    assert "Traceback" not in result.output
    return result


@pytest.mark.parametrize("domain", list(TOPICS))
def test_a_draft_from_seeded_topics_lints_and_plans(sandbox, sandbox_env, unique, tmp_path, domain):
    """Clusters alone become a configuration that works; a version that breaks it is told apart."""
    prefix = f"{unique(domain)}."
    seed(sandbox, domain, records=200, number=7, prefix=prefix)
    eu, us = (prefix + topic for topic in TOPICS[domain])
    bare = tmp_path / "clusters.yaml"
    bare.write_text(CLUSTERS)
    drafted = run(
        "schemas", "suggest", "-c", bare, "--from", f"eu/{eu}", "--from", f"us/{us}",
        "--name", domain, "--write", tmp_path / "draft",
    )  # fmt: skip
    assert drafted.exit_code == 0, drafted.output
    file = tmp_path / "draft" / f"{domain}.yaml"
    for command in ("lint", "plan"):
        done = run(command, "-c", file)
        assert done.exit_code == 0, file.read_text() + done.output
    shown = run("schemas", "diff", "-c", file, "-o", "json")
    assert shown.exit_code == 0, shown.output
    assert all(v["meets"] for source in json.loads(shown.stdout) for v in source["versions"])

    strange = {"type": "record", "name": "Strange", "fields": [{"name": "odd", "type": "int"}]}
    with connect_target(Access(sandbox_env["US_REGISTRY"])) as registry:
        registry.register(f"{us}-Strange", strange)
    shown = run("schemas", "diff", "-c", file, "-o", "json")
    assert shown.exit_code == 3, shown.output
    versions = [v for source in json.loads(shown.stdout) for v in source["versions"]]
    assert [v["subject"] for v in versions if not v["meets"]] == [f"{us}-Strange"]
