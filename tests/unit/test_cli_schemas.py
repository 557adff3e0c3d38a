"""``federation schemas``: what it shows, drafts, writes and refuses, against a made-up registry."""

from __future__ import annotations

import json
import sys

import pytest
from click.testing import CliRunner
from plan_facts import CONFIG, CONTRACT, EU_V1, EU_V2, KEY, US, US_KEY, cluster, facts, versions

from federation.cli.app import cli
from federation.config.clusters import load_clusters
from federation.config.load import load
from federation.errors import ClusterError, ConfigError
from federation.plan import versions as plan_versions
from federation.plan.compile import compile as compile_plan
from federation.plan.versions import read_versions
from federation.schemas.registry import NotAvro

SUBJECTS = {
    "http://eu:8081": versions("orders-value", EU_V1, EU_V2) | versions("orders-key", KEY),
    "http://us:8081": versions("order_events-value", US) | versions("order_events-key", US_KEY),
}


class Registry:
    """A registry of fixed subjects; one whose versions are an error raises it."""

    def __init__(self, access, **_deadline):
        self.held = SUBJECTS[access.url]
        if isinstance(self.held, Exception):
            raise self.held

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def subjects(self):
        """The names of all subjects."""
        return list(self.held)

    def versions(self, subject):
        """All versions, or what goes wrong with them."""
        if isinstance(self.held[subject], Exception):
            raise self.held[subject]
        return self.held[subject]


@pytest.fixture(autouse=True)
def registry(monkeypatch):
    """The registries by address; a test may change them."""
    monkeypatch.setattr("federation.plan.versions.connect", Registry)
    held = {url: dict(subjects) for url, subjects in SUBJECTS.items()}
    monkeypatch.setattr(sys.modules[__name__], "SUBJECTS", held)
    return held


@pytest.fixture
def shop(tmp_path):
    """The whole configuration."""
    (tmp_path / "order.avsc").write_text(json.dumps(CONTRACT))
    file = tmp_path / "shop.yaml"
    file.write_text(CONFIG)
    return file


@pytest.fixture
def bare(tmp_path):
    """The configuration with clusters only."""
    file = tmp_path / "clusters.yaml"
    file.write_text(CONFIG.partition("streams:")[0])
    return file


def run(*arguments):
    return CliRunner().invoke(cli, ["schemas", *(str(one) for one in arguments)])


def test_diff_shows_every_version_and_is_content_if_all_can_meet_the_contract(shop):
    """Mapped, defaulted and dropped fields, and what changed, by source and version."""
    done = run("diff", "-c", shop, "-o", "json")
    assert done.exit_code == 0, done.output
    eu, us = json.loads(done.stdout)
    assert [(v["subject"], v["version"], v["part"]) for v in eu["versions"]] == [
        ("orders-value", 1, "value"),
        ("orders-value", 2, "value"),
        ("orders-key", 1, "key"),
    ]
    first, second, _ = eu["versions"]
    assert [f["kind"] for f in first["fields"]] == ["mapped"] * 3 + ["defaulted"]
    assert first["changes"] == []
    assert [c["text"] for c in second["changes"]] == [
        "added channel (string)", "added note (string)",
    ]  # fmt: skip
    assert second["dropped"] == ["note"]
    assert us["source"] == "us/order_events"
    text = run("diff", "-c", shop, "--stream", "orders").stdout
    assert "orders-value version 2 (id 2): meets the contract" in text
    assert "mapped    customer <- client.name" in text
    assert "dropped   note" in text
    assert "changed   added note (string)" in text


def test_diff_shows_all_reasons_why_a_version_cannot(shop, registry):
    """A version that cannot meet the contract has every reason, and the exit code is 3."""
    strange = {"type": "record", "name": "Order", "fields": [{"name": "amount", "type": "string"}]}
    registry["http://eu:8081"] |= versions("orders-value", EU_V1, strange)
    done = run("diff", "-c", shop, "-o", "json")
    assert done.exit_code == 3
    second = json.loads(done.stdout)[0]["versions"][1]
    assert not second["meets"]
    assert [one["field"] for one in second["refused"]] == ["order_id", "customer", "amount"]
    text = run("diff", "-c", shop)
    assert text.exit_code == 3
    assert "version 2 (id 2): cannot meet it" in text.stdout
    assert "removed customer (string)" in text.stdout


