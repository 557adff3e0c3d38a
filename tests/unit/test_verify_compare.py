"""The books on hand-made rows: each kind of difference alone, and nothing where nothing is wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from federation.mapping.times import TimeLimits
from federation.verify.compare import Comparison, Rules
from federation.verify.ledger import (
    DEAD,
    FILTERED,
    RECORD,
    TOMBSTONE,
    Delivered,
    Diverted,
    Expected,
    Ledger,
    digest,
    number,
    split,
)
from federation.verify.model import KINDS, PROMISES, Balance

if TYPE_CHECKING:
    from collections.abc import Sequence

HOUR = 3_600_000
RULES = Rules(window_ms=24 * HOUR, limits=((0, 100, False), (0, 100, False)))


def source(
    part: int,
    offset: int,
    *,
    key: int,
    event: int | None = None,
    ts: int = 0,
    outcome: int = RECORD,
    why: str | None = None,
) -> Expected:
    value = None if outcome == TOMBSTONE else 1000 * part + offset
    return Expected(number(part, offset), outcome, key, value, event, 7, ts, why)


def target(one: Expected, offset: int, **changes: object) -> Delivered:
    assert one.key is not None
    made = Delivered(number(one.key % 2, offset), one.id, one.key, one.value, 7, one.ts, 1)
    return made._replace(**changes)


def dead(one: Expected, offset: int, **changes: object) -> Diverted:
    assert one.value is not None
    return Diverted(number(0, offset), one.id, one.value, 7, one.why or "map/null")._replace(
        **changes
    )


def compare(
    expected: Sequence[Expected], delivered: Sequence[Delivered], diverted: Sequence[Diverted] = (),
    carried: Sequence[tuple[int, int]] = (), rules: Rules = RULES,
) -> tuple[list[tuple[str, int | None, int | None]], list[Balance], list[str]]:  # fmt: skip
    """Differences as (kind, id, tid), the two partitions' balances, and the notes."""
    balances = [Balance("s", "c", "t", part, 0, 100, 0) for part in range(2)]
    with Ledger() as ledger:
        ledger.expect(expected, carried)
        ledger.deliver(delivered)
        ledger.divert(diverted)
        comparison = Comparison(ledger, rules)
        comparison.fill(balances)
        found = [(raw.kind, raw.id, raw.tid) for raw in comparison.differences()]
        return found, balances, list(comparison.notes())


A, B, C = (
    source(0, 1, key=2, event=11),
    source(0, 2, key=4, event=12),
    source(1, 1, key=2, event=13),
)


def test_what_arrived_as_it_should_gives_no_difference() -> None:
    """Records, delete markers, dead letters and filtered records that are where they belong are equal."""
    mark = source(0, 3, key=2, outcome=TOMBSTONE)
    bad = source(1, 2, key=0, outcome=DEAD, why="map/null")._replace(key=None)
    out = source(1, 3, key=6, outcome=FILTERED)
    found, balances, notes = compare(
        [A, B, C, mark, bad, out],
        [target(A, 0), target(B, 1), target(C, 2), target(mark, 3)],
        [dead(bad, 0)],
    )
    assert found == []
    assert notes == []
    assert (balances[0].read, balances[0].out) == (3, 3)
    assert (balances[1].read, balances[1].out, balances[1].dead, balances[1].filtered) == (
        3,
        1,
        1,
        1,
    )
    assert balances[1].dead_reasons == {"map/null": 1}
    assert all(balance.holds for balance in balances)


def test_a_lost_record_is_named_and_the_books_show_it() -> None:
    """A source record that is nowhere is lost, and its partition's balance does not hold."""
    found, balances, _ = compare([A, B], [target(A, 0)])
    assert found == [("lost", B.id, None)]
    assert (balances[0].missing, balances[0].holds) == (1, False)


def test_a_lost_event_is_named_once_with_all_its_records() -> None:
    """Of records that are one event one was to come; the others would have been dropped anyway."""
    twin, retry = source(1, 5, key=2, event=11, ts=HOUR), source(0, 9, key=2, event=11, ts=2)
    again = source(1, 9, key=2, event=11, ts=90 * HOUR)
    with Ledger() as ledger:
        ledger.expect([A, twin, retry, again, B])
        raws = list(Comparison(ledger, RULES).differences())
    assert [(raw.kind, raw.id, raw.also) for raw in raws] == [
        ("lost", A.id, f"{retry.id},{twin.id}"), ("lost", B.id, None), ("lost", again.id, None),
    ]  # fmt: skip
    _, balances, _ = compare([A, twin, retry], [])
    assert [(b.missing, b.duplicates) for b in balances] == [(1, 1), (0, 1)]


def test_a_lost_delete_marker_is_never_excused() -> None:
    """A delete marker is no duplicate of anything."""
    mark = source(0, 3, key=2, outcome=TOMBSTONE)
    assert compare([A, mark], [target(A, 0)])[0] == [("lost", mark.id, None)]


