"""Which timestamps give way to the time of writing; ``TargetSerializerTest`` has the same cases."""

from __future__ import annotations

import pytest

from federation.mapping.times import TimeLimits

HOUR = 3_600_000
NOW = 1_800_000_000_000


@pytest.mark.parametrize(
    ("hours", "clamps"),
    [(-8, True), (-7, True), (-6, False), (0, False), (1, False), (2, True)],
)
def test_a_tenth_before_the_limits(hours: int, clamps: object) -> None:
    """A record that its topic would refuse or delete soon gets the time of writing."""
    limits = TimeLimits(7 * HOUR, 2 * HOUR - HOUR // 10)
    assert limits.clamps(NOW + hours * HOUR - 1, NOW) is clamps


def test_no_limit_and_no_timestamp() -> None:
    """Without a limit every timestamp stays; a record without one has nothing to keep."""
    assert not TimeLimits().clamps(0, NOW)
    assert not TimeLimits().clamps(2 * NOW, NOW)
    assert not TimeLimits(0, 0).clamps(-1, NOW)
    assert TimeLimits(0, None).clamps(NOW - 1, NOW)
