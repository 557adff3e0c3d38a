"""Spans of time for people."""

from __future__ import annotations

from datetime import timedelta


def said(span: timedelta) -> str:
    """A span in its largest whole unit: ``7 days``, ``24 hours``, ``90 s``, ``500 ms``."""
    if span < timedelta(seconds=1):
        return f"{span / timedelta(milliseconds=1):g} ms"
    total = span.total_seconds()
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if total >= 2 * size and total % size == 0:
            return f"{total / size:.0f} {unit}"
    return f"{total:g} s"
