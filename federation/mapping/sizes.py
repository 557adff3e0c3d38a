"""How large a record may become in a topic; ``Sizes.java`` counts the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_FRAME = 1024
_HEADER = 16
DEAD_LETTER = 6 * 1024
"""What a dead letter's own headers may add, in bytes."""


def size(
    key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes | None]] | None
) -> int:
    """Bytes that are never less than Kafka counts for a batch of this one record, not compressed.

    Args:
        key: the record's key, as it is written.
        value: its value, frame included.
        headers: those of the source record, whatever becomes of them.
    """
    names = sum(_HEADER + len(n.encode()) + len(v or b"") for n, v in headers or ())
    return _FRAME + len(key or b"") + len(value or b"") + names
