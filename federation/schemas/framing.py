"""The bytes around a payload that say which schema wrote it.

A framing is an entry of ``FRAMINGS``: how to take a value apart and how to put one together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from federation.schemas.refusal import FrameError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Frame(NamedTuple):
    """A value taken apart: the registry's schema id, and the Avro bytes."""

    schema_id: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Framing:
    """How values are framed: ``split`` raises FrameError, ``join`` is its inverse."""

    split: Callable[[bytes], Frame]
    join: Callable[[int, bytes], bytes]


def _confluent_split(value: bytes) -> Frame:
    if not value:
        raise FrameError("empty", "a value of 0 bytes is no record and no delete marker")
    if value[0] != 0:
        raise FrameError("magic", f"first byte {value[0]:#04x} instead of 0x00")
    if len(value) < 5:
        raise FrameError("short", f"{len(value)} bytes cannot hold a schema id")
    return Frame(int.from_bytes(value[1:5], "big"), value[5:])


def _confluent_join(schema_id: int, body: bytes) -> bytes:
    return b"\0" + schema_id.to_bytes(4, "big") + body


FRAMINGS: Mapping[str, Framing] = {"confluent": Framing(_confluent_split, _confluent_join)}


def split(value: bytes, framing: str = "confluent") -> Frame:
    """Take a value apart.

    Raises:
        FrameError: ``empty``, ``magic`` or ``short``.
    """
    return FRAMINGS[framing].split(value)


def join(schema_id: int, body: bytes, framing: str = "confluent") -> bytes:
    """Put a value together."""
    return FRAMINGS[framing].join(schema_id, body)