def test_a_duplicate_is_excused_by_the_same_event_of_another_cluster() -> None:
    """A record that did not arrive is a duplicate if its event is in the target within the window."""
    twin = source(1, 5, key=2, event=11, ts=HOUR)
    found, balances, _ = compare([A, twin], [target(A, 0)])
    assert found == []
    assert (balances[1].duplicates, balances[1].unproven) == (1, 0)


def test_a_duplicate_beyond_the_window_is_counted_apart() -> None:
    """Timestamps further apart than the window prove nothing: the window's clock may have stood still."""
    twin = source(1, 5, key=2, event=11, ts=25 * HOUR)
    found, balances, _ = compare([A, twin], [target(A, 0)])
    assert found == []
    assert (balances[1].duplicates, balances[1].unproven) == (1, 1)


def test_the_first_of_a_partition_wins() -> None:
    """A later record of the same partition in the place of an earlier one means the earlier is lost."""
    retry = source(0, 9, key=2, event=11)
    assert compare([A, retry], [target(retry, 0)])[0] == [("lost", A.id, None)]
    assert compare([A, retry], [target(A, 0)])[0] == []


def test_an_event_twice_within_the_window_is_a_duplicate() -> None:
    """Of one event's records in the target, the later in the target is named."""
    twin = source(1, 5, key=2, event=11, ts=HOUR)
    assert compare([A, twin], [target(A, 9), target(twin, 3)])[0] == [
        ("duplicate", A.id, number(0, 9))
    ]


def test_an_event_twice_beyond_the_window_is_two_events() -> None:
    """The window is the promise: beyond it an event passes again."""
    twin = source(1, 5, key=2, event=11, ts=25 * HOUR)
    assert compare([A, twin], [target(A, 0), target(twin, 3)])[0] == []


def test_a_source_record_twice_is_a_duplicate_even_without_deduplication() -> None:
    """One origin may be in the target once."""
    plain = A._replace(event=None)
    found, *_ = compare(
        [plain], [target(plain, 0), target(plain, 4)], rules=Rules(limits=RULES.limits)
    )
    assert found == [("duplicate", A.id, number(0, 4))]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"value": 99}, "altered"),
        ({"value": None}, "altered"),
        ({"key": 98}, "wrong_key"),
        ({"placed": 0}, "wrong_partition"),
        ({"headers": 8}, "header_lost"),
        ({"ts": 5}, "timestamp_changed"),
        ({"source": None}, "foreign"),
    ],
)
def test_a_changed_record_is_named_by_what_changed(change: dict[str, object], kind: str) -> None:
    """Each part of a target record is compared by itself."""
    found = compare([A, B], [target(A, 0, **change), target(B, 1)])[0]
    assert [one for one in found if one[0] != "lost"] == [
        (kind, None if kind == "foreign" else A.id, number(0, 0))
    ]


def test_timestamps_of_a_broker_that_sets_its_own_are_not_compared() -> None:
    """A target with LogAppendTime has no source timestamps to keep."""
    assert compare([A], [target(A, 0, ts=None)])[0] == []


def test_a_wrong_key_is_not_called_a_wrong_partition_too() -> None:
    """One mistake, one difference."""
    assert [kind for kind, *_ in compare([A], [target(A, 0, key=99, placed=0)])[0]] == ["wrong_key"]


def test_order_counts_within_one_key_and_one_source_partition() -> None:
    """Two records of one key and partition that changed places are a difference; others are not."""
    later, other = source(0, 7, key=2, event=14), source(1, 0, key=2, event=15)
    found = compare([A, later, other], [target(later, 0), target(A, 1), target(other, 2)])[0]
    assert found == [("out_of_order", later.id, number(0, 0))]
    assert compare([A, C], [target(C, 0), target(A, 1)])[0] == []
    assert compare([A, B], [target(B, 0), target(A, 1)])[0] == []


BAD = source(0, 4, key=0, outcome=DEAD, why="decode/truncated")._replace(key=None)


@pytest.mark.parametrize(
    ("expected", "delivered", "diverted", "kind"),
    [
        ([BAD], [], [], "dead_letter_missing"),
        ([BAD], [Delivered(number(1, 0), BAD.id, 1, 2, 7, 0, 1)], [], "not_dead_letter"),
        ([A], [], [dead(A, 0)], "dead_letter_unexpected"),
        ([BAD], [], [dead(BAD, 0, value=5)], "dead_letter_altered"),
        ([BAD], [], [dead(BAD, 0, headers=5)], "dead_letter_altered"),
        ([BAD], [], [dead(BAD, 0, why="map/null")], "dead_letter_altered"),
        ([BAD], [], [dead(BAD, 0), dead(BAD, 1)], "duplicate"),
        ([], [], [dead(BAD, 0)], "foreign"),
        ([], [], [dead(BAD, 0, source=None)], "foreign"),
        ([A._replace(outcome=FILTERED)], [target(A, 0)], [], "not_filtered"),
    ],
)
def test_dead_letters_and_filters(
    expected: list[Expected], delivered: list[Delivered], diverted: list[Diverted], kind: str
) -> None:
    """What must be a dead letter is one, whole and once; what must not, is not."""
    assert [one[0] for one in compare(expected, delivered, diverted)[0]] == [kind]


