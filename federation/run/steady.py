"""A file that can be replaced on a full disk, since the space for it is held already."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_STEP = 64 * 1024  # bytes; what is held grows by as much


class SteadyFile:
    """Replaces a small text file again and again; readers see a whole one at any time.

    The replaced file is not given back to the disk: it is written over the next time, padded with
    spaces to its old length.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._spare = path.with_name(f".{path.name}.spare")

    def write(self, text: str) -> None:
        """Replace the text.

        Raises:
            OSError: it cannot be, and the file is as it was; on a full disk only where the text
                has grown.
        """
        data = text.encode()
        data += b" " * (-len(data) % _STEP)
        spare = os.open(self._spare, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            held = os.fstat(spare).st_size
            data += b" " * (held - len(data))
            at = 0
            while at < len(data):
                at += os.pwrite(spare, data[at:], at)
        finally:
            os.close(spare)
        before = self._path.with_name(f".{self._path.name}.before")
        before.unlink(missing_ok=True)
        if self._path.exists():
            os.link(self._path, before)
        self._spare.replace(self._path)
        if before.exists():
            before.replace(self._spare)
