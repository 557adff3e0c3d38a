"""The checks between the parts of a configuration: each finds its mistake, at its place."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from federation.config.lint import RULES
from federation.config.load import load
from federation.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

CONTRACT = {
    "type": "record",
    "name": "Order",
    "fields": [
        {"name": "order_id", "type": "string"},
        {"name": "number", "type": "long"},
        {
            "name": "ref",
            "type": {"type": "fixed", "name": "Ref", "size": 16, "logicalType": "uuid"},
        },
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "note", "type": ["null", "string"], "default": None},
    ],
}


def source(cluster: str = "a", **more: object) -> dict[str, object]:
    """A source of the topic `in`."""
    return {"cluster": cluster, **({"topics": ["in"]} if "pattern" not in more else {}), **more}


def stream(
    *sources: dict[str, object], topic: str = "out", key: object = "order_id", **more: object
):
    """A stream into cluster `b`."""
    target = {"cluster": "b", "topic": topic, "key": key, **more.pop("target", {})}
    return {"schema": "o.avsc", "sources": list(sources) or [source()], "target": target, **more}


@pytest.fixture
def lint(tmp_path: Path):
    """Lint streams, client properties and more; JSON is YAML, and one value stands on each line."""
    (tmp_path / "o.avsc").write_text(json.dumps(CONTRACT))
    (tmp_path / "list.avsc").write_text('{"type": "array", "items": "int"}')

    def run(
        *streams: dict[str, object], properties: dict[str, object] | None = None, **more: object
    ):
        clusters = {
            name: {"properties": {"bootstrap.servers": "x:1"}, "registry": {"url": "http://x"}}
            for name in ("a", "b")
        }
        clusters["a"]["properties"].update(properties or {})
        named = {f"s{n}": one for n, one in enumerate(streams or [stream()])}
        content = {"version": 1, "federation": "f", "clusters": clusters, "streams": named, **more}
        path = tmp_path / "f.yaml"
        path.write_text(json.dumps(content, indent=1))
        lines = path.read_text().splitlines()
        try:
            findings = load(path, env={}).warnings
        except ConfigError as error:
            findings = error.findings
        # what, and the text that the place points at
        return [
            (
                one.what,
                lines[int(one.where.split(":")[1]) - 1][int(one.where.split(":")[2]) - 1 :].rstrip(
                    ",[{ "
                ),
            )
            for one in findings
        ]

    return run


def test_a_sound_configuration_has_no_findings(lint):
    """Nothing is made up."""
    assert lint() == []


def test_every_rule_says_in_one_line_what_it_looks_for():
    """The reference page is made of these sentences."""
    assert all(rule.__doc__ and "\n" not in rule.__doc__ for rule in RULES)


@pytest.mark.parametrize(
    ("streams", "what", "place"),
    [
        ([stream(source("c"))], "unknown cluster `c`", '"c"'),
        ([stream(target={"cluster": "c"})], "unknown cluster `c`", '"c"'),
        ([stream(source(), source())], "`in` of cluster `a` is already a source here", '"in"'),
        ([stream(source(topics=["x", "x"]))], "`x` of cluster `a` is already a source here", '"x"'),
        (
            [stream(source(pattern="i."), source())],
            "`in` of cluster `a` is already a source here",
            '"in"',
        ),
        (
            [stream(source("b", topics=["x", "out"]), source())],
            "`out` is both a source and the target of this stream",
            '"out"',
        ),
        (
            [stream(source("b", pattern="ou.*t"), source())],
            "`out` is both a source and the target of this stream",
            '"ou.*t"',
        ),
        (
            [stream(source("b", topics=["out.dead"]), source())],
            "`out.dead` is both a source and the dead-letter topic of this stream",
            '"out.dead"',
        ),
        ([stream(), stream()], "`out` is already written by stream `s0`", '"out"'),
        (
            [stream(), stream(topic="x", errors={"dead_letter": "out"})],
            "`out` is already written by stream `s0`",
            '"out"',
        ),
        (
            [stream(errors={"dead_letter": "out"})],
            "dead letters would be written to the target `out`",
            '"out"',
        ),
        ([stream(key="order")], "`order` is no field of the contract", '"order"'),
        ([stream(key=["order"])], "`order` is no field of the contract", '"order"'),
        ([stream(key={"fields": ["order"]})], "`order` is no field of the contract", '"order"'),
        ([stream(deduplicate={"key": ["x"]})], "`x` is no field of the contract", '"x"'),
        ([stream(deduplicate={"key": ["at", "at"]})], "field `at` stands twice", '"key":'),
        (
            [stream(key=["at"])],
            "`at` is a timestamp-millis, which has no single spelling as text",
            '"key":',
        ),
        (
            [stream(key=["note"])],
            "`note` is a null or string, which has no single spelling as text",
            '"key":',
        ),
        (
            [stream(key={"fields": ["order_id", "at"], "encoding": "string"})],
            "a key of several fields cannot be encoded as string",
            '"key":',
        ),
        (
            [stream(source(fields={"x": "y"}))],
            "`x` is no field of the contract's Order",
            '"x": "y"',
        ),
        (
            [stream(source(fields={"note": {"fields": {"x": "y"}}}))],
            "`fields` under `note`, which is a null or string and no record",
            '"fields":',
        ),
        (
            [stream(source(key={"number": "n"}))],
            "`number` is no field of the target key",
            '"number": "n"',
        ),
        (
            [stream(source(start={"offsets": {"x": {"0": 1}}}))],
            "`x` is no topic of this source",
            '"x":',
        ),
        (
            [stream(source(where="a.all(x, x)"))],
            "where does not know all() with these arguments at line 1, column 3",
            '"a.all(x, x)"',
        ),
        (
            [stream(schema="list.avsc")],
            "contract `list.avsc` is no record but array of int",
            '"list.avsc"',
        ),
        ([stream(schema=".")], "contract `.` cannot be read: Is a directory", '"."'),
    ],
)
def test_each_rule_finds_its_mistake(lint, streams, what, place):
    """A mistake in sense is named, and found where it stands."""
    assert lint(*streams) == [(what, place)]


@pytest.mark.parametrize(
    "key",
    ["order_id", ["number"], ["ref"], ["at", "order_id"], {"fields": ["at"], "encoding": "avro"}],
)
def test_keys_of_every_allowed_kind_pass(lint, key):
    """Text, whole numbers and uuids may be a string key; anything may be an Avro key."""
    assert lint(stream(key=key)) == []


@pytest.mark.parametrize(
    "properties",
    [
        {
            "sasl.jaas.config": "com.sun.security.auth.module.JndiLoginModule required user.provider.url=x;"
        },
        {"sasl.jaas.config": "\n com.sun.security.auth.module.LdapLoginModule required;"},
        {"config.providers": "file"},
        {"config.providers.file.class": "x"},
        {"interceptor.classes": "x"},
        {"consumer.interceptor.classes": "x"},
        {"key.deserializer": "x"},
        {"value.serializer": "x"},
        {"enable.auto.commit": True},
        {"isolation.level": "read_uncommitted"},
        {"transactional.id": "x"},
        {"group.id": "x"},
        {"auto.offset.reset": "latest"},
        {"enable.idempotence": False},
        {"acks": 1},
        {"partitioner.class": "x"},
    ],
)
def test_properties_that_break_a_promise_are_refused(lint, properties):
    """What the gateway sets itself, or what loads foreign code, is no client property."""
    (name,) = properties
    ((what, place),) = lint(properties=properties)
    assert what == f"property `{name}` is not allowed"
    assert place.startswith(f'"{name}"')


def test_ordinary_properties_pass(lint):
    """Security and tuning are the user's."""
    jaas = 'org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="pass-word";'
    assert (
        lint(properties={"sasl.jaas.config": jaas, "fetch.max.bytes": 1000, "client.id": "x"}) == []
    )