def test_diff_compares_keys_only_where_delete_markers_need_them(shop):
    """Markers that are dropped need no key, so it is not judged."""
    shop.write_text(
        shop.read_text().replace("    target:\n", "    tombstones: drop\n    target:\n")
    )
    (eu, _) = json.loads(run("diff", "-c", shop, "-o", "json").stdout)
    assert {v["part"] for v in eu["versions"]} == {"value"}


def test_diff_shows_what_it_knows_of_the_others_when_a_registry_is_silent(shop, registry):
    """One source's error hides nothing of another, and is an error."""
    registry["http://us:8081"] = ClusterError("the registry does not answer", where="us")
    done = run("diff", "-c", shop)
    assert done.exit_code == 1
    assert "us: the registry does not answer" in done.stderr
    assert "orders-value version 2" in done.stdout
    registry["http://us:8081"] = {"order_events-value": NotAvro("it is JSON")}
    assert "it is JSON" in run("diff", "-c", shop).stderr


def test_an_unknown_stream_is_refused_with_those_there_are(shop):
    """Neither command guesses which stream is meant."""
    for command in ("diff", "suggest"):
        done = run(command, "-c", shop, "--stream", "order")
        assert done.exit_code == 1
        assert "no stream order; there are: orders" in done.stderr


def test_suggest_drafts_from_clusters_alone(bare):
    """The YAML has rules, guesses and keys; the contract follows it."""
    done = run("suggest", "-c", bare, "--from", "eu/orders", "--from", "us/order_events")
    assert done.exit_code == 0, done.output
    yaml, _, contract = done.stdout.partition("# schemas/orders.avsc\n")
    assert json.loads(contract)["name"] == "Order"
    assert "order_id: id   # guess: id and order_id are alike" in yaml
    assert "key: {order_id: id}" in yaml
    assert "# no other source has client, total: are they called otherwise there?" in yaml
    assert "cluster: hub   # guess" in yaml
    assert "key: [order_id]   # guess" in yaml


def test_a_written_draft_passes_lint_and_plan(bare, tmp_path):
    """What is written is a whole configuration: it loads without a warning and has a plan."""
    folder = tmp_path / "draft"
    arguments = ("suggest", "-c", bare, "--from", "eu/orders", "--from", "us/order_events")
    done = run(*arguments, "--name", "shop", "--write", folder)
    assert done.exit_code == 0, done.output
    config = load(folder / "shop.yaml", env={})
    assert config.warnings == ()
    plan = compile_plan(config, facts())
    assert plan.streams[0].target.topic == "shop.unified"
    again = run(*arguments, "--name", "shop", "--write", folder)
    assert again.exit_code == 1
    assert again.stderr.count("exists and is not overwritten") == 2


def test_suggest_for_a_stream_keeps_its_target(shop, tmp_path):
    """The draft is of the stream's sources and for its target; only its part is written."""
    text = shop.read_text().replace("topic: orders.unified", "topic: all.orders")
    shop.write_text(text)
    done = run("suggest", "-c", shop, "--stream", "orders", "--write", tmp_path / "d")
    assert done.exit_code == 0, done.output
    written = (tmp_path / "d" / "orders.yaml").read_text()
    assert written.startswith("streams:\n  orders:\n")
    assert "topic: all.orders\n      key: [order_id]\n" in written


