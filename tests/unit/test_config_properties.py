"""Laws of loading that hold for every configuration, not only for chosen ones."""

from __future__ import annotations

import io
import json
import random
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from federation.config.document import read
from federation.config.load import load
from federation.config.reference import json_schema
from federation.errors import ConfigError

NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,8}", fullmatch=True)
TOPICS = st.lists(NAMES, min_size=1, max_size=3, unique=True)
FIELDS = ("id", "number", "text")
CONTRACT = {
    "type": "record",
    "name": "R",
    "fields": [{"name": name, "type": "string"} for name in FIELDS],
}


@st.composite
def configs(draw: Any) -> dict[str, Any]:
    """A sound configuration: some clusters, one or two streams over all of them but the last."""
    names = draw(st.lists(NAMES, min_size=2, max_size=4, unique=True))
    *sources, target = names
    durations = st.sampled_from(["500ms", "5s", "1m"])
    streams = {}
    for name in draw(st.lists(NAMES, min_size=1, max_size=2, unique=True)):
        stream: dict[str, Any] = {
            "schema": "r.avsc",
            "sources": [
                {
                    "cluster": cluster,
                    "topics": draw(TOPICS),
                    "fields": draw(st.dictionaries(st.sampled_from(FIELDS), st.just("a.b"))),
                }
                for cluster in sources
            ],
            "target": {
                "cluster": target,
                "topic": f"out.{name}",
                "key": draw(st.sampled_from([["id"], "id", {"fields": ["id", "text"]}])),
            },
        }
        if draw(st.booleans()):
            stream["deduplicate"] = {"key": ["id"], "window": draw(durations)}
        streams[name] = stream
    return {
        "version": 1,
        "federation": draw(NAMES),
        "clusters": {
            name: {
                "properties": {"bootstrap.servers": "x:1", "linger.ms": draw(st.integers(0, 99))},
                "registry": {"url": "http://x"},
            }
            for name in names
        },
        "streams": streams,
        "run": {"checkpoint": draw(durations)},
    }


def shuffled(value: Any, chance: random.Random) -> Any:
    """The same value with the keys of every mapping in another order."""
    if isinstance(value, dict):
        keys = list(value)
        chance.shuffle(keys)
        return {key: shuffled(value[key], chance) for key in keys}
    return [shuffled(one, chance) for one in value] if isinstance(value, list) else value


def loaded(text: str) -> Any:
    """The configuration of a text, in a folder of its own for its contract."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "r.avsc").write_text(json.dumps(CONTRACT))
        (Path(folder) / "f.yaml").write_text(text)
        config = load(Path(folder) / "f.yaml", env={}).config.model_dump(mode="json")
    return json.loads(json.dumps(config).replace(folder, ""))


def yaml(value: Any) -> str:
    """Block style, quotes where a text would be read as something else."""
    out = io.StringIO()
    writer = YAML(typ="safe", pure=True)
    writer.version = (1, 2)
    writer.default_flow_style = False
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    writer.dump(value, out)
    return out.getvalue().removeprefix("%YAML 1.2\n---\n")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(configs(), st.integers())
def test_the_order_of_keys_means_nothing(config, seed):
    """A file with its keys shuffled, in block or flow style, is the same configuration."""
    straight = loaded(json.dumps(config))
    assert loaded(json.dumps(shuffled(config, random.Random(seed)))) == straight
    assert loaded(yaml(config)) == straight


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(configs())
def test_what_loads_is_allowed_by_the_schema(config):
    """The schema for editors never marks what the loader takes."""
    import jsonschema  # noqa: PLC0415 - slow to import, used once

    loaded(json.dumps(config))
    jsonschema.Draft202012Validator(json_schema()).validate(config)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200))
@example("a: &x [*x]")
@example("? [a]\n: 1\n")
@example("? {a: 1}\n: {b: 2}\n")
@example("<<: {a: 1}")
@example("a: !!python/object:os.system x")
@example("- - - -")
@example("version: 99999999999999999999999999999999\nstreams: {a: {sources: [[], {}, 1]}}")
@example("streams: {a: }\nclusters: {a: }")
@example("streams: [1]\nclusters: 1\nrun: []")
@example("%YAML 9.9\n---\na: 1")
def test_no_text_breaks_the_loader(text):
    """Any text gives a configuration or findings, never another exception."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "f.yaml"
        path.write_text(text, encoding="utf-8", errors="surrogatepass")
        with pytest.raises(ConfigError) as caught:
            load(path, env={})
    assert caught.value.findings


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_characters="{}$"), max_size=30))
def test_a_variable_cannot_change_the_structure(value):
    """Whatever a variable holds, it stays one piece of text in its place."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "f.yaml"
        path.write_text("a: ${V}\nb: 'x${V}y'\nc: 1\n")
        document = read(path, {"V": value})
    assert document.data == {"a": value, "b": f"x{value}y", "c": 1}
    assert document.findings == []
