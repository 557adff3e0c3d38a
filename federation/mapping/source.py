"""Which of the writer's values a contract field is made from, and what a rule says of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from federation.mapping.convert import TIMES
from federation.mapping.step import Mismatch, Options
from federation.schemas.avro import NAMED, Type

if TYPE_CHECKING:
    from federation.mapping.rules import Rule
    from federation.schemas.avro import Field

_NULL = Type("null")
NO_OPTIONS = Options()


@dataclass(frozen=True, slots=True)
class Path:
    """Steps from a datum to a value and the value's type.

    A step is a field's name or, where several branches are possible, the index of one; a datum
    of another branch has null there.
    """

    steps: tuple[str | int, ...]
    names: tuple[str, ...]
    type: Type

    def follow(self, datum: Any) -> Any:
        """The value at the end; null if one lies on the way."""
        for step in self.steps:
            if datum is None:
                return None
            if isinstance(step, str):
                datum = datum[step]
            elif datum.tag == step:
                datum = datum.value
            else:
                return None
        return datum


def find(w: Type, c: Field, rule: Rule | None) -> Path | None:
    """The path from the datum to the field's source; None if the writer lacks it."""
    if rule is not None and rule.from_ is not None:
        return walk(w, rule.from_)
    for name in (c.name, *c.aliases):
        if w.field(name) is not None:
            return walk(w, name)
    return None


def walk(w: Type, path: str) -> Path | None:
    """The path, with null in its type if one may lie on the way; None if it leads nowhere."""
    nullable = False
    names = () if path == "." else tuple(path.split("."))
    steps: list[str | int] = []
    for name in names:
        if w.tagged:
            branches = [n for n, b in enumerate(w.branches) if branch_name(b) == name]
            if len(branches) != 1:
                return None
            steps.append(branches[0])
            w, nullable = w.branches[branches[0]], True
            continue
        if w.kind == "union":
            nullable = nullable or w.nullable
            w = next((b for b in w.branches if b.kind != "null"), w)
        one = w.field(name)
        if one is None:
            return None
        steps.append(name)
        w = one.type
    return Path(tuple(steps), names, or_null(w) if nullable else w)


def or_null(w: Type) -> Type:
    """The type, null besides."""
    if w.nullable:
        return w
    branches = w.branches if w.kind == "union" else (w,)
    # null goes last, so that the tags of the other branches stay what they are
    return Type("union", branches=(*branches, _NULL))


def branch_name(node: Type) -> str:
    """What a union's branch is called in a path: its unqualified name, or its type."""
    return node.short_name or node.kind


def join(path: str, name: str) -> str:
    """A dotted path, one name longer."""
    return f"{path}.{name}" if path else name


def candidates(w: Type, c: Type) -> list[int]:
    """Branches of a contract's union in the order in which they are tried.

    In a union a record, enum or fixed of another name is another type, unless a logical type says
    what its value means.
    """
    kin, rest = [], []
    for index, branch in enumerate(c.branches):
        if branch.kind != w.kind:
            rest.append((3, index))
        elif w.kind not in NAMED or branch.name == w.name:
            kin.append((0, index))
        elif branch.short_name == w.short_name:
            kin.append((1, index))
        elif w.short_name in (alias.rpartition(".")[2] for alias in branch.aliases):
            kin.append((2, index))
        elif branch.logical:
            rest.append((3, index))
    return [index for _, index in sorted(kin + rest)]


def leaves(node: Type) -> list[Type]:
    """The types of a field's values: of a union's branches, of elements; not of nested fields."""
    if node.kind == "union":
        return [leaf for b in node.branches for leaf in leaves(b)]
    return leaves(node.of) if node.kind in ("array", "map") else [node]


def options(rule: Rule | None) -> Options:
    """The part of a rule that concerns its values."""
    if rule is None:
        return NO_OPTIONS
    return Options(
        named=rule.from_ is not None or rule.template is not None or rule.cel is not None,
        computed=rule.cel is not None,
        split=rule.split,
        map=rule.map,
        encoding=rule.encoding,
        unit=rule.unit,
        zone=rule.zone,
        scale=rule.scale,
        lossy=rule.lossy,
        has_default=rule.has_default,
        fields=rule.fields,
    )


def check_keys(c: Type, rule: Rule) -> None:
    """Refuse keys that could never apply to this contract field, whatever the writer."""
    ends = leaves(c)
    plain = any(leaf.kind in ("int", "long") and not leaf.logical for leaf in ends)
    instant = any(leaf.logical in TIMES and "timestamp" in leaf.logical for leaf in ends)
    if rule.unit and not (instant or plain):
        raise Mismatch(f"unit is for timestamps and plain numbers, and the field is {c}")
    if rule.zone and not instant:
        raise Mismatch(f"zone is for timestamps, and the field is {c}")
    if rule.scale is not None and not (plain or any(leaf.logical == "decimal" for leaf in ends)):
        raise Mismatch(f"scale is for decimals and plain numbers, and the field is {c}")
    if rule.encoding and not any(leaf.kind in ("bytes", "fixed", "string") for leaf in ends):
        raise Mismatch(f"encoding is for bytes and text, and the field is {c}")
    if rule.split and rule.split.part is None and not _has_array(c):
        raise Mismatch(
            f"split gives an array of text, and the field is {c}", "choose one with part"
        )
    if rule.fields is not None and not any(leaf.kind == "record" for leaf in ends):
        raise Mismatch(f"fields is for nested records, and the field is {c}")


def _has_array(node: Type) -> bool:
    return (
        node.kind == "array"
        or any(map(_has_array, node.branches))
        or (node.kind == "map" and _has_array(node.of))
    )
