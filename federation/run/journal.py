"""What has happened to a stream and is to be known for good: lines of JSON, only ever appended."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from federation.errors import JobError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Journal:
    """A file of the state folder, kept as long as the folder."""

    file: Path

    def add(self, entry: dict[str, Any]) -> None:
        """Write one entry down, on disk before this returns.

        The gateway may be another user than who writes, so all may read it who get this far.
        """
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a+") as file:
            if file.tell() == 0:
                os.fchmod(file.fileno(), 0o644)
            file.write("" if self._whole() else "\n")
            file.write(json.dumps(entry) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _whole(self) -> bool:
        """Whether the last line was written to its end."""
        with self.file.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 1))
            return file.read(1) in {b"", b"\n"}

    def entries(self) -> list[dict[str, Any]]:
        """All entries, oldest first; a line that is none, as one that was cut off, says nothing.

        Raises:
            JobError: the file cannot be read.
        """
        try:
            lines = self.file.read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise JobError(
                f"what was written down cannot be read: {error.strerror}",
                where=str(self.file),
                hint="let the gateway's user read it",
            ) from error
        found = []
        for line in lines:
            with suppress(ValueError):
                entry = json.loads(line)
                if isinstance(entry, dict):
                    found.append(entry)
        return found
