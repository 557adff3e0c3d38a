"""Which of the writer's values a contract field is made from, and what a rule says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from federation.mapping.convert import TIMES, Mismatch, Options
from federation.schemas.avro import NAMED, Type

if TYPE_CHECKING:
    from federation.mapping.rules import Rule
    from federation.schemas.avro import Field

_NULL = Type("null")
NO_OPTIONS = Options()


def find(w: Type, c: Field, rule: Rule | None) -> tuple[tuple[str, ...], Type] | None:
    """The steps from the datum to the field's source, and its type; None if the writer lacks it."""
    if rule is not None and rule.from_ is not None:
        return walk(w, () if rule.from_ == "." else tuple(rule.from_.split(".")))
    for name in (c.name, *c.aliases):
        if w.field(name) is not None:
            return walk(w, (name,))
    return None


def walk(w: Type, steps: tuple[str, ...]) -> tuple[tuple[str, ...], Type] | None:
    """The path and the type at its end, with null if one may lie on the way; else None."""
    nullable = False
    for name in steps:
        if w.kind == "union" and not w.tagged:
            nullable = nullable or w.nullable
            w = next((b for b in w.branches if b.kind != "null"), w)
        one = w.field(name)
        if one is None:
            return None
        w = one.type
    if nullable and not w.nullable:
        branches = w.branches if w.kind == "union" else (w,)
        # null goes last, so that the tags of the other branches stay what they are
        w = Type("union", branches=(*branches, _NULL))
    return steps, w


def follow(datum: Any, steps: tuple[str, ...]) -> Any:
    """The value at the end of a path; null if one lies on the way."""
    for name in steps:
        if datum is None:
            return None
        datum = datum[name]
    return datum


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
        named=rule.from_ is not None,
        map=rule.map,
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
    if (rule.unit or rule.zone) and not any(
        leaf.logical in TIMES and "timestamp" in leaf.logical for leaf in ends
    ):
        raise Mismatch(f"{'unit' if rule.unit else 'zone'} is for timestamps, and the field is {c}")
    if rule.scale is not None and not any(leaf.logical == "decimal" for leaf in ends):
        raise Mismatch(f"scale is for decimals, and the field is {c}")
    if rule.fields is not None and not any(leaf.kind == "record" for leaf in ends):
        raise Mismatch(f"fields is for nested records, and the field is {c}")