def test_checkpoints_fit_a_transaction_only_where_there_are_some(lint):
    """Long checkpoints are refused for exactly-once and allowed for at-least-once."""
    run = {"checkpoint": "11m"}
    assert lint(run=run) == [("`checkpoint` is too long for exactly-once", '"11m"')]
    assert lint(stream(target={"delivery": "at-least-once"}), run=run) == []
    assert lint(run={"checkpoint": "10m"}) == []


def test_an_unused_cluster_is_a_warning_and_a_missing_registry_a_mistake(tmp_path, lint):
    """Warnings do not stop; a cluster in use needs the registry that its ids belong to."""
    assert lint() == []
    path = tmp_path / "f.yaml"
    content = json.loads(path.read_text())
    content["clusters"]["c"] = {"properties": {"bootstrap.servers": "x:1"}}
    path.write_text(json.dumps(content, indent=1))
    (warning,) = load(path, env={}).warnings
    assert (warning.severity, warning.what) == ("warning", "cluster `c` is used by no stream")
    content["streams"]["s0"]["sources"][0]["cluster"] = "c"
    path.write_text(json.dumps(content, indent=1))
    with pytest.raises(ConfigError, match="cluster `c` has no schema registry; add `registry:"):
        load(path, env={})


def test_a_federation_without_clusters_or_streams_is_a_mistake(tmp_path):
    """Empty mappings are said to be empty."""
    path = tmp_path / "f.yaml"
    path.write_text("{version: 1, federation: f, clusters: {}, streams: {}}")
    with pytest.raises(ConfigError) as caught:
        load(path, env={})
    assert [f.what for f in caught.value.findings] == [
        "`clusters` needs at least one entry",
        "`streams` needs at least one entry",
    ]


def test_places_stay_true_when_an_earlier_source_is_broken(lint):
    """The second source's mistake points into the second source, though the first was left out."""
    found = lint(stream(source(topics=[1]), source(fields={"x": "y"})))
    assert [place for _, place in found] == ["1", '"x": "y"']
