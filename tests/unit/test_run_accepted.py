"""Gaps in the sources: which of them wait, and how they are accepted."""

from __future__ import annotations

import json

import pytest

from federation.errors import JobError
from federation.run.accepted import accept, accepted, waiting
from federation.run.source import _troubles
from federation.run.status import GatewayStatus, SourceStatus, StreamStatus
from federation.run.store import Store

TOLD = [
    {"where": "orders-3", "since": 7, "what": "offsets 120 to 449 are gone",
     "gap": {"topic": "orders", "partition": 3, "first": 120, "last": 449}},
    {"where": "orders-4", "since": 8, "what": "held at offset 9: no schema", "gap": None},
    {"where": "orders-5", "since": 9, "what": "offsets 0 to 0 are gone",
     "gap": {"topic": "orders", "partition": 5, "first": 0, "last": 0}},
]  # fmt: skip
NAME, OTHER = "shop/eu/orders/3@120-449", "shop/eu/orders/5@0-0"


@pytest.fixture
def store(tmp_path):
    """The state of a gateway whose one stream has two gaps."""
    made = Store(tmp_path)
    source = SourceStatus("eu", "eu", "id-of-eu", troubles=_troubles(TOLD))
    stream = StreamStatus("shop", "DEGRADED", "exactly-once", sources=(source,))
    made.write_status(GatewayStatus("f", 1, 2, 0.0, 0.0, (stream,), "DEGRADED").to_dict())
    return made


def test_gaps_wait_and_other_troubles_do_not(store):
    """Only what is gone can be gone without."""
    assert [one.name for one in waiting(store.read_status())] == [NAME, OTHER]


def test_nothing_waits_where_nothing_ran(tmp_path):
    """Without a status there is no gap."""
    assert list(waiting(Store(tmp_path).read_status())) == []


def test_an_accepted_range_is_on_record(store):
    """A line says which cluster's offsets, who and when: what the reading tasks look for."""
    (one,) = accept(store, [NAME, NAME])
    assert one.name == NAME
    (line,) = store.accepted("shop").file.read_text().splitlines()
    found = json.loads(line)
    assert found.pop("at") > 0
    assert found.pop("by")
    assert found == {
        "cluster": "eu", "cluster_id": "id-of-eu", "topic": "orders", "partition": 3,
        "first": 120, "last": 449,
    }  # fmt: skip
    assert accepted(store, "shop")[0].last == 449


@pytest.mark.parametrize("name", ["shop/eu/orders/3@120-450", "shop/eu/orders/4@9-9", "shop"])
def test_nothing_else_is_accepted(store, name):
    """A range that is not just a gap that waits is an error, and then nothing is accepted."""
    with pytest.raises(JobError, match="no gap"):
        accept(store, [OTHER, name])
    assert accepted(store, "shop") == ()


def test_a_stream_that_begins_anew_has_accepted_nothing(store):
    """What was agreed was of the offsets of its earlier life."""
    store.new_run("shop")
    accept(store, [NAME])
    store.discard("shop")
    assert accepted(store, "shop") == ()
