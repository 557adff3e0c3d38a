"""Templates: text with the writer's paths in braces; a brace that is meant is doubled."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"[^{}]+|\{\{|\}\}|\{([^{}]*)\}|[{}]")
_PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")


def parse(template: str) -> tuple[tuple[str, str], ...]:
    """Pairs of literal text and the path after it; the last path may be empty.

    Raises:
        ValueError: a single brace, or something in braces that is no path; with its column.
    """
    parts: list[tuple[str, str]] = []
    literal = ""
    for token in _TOKEN.finditer(template):
        path = token[1]
        if token[0] in ("{", "}"):
            raise ValueError(
                f"a single {token[0]} at column {token.start() + 1}; a path is {{in.braces}}, "
                "and a brace that is meant is doubled"
            )
        if path is None:
            literal += token[0][0] if token[0] in ("{{", "}}") else token[0]
        elif _PATH.fullmatch(path):
            parts.append((literal, path))
            literal = ""
        else:
            raise ValueError(
                f"{token[0]} at column {token.start() + 1} is no path: names joined by dots"
            )
    return (*parts, (literal, "")) if literal else tuple(parts)
