"""What people see of a verification: the page, the JSON, the exit code."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest

from federation.cli.verify import _exit_code
from federation.verify.explain import differing
from federation.verify.model import Balance, Bucket, Difference, Place, StreamReport, Verification
from federation.verify.report import chart, render, time_limits


def stream(**changes: object) -> StreamReport:
    books = {"read": 10, "out": 7, "duplicates": 2, "dead": 1}
    balance = Balance(
        "eu/orders", "eu", "orders", 0, 0, 10, 0, **books, dead_reasons={"map/null": 1}
    )
    balance.buckets = [Bucket(1_200_000, 6, 4, 1, 1), Bucket(6_000_000, 4, 3, 1)]
    made = StreamReport(
        "orders", "Order", "hub/orders", "hub/orders.dead", {"eu": "x1", "hub": "x2"}, [balance]
    )
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def verification(*streams: StreamReport) -> Verification:
    return Verification(
        "shop", "shop.yaml", "0.1.0", datetime(2026, 1, 2, tzinfo=UTC), 3.0, list(streams)
    )


LOST = Difference("lost", "orders", Place("eu", "orders", 0, 7), None, None, "<b>name</b>")


def test_the_page_says_equal_and_loads_nothing() -> None:
    """A sound stream's page has every promise ticked and no address in it."""
    page = render(verification(stream()))
    assert "Every record is accounted for" in page
    assert page.count('class="kept"') == 6
    assert not re.search(r"https?:|src=|@import|<link", page)


def test_the_page_names_differences_and_escapes_what_records_hold() -> None:
    """Data of records never becomes markup."""
    one = stream(samples=[LOST])
    one.counts["lost"] = 1
    page = render(verification(one))
    assert "1 difference was found" in page
    assert "eu/orders/0@7" in page
    assert "&lt;b&gt;name" in page
    assert page.count('class="broken"') == 1


def test_an_empty_stream_and_an_unread_one_have_a_page() -> None:
    """No records, or no time to read them, are shown as such."""
    empty = StreamReport("a", "A", "hub/a", "hub/a.dead", {})
    assert "accounted for" in render(verification(empty))
    assert "Not everything could be read" in render(verification(stream(unread="too slow")))


def test_a_chart_shows_every_record_once() -> None:
    """Bars keep within the picture, and their heights are the books' shares."""
    one = stream()
    bars = chart(one.balances, time_limits(one))
    assert all(0 <= bar.x < 100 and bar.y > -0.01 and bar.y + bar.height < 100.01 for bar in bars)
    assert sum(bar.height for bar in bars) == pytest.approx(100 * 10 / 6)
    assert {bar.series for bar in bars} == {"out", "duplicates", "dead"}


def test_the_json_is_plain_and_versioned() -> None:
    """Everything that scripts read is there under its name."""
    one = stream(samples=[LOST])
    one.counts["lost"] = 1
    plain = json.loads(json.dumps(verification(one).plain()))
    assert (plain["version"], plain["verdict"]) == (1, "different")
    assert plain["streams"][0]["promises"]["Nothing lost"] is False
    assert plain["streams"][0]["samples"][0]["source"] == {
        "cluster": "eu", "topic": "orders", "partition": 0, "offset": 7, "at": "eu/orders/0@7",
    }  # fmt: skip


def test_exit_codes() -> None:
    """0 equal, 3 different, 4 unread or, where all is demanded, uncommitted."""
    different, pending = stream(), stream()
    different.counts["lost"] = 1
    pending.balances[0].pending = 5
    unread = stream(unread="too slow")
    assert _exit_code(verification(stream()), everything=True) == 0
    assert _exit_code(verification(stream(), different), everything=False) == 3
    assert _exit_code(verification(unread), everything=False) == 4
    assert _exit_code(verification(pending), everything=False) == 0
    assert _exit_code(verification(pending), everything=True) == 4


def test_what_differs_is_found_by_path() -> None:
    """Nested fields, elements and lengths are told apart; NaN is NaN, and minus zero is not zero."""
    nan = float("nan")
    one = {"a": {"b": [1, {"c": 2}]}, "n": nan, "z": 0.0, "l": [1]}
    assert list(differing(one, {**one, "n": float("nan")})) == []
    other = {"a": {"b": [1, {"c": 3}]}, "n": nan, "z": -0.0, "l": [1, 2]}
    assert [path for path, *_ in differing(one, other)] == ["a.b[1].c", "z", "l"]
