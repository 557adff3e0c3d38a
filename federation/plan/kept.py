"""Small files of the state folder that help a start and may always be missing."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from federation.observe.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_LOG = get_logger(__name__)


def read(file: Path) -> dict[str, Any]:
    """What is kept; a file that cannot be read is as one that is not there."""
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write(file: Path, kept: Mapping[str, Any]) -> None:
    """Replace what is kept; where that cannot be, the next start needs everyone to answer."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(kept), "utf-8")
        draft.replace(file)
    except OSError as error:
        _LOG.warning("what was learned for the next start cannot be kept", error=str(error))
