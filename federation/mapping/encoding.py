"""Text that stands for bytes: hexadecimal and base64 (RFC 4648), strictly."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from federation.mapping.text import bad

if TYPE_CHECKING:
    from collections.abc import Callable


def _to_base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _from_hex(text: str) -> bytes:
    if len(text) % 2:
        raise ValueError(text)
    return binascii.unhexlify(text)


def _from_base64(text: str) -> bytes:
    raw = base64.b64decode(text, validate=True)
    if base64.b64encode(raw).decode() != text:  # bits that no byte holds, or padding left out
        raise ValueError(text)
    return raw


def _from_base64url(text: str) -> bytes:
    raw = base64.urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
    padded = base64.urlsafe_b64encode(raw).decode()
    if text not in (padded, padded.rstrip("=")):
        raise ValueError(text)
    return raw


_CODECS: dict[str, tuple[Callable[[bytes], str], Callable[[str], bytes]]] = {
    "hex": (bytes.hex, _from_hex),
    "base64": (lambda raw: base64.b64encode(raw).decode(), _from_base64),
    "base64url": (_to_base64url, _from_base64url),
}


def encoder(encoding: str) -> Callable[[bytes], str]:
    """The function that writes bytes as text."""
    return _CODECS[encoding][0]


def decoder(encoding: str, size: int | None = None) -> Callable[[str], bytes]:
    """The function that reads bytes of a text; ``size`` of them if given.

    Raises:
        MappingError: (the returned function) ``parse``.
    """
    decode = _CODECS[encoding][1]

    def run(text: str) -> bytes:
        try:
            raw = decode(text)
        except ValueError:  # binascii.Error is one, and so are letters beyond ASCII
            raise bad(text, encoding) from None
        if size is not None and len(raw) != size:
            raise bad(text, f"{encoding} of {size} bytes")
        return raw

    return run
