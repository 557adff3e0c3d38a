"""The benchmark's table of all workloads."""

from __future__ import annotations

from typing import Any

from contenders import CONTENDERS
from summary import rows


def _runs(**steady: list[float]) -> list[dict[str, Any]]:
    return [{"contender": name, "steady": rate} for name, all_ in steady.items() for rate in all_]


def test_ratios_are_of_the_same_round_and_of_who_ran() -> None:
    """A row has the gateway's rate and a ratio for each rival of as many rounds, in their order."""
    runs = _runs(gateway=[200.0, 100.0], copy=[400.0, 100.0], sql=[50.0])
    head, _, row = rows({"wide": runs, "union": _runs(sql=[1.0])})
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert len(cells) == head.count("|") - 1 == len(CONTENDERS) + 1
    assert cells[:3] == ["`wide`", "150 (100\N{EN DASH}200)", "0.75 (0.50\N{EN DASH}1.00)"]
    assert not any(cells[3:])
