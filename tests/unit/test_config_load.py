"""Loading a configuration: what it gives, and what it says of every kind of mistake."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from federation.config.load import load
from federation.config.sources import StartTimestamp
from federation.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

BASE = """\
version: 1
federation: shop
clusters:
  eu:
    properties: {bootstrap.servers: "${EU}"}
    registry: {url: "http://eu:8081"}
  hub:
    properties: {bootstrap.servers: hub:9092}
    registry: {url: "http://hub:8081"}
streams:
  orders:
    schema: order.avsc
    sources:
      - cluster: eu
        topics: [orders]
        fields:
          amount: total
    deduplicate: {key: [order_id]}
    target:
      cluster: hub
      topic: unified
      key: [order_id]
"""

CONTRACT = {
    "type": "record",
    "name": "Order",
    "fields": [
        {"name": "order_id", "type": "string"},
        {"name": "amount", "type": "double"},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {
            "name": "items",
            "type": {
                "type": "array",
                "items": {
                    "type": "record",
                    "name": "Item",
                    "fields": [{"name": "sku", "type": "string"}],
                },
            },
        },
    ],
}


@pytest.fixture
def mistakes(tmp_path: Path):
    """Write a file and give the findings of loading it, without the folder's name."""
    (tmp_path / "order.avsc").write_text(json.dumps(CONTRACT))
    path = tmp_path / "f.yaml"

    def run(content: str | bytes, **env: str) -> list[str]:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        try:
            loaded = load(path, env={"EU": "eu:9092", **env})
        except ConfigError as error:
            return [str(finding).replace(f"{tmp_path}/", "") for finding in error.findings]
        return [f"warning: {finding}".replace(f"{tmp_path}/", "") for finding in loaded.warnings]

    return run


def changed(old: str, new: str) -> str:
    """The sound file with one change."""
    assert BASE.count(old) == 1, f"{old!r} stands {BASE.count(old)} times in the file"
    return BASE.replace(old, new)


