"""The benchmark's arithmetic: from samples of a topic's end to rates and their ratios."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rates import Ratio, Sample, ratio, reached, steady, whole


@given(
    st.floats(0.5, 60),
    st.floats(1_000, 500_000),
    st.floats(0.1, 2.0),
)
def test_steady_rate_leaves_out_the_start(start: float, rate: float, interval: float) -> None:
    """An output that grows evenly has its own rate, however long its start took."""
    records = 40 * interval * rate
    samples = [
        Sample(start + i * interval, round(i * interval * rate), round(i * interval * rate))
        for i in range(41)
    ]
    assert steady(samples, round(records)) == pytest.approx(rate, rel=0.02)
    assert whole(samples, round(records), samples[-1].committed) == pytest.approx(
        records / (start + 40 * interval), rel=0.02
    )


def test_dropped_repeats_count_as_work() -> None:
    """A run that reads 200 records and writes 100 has the rate at which it read."""
    samples = [Sample(float(i), i * 10, i * 10) for i in range(11)]
    assert steady(samples, 200) == pytest.approx(20)
    assert whole(samples, 200, 100) == pytest.approx(20)


def test_whole_run_ends_with_the_last_commit() -> None:
    """What is written and not yet committed is not done."""
    samples = [Sample(1.0, 100, 0), Sample(2.0, 100, 50), Sample(4.0, 102, 100)]
    assert whole(samples, 100, 100) == pytest.approx(25)


def test_short_output_has_no_rate() -> None:
    """A run that lost records is an error and no figure."""
    samples = [Sample(1.0, 90, 90)]
    with pytest.raises(ValueError, match="90 of 100"):
        whole(samples, 100, 100)
    with pytest.raises(ValueError, match="never had 100"):
        reached(samples, 100)


def test_ratios_are_of_the_same_round() -> None:
    """A slow round slows both, and the ratio does not see it."""
    assert ratio([200.0, 100.0, 300.0], [100.0, 50.0, 100.0]) == Ratio(2.0, 2.0, 3.0)
    with pytest.raises(ValueError, match="shorter"):
        ratio([1.0, 2.0], [1.0])
