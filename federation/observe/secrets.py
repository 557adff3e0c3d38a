"""Secrets: which names carry them, and the filter that keeps their values out of every output.

The values themselves are collected while a configuration is loaded (see
:mod:`federation.config.load`); whatever the product prints or logs passes :data:`REDACTOR`.
"""

from __future__ import annotations

import base64
import json
import re
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

MASK = "***"
_SHORTEST = 4  # shorter values would blot out ordinary words, and protect nothing anyway

_SECRET = re.compile(
    r"passw(or)?d|passphrase|secret|token|jaas|credential|basic\.?auth|user\.info"
    r"|private\.?key|api[._-]?key|access[._-]?key|keystore\.key$|(^|[._-])sasl[._-]?pass",
    re.IGNORECASE,
)
# names that speak about a secret without being one
_HARMLESS = re.compile(
    r"(^|[._-])(location|url|uri|type|file|path|source|id|class|name|scope|algorithm|enabled|enable"
    r"|seconds|ms|factor|jitter|provider|alias)$",
    re.IGNORECASE,
)
_USERINFO = re.compile(r"(?P<scheme>\b[a-z][a-z0-9+.-]*://)[^\s/\"']+@", re.IGNORECASE)
_JAAS_OPTION = re.compile(
    r"""([\w.]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s;]+))"""
)
_PAIR = re.compile(r"[^\s:/]+:(\S+)")


def is_secret(name: str) -> bool:
    """Whether the value of a property, key or option with this name must never be shown."""
    return bool(_SECRET.search(name)) and not _HARMLESS.search(name)


def masked(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """Copy a mapping for printing: secret values become ``***``, the others are scrubbed."""
    return {
        key: MASK if is_secret(key) and value is not None else REDACTOR.scrub_value(value)
        for key, value in mapping.items()
    }


class Redactor:
    """Replaces every registered secret by ``***``; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._values: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def register(self, value: str) -> None:
        """Remember a secret, its parts (lines, JAAS options, URL user) and its encoded forms.

        Values shorter than four characters are ignored.
        """
        found: set[str] = set()
        for part in _parts(value):
            if len(part) >= _SHORTEST:
                found |= _spellings(part)
        with self._lock:
            if found <= self._values:
                return
            self._values |= found
            longest_first = sorted(self._values, key=lambda text: (-len(text), text))
            self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def scrub(self, text: str) -> str:
        """The text without registered secrets and without ``user:password@`` in URLs."""
        if "://" in text:
            text = _USERINFO.sub(rf"\g<scheme>{MASK}@", text)
        return self._pattern.sub(MASK, text) if self._pattern else text

    def scrub_value(self, value: Any) -> Any:
        """Like :meth:`scrub`, for every text inside lists, tuples and mappings.

        Mapping values under a secret name are masked whole; other types pass unchanged.
        """
        if isinstance(value, str):
            return self.scrub(value)
        if isinstance(value, dict):
            return {
                (self.scrub(key) if isinstance(key, str) else key): (
                    MASK
                    if isinstance(key, str) and is_secret(key) and isinstance(item, (str, bytes))
                    else self.scrub_value(item)
                )
                for key, item in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self.scrub_value(item) for item in value]
        return value

    def clear(self) -> None:
        """Forget all secrets (one process, several configurations: tests)."""
        with self._lock:
            self._values.clear()
            self._pattern = None


REDACTOR = Redactor()


def register_url(url: str) -> None:
    """Register the user and password of a URL, if it has them."""
    rest = url.partition("://")[2].partition("/")[0]
    user, at, _ = rest.rpartition("@")
    if at:
        REDACTOR.register(user)


def _parts(value: str) -> set[str]:
    """The whole, its lines, secret options of a JAAS entry, what follows ``user:``."""
    lines = {line.strip() for line in value.splitlines() if not line.lstrip().startswith("-----")}
    options = {
        next(filter(None, match.groups()[1:]), "")
        for match in _JAAS_OPTION.finditer(value)
        if is_secret(match[1])
    }
    long_lines = {line for line in lines if len(line) >= 2 * _SHORTEST or line == value.strip()}
    pair = _PAIR.fullmatch(value.strip())
    return {value, value.strip()} | long_lines | options | ({pair[1]} if pair else set())


def _spellings(secret: str) -> set[str]:
    """The forms in which one secret may turn up in a message."""
    return {
        secret,
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
        quote(secret, safe=""),
        base64.b64encode(secret.encode()).decode(),
    }
