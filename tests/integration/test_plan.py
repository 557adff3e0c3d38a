"""``federation plan`` against real clusters and registries."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from confluent_kafka.admin import NewTopic

from federation.cli.app import cli
from federation.config.load import load
from federation.kafka.clients import reach, wait
from federation.kafka.facts import ask
from federation.plan.compile import compile as compile_plan
from federation.plan.gather import gather
from federation.plan.prepare import prepare
from federation.schemas.registry import Access, connect_target

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.integration

CONTRACT = {
    "type": "record",
    "name": "Order",
    "namespace": "shop",
    "fields": [
        {"name": "order_id", "type": "string"},
        {"name": "amount", "type": "double"},
        {"name": "note", "type": "string", "default": ""},
    ],
}
EU = {"type": "record", "name": "Order", "fields": CONTRACT["fields"][:2]}
US = {
    "type": "record",
    "name": "Event",
    "fields": [{"name": "id", "type": "long"}, {"name": "total", "type": "float"}],
}
KEY = {"type": "record", "name": "Key", "fields": [{"name": "order_id", "type": "string"}]}
CONFIG = """\
version: 1
federation: shop
clusters:
  eu:
    properties: {{bootstrap.servers: "${{EU_BOOTSTRAP}}"}}
    registry: {{url: "${{EU_REGISTRY}}"}}
  us:
    properties: {{bootstrap.servers: "${{US_BOOTSTRAP}}"}}
    registry: {{url: "${{US_REGISTRY}}"}}
  hub:
    properties: {{bootstrap.servers: "${{HUB_BOOTSTRAP}}"}}
    registry: {{url: "${{HUB_REGISTRY}}"}}
streams:
  orders:
    schema: order.avsc
    sources:
      - {{cluster: eu, topics: [{eu}]}}
      - cluster: us
        topics: [{us}]
        key: {{order_id: id}}
        fields: {{order_id: id, amount: total}}
    target: {{cluster: hub, topic: {hub}, key: {{fields: [order_id], encoding: avro}}}}
run: {{parallelism: 1}}
"""


@pytest.fixture
def shop(sandbox_env, unique, tmp_path) -> tuple[Path, dict[str, str]]:
    """A configuration file and its topics by cluster; sources and their schemas are there."""
    topics = {alias: unique(alias) for alias in ("eu", "us", "hub")}
    for alias, value, key, partitions in (("eu", EU, KEY, 3), ("us", US, _renamed(KEY, "id"), 2)):
        name = topics[alias]
        cluster = reach(alias, {"bootstrap.servers": sandbox_env[f"{alias.upper()}_BOOTSTRAP"]})
        wait(cluster.admin.create_topics([NewTopic(name, partitions, 1)])[name], "create", alias)
        with connect_target(Access(sandbox_env[f"{alias.upper()}_REGISTRY"])) as registry:
            registry.register(f"{name}-value", value)
            registry.register(f"{name}-key", key)
    (tmp_path / "order.avsc").write_text(json.dumps(CONTRACT))
    file = tmp_path / "shop.yaml"
    file.write_text(CONFIG.format(**topics))
    return file, topics


def _renamed(schema, name):
    return {**schema, "fields": [{**schema["fields"][0], "name": name}]}


def run(*arguments):
    """A command's exit code, stdout and stderr."""
    result = CliRunner().invoke(cli, [str(one) for one in arguments])
    assert "Traceback" not in result.output
    return result


def test_a_plan_shows_what_is_there_and_what_will_be_made(shop):
    """Topics, versions, mapping and creations of real clusters, as JSON and as text."""
    file, topics = shop
    result = run("plan", "-c", file, "-o", "json")
    assert result.exit_code == 0, result.output
    (stream,) = json.loads(result.stdout)["streams"]
    eu, us = stream["sources"]
    assert [(t["name"], t["partitions"]) for t in eu["topics"]] == [(topics["eu"], 3)]
    assert [f["kind"] for f in eu["versions"][0]["fields"]] == ["mapped", "mapped", "defaulted"]
    assert [f["from"] for f in us["versions"][0]["fields"]][:2] == ["id", "total"]
    assert [t["topic"] for t in stream["target"]["creates"]] == [
        topics["hub"],
        f"{topics['hub']}.dead",
    ]
    assert stream["target"]["registers"] == [f"{topics['hub']}-value", f"{topics['hub']}-key"]
    assert "is empty" in result.stderr
    text = run("plan", "-c", file).stdout
    assert f"hub/{topics['hub']}, 3 partitions (created)" in text


