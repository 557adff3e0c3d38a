"""The verification as one HTML page: everything inline, good on screen and on paper."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from typing import TYPE_CHECKING, Any

from federation.verify.model import BUCKET_MS, KINDS, Balance

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from federation.verify.model import Bucket, StreamReport, Verification

SERIES = ("out", "duplicates", "dead", "filtered", "missing")
"""The columns of a balance in the order in which charts stack them."""
_BARS = 72


@dataclass(frozen=True, slots=True)
class Bar:
    """One rectangle of a chart; all numbers are parts of its width and height in per cent."""

    series: str
    x: float
    y: float
    width: float
    height: float
    title: str


def render(verification: Verification) -> str:
    """The page as text."""
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - slow; only for a report

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"n": _number, "share": _share}
    template = resources.files(__package__).joinpath("report.html.j2").read_text("utf-8")
    return environment.from_string(template).render(
        v=verification, kinds=KINDS, series=SERIES, chart=chart, limits=time_limits,
        reasons=dead_reasons, instant=_instant, duration=_duration(verification.seconds),
    )  # fmt: skip


def chart(balances: Sequence[Balance], limits: tuple[int, int]) -> list[Bar]:
    """Stacked bars over record time; the highest stack fills the height.

    Args:
        balances: whose buckets are added up.
        limits: first and last instant in milliseconds, as of :func:`time_limits`.
    """
    low, high = limits
    step = max(BUCKET_MS, math.ceil((high - low) / _BARS / BUCKET_MS) * BUCKET_MS)
    bars = max(1, -(-(high - low) // step))
    stacks: list[dict[str, int]] = [dict.fromkeys(SERIES, 0) for _ in range(bars)]
    for bucket in _buckets(balances):
        stack = stacks[min(bars - 1, (bucket.start_ms - low) // step)]
        for name in SERIES:
            stack[name] += getattr(bucket, name)
    top = max(sum(stack.values()) for stack in stacks) or 1
    made = []
    for n, stack in enumerate(stacks):
        base = 0
        for name in SERIES:
            if count := stack[name]:
                base += count
                title = f"{_instant(low + n * step)}: {count:,} {name}"
                x, y, height = 100 * n / bars, 100 - 100 * base / top, 100 * count / top
                made.append(Bar(name, x, y, 100 / bars, height, title))
    return made


def time_limits(stream: StreamReport) -> tuple[int, int]:
    """First and last instant of a stream's buckets, in milliseconds."""
    starts = [bucket.start_ms for bucket in _buckets(stream.balances)]
    return (min(starts), max(starts) + BUCKET_MS) if starts else (0, BUCKET_MS)


def dead_reasons(balances: Iterable[Balance]) -> list[tuple[str, int]]:
    """Dead letters by ``stage/reason``, the most frequent first."""
    counts: dict[str, int] = {}
    for balance in balances:
        for why, count in balance.dead_reasons.items():
            counts[why] = counts.get(why, 0) + count
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))


def _buckets(balances: Sequence[Balance]) -> Iterable[Bucket]:
    return (bucket for balance in balances for bucket in balance.buckets)


def _number(value: Any) -> str:
    return f"{value:,}".replace(",", "\u202f")


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.4f}" if whole else "0"


def _instant(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