GOLDEN = {
    "undefined variable": (
        changed("${EU}", "${US_BOOTSTRAP}"),
        "f.yaml:5:37: variable US_BOOTSTRAP is not set; set it (export US_BOOTSTRAP=…) or give a default (${US_BOOTSTRAP:…})",
    ),
    "malformed reference": (
        changed("${EU}", "${EU-x}"),
        "f.yaml:5:37: `${EU-x}` is not a reference; write ${NAME}, ${NAME:default} or ${file:path}; ${{…}} for the text itself",
    ),
    "open reference": (
        changed("${EU}", "${EU"),
        "f.yaml:5:37: `${` without its `}`; write ${NAME}, ${NAME:default} or ${file:path}; ${{…}} for the text itself",
    ),
    "missing secret file": (
        changed("${EU}", "${file:nope}"),
        "f.yaml:5:37: nope of `${file:nope}` is not a file; mount or create it",
    ),
    "variable in a key": (
        changed("federation: shop", "federation: shop\n${EU}: 1"),
        "f.yaml:3:1: key `${EU}`: variables stand in values, not in keys; write the key out",
    ),
    "duplicate key": (
        changed("      topic: unified", "      topic: unified\n      topic: other"),
        "f.yaml:22:7: duplicate key `topic`, first at f.yaml:21:7; keep one of them",
    ),
    "unknown key": (
        changed("        topics: [orders]", "        topcis: [orders]\n        pattern: x"),
        "f.yaml:15:9: unknown key `topcis`; did you mean `topics`? allowed: cluster, topics, pattern, start, framing, key_framing, where, key, fields, subjects",
    ),
    "unknown key of a rule": (
        changed("amount: total", "amount: {form: total}"),
        "f.yaml:17:20: unknown key `form`; did you mean `from`? allowed: from, const, template, cel, branch, split, map, default, encoding, unit, zone, scale, lossy, fields",
    ),
    "missing key": (
        changed("      topic: unified\n", ""),
        "f.yaml:19:5: `target` needs `topic`; Topic that the stream is written to.",
    ),
    "missing key at the top": (
        changed("federation: shop\n", ""),
        "f.yaml:1:1: the file needs `federation`; The name under which state is kept.",
    ),
    "number for text": (
        changed("topics: [orders]", "topics: [2024]"),
        "f.yaml:15:18: `topics[0]` must be text, found 2024; put it in quotes",
    ),
    "text for list": (
        changed("topics: [orders]", "topics: orders"),
        "f.yaml:15:17: `topics` must be a list, found 'orders'; write [orders]",
    ),
    "text for number": (
        changed("topic: unified", "topic: unified\n      partitions: many"),
        "f.yaml:22:19: `partitions` must be a whole number, found 'many'; For a created topic; default: the largest source's count.",
    ),
    "variable for number": (
        changed("topic: unified", "topic: unified\n      partitions: ${EU}"),
        "f.yaml:22:19: `partitions` must be a whole number, found `${EU}`; check what the variable holds",
    ),
    "true for number": (
        changed("topic: unified", "topic: unified\n      partitions: true"),
        "f.yaml:22:19: `partitions` must be a whole number, found true; For a created topic; default: the largest source's count.",
    ),
    "too small": (
        changed("topic: unified", "topic: unified\n      partitions: 0"),
        "f.yaml:22:19: `partitions` must be at least 1, found 0",
    ),
    "text for mapping": (
        changed('registry: {url: "http://eu:8081"}', "registry: http://eu:8081"),
        "f.yaml:6:15: `registry` must be a mapping (key: value), found 'http://eu:8081'; The cluster's schema registry.",
    ),
    "address": (
        changed("http://hub:8081", "hub:8081"),
        "f.yaml:9:21: `url` is not valid, found 'hub:8081'; an address begins with http:// or https:// and has no blanks",
    ),
    "function": (
        changed("    target:", "    transform: {python: enrich.add}\n    target:"),
        "f.yaml:19:25: `python` is not valid, found 'enrich.add'; a function is named `module:function`, as in `enrich:add_country`",
    ),
    "wrong word": (
        changed("topic: unified", "topic: unified\n      delivery: exactly_once"),
        "f.yaml:22:17: `delivery` must be one of exactly-once, at-least-once, found 'exactly_once'; did you mean `exactly-once`?",
    ),
    "wrong version": (
        changed("version: 1", "version: 2"),
        "f.yaml:1:10: `version` must be 1, found 2",
    ),
    "duration": (
        changed("deduplicate: {key: [order_id]}", "deduplicate: {key: [order_id], window: 24}"),
        "f.yaml:18:44: `window`: a duration is a whole number with a unit: 500ms, 5s, 10m, 24h, 7d, found 24",
    ),
    "start": (
        changed("topics: [orders]", "topics: [orders]\n        start: newest"),
        "f.yaml:16:16: `start` must be earliest, latest, {timestamp: …} or {offsets: …}, found 'newest'",
    ),
    "start without offset": (
        changed(
            "topics: [orders]", "topics: [orders]\n        start: {timestamp: 2026-01-31 08:00:00}"
        ),
        "f.yaml:16:28: `timestamp`: an instant is ISO 8601 with an offset: 2026-01-31T08:00:00Z, found '2026-01-31 08:00:00'",
    ),
    "negative offset": (
        changed(
            "topics: [orders]", "topics: [orders]\n        start: {offsets: {orders: {0: -1}}}"
        ),
        "f.yaml:16:39: `0` must be at least 0, found -1",
    ),
    "topics and pattern": (
        changed("topics: [orders]", "topics: [orders]\n        pattern: o.*"),
        "f.yaml:14:9: `sources[0]`: a source names its topics or gives a pattern, one of the two",
    ),
    "no bootstrap": (
        changed("{bootstrap.servers: hub:9092}", "{client.id: x}"),
        "f.yaml:7:3: `hub`: properties need bootstrap.servers (host:port, several by comma)",
    ),
    "cluster name": (
        changed(
            "  hub:\n",
            "  hub: {properties: {bootstrap.servers: x}, registry: {url: http://x}}\n  h b:\n",
        ),
        "f.yaml:8:3: `h b` is not valid; a name has letters, digits, `_`, `-`, first a letter or digit, at most 63",
    ),
    "empty list": (
        changed("    deduplicate: {key: [order_id]}", "    deduplicate: {key: []}"),
        "f.yaml:18:19: `key` needs at least one entry; add one",
    ),
    "nothing where a list is needed": (
        changed("topics: [orders]", "topics:"),
        "f.yaml:15:9: `topics` must be a list, found nothing; Topics by name.",
    ),
    "anchor": (
        changed("topics: [orders]", "topics: &t [orders]"),
        "f.yaml:15:17: `&t`: anchors and aliases are not allowed; write the value out",
    ),
    "tag": (
        changed("topic: unified", "topic: !!binary unified"),
        "f.yaml:21:14: `tag:yaml.org,2002:binary`: tags are not allowed; leave it out",
    ),
    "unknown cluster": (
        changed("- cluster: eu", "- cluster: ue"),
        "f.yaml:14:18: unknown cluster `ue`; did you mean `eu`? allowed: eu, hub",
    ),
    "unknown field": (
        changed("amount: total", "amuont: total"),
        "f.yaml:17:11: `amuont` is no field of the contract's Order; did you mean `amount`? allowed: order_id, amount, at, items",
    ),
    "missing schema file": (
        changed("schema: order.avsc", "schema: schemas/orders.avsc"),
        "f.yaml:12:13: contract `schemas/orders.avsc` does not exist; it is sought beside the configuration, at schemas/orders.avsc",
    ),
    "schema is no Avro": (
        changed("schema: order.avsc", "schema: f.yaml"),
        "f.yaml:12:13: contract `f.yaml` is not an Avro schema: schema is not JSON: Expecting value: line 1 column 1 (char 0); correct the .avsc file",
    ),
    "not CEL": (
        changed("topics: [orders]", "topics: [orders]\n        where: total >"),
        "f.yaml:16:16: where is not CEL at line 1, column 7; known are comparison, && || !, ? :, + - * / %, in, [], and the functions has, size, string, int, double, bool, startsWith, endsWith, contains, matches, lowerAscii, upperAscii, trim, replace and substring",
    ),
    "CEL of a rule": (
        changed("amount: total", "amount: {cel: total + foo(1)}"),
        "f.yaml:17:25: cel does not know foo() with these arguments at line 1, column 9; known are comparison, && || !, ? :, + - * / %, in, [], and the functions has, size, string, int, double, bool, startsWith, endsWith, contains, matches, lowerAscii, upperAscii, trim, replace and substring",
    ),
    "template of a rule": (
        changed("amount: total", "amount: {template: '{total'}"),
        "f.yaml:17:30: `template`: a single { at column 1; a path is {in.braces}, and a brace that is meant is doubled, found '{total'",
    ),
    "case of a rule": (
        changed("amount: total", "amount: {branch: {by: kind, cases: {a: {type: Card}}}}"),
        "f.yaml:17:57: `amount` has no branch `Card`; it is no union: leave `type` out",
    ),
    "array as a key": (
        changed("deduplicate: {key: [order_id]}", "deduplicate: {key: [order_id, items]}"),
        "f.yaml:18:35: `items` is an array of record Item, which can be no part of a key; equal arrays and maps may have unequal bytes; take fields of other types",
    ),
    "array as the target's key": (
        changed("topic: unified\n      key: [order_id]", "topic: unified\n      key: [items]"),
        "f.yaml:22:13: `items` is an array of record Item, which can be no part of a key; equal arrays and maps may have unequal bytes; take fields of other types",
    ),
    "two sources of a rule": (
        changed("amount: total", "amount: {cel: total, from: total}"),
        "f.yaml:17:11: `amount`: cel and from cannot apply to one value: cel computes the value itself",
    ),
}