def test_duplicates_of_a_misled_record_are_no_second_difference() -> None:
    """One mistake, one difference: the record in the dead letters is named, its duplicates are not."""
    twin = source(1, 5, key=2, event=11, ts=HOUR)
    assert [kind for kind, *_ in compare([A, twin], [], [dead(A, 0)])[0]] == [
        "dead_letter_unexpected"
    ]


def test_records_outside_the_scope_are_noted_not_judged() -> None:
    """A running stream is ahead of the scope; that is no difference."""
    ahead = source(0, 100, key=2)
    found, _, notes = compare([A], [target(A, 0), target(ahead, 1)])
    assert found == []
    assert "1 records of the target" in notes[0]


def test_compacted_topics_excuse_what_compaction_removes() -> None:
    """A source record that is gone, and a target record with a successor of its key, prove nothing."""
    rules = Rules(RULES.window_ms, target_compacted=True, limits=((0, 100, True), (0, 100, False)))
    later, gone = source(0, 7, key=2, event=14), source(0, 8, key=4)
    found, balances, notes = compare([A, later], [target(later, 0), target(gone, 1)], rules=rules)
    assert found == []
    assert (balances[0].out, balances[0].missing) == (2, 0)
    assert len(notes) == 2


def test_one_origin_by_two_routes_is_there_once() -> None:
    """Records that brought one origin along stand for one event; the target may hold either."""
    elsewhere = -5
    one, two = source(0, 1, key=2), source(1, 1, key=2)
    carried = [(elsewhere, one.id), (elsewhere, two.id)]
    found, balances, _ = compare([one, two], [target(two, 0, source=elsewhere)], carried=carried)
    assert found == []
    assert (balances[0].duplicates, balances[1].out) == (1, 1)
    twice = [target(two, 0, source=elsewhere), target(one, 1, source=elsewhere)]
    assert "duplicate" in [kind for kind, *_ in compare([one, two], twice, carried=carried)[0]]
    assert [kind for kind, *_ in compare([one, two], [], carried=carried)[0]] == ["lost", "lost"]


def test_a_relayed_copy_and_the_record_itself_are_one() -> None:
    """A record read at its home and again through another gateway is there once."""
    direct, relayed = source(0, 1, key=2), source(1, 1, key=2)._replace(value=1)
    carried = [(direct.id, relayed.id)]
    assert compare([direct, relayed], [target(direct, 0)], carried=carried)[0] == []


def test_balances_are_kept_by_ten_minutes_of_record_time() -> None:
    """Buckets add up to the partition's books, and also times before 1970 have theirs."""
    rows = [source(0, n, key=2, ts=n * 400_000 - 400_000) for n in range(5)]
    _, balances, _ = compare(rows, [target(one, one.id) for one in rows])
    starts = [(bucket.start_ms, bucket.read) for bucket in balances[0].buckets]
    assert starts == [(-600_000, 1), (0, 2), (600_000, 1), (1_200_000, 1)]


def test_every_kind_breaks_a_promise() -> None:
    """No difference leaves all promises ticked."""
    assert {kind for kinds in PROMISES.values() for kind in kinds} == set(KINDS)


def test_places_survive_being_numbered() -> None:
    """Partition and offset come back from their number, large ones too."""
    for place in [(0, 0), (3, 17), (100_000, 2**44 - 1)]:
        assert split(number(*place)) == place


def test_digests_tell_null_empty_and_splits_apart() -> None:
    """Different records have different digests, however their parts are cut."""
    made = [
        digest(None),
        digest(b""),
        digest(b"ab", b"c"),
        digest(b"a", b"bc"),
        digest(b"abc"),
        digest(b"abc", None),
    ]
    assert len(set(made)) == len(made)


DAY = 24 * HOUR
NOW = 1_000 * DAY


@pytest.mark.parametrize(
    ("was", "given", "own", "differs"),
    [
        (NOW - 9 * DAY, NOW, NOW - 9 * DAY, 0),
        (NOW + 2 * HOUR, NOW, NOW + 2 * HOUR, 0),
        (NOW - 9 * DAY, NOW, NOW - 8 * DAY, 1),  # not what it was
        (NOW - 5 * DAY, NOW, NOW - 5 * DAY, 1),  # the target would have kept it
        (NOW - 9 * DAY, NOW, None, 1),  # and nobody said so
    ],
)
def test_a_time_may_be_that_of_writing_only_where_it_has_to(
    was: int, given: int, own: int | None, differs: int
) -> None:
    """Another timestamp is right if a header has the record's own, and the target wants no such."""
    one = A._replace(ts=was)
    rules = replace(RULES, times=TimeLimits(7 * DAY, HOUR))
    found, _, notes = compare([one], [target(one, 0, ts=given, own=own)], rules=rules)
    assert [kind for kind, _, _ in found] == ["timestamp_changed"] * differs
    assert bool(notes) == (own is not None)
