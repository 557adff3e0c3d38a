"""What a check of a configuration finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from federation.config.document import ConfigPath


@dataclass(frozen=True, slots=True)
class Mistake:
    """A finding by its config path; ``at_key`` points at the key instead of the value."""

    path: ConfigPath
    what: str
    hint: str
    severity: str = "error"
    at_key: bool = False
