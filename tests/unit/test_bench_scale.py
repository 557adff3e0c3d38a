"""The scale curves' points, without brokers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gateway
import pytest
from scale import CURVES, TIMES, USUAL, layout, plot, table

from federation.config.load import load

if TYPE_CHECKING:
    from pathlib import Path

POINTS = [(curve, value) for curve, values in CURVES.items() for value in values]
RECORDS = 3_000_000


@pytest.mark.parametrize(("curve", "value"), POINTS)
def test_points_differ_in_one_thing(
    curve: str, value: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A point has its curve's value, the usual ones besides, and as many records as others of the curve."""
    streams, run = layout(curve, value, RECORDS)
    shape = {
        "task_managers": 0,
        **run,
        "sources": len(streams[0].sources),
        "streams": len(streams),
        "partitions": streams[0].partitions,
    }
    assert shape == {**USUAL, curve: value}
    assert sum(one.read for one in streams) == RECORDS * TIMES.get(curve, 1)
    for name in ("EU", "US", "HUB"):
        monkeypatch.setenv(f"{name}_BOOTSTRAP", "127.0.0.1:1")
        monkeypatch.setenv(f"{name}_REGISTRY", "http://127.0.0.1:1")
    gateway.command(tmp_path, streams, **run)
    assert len(load(tmp_path / "federation.yaml").config.streams) == len(streams)


def test_points_of_another_shape_have_other_topics() -> None:
    """What is loaded for one point is not overwritten by another's, and is shared where it is the same."""
    loaded: dict[str, tuple[int, int]] = {}
    for curve, value in POINTS:
        for stream in layout(curve, value, RECORDS)[0]:
            for source in stream.sources:
                facts = (stream.records, stream.partitions)
                assert loaded.setdefault(source.topic, facts) == facts


def _points() -> list[dict[str, Any]]:
    run = {"whole": 50.0, "cpu": 1.0, "memory": 10**6}
    rates = (3000.0, 1000.0, 2000.0)
    return [{"curve": "sources", "value": 5, "steady": rate, **run} for rate in rates]


def test_table_has_medians_of_the_rounds() -> None:
    """Several rounds of a point are one row, and what was not measured has none."""
    (row,) = list(table(_points()))[2:]
    assert row == "| sources of the stream | 5 | 2,000 | 50 | 1.0 | 1 |"


def test_plot_of_some_points(tmp_path: Path) -> None:
    """Curves that were not measured leave their panel empty."""
    pytest.importorskip("matplotlib", reason="an extra of the benchmark")
    plot(_points(), tmp_path / "scale.png")
    assert (tmp_path / "scale.png").stat().st_size > 1000
