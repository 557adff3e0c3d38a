"""Contracts: the .avsc files that a configuration names, read and taken apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from federation.config.mistakes import Mistake
from federation.errors import FederationError
from federation.schemas.parts import Part, take_apart

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class _Unreadable(Exception):  # noqa: N818 - never leaves this module
    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what, self.hint = what, hint


def read_contracts(
    data: Mapping[str, Any], folder: Path
) -> tuple[dict[str, tuple[Part, ...]], list[Mistake]]:
    """Read the contracts, those of streams with other mistakes too.

    Args:
        data: the file's values.
        folder: where relative paths begin.

    Returns:
        By stream the contract's parts, itself the last; and what is wrong with others.
    """
    contracts: dict[str, tuple[Part, ...]] = {}
    mistakes: list[Mistake] = []
    streams = data.get("streams")
    for name, stream in streams.items() if isinstance(streams, dict) else ():
        given = stream.get("schema") if isinstance(stream, dict) else None
        shown, others = (given, []) if isinstance(given, str) else _several(given)
        if not isinstance(shown, str):
            continue
        path = ("streams", name, "schema")
        try:
            parts = _read(shown, others, folder)
        except _Unreadable as error:
            mistakes.append(Mistake(path, error.what, error.hint))
        else:
            contracts[name] = parts
    return contracts, mistakes


def _several(given: Any) -> tuple[Any, list[str]]:
    """The file and its references, of whatever stands there."""
    if not isinstance(given, dict):
        return None, []
    others = given.get("references")
    names = others if isinstance(others, list) else []
    return given.get("file"), [one for one in names if isinstance(one, str)]


def _read(shown: str, others: list[str], folder: Path) -> tuple[Part, ...]:
    root, references = _text(shown, folder), {one: _text(one, folder) for one in others}
    try:
        parts = take_apart(root, references, shown)
    except FederationError as error:
        first = error.findings[0]
        what = f"contract `{first.where or shown}` is not an Avro schema: {first.what}"
        raise _Unreadable(what, first.hint or "correct the .avsc file") from None
    if parts[-1].schema.root.kind != "record":
        what = f"contract `{shown}` is no record but {parts[-1].schema.root}"
        raise _Unreadable(what, "a stream's record is an Avro record")
    return parts


def _text(shown: str, folder: Path) -> str:
    try:
        return (folder / shown).read_text("utf-8")
    except FileNotFoundError:
        raise _Unreadable(
            f"contract `{shown}` does not exist",
            f"it is sought beside the configuration, at {folder / shown}",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise _Unreadable(f"contract `{shown}` cannot be read: {reason}", "an .avsc file") from None
