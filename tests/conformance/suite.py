"""All topics of the conformance suite, and the files that they are kept in."""

from __future__ import annotations

from pathlib import Path

import of_bytes
import of_defaults
import of_logical_types
import of_named_types
import of_primitives
import of_unions

FOLDER = Path(__file__).parents[1] / "vectors" / "conformance"
MODULES = (of_primitives, of_unions, of_named_types, of_defaults, of_bytes, of_logical_types)


def files() -> dict[str, str]:
    """File name to text, one file a topic."""
    return {f"{one.name}.json": one.text() for module in MODULES for one in module.topics()}
