"""The frame around a payload."""

from __future__ import annotations

import pytest

from federation.schemas import framing
from federation.schemas.refusal import FrameError


def test_split_and_join_are_inverse():
    """A frame is a zero byte, the id in four bytes, and the payload; an empty record is a payload."""
    assert framing.split(b"\0\0\0\1\2xy") == framing.Frame(258, b"xy")
    assert framing.split(framing.join(2**31 - 1, b"")) == (2**31 - 1, b"")


@pytest.mark.parametrize(
    ("value", "reason"),
    [(b"", "empty"), (b"\1\0\0\0\1x", "magic"), (b"\0\0\0\1", "short"), (b"\0", "short")],
)
def test_refused(value, reason):
    """Bytes without a frame are dead letters with one word."""
    with pytest.raises(FrameError) as caught:
        framing.split(value)
    assert (caught.value.stage, caught.value.reason) == ("frame", reason)