@pytest.mark.parametrize("kind", GOLDEN)
def test_each_mistake_has_its_place_its_reason_and_a_way_out(mistakes, kind):
    """One mistake gives one finding, word for word."""
    content, expected = GOLDEN[kind]
    assert mistakes(content) == [expected]


def test_all_mistakes_of_a_file_are_reported_at_once_in_its_order(mistakes):
    """Mistakes of form, of type and of sense are found in one run, although the first breaks a part."""
    content = """\
version: 1
federation: shop
clusters:
  eu:
    properties: {bootstrap.servers: "${NOPE}", group.id: mine}
    registry: {url: "${NOPE_TOO}"}
    registry: {url: "http://x"}
  hub: {properties: {bootstrap.servers: "h:1"}, registry: {url: "http://h"}}
streams:
  orders:
    schema: order.avsc
    sources:
      - {cluster: eu, topics: {a: 1}}
      - {cluster: ue, topics: [a], fields: {amuont: x}}
      - {cluster: eu, topics: [b], start: now, fields: {items: {fields: {suk: y}}}}
    deduplicate: {key: [orderid], window: 5}
    target: {cluster: hub, topic: t, key: [order_id], partitions: -1, colour: red}
  more:
    schema: nope.avsc
    sources: []
    target: {cluster: hub, topic: u, key: [order_id]}
run: {checkpoint: 20m}
"""
    places = (
        "5:37 5:48 6:21 7:5 13:23 14:19 14:45 15:43 15:74 16:25 16:43 17:67 17:71 19:13 20:5 22:19"
    )
    found = [finding.partition(": ")[0].removeprefix("f.yaml:") for finding in mistakes(content)]
    assert " ".join(found) == places


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "f.yaml: the file is empty; write one with `federation init`"),
        (b"# nothing\n", "f.yaml: the file is empty; write one with `federation init`"),
        (
            b"- 1\n",
            "f.yaml: the file is not a mapping; it begins with `version: 1` and goes on with key: value",
        ),
        (b"a: \xff\n", "f.yaml:1:4: the file is not UTF-8 text; save it as UTF-8"),
        (b"a: \x00\n", "f.yaml:1:4: character U+0000 is not allowed in YAML; remove it"),
        (b"a: 1\n---\nb: 1\n", "f.yaml:2:1: a second YAML document; one file, one federation"),
        (b"a: " + b"[" * 40 + b"]" * 40, "f.yaml:1:36: nested deeper than 32 levels; flatten it"),
        (b"a" * 1_100_000, "f.yaml: the file is larger than 1024 KiB; split it"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(mistakes, content, expected):
    """What is no configuration at all gives one finding."""
    assert mistakes(content)[:1] == [expected]


@pytest.mark.parametrize(
    ("content", "where", "words"),
    [
        ("a: 1\n\tb: 2\n", "f.yaml:2:1", "indent with spaces, not tabs, in: b: 2"),
        (
            "a: {b: ${X}}\n",
            "f.yaml:1:9",
            'put quotes around "${…}" inside { } or [ ] in: a: {b: ${X}}',
        ),
        ("a: [1, 2\nb: 3\n", "f.yaml:2:2", "look for a missing colon, quote or bracket in: b: 3"),
    ],
)
def test_broken_yaml_is_shown_with_its_line(mistakes, content, where, words):
    """A syntax error has its place, the text of the line, and what is usual there."""
    (finding,) = mistakes(content)
    assert finding.startswith(f"{where}: not YAML: ")
    assert finding.endswith(words)


def test_a_missing_file_is_a_finding(tmp_path):
    """A file that is not there is an error for a person, not an exception of the system."""
    with pytest.raises(ConfigError, match="cannot be read: No such file or directory"):
        load(tmp_path / "nope.yaml", env={})


def test_variables_take_the_type_that_the_model_wants(mistakes, tmp_path):
    """Text from a variable becomes number, truth, duration or secret where one is wanted."""
    content = changed(
        "topic: unified",
        "topic: ${T}\n      partitions: ${N}\n      create: ${B:false}\n      config: {retention.ms: ${M:-1}}".replace(
            "${M:-1}", '"${M:-1}"'
        ),
    )
    assert mistakes(content, T="007", N="12") == []
    target = (
        load(tmp_path / "f.yaml", env={"EU": "x:1", "T": "007", "N": "12"})
        .config.streams["orders"]
        .target
    )
    assert (target.topic, target.partitions, target.create) == ("007", 12, False)
    assert target.config == {"retention.ms": "-1"}


def test_only_braces_make_a_reference(mistakes, tmp_path):
    """``$Name`` passes, ``${{NAME}}`` is the text itself, and what a variable holds is not read again."""
    content = changed(
        "{bootstrap.servers: hub:9092}",
        '{bootstrap.servers: "${A}", b: $ConnectionString, c: "${{EU}}", d: "${E:}", e: 0070, f: 1.10, g: true}',
    )
    env = {"A": "${EU}: [", "EU": "x:1"}
    assert mistakes(content, A="${EU}: [") == []
    properties = load(tmp_path / "f.yaml", env=env).config.clusters["hub"].properties
    assert properties == {
        "bootstrap.servers": "${EU}: [",
        "b": "$ConnectionString",
        "c": "${EU}",
        "d": "",
        "e": "0070",
        "f": "1.10",
        "g": "true",
    }


def test_files_are_read_beside_the_configuration(mistakes, tmp_path):
    """``${file:…}``, the contract and the state's folder are relative to the file, not to the shell."""
    (tmp_path / "boot").write_text("  b:1\n")
    content = changed("hub:9092", '"${file:boot}"') + "run: {state: here}\n"
    assert mistakes(content) == []
    config = load(tmp_path / "f.yaml", env={"EU": "x:1"}).config
    assert config.clusters["hub"].properties["bootstrap.servers"] == "b:1"
    assert config.streams["orders"].contract.file == tmp_path / "order.avsc"
    assert config.run.state == tmp_path / "here"


def test_what_is_loaded_knows_its_places_contracts_and_defaults(mistakes, tmp_path):
    """A sound file gives values, parsed contracts and the place of every config path."""
    content = changed(
        "topics: [orders]", "topics: [orders]\n        start: {timestamp: 2026-01-31T08:00:00Z}"
    )
    assert mistakes(content) == []
    loaded = load(tmp_path / "f.yaml", env={"EU": "x:1"})
    stream = loaded.config.streams["orders"]
    start = stream.sources[0].start
    assert isinstance(start, StartTimestamp)
    assert start.timestamp == datetime(2026, 1, 31, 8, tzinfo=UTC)
    assert stream.deduplicate is not None
    assert stream.deduplicate.window == timedelta(hours=24)
    assert stream.target.key.fields == ("order_id",)
    assert loaded.contracts["orders"].name == "Order"
    assert loaded.where("streams", "orders", "sources", 0, "topics") == f"{tmp_path}/f.yaml:15:9"
    assert (
        loaded.where("streams", "orders", "sources", 0, "topics", 0) == f"{tmp_path}/f.yaml:15:18"
    )
    assert loaded.where("streams", "orders", "schema") == f"{tmp_path}/f.yaml:12:13"
    assert loaded.where("streams", "orders", "errors", "limit") == f"{tmp_path}/f.yaml:11:3"


@pytest.mark.parametrize("kind", GOLDEN)
def test_no_message_speaks_of_our_libraries(mistakes, kind):
    """Messages are for people: no names of pydantic, no addresses of manuals."""
    text = "\n".join(mistakes(GOLDEN[kind][0])).lower()
    for word in (
        "pydantic",
        "errors.pydantic.dev",
        "input_value",
        "validation error",
        "ruamel",
        "function-",
    ):
        assert word not in text