def test_a_key_that_does_not_hold_the_target_key_sends_markers_to_the_dead_letters(bare, registry):
    """Rather than a draft that plan refuses."""
    other = {"type": "record", "name": "K", "fields": [{"name": "shard", "type": "int"}]}
    registry["http://us:8081"] |= versions("order_events-key", other)
    done = run("suggest", "-c", bare, "--from", "eu/orders", "--from", "us/order_events")
    assert "    tombstones: dead-letter   #" in done.stdout
    registry["http://us:8081"] |= versions("order_events-key", "string")
    done = run("suggest", "-c", bare, "--from", "eu/orders", "--from", "us/order_events")
    assert 'key: {order_id: "."}' in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "Give --stream NAME, or --from"),
        (("--stream", "x", "--from", "eu/orders"), 2, "Give --stream NAME, or --from"),
        (("--from", "eu/orders", "--name", "../x"), 2, "--name has letters"),
        (("--from", "orders"), 2, "--from orders is not CLUSTER/TOPIC"),
        (("--from", "ap/orders"), 1, "no cluster ap; there are: eu, us, hub"),
        (("--from", "eu/nothing"), 1, "eu/nothing has no registered value schema"),
    ],
)
def test_suggest_refuses_what_it_cannot_draft_from(bare, arguments, code, said):
    """Each mistake is said with what is possible."""
    done = run("suggest", "-c", bare, *arguments)
    assert done.exit_code == code
    assert said in done.stderr


def test_a_pattern_asks_the_cluster_for_its_topics(shop, monkeypatch):
    """Only a pattern needs the cluster; what it cannot tell is the source's error."""
    shop.write_text(shop.read_text().replace("topics: [orders]", "pattern: 'ord.*'"))
    loaded = load(shop, env={})
    sources = loaded.config.streams["orders"].sources
    known = facts().clusters["eu"]
    monkeypatch.setattr(plan_versions, "ask", lambda *_: known)
    eu, _ = read_versions(loaded, sources)
    assert eu.name == "eu/ord.*"
    assert list(eu.values) == ["orders-value"]
    lost = cluster("eu", error=ClusterError("away").findings[0])
    monkeypatch.setattr(plan_versions, "ask", lambda *_: lost)
    assert read_versions(loaded, sources)[0].error == lost.error


def test_clusters_load_without_streams_and_with_broken_ones(bare, shop):
    """Streams may be missing, wrong or lack their contract; clusters may not."""
    assert list(load_clusters(bare, env={}).config.clusters) == ["eu", "us", "hub"]
    shop.write_text(shop.read_text().replace("schema: order", "odd: 1\n    schema: ${NOT_SET}"))
    assert load_clusters(shop, env={}).config.streams == {}
    bare.write_text(bare.read_text().replace("eu:9092", "${NOT_SET}").replace("url:", "urn:"))
    with pytest.raises(ConfigError) as caught:
        load_clusters(bare, env={})
    assert len(caught.value.findings) >= 2
    bare.write_text("version: 1\nfederation: shop\nclusters: {}\n")
    with pytest.raises(ConfigError, match="needs at least one entry"):
        load_clusters(bare, env={})


def test_diff_shows_the_schema_of_a_source_without_registry(shop, registry):
    """A given schema is held against the contract as a registered one is; nobody is asked."""
    registry.pop("http://eu:8081")
    (shop.parent / "raw.avsc").write_text(
        json.dumps({**CONTRACT, "fields": CONTRACT["fields"][:2]})
    )
    source = "        topics: [orders]\n"
    said = "        framing: {type: json, schema: raw.avsc}\n        key_framing: long\n"
    text = CONFIG.replace('    registry: {url: "http://eu:8081"}\n', "")
    shop.write_text(text.replace(source, source + said))
    done = run("diff", "-c", shop, "-o", "json")
    assert done.exit_code == 3
    eu, _ = json.loads(done.stdout)
    assert eu["error"] is None
    given, key = eu["versions"]
    assert (given["subject"], given["version"], given["id"]) == ("raw.avsc", None, None)
    assert [one["field"] for one in given["refused"]] == ["amount"]
    assert (key["subject"], key["part"], key["meets"]) == ("long", "key", False)
    assert "  raw.avsc: cannot meet it" in run("diff", "-c", shop).stdout
