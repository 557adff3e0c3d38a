"""A contract that takes in new fields, and is kept for the next start."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from federation.config.load import load
from federation.errors import JobError
from federation.mapping import resolve
from federation.mapping.widen import widen
from federation.plan import contracts
from federation.schemas.avro import SchemaError, parse

if TYPE_CHECKING:
    from pathlib import Path

MONEY = {
    "type": "record",
    "name": "Money",
    "namespace": "shop",
    "fields": [{"name": "cents", "type": "long"}],
}
CONTRACT = parse({
    "type": "record", "name": "Order", "namespace": "shop",
    "fields": [{"name": "id", "type": "string"}, {"name": "price", "type": MONEY}],
})  # fmt: skip


def _writer(*fields) -> object:
    named = [{"name": "id", "type": "string"}, {"name": "price", "type": MONEY}]
    more = [{"name": name, "type": kind} for name, kind in fields]
    return parse({"type": "record", "name": "Sale", "namespace": "eu", "fields": [*named, *more]})


def _types(schema) -> dict:
    return {field["name"]: field["type"] for field in schema.json["fields"]}


def test_new_fields_are_optional_with_null_first():
    """Whatever type a field has in the writer, the contract can be without it."""
    writer = _writer(
        ("note", "string"), ("size", ["double", "null"]), ("either", ["int", "string"])
    )
    wide = widen(CONTRACT, writer, ["note", "size", "either"])
    assert _types(wide)["note"] == ["null", "string"]
    assert _types(wide)["size"] == ["null", "double"]
    assert _types(wide)["either"] == ["null", "int", "string"]


def test_a_record_of_either_version_meets_the_wider_contract():
    """New records keep their fields, old ones have null there."""
    new, old = _writer(("note", "string")), _writer()
    wide = widen(CONTRACT, new, ["note"])
    datum = {"id": "a", "price": {"cents": 1}}
    assert resolve.compile(old, wide, {}).apply(datum)["note"] is None
    made = resolve.compile(new, wide, {}).apply({**datum, "note": "x"})
    assert made["note"] == "x" or made["note"][1] == "x"


def test_what_the_contract_has_already_is_left_alone():
    """Widening twice by one field adds it once."""
    writer = _writer(("note", "string"))
    once = widen(CONTRACT, writer, ["note"])
    assert widen(once, writer, ["note"]).fingerprint == once.fingerprint


def test_a_type_that_both_have_is_named_and_not_said_twice():
    """A new field of a record that the contract knows refers to it."""
    writer = _writer(("tax", "shop.Money"))
    assert _types(widen(CONTRACT, writer, ["tax"]))["tax"] == ["null", "shop.Money"]


def test_another_type_of_the_same_name_is_refused():
    """Two meanings of one name cannot live in one contract; the sentence names field and type."""
    other = {
        "type": "record",
        "name": "Money",
        "namespace": "shop",
        "fields": [{"name": "euros", "type": "int"}],
    }
    writer = parse({"type": "record", "name": "Sale", "fields": [{"name": "tax", "type": other}]})
    with pytest.raises(SchemaError, match=r"tax brings a type shop\.Money, which is another one"):
        widen(CONTRACT, writer, ["tax"])


class TestKept:
    """What a contract has grown to outlives the process."""

    @pytest.fixture
    def loaded(self, tmp_path: Path):
        """A configuration whose contract is in a file beside it."""
        (tmp_path / "order.avsc").write_text(json.dumps(CONTRACT.json))
        (tmp_path / "shop.yaml").write_text("""
version: 1
federation: shop
clusters:
  eu: {properties: {bootstrap.servers: "a:1"}, registry: {url: "http://a:2"}}
  hub: {properties: {bootstrap.servers: "b:1"}, registry: {url: "http://b:2"}}
streams:
  orders:
    schema: order.avsc
    sources: [{cluster: eu, topics: [orders]}]
    on_schema_change: evolve
    target: {cluster: hub, topic: all, key: [id]}
""")
        return load(tmp_path / "shop.yaml")

    def _again(self, loaded):
        return contracts.grown(load(loaded.path))

    def test_growth_is_there_at_the_next_start_with_all_that_came_before(self, loaded):
        """The newest contract counts; verify knows those before it."""
        one = widen(CONTRACT, _writer(("note", "string")), ["note"])
        two = widen(one, _writer(("size", "int")), ["size"])
        for contract in (one, two):
            contracts.keep(contracts.grow(self._again(loaded), "orders", contract), "orders")
        again = self._again(loaded)
        assert again.contracts["orders"].fingerprint == two.fingerprint
        assert [s.fingerprint for s in again.earlier["orders"]] == [
            CONTRACT.fingerprint,
            one.fingerprint,
        ]

    def test_nothing_is_kept_before_it_is_said(self, loaded):
        """A contract that the registry refuses leaves no trace."""
        contracts.grow(loaded, "orders", widen(CONTRACT, _writer(("note", "string")), ["note"]))
        assert self._again(loaded).contracts["orders"].fingerprint == CONTRACT.fingerprint

    def test_a_file_that_says_something_else_wins(self, loaded):
        """Whoever edits the contract means what the file says."""
        wide = widen(CONTRACT, _writer(("note", "string")), ["note"])
        contracts.keep(contracts.grow(loaded, "orders", wide), "orders")
        edited = widen(CONTRACT, _writer(("other", "int")), ["other"])
        (loaded.path.parent / "order.avsc").write_text(json.dumps(edited.json))
        again = self._again(loaded)
        assert again.contracts["orders"].fingerprint == edited.fingerprint
        assert again.earlier == {}

    def test_a_damaged_file_stops_the_start(self, loaded):
        """Going on with the narrow contract would drop fields in silence."""
        wide = widen(CONTRACT, _writer(("note", "string")), ["note"])
        contracts.keep(contracts.grow(loaded, "orders", wide), "orders")
        (file,) = loaded.path.parent.rglob("contract.json")
        file.write_text(file.read_text()[:-9])
        with pytest.raises(JobError, match="cannot be read"):
            self._again(loaded)
