"""Findings as they are collected: all of them are told at once."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from federation.errors import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable

    from federation.config.load import Loaded

ConfigPath = tuple[str | int, ...]


class Notes:
    """Collects findings; each names the place in the file that is its cause."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self.findings: list[Finding] = []

    @property
    def failed(self) -> bool:
        """Whether anything stops the plan."""
        return any(one.severity == "error" for one in self.findings)

    def has(self, at: ConfigPath) -> bool:
        """Whether that place has an error already."""
        where = self._loaded.where(*at)
        return any(one.where == where and one.severity == "error" for one in self.findings)

    def error(self, at: ConfigPath, what: str, hint: str = "") -> None:
        """Something that cannot work."""
        self.findings.append(Finding(what, self._loaded.where(*at), hint))

    def warning(self, at: ConfigPath, what: str, hint: str = "") -> None:
        """Something that works, but perhaps not as meant."""
        self.findings.append(Finding(what, self._loaded.where(*at), hint, "warning"))


def nearest(name: str, names: Iterable[str]) -> str:
    """A hint with the names most like ``name``, or with what there is."""
    known = sorted(names)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    if near:
        return f"did you mean {' or '.join(near)}?"
    if not known:
        return "there is none"
    return f"there are: {', '.join(known[:8])}{', …' if len(known) > 8 else ''}"
