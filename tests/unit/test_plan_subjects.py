"""Subjects: which a source's schemas are sought in, and which a target's are registered under."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from plan_facts import CONTRACT, EU_V1, KEY, facts, loaded, versions
from registry_server import serving

from federation.errors import Finding, PlanError
from federation.plan import naming
from federation.plan.compile import compile as compile_plan
from federation.plan.facts import RegistryFacts, SubjectCheck
from federation.plan.gather import _checks
from federation.plan.prepare import _register

KNOWN = [
    "orders-value", "orders-key", "orders-shop.Order", "orders-Line", "orders", "shop.Order",
    "Payment", "other-value", "orders-2-value",
]  # fmt: skip
MONEY = {
    "type": "record",
    "name": "Money",
    "namespace": "shop",
    "fields": [{"name": "a", "type": "int"}],
}
ORDER = CONTRACT | {
    "fields": [*CONTRACT["fields"], {"name": "paid", "type": ["null", "Money"], "default": None}]
}
CHECK = "/compatibility/subjects/{}/versions/latest?verbose=true"


def source(folder, subjects):
    changed = ("topics: [orders]", f"topics: [orders]\n        subjects: {subjects}")
    return loaded(folder, changed)


@pytest.mark.parametrize(
    ("strategy", "found"),
    [
        ("topic", ("orders-value", "orders-Line", "orders-shop.Order")),
        ("topic-record", ("orders-Line", "orders-shop.Order")),
        ("record", ("Payment", "orders", "shop.Order")),
        ("[other-value, nonsense, Payment]", ("other-value", "Payment")),
    ],
)
def test_subjects_of_a_sources_values(tmp_path, strategy, found):
    """Each strategy has its own names; a list is taken by its word."""
    one = source(tmp_path, strategy).config.streams["orders"].sources[0]
    assert naming.value_subjects(one, "orders", KNOWN) == found


def test_a_subject_called_as_the_topic(tmp_path):
    """Where no other name fits, the topic's own does: so it is in Glue."""
    one = source(tmp_path, "topic").config.streams["orders"].sources[0]
    assert naming.value_subjects(one, "orders", ["orders", "other"]) == ("orders",)
    assert naming.value_subjects(one, "orders", ["other"]) == ()


def eu(**subjects):
    held = {}
    for name, schemas in subjects.items():
        held |= versions(name.replace("__", "."), *schemas)
    return RegistryFacts("eu", held | versions("orders-key", KEY), names=tuple(held))


def test_records_of_other_topics_are_let_be(tmp_path):
    """With `record` the records that can meet the contract are the source's, others are others'."""
    other = {"type": "record", "name": "Visit", "fields": [{"name": "page", "type": "string"}]}
    registry = eu(Order=[EU_V1], Visit=[other], Alias=[EU_V1])
    plan = compile_plan(source(tmp_path, "record"), facts(eu_registry=registry))
    assert [one.subject for one in plan.streams[0].sources[0].versions] == ["Order"]


def test_no_record_fits(tmp_path):
    """A registry without any such record is a warning: schemas are taken by id."""
    plan = compile_plan(source(tmp_path, "record"), facts(eu_registry=eu()))
    assert "no record that can meet the contract, for orders" in str(plan.warnings)


def test_a_listed_subject_that_is_not_there(tmp_path):
    """A subject that the source names has to exist; the nearest is offered."""
    registry = eu(Order=[EU_V1])
    with pytest.raises(PlanError, match="no subject Ordre") as caught:
        compile_plan(source(tmp_path, "[Ordre]"), facts(eu_registry=registry))
    assert "Order" in caught.value.findings[0].hint


@pytest.mark.parametrize(
    ("strategy", "value", "key"),
    [
        ("topic", "orders.unified-value", "orders.unified-key"),
        ("record", "shop.Order", "shop.OrderKey"),
        ("topic-record", "orders.unified-shop.Order", "orders.unified-shop.OrderKey"),
    ],
)
def test_subjects_of_a_target(tmp_path, strategy, value, key):
    """Values and keys are registered under the strategy's names."""
    encoding = "key: {fields: [order_id], encoding: avro}"
    config = loaded(tmp_path, ("key: [order_id]\n", f"{encoding}\n      subjects: {strategy}\n"))
    target = compile_plan(config, facts()).streams[0].target
    assert (target.value_subject, target.key_subject) == (value, key)
    assert target.registers == (value, key)


@pytest.fixture
def parted(tmp_path):
    """The federation with its contract in two files."""
    (tmp_path / "money.avsc").write_text(json.dumps(MONEY))
    (tmp_path / "parted.avsc").write_text(json.dumps(ORDER))
    return loaded(
        tmp_path, ("schema: order.avsc", "schema: {file: parted.avsc, references: [money.avsc]}")
    )


