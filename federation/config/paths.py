"""Where a federation keeps its state."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from federation.config.document import read
from federation.config.load import load
from federation.config.values import NAME

if TYPE_CHECKING:
    from federation.config.load import Loaded


def state_folder(loaded: Loaded) -> Path:
    """The state folder: ``run.state``, else ``.federation/<name>`` beside the configuration."""
    config = loaded.config
    return (config.run.state or loaded.path.parent / ".federation" / config.federation).resolve()


def find_state(path: Path) -> Path:
    """The state folder of a file of which only ``federation`` and ``run.state`` need be sound.

    Whoever looks at a running federation, or ends it, may lack the variables that it was started
    with, or have a mistake in the file by now.

    Raises:
        ConfigError: the file does not even tell that; carries all of its mistakes.
    """
    document = read(path, os.environ)
    data = document.data if isinstance(document.data, dict) else {}
    run = data.get("run") or {}
    name, state = data.get("federation"), run.get("state") if isinstance(run, dict) else run
    broken = any(map(document.is_broken, (("federation",), ("run", "state"))))
    if broken or not (isinstance(name, str) and re.match(NAME, name)):
        return state_folder(load(path))
    if state is run or not isinstance(state, str | None):
        return state_folder(load(path))
    return (path.parent / (state or Path(".federation", name))).resolve()
