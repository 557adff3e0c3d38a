"""What a configuration may say of framings, and what lint says of it."""

from __future__ import annotations

import json
from typing import get_args

import pytest

from federation.config.load import load
from federation.config.sources import FramingType, KeyFramingType
from federation.errors import ConfigError
from federation.schemas.framing import FRAMINGS

RECORD = {"type": "record", "name": "R", "fields": [{"name": "id", "type": "string"}]}
CONFIG = """\
version: 1
federation: f
clusters:
  a: {properties: {bootstrap.servers: "a:1"}, registry: {REGISTRY}}
  b: {properties: {bootstrap.servers: "b:1"}, registry: {url: "http://b"}}
streams:
  s:
    schema: r.avsc
    sources:
      - cluster: a
        topics: [in]
        framing: FRAMING
        key_framing: KEYS
    tombstones: TOMBSTONES
    target: {cluster: b, topic: out, key: [id]}
"""


URL = 'url: "http://a"'
REGISTRIES = {
    "apicurio": f"type: apicurio, {URL}",
    "confluent": URL,
    "glue": "type: glue, region: eu-central-1",
}


@pytest.fixture
def lint(tmp_path):
    """Findings of the configuration with these framings, without the file's name."""
    (tmp_path / "r.avsc").write_text(json.dumps(RECORD))
    (tmp_path / "no.avsc").write_text("{")
    field = {"name": "id", "type": "int", "default": "x"}
    (tmp_path / "bad.avsc").write_text(json.dumps({**RECORD, "fields": [field]}))

    def run(framing="auto", keys="auto", *, registry=URL, tombstones="forward"):
        text = CONFIG.replace("FRAMING", framing).replace("KEYS", keys)
        text = text.replace("TOMBSTONES", tombstones).replace("REGISTRY", registry)
        text = text.replace(", registry: {}", "")
        file = tmp_path / "f.yaml"
        file.write_text(text)
        try:
            findings = load(file, env={}).warnings
        except ConfigError as error:
            findings = error.findings
        return [str(one).partition("f.yaml:")[2] for one in findings]

    return run


def test_the_words_of_the_configuration_are_the_framings_there_are():
    """Each framing can be said, and nothing else; values have all but the plain keys."""
    keys = {word for one in get_args(KeyFramingType) for word in (get_args(one) or (one,))}
    assert keys == set(FRAMINGS)
    assert set(FRAMINGS) - set(get_args(FramingType)) == {"string", "int", "long"}


@pytest.mark.parametrize("name", sorted(FRAMINGS))
def test_each_framing_is_taken_with_the_schemas_that_it_takes(lint, name):
    """A word alone, or with files where it takes files, has no findings."""
    forms = {"none": [name], "one": [f"{{type: {name}, schema: r.avsc}}"], "any": [name]}
    forms["any"] += [f"{{type: {name}, schema: r.avsc}}", f"{{type: {name}, schema: [r.avsc]}}"]
    registry = REGISTRIES["glue" if name == "glue" else "apicurio"]
    for form in forms[FRAMINGS[name].given]:
        assert lint(keys=form, registry=registry) == []


@pytest.mark.parametrize(
    ("framing", "said"),
    [
        ("avroo", "12:18: `framing` must be one of auto, confluent"),
        ("string", "12:18: `framing` must be one of"),
        ("json", "12:18: framing json needs one schema; write {type: json, schema: file.avsc}"),
        ("{type: avro, schema: [r.avsc, r.avsc]}", "12:9: framing avro needs one schema"),
        ("{type: confluent, schema: r.avsc}", "12:36: `schema` is not for framing confluent"),
        ("{type: json, schema: none.avsc}", "12:39: schema `none.avsc` does not exist; it is"),
        ("{type: json, schema: no.avsc}", "12:39: schema `no.avsc` is of no use: schema is not JSON"),
        ("{type: auto, schema: [r.avsc, no.avsc]}", "12:48: schema `no.avsc` is of no use"),
        ("{type: json, schema: bad.avsc}", "12:39: schema `bad.avsc` is of no use: the default of"),
        ("{schema: r.avsc}", "12:9: `framing` needs `type`"),
        ("{type: json, schema: r.avsc, key: x}", "12:47: unknown key `key`"),
        ("[json]", "12:9: `framing` must be a mapping"),
    ],
)  # fmt: skip
def test_a_mistake_has_its_place(lint, framing, said):
    """What is wrong with a framing is told by line and column, with what to do."""
    (found,) = lint(framing)
    assert found.startswith(said)


def test_avro_needs_no_default_to_be_sound(lint):
    """Only JSON takes a schema's defaults for values."""
    assert lint("{type: avro, schema: bad.avsc}") == []


@pytest.mark.parametrize(
    ("framing", "keys", "tombstones", "said"),
    [
        ("auto", "string", "forward", "4:3: cluster `a` has no schema registry; add `registry:"),
        ("glue", "string", "drop", "4:3: cluster `a` has no schema registry"),
        ("single-object", "string", "drop", "4:3: cluster `a` has no schema registry"),
        ("JSON", "glue", "forward", "4:3: cluster `a` has no schema registry"),
        ("JSON", "auto", "forward", "10:9: keys of cluster `a` cannot be read"),
        ("JSON", "string", "forward", None),
        ("JSON", "{type: auto, schema: r.avsc}", "forward", None),
        ("JSON", "glue", "drop", None),
        ("JSON", "auto", "dead-letter", None),
        ("{type: single-object, schema: r.avsc}", "int", "forward", None),
        ("{type: avro, schema: r.avsc}", "long", "forward", None),
    ],
)
def test_a_registry_is_needed_where_a_framing_asks_one(lint, framing, keys, tombstones, said):
    """A source that asks no registry needs none, and keys that cannot be read are told of."""
    framing = framing.replace("JSON", "{type: json, schema: r.avsc}")
    found = lint(framing, keys, registry="", tombstones=tombstones)
    if said is None:
        assert found == []
    else:
        assert len(found) == 1
        assert found[0].startswith(said)


@pytest.mark.parametrize(
    ("registry", "framing", "fit"),
    [
        ("confluent", "apicurio-global", "apicurio"),
        ("confluent", "apicurio-header", "apicurio"),
        ("confluent", "glue", "glue"),
        ("glue", "confluent", "confluent or apicurio"),
        ("glue", "confluent-header", "confluent or apicurio"),
        ("apicurio", "glue", "glue"),
    ],
)
def test_a_registry_has_the_ids_that_a_framing_names(lint, registry, framing, fit):
    """A framing whose ids the cluster's registry cannot know is refused, with the type it needs."""
    (found,) = lint(framing, "string", registry=REGISTRIES[registry])
    assert found.startswith(f"12:18: framing {framing} needs a registry of type {fit}; ")
    assert found.endswith(f"cluster `a` is of type {registry}")
