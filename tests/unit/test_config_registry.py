"""Registries and contracts in a configuration: what is allowed, and what is said otherwise."""

from __future__ import annotations

import json

import pytest
from plan_facts import CONTRACT, loaded

from federation.errors import ConfigError
from federation.plan.registries import access

EU = '{url: "http://eu:8081"}'


def mistakes(folder, *changes):
    """What loading finds, each as text without the folder's name."""
    with pytest.raises(ConfigError) as caught:
        loaded(folder, *changes)
    return [str(one).replace(f"{folder}/", "") for one in caught.value.findings]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("{type: nonsense, url: 'http://r'}", "type"),
        ("{type: apicurio}", "a registry of type apicurio needs `url`"),
        ("{}", "a registry of type confluent needs `url`"),
        ("{type: glue}", "a registry of type glue needs `region`"),
        (
            "{type: glue, region: eu, token: abcd}",
            "`token` is of no use to a registry of type glue",
        ),
        ("{url: 'http://r', region: eu}", "`region` is of no use to a registry of type confluent"),
        ("{url: 'http://r', key: k.pem}", "`certificate` and `key` go together"),
    ],
)
def test_registries_that_cannot_be(tmp_path, given, said):
    """Each type has what it needs and nothing of another's; the place is the registry's."""
    (found,) = mistakes(tmp_path, (EU, given))
    assert found.startswith("shop.yaml:6:")
    assert said in found


def test_a_target_in_glue(tmp_path):
    """Records name the ids of Confluent's API, which Glue does not have."""
    (found,) = mistakes(
        tmp_path, ('{url: "http://hub:8081"}', "{type: glue, region: eu-central-1}")
    )
    assert "cluster `hub` keeps its schemas in Glue" in found


def test_a_key_of_another_form(tmp_path):
    """A key that Java could not read is found before it runs, with what to do."""
    for name in ("own.pem", "key.pem"):
        (tmp_path / name).write_text("-----BEGIN RSA PRIVATE KEY-----\n")
    (found,) = mistakes(tmp_path, (EU, "{url: 'https://eu', certificate: own.pem, key: key.pem}"))
    assert "`key.pem` is not a private key as PKCS#8" in found
    assert "openssl pkcs8" in found


def test_glue(tmp_path):
    """A source's registry may be Glue's: by default the one that is always there."""
    config = loaded(
        tmp_path, (EU, "{type: glue, region: eu-central-1, url: 'http://end:1'}")
    ).config
    made = access(config.clusters["eu"].registry)
    assert (made.kind, made.region, made.name, made.url) == (
        "glue", "eu-central-1", "default-registry", "http://end:1",
    )  # fmt: skip
    assert made.identity == "glue eu-central-1 default-registry http://end:1"


def test_secrets_do_not_show(tmp_path):
    """An access prints without its credentials, and its identity has none."""
    config = loaded(tmp_path, (EU, "{url: 'http://me:hunter24@eu:1/x', token: hunter25}")).config
    made = access(config.clusters["eu"].registry)
    assert made.identity == "confluent http://eu:1/x"
    assert "hunter25" not in repr(made)


def test_files_lie_beside_the_configuration(tmp_path):
    """Certificates and contracts are relative to the file."""
    config = loaded(
        tmp_path, (EU, "{url: 'https://eu', certificate: own.pem, key: key.pem}")
    ).config
    made = access(config.clusters["eu"].registry)
    assert (made.certificate, made.key) == (str(tmp_path / "own.pem"), str(tmp_path / "key.pem"))
    assert config.streams["orders"].contract.file == tmp_path / "order.avsc"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("{file: order.avsc, references: [none.avsc]}", "contract `none.avsc` does not exist"),
        ("{file: order.avsc, references: [money.avsc]}", "shop.Money is used by no part"),
        ("{references: [money.avsc]}", "file"),
        ("{file: paid.avsc}", "unknown type"),
        ("7", "schema"),
    ],
)
def test_contracts_that_do_not_fit_together(tmp_path, given, said):
    """Missing, needless and wrong files are mistakes of the stream's schema."""
    money = {"type": "record", "name": "shop.Money", "fields": []}
    (tmp_path / "money.avsc").write_text(json.dumps(money))
    paid = CONTRACT | {"fields": [*CONTRACT["fields"], {"name": "paid", "type": "Money"}]}
    (tmp_path / "paid.avsc").write_text(json.dumps(paid))
    found = mistakes(tmp_path, ("schema: order.avsc", f"schema: {given}"))
    assert any(said in one and one.startswith("shop.yaml:1") for one in found), found


@pytest.mark.parametrize("given", ["nonsense", "7", "{a: b}"])
def test_subjects_of_no_kind(tmp_path, given):
    """Subjects are one of the strategies, or a list."""
    (found,) = mistakes(
        tmp_path, ("topics: [orders]", f"topics: [orders]\n        subjects: {given}")
    )
    assert "topic, record, topic-record or a list of subjects" in found
