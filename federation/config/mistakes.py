"""What the checks of a configuration look at, and what they find."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from federation.config.document import ConfigPath
    from federation.config.models import Config
    from federation.schemas.avro import Schema


@dataclass(frozen=True, slots=True)
class Mistake:
    """A finding by its config path; ``at_key`` points at the key instead of the value."""

    path: ConfigPath
    what: str
    hint: str
    severity: str = "error"
    at_key: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules look at.

    Attributes:
        config: the configuration, without the parts that are already known to be wrong.
        raw: the file's values, those parts included.
        contracts: parsed contracts by stream, where they could be read.
        whole: whether ``config`` is all of the file.
    """

    config: Config
    raw: Mapping[str, Any]
    contracts: Mapping[str, Schema]
    whole: bool
