"""Secrets: wherever one may stand in a configuration, it never comes out."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest
import structlog
from click.testing import CliRunner
from rich.table import Table

from federation.cli.app import cli
from federation.cli.output import emit, stderr, to_json
from federation.config.load import load
from federation.errors import ConfigError
from federation.observe.logs import configure
from federation.observe.secrets import REDACTOR, Redactor, is_secret, masked

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "canary-7f3a/9Q=="
PLACES = {
    "password of a registry": ("registry", "password: '{}'"),
    "token of a registry": ("registry", "token: '{}'"),
    "password in an address": ("registry-url", "http://user:canary-7f3a-9Q@eu:8081"),
    "sasl.jaas.config": (
        "properties",
        'sasl.jaas.config: \'a.b.PlainLoginModule required username="u" password="{}";\'',
    ),
    "ssl.key.password": ("properties", "ssl.key.password: '{}'"),
    "ssl.keystore.key": ("properties", "ssl.keystore.key: '{}'"),
    "basic.auth.user.info": ("properties", "basic.auth.user.info: 'me:{}'"),
    "a file": ("properties", "client.id: '${{file:secret}}'"),
    "a variable": ("properties", "ssl.truststore.password: '${{CANARY}}'"),
    "under a misspelt key": ("registry", "pasword: x, password: '{}'"),
    "of a wrong type": ("registry", "password: ['{}']"),
}
CANARIES = (CANARY, "canary-7f3a-9Q", json.dumps(CANARY)[1:-1])


def config(place: str, *, broken: bool = False) -> str:
    """A configuration with the canary in one place."""
    where, text = PLACES[place]
    url = text if where == "registry-url" else "http://eu:8081"
    registry = ", " + text.format(CANARY) if where == "registry" else ""
    repeated = "canary-7f3a-9Q" if where == "registry-url" else CANARY
    extra = ", " + text.format(CANARY) if where == "properties" else ""
    return f"""\
version: 1
federation: f
clusters:
  eu:
    properties: {{bootstrap.servers: "x:1"{extra}}}
    registry: {{url: "{url}"{registry}}}
streams:
  s:
    schema: o.avsc
    sources: [{{cluster: "{repeated if broken else "eu"}", topics: [t]}}]
    target: {{cluster: eu, topic: u, key: [id]}}
"""


@pytest.fixture(autouse=True)
def _forget():
    """Each test begins with an empty redactor."""
    REDACTOR.clear()
    yield
    REDACTOR.clear()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a contract and a mounted secret."""
    (tmp_path / "secret").write_text(CANARY + "\n")
    fields = [{"name": "id", "type": "string"}]
    (tmp_path / "o.avsc").write_text(json.dumps({"type": "record", "name": "O", "fields": fields}))
    return tmp_path


@pytest.mark.parametrize("output", ["table", "json"])
@pytest.mark.parametrize("broken", [False, True])
@pytest.mark.parametrize("place", PLACES)
def test_lint_never_prints_a_secret(folder, place, broken, output):
    """Neither findings nor results show a canary, even where the file repeats it elsewhere."""
    (folder / "f.yaml").write_text(config(place, broken=broken))
    result = CliRunner(env={"CANARY": CANARY}).invoke(
        cli, ["lint", "-c", str(folder / "f.yaml"), "-o", output]
    )
    assert not isinstance(result.exception, Exception) or isinstance(result.exception, SystemExit)
    for canary in CANARIES:
        assert canary not in result.output + result.stderr


@pytest.mark.parametrize("place", [p for p in PLACES if "misspelt" not in p and "wrong" not in p])
def test_a_loaded_secret_is_scrubbed_from_logs_errors_and_results(folder, place, capsys):
    """Whatever is logged or printed after loading passes the redactor, as text or as JSON."""
    (folder / "f.yaml").write_text(config(place))
    loaded = load(folder / "f.yaml", env={"CANARY": CANARY})
    eu = loaded.config.clusters["eu"]
    values = [*eu.properties.values()]
    if eu.registry:
        secrets = (eu.registry.password, eu.registry.token)
        values += [eu.registry.url, *(s.get_secret_value() for s in secrets if s)]
    table = Table()
    table.add_row(str(values))
    for as_json in (True, False):
        configure("debug", as_json)
        log = structlog.stdlib.get_logger("federation.test")
        joined = f"joined {values}"  # a careless caller
        log.error(joined, value=values, nested={"deep": values, "raw": str(eu)})
        logging.getLogger("some.library").warning("it was %s", values)
        try:
            raise ConfigError(f"bad {values}")  # noqa: TRY301 - the traceback is what is logged
        except ConfigError:
            log.exception("failed")
    emit({"values": values}, "json", str)
    emit([{"values": values}], "jsonl", str)
    emit(values, "table", lambda _: table)
    stderr().print(table)
    out = capsys.readouterr()
    assert "***" in out.out
    assert "***" in out.err
    for canary in CANARIES:
        assert canary not in out.out + out.err


def test_a_broken_line_is_shown_without_its_secret(folder):
    """A syntax error shows the line up to where a secret may begin."""
    path = folder / "f.yaml"
    for content in (
        f"a: {{password: '{CANARY}', x\nb: 1\n",
        f"clusters:\n  password: {CANARY}: x: y\n",
        f"sasl.jaas.config: |\n  {CANARY}\n {CANARY}: [\n",
    ):
        path.write_text(content)
        with pytest.raises(ConfigError) as caught:
            load(path, env={})
        assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("password", True),
        ("ssl.keystore.password", True),
        ("ssl.key.password", True),
        ("ssl.keystore.key", True),
        ("sasl.jaas.config", True),
        ("basic.auth.user.info", True),
        ("bearer.auth.token", True),
        ("sasl.oauthbearer.client.credentials.client.secret", True),
        ("aws_secret_access_key", True),
        ("bootstrap.servers", False),
        ("ssl.keystore.location", False),
        ("ssl.keystore.type", False),
        ("sasl.oauthbearer.token.endpoint.url", False),
        ("sasl.oauthbearer.client.credentials.client.id", False),
        ("basic.auth.credentials.source", False),
        ("security.protocol", False),
        ("client.id", False),
        ("key.serializer", False),
    ],
)
def test_names_tell_what_is_secret(name, secret):
    """Properties that hold a secret are known by name; those that speak of one stay visible."""
    assert is_secret(name) is secret


def test_masked_keeps_what_is_not_secret():
    """A plan shows properties, with the secret ones masked and addresses without their user."""
    assert masked({"a": "b", "ssl.key.password": "x", "url": "http://u:p@h/x", "n": 1}) == {
        "a": "b",
        "ssl.key.password": "***",
        "url": "http://***@h/x",
        "n": 1,
    }


def test_the_redactor_knows_the_forms_of_a_secret():
    """A secret is found escaped for JSON, for an address, and in base64; short ones are let be."""
    redactor = Redactor()
    redactor.register('p"ss/wörd')
    redactor.register("abc")
    for text in ('p"ss/wörd', 'p\\"ss/w\\u00f6rd', "p%22ss%2Fw%C3%B6rd", "cCJzcy93w7ZyZA=="):
        assert redactor.scrub(f"x {text} y") == "x *** y"
    assert redactor.scrub("abc") == "abc"


def test_json_of_results_is_whole_and_clean():
    """Scrubbing happens on the values, so a result stays JSON whatever a secret looks like."""
    REDACTOR.register('": "x')
    assert json.loads(to_json({"a": 'b": "x', "token": "t0ken", "n": [1, None]})) == {
        "a": "b***",
        "token": "***",
        "n": [1, None],
    }
