"""Where a federation keeps its state."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from federation.config.load import Loaded


def state_folder(loaded: Loaded) -> Path:
    """The state folder: ``run.state``, else ``.federation/<name>`` beside the configuration."""
    config = loaded.config
    return (config.run.state or loaded.path.parent / ".federation" / config.federation).resolve()
