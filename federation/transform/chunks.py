"""Records between the JVM and Python: many at a time, so that crossing costs little for each.

A chunk is a count, then for each value its length and its Avro bytes, then whatever else the JVM
wants back untouched. Its answer is the length of the verdicts, the verdicts, and that rest. A
verdict is one byte: ``0`` and the new bytes; ``1`` for a record that is left out; ``2``, reason and
sentence for a dead letter. Lengths have four bytes, big-endian. ``FromPython.java`` reads this.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from federation.transform.apply import Verdict

_LENGTH = struct.Struct(">i")
_MADE, _DROPPED, _REFUSED = b"\0", b"\1", b"\2"


def answer(transform: Callable[[Sequence[bytes]], list[Verdict]], chunk: bytes) -> bytes:
    """The answer to a chunk."""
    (count,) = _LENGTH.unpack_from(chunk)
    at = _LENGTH.size
    bodies = []
    for _ in range(count):
        (length,) = _LENGTH.unpack_from(chunk, at)
        at += _LENGTH.size
        bodies.append(chunk[at : at + length])
        at += length
    parts = []
    for verdict in transform(bodies):
        if verdict is None:
            parts.append(_DROPPED)
        elif isinstance(verdict, bytes):
            parts += (_MADE, _LENGTH.pack(len(verdict)), verdict)
        else:
            parts.append(_REFUSED)
            at_field = f"field {verdict.path}: " if verdict.path else ""
            for text in (verdict.reason, f"{at_field}{verdict.message}"):
                data = text.encode(errors="replace")
                parts += (_LENGTH.pack(len(data)), data)
    verdicts = b"".join(parts)
    return b"".join((_LENGTH.pack(len(verdicts)), verdicts, chunk[at:]))