def test_a_contract_in_several_files(parted):
    """Referenced types get a subject each, before what refers to them; mapping sees one schema."""
    stream = compile_plan(parted, facts()).streams[0]
    assert stream.target.registers == ("shop.Money", "orders.unified-value")
    money, order = stream.target.schemas
    assert (money.uses, order.uses) == ((), ("shop.Money",))
    assert order.json["fields"][-1]["type"] == ["null", "shop.Money"]
    assert stream.contract["fields"][-1]["type"][1]["fields"][0]["name"] == "a"


def checks(parted, answers):
    with serving(answers) as (client, fake):
        schemas = naming.target_schemas(
            parted.config.streams["orders"], parted.contracts["orders"], parted.references["orders"]
        )
        known = {path.split("/")[2] for path in fake.answers if path.startswith("/subjects/")}
        return dict(_checks(client, schemas, known)), fake


def test_what_is_registered_is_found_with_its_references(parted):
    """A schema is the registered one only with the same references."""
    answers = {
        "/subjects/shop.Money": (200, {"id": 3, "version": 5}),
        "/subjects/orders.unified-value": (200, {"id": 4, "version": 1}),
    }
    found, fake = checks(parted, answers)
    assert found == {
        "shop.Money": SubjectCheck(3, 5),
        "orders.unified-value": SubjectCheck(4, 1),
    }
    reference = {"name": "shop.Money", "subject": "shop.Money", "version": 5}
    assert fake.seen[-1][3]["references"] == [reference]


def test_a_reference_that_would_be_refused(parted):
    """Each subject's compatibility counts; what refers to new schemas is checked whole."""
    answers = {
        "/subjects/shop.Money": (404, {"error_code": 40403}),
        CHECK.format("shop.Money"): (200, {"is_compatible": False, "messages": ["a is new"]}),
        "/config/shop.Money?defaultToGlobal=true": (200, {"compatibilityLevel": "FULL"}),
        "/subjects/orders.unified-value": (200, {"id": 4, "version": 1}),
        CHECK.format("orders.unified-value"): (200, {"is_compatible": True}),
    }
    found, fake = checks(parted, answers)
    assert found["shop.Money"] == SubjectCheck(None, None, ("a is new",), "FULL")
    assert found["orders.unified-value"] == SubjectCheck(None)
    assert '"Money"' in fake.seen[-1][3]["schema"]
    registry = RegistryFacts("hub", checks={("orders", name): one for name, one in found.items()})
    with pytest.raises(PlanError, match=r"refuses the schema for shop\.Money \(FULL\): a is new"):
        compile_plan(parted, facts(hub_registry=registry))


def test_registering_goes_from_the_bottom_up(parted):
    """A referenced schema is registered first, and its version is what the next one refers to."""
    stream = compile_plan(parted, facts()).streams[0]
    answers = {
        "/subjects/shop.Money/versions": (200, {"id": 3}),
        "/subjects/shop.Money": (200, {"id": 3, "version": 5}),
        "/subjects/orders.unified-value/versions": (200, {"id": 4}),
        "/subjects/orders.unified-value": (200, {"id": 4, "version": 1}),
    }
    with serving(answers) as (client, fake):
        access = replace(stream.target.cluster.registry, url=client.where)
        target = replace(stream.target, cluster=replace(stream.target.cluster, registry=access))
        assert _register(replace(stream, target=target)).value_schema_id == 4
    sent = [body for method, path, _, body in fake.seen if path.endswith("/versions")]
    assert "references" not in sent[0]
    assert sent[1]["references"] == [{"name": "shop.Money", "subject": "shop.Money", "version": 5}]


def test_a_registry_that_has_it_all_is_not_asked(tmp_path):
    """Ids that planning found are used: starting needs no target registry then."""
    check = {("orders", "orders.unified-value"): SubjectCheck(7, 1)}
    plan = compile_plan(
        loaded(tmp_path), facts(hub_registry=RegistryFacts("hub", checks=check))
    )  # hub:8081 does not exist
    assert _register(plan.streams[0]).value_schema_id == 7


def test_a_record_subject_of_another_language(tmp_path):
    """With `record`, other topics' Protobuf is no matter of the source's."""
    unreadable = {"Visit": Finding("Visit version 1 is PROTOBUF, not Avro")}
    registry = replace(eu(Order=[EU_V1]), unreadable=unreadable)
    assert compile_plan(source(tmp_path, "record"), facts(eu_registry=registry))
