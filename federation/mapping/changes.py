"""What one version of a schema changed from the one before it, field by field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from federation.mapping.source import join, leaves
from federation.schemas.avro import ABSENT

if TYPE_CHECKING:
    from federation.schemas.avro import Field, Schema, Type

MAX_FIELDS = 20_000  # of one schema, written out: named types can make them double with each level


@dataclass(frozen=True, slots=True)
class Change:
    """One field that came, went or became something else.

    Attributes:
        path: dotted path through nested records.
        kind: ``added``, ``removed``, ``type`` or ``default``.
        before: what it was, in words; empty if it was not there.
        after: what it is.
    """

    path: str
    kind: Literal["added", "removed", "type", "default"]
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        """A few words: ``added note (string)``."""
        if self.kind == "added":
            return f"added {self.path} ({self.after})"
        if self.kind == "removed":
            return f"removed {self.path} ({self.before})"
        what = "default of " if self.kind == "default" else ""
        return f"{what}{self.path}: {self.before} -> {self.after}"


def changes(before: Schema, after: Schema) -> tuple[Change, ...]:
    """The differences of two schemas; names of records do not count."""
    old, new = _fields(before.root), _fields(after.root)
    found: list[Change] = []
    for path in dict.fromkeys([*new, *old]):
        if path not in old:
            if path.rpartition(".")[0] not in new or path.rpartition(".")[0] in old:
                found.append(Change(path, "added", after=_said(new[path].type)))
        elif path not in new:
            if path.rpartition(".")[0] not in old or path.rpartition(".")[0] in new:
                found.append(Change(path, "removed", before=_said(old[path].type)))
        else:
            found += _changed(path, old[path], new[path])
    return tuple(found)


def _changed(path: str, old: Field, new: Field) -> list[Change]:
    out = []
    was, now = _said(old.type), _said(new.type)
    if was != now:
        out.append(Change(path, "type", was, now))
    # True and 1 are equal in Python, not in JSON
    if repr(old.default) != repr(new.default):
        shown = ["none" if one.default is ABSENT else repr(one.default) for one in (old, new)]
        out.append(Change(path, "default", *shown))
    return out


def _fields(root: Type) -> dict[str, Field]:
    """Every field by its path; a record is not entered again within itself."""
    found: dict[str, Field] = {}
    stack: list[tuple[Type, str, frozenset[int]]] = [(root, "", frozenset())]
    while stack and len(found) < MAX_FIELDS:
        node, path, within = stack.pop()
        for record in leaves(node):
            if record.kind == "record" and id(record) not in within:
                for one in record.fields:
                    found.setdefault(join(path, one.name), one)
                    stack.append((one.type, join(path, one.name), within | {id(record)}))
    return found


def _said(node: Type) -> str:
    """A type in words, with an enum's symbols and a fixed's size, without a record's name."""
    if node.kind == "union":
        return " or ".join(_said(branch) for branch in node.branches)
    if node.kind in ("array", "map"):
        return f"{node.kind} of {_said(node.of)}"
    if node.kind == "enum":
        return f"enum of {', '.join(node.symbols)}"
    if node.kind == "fixed" and not node.logical:
        return f"fixed of {node.size} bytes"
    return "record" if node.kind == "record" else str(node)
