"""What has happened to a stream and is to be known for good: lines of JSON, only ever appended."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Journal:
    """A file of the state folder, kept as long as the folder."""

    file: Path

    def add(self, entry: dict[str, Any]) -> None:
        """Write one entry down, on disk before this returns."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a") as file:
            file.write(json.dumps(entry) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def entries(self) -> list[dict[str, Any]]:
        """All entries, oldest first."""
        try:
            return [json.loads(line) for line in self.file.read_text().splitlines()]
        except FileNotFoundError:
            return []