def test_preparing_makes_what_the_plan_said_and_only_once(shop, sandbox_env):
    """Topics and subjects are made; the second time nothing is left to do and ids stay."""
    file, topics = shop
    loaded = load(file)
    first = prepare(compile_plan(loaded, gather(loaded)))
    again = compile_plan(loaded, gather(loaded))
    assert again.streams[0].target.creates == ()
    assert again.streams[0].target.registers == ()
    assert prepare(again) == first
    ids = first["orders"]
    with connect_target(Access(sandbox_env["HUB_REGISTRY"])) as registry:
        assert registry.schema_by_id(ids.value_schema_id).name == "shop.Order"
        assert registry.schema_by_id(ids.key_schema_id).name == "shop.OrderKey"
    hub = ask("hub", loaded.config.clusters["hub"].properties, lambda _: True)
    made = hub.topics[topics["hub"]]
    assert made.partitions == 3
    assert made.config["message.timestamp.type"] == "CreateTime"
    assert int(made.config["max.message.bytes"]) > 1_048_588


def test_preparing_a_stale_plan_again_is_harmless(shop):
    """A plan that was made before somebody else prepared still works."""
    loaded = load(shop[0])
    plan = compile_plan(loaded, gather(loaded))
    assert prepare(plan) == prepare(plan)


def test_an_incompatible_contract_is_refused_with_the_registrys_reason(shop, sandbox_env):
    """The target's registry is asked before anything is written there."""
    file, topics = shop
    other = {**CONTRACT, "fields": [{"name": "order_id", "type": "int"}]}
    with connect_target(Access(sandbox_env["HUB_REGISTRY"])) as registry:
        registry.register(f"{topics['hub']}-value", other)
    result = run("plan", "-c", file)
    assert result.exit_code == 1
    assert f"refuses the schema for {topics['hub']}-value" in result.stderr


def test_everything_wrong_is_told_in_one_run(shop, monkeypatch):
    """A closed port, an unknown topic and a wrong path: three findings, 15 seconds, exit code 1."""
    file, topics = shop
    monkeypatch.setenv("HUB_BOOTSTRAP", "127.0.0.1:1")
    text = file.read_text().replace(f"[{topics['eu']}]", "[nowhere]")
    file.write_text(text.replace("amount: total", "amount: sum"))
    begun = time.monotonic()
    result = run("plan", "-c", file)
    assert time.monotonic() - begun < 15
    assert result.exit_code == 1
    assert result.stdout == ""
    lines = [line for line in result.stderr.splitlines() if not line.startswith("warning: ")]
    assert len(lines) == 3
    assert "cluster hub (127.0.0.1:1): the cluster did not answer within 10 s" in lines[0]
    assert "cluster eu has no topic nowhere" in lines[1]
    assert "amount" in lines[2]
    assert all(line.startswith(f"{file}:") for line in lines)


def test_a_registry_that_is_not_there_is_one_finding(shop, monkeypatch):
    """The registry's address is named, and what the clusters said is not lost."""
    monkeypatch.setenv("US_REGISTRY", "http://127.0.0.1:1/apis/ccompat/v7")
    begun = time.monotonic()
    result = run("plan", "-c", shop[0])
    assert time.monotonic() - begun < 15
    errors = [line for line in result.stderr.splitlines() if not line.startswith("warning: ")]
    assert result.exit_code == 1
    assert len(errors) == 1
    assert "http://127.0.0.1:1/apis/ccompat/v7: the registry does not answer" in errors[0]


def test_planning_needs_no_flink(shop):
    """The command does not import pyflink: it starts fast and works where Flink is not."""
    code = (
        "import sys\n"
        "from federation.cli.app import cli\n"
        f"cli.main(['plan', '-c', {str(shop[0])!r}, '-o', 'json'], standalone_mode=False)\n"
        "sys.exit(any(name.split('.')[0] in ('pyflink', 'py4j') for name in sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
