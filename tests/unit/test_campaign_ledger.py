"""The campaign's book-keeping: schedules are repeatable, and a summary counts every run once."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import ledger
from hypothesis import given
from hypothesis import strategies as st
from run import LEAST_FAULTS, MOST_FAULTS, Outcome, Suffered, schedule

WORDS = st.lists(st.sampled_from(ledger.BAD), max_size=2, unique=True)
FAULTS = st.builds(
    Suffered,
    st.sampled_from(["target killed", "restarted"]),
    st.floats(0, 9),
    st.floats(0, 99),
    st.dictionaries(st.sampled_from(["eu", "us"]), st.floats(0, 9)),
)
OUTCOMES = st.lists(
    st.builds(Outcome, st.integers(1, 999), WORDS, st.lists(FAULTS), st.integers(0, 9_999)),
    min_size=1,
    unique_by=lambda one: one.seed,
)


@given(st.integers(0, 2**32))
def test_a_seed_is_a_schedule(seed: int) -> None:
    """The same seed has the same faults, and never too many."""
    first, second = (schedule(Random(seed)) for _ in range(2))
    assert first == second
    assert LEAST_FAULTS <= len(first) <= MOST_FAULTS


@given(OUTCOMES)
def test_a_summary_counts_all_and_excuses_none(outcomes: list[Outcome]) -> None:
    """Each word is counted; a run that the machine spoilt is never one without a finding."""
    lines: list[dict[str, Any]] = [
        json.loads(ledger.line(outcome, "abc1234")) for outcome in outcomes
    ]
    text = ledger.summary(lines)
    head, _, row = (line.split(" | ") for line in text.splitlines()[2:5])
    said = dict(zip(head, row, strict=True))
    assert said["| runs"] == f"| {len(outcomes)}"
    assert said["without a finding"] == str(sum(not one.words for one in outcomes))
    for word in ledger.BAD:
        found = said.get(word) or said[f"{word} |"].removesuffix(" |")
        assert found == str(sum(word in one.words for one in outcomes))
    for one in outcomes:
        assert (f"- seed {one.seed}: " in text) == bool(one.words)
