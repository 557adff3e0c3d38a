"""Keys and rules held against the contract that they speak of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from federation.config.explain import nearest
from federation.config.mistakes import Mistake
from federation.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from federation.config.document import ConfigPath
    from federation.config.models import Stream
    from federation.mapping.rules import Choice, Rule
    from federation.schemas.avro import Field, Schema, Type

_TEXT_KEYS = frozenset({"string", "int", "long", "boolean", "enum"})


def key_mistakes(contract: Schema, name: str, path: ConfigPath) -> Iterator[Mistake]:
    """A field of a key is one of the contract, and equal values of it have equal bytes."""
    field = contract.root.field(name)
    if field is None:
        names = [field.name for field in contract.root.fields]
        yield Mistake(path, f"`{name}` is no field of the contract", nearest(name, names))
    elif (inside := _uneven(field.type)) is not None:
        is_it = "is" if inside in (field.type, *field.type.branches) else "holds"
        what = f"`{name}` {is_it} {_article(inside)}, which can be no part of a key"
        hint = "equal arrays and maps may have unequal bytes; take fields of other types"
        yield Mistake(path, what, hint)


def text_key_mistakes(stream: Stream, contract: Schema, path: ConfigPath) -> Iterator[Mistake]:
    """A key as text: one field, of a type with one spelling for each value."""
    key = stream.target.key
    if key.form != "string":
        return
    hint = (
        "a string key is one string, int, long, boolean, enum or uuid; "
        "else `{fields: […], encoding: avro}`"
    )
    if len(key.fields) > 1:
        yield Mistake(path, "a key of several fields cannot be encoded as string", hint)
        return
    field = contract.root.field(key.fields[0])
    if field is None or _uneven(field.type) is not None:
        return  # said already
    plain = field.type.kind in _TEXT_KEYS and not field.type.logical
    if not plain and field.type.logical != "uuid":
        what = f"`{field.name}` is a {field.type}, which has no single spelling as text"
        yield Mistake(path, what, hint)


def _uneven(node: Type, within: frozenset[int] = frozenset()) -> Type | None:
    """An array or map in a type, whose entries may stand in other blocks or another order."""
    if node.kind in ("array", "map"):
        return node
    if id(node) in within:
        return None
    within |= {id(node)}
    parts = (*node.branches, *(field.type for field in node.fields))
    return next((found for part in parts if (found := _uneven(part, within)) is not None), None)


def _article(node: Type) -> str:
    return f"an {node}" if node.kind == "array" else f"a {node}"


def rule_mistakes(owner: Type, rules: Mapping[str, Rule], path: ConfigPath) -> Iterator[Mistake]:
    """Rules for the fields of a record, and in them for nested records."""
    names = [field.name for field in owner.fields]
    for name, rule in rules.items():
        field = owner.field(name)
        if field is None:
            what = f"`{name}` is no field of the contract's {owner.short_name}"
            yield Mistake((*path, name), what, nearest(name, names), at_key=True)
        else:
            yield from _rule(field, field.type, rule, (*path, name))


def _rule(field: Field, node: Type, rule: Rule, path: ConfigPath) -> Iterator[Mistake]:
    """One rule that makes a value of ``node`` for a field."""
    if rule.cel is not None:
        yield from _expression(rule.cel, (*path, "cel"))
    if rule.branch is not None:
        yield from _choice(field, node, rule.branch, (*path, "branch", "cases"))
    if rule.fields is None:
        return
    inner = _record(node)
    if inner is None:
        what = f"`fields` under `{field.name}`, which is a {node} and no record"
        yield Mistake((*path, "fields"), what, "remove it", at_key=True)
    else:
        yield from rule_mistakes(inner, rule.fields, (*path, "fields"))


def _choice(field: Field, node: Type, choice: Choice, path: ConfigPath) -> Iterator[Mistake]:
    for text, case in choice.cases.items():
        made = [b for b in node.branches if case.type in (b.name, b.short_name or b.kind)]
        if case.type is None:
            yield from _rule(field, node, case, (*path, text))
        elif len(made) == 1:
            yield from _rule(field, made[0], case, (*path, text))
        else:
            names = [b.short_name or b.kind for b in node.branches]
            what = f"`{field.name}` has no branch `{case.type}`"
            hint = nearest(case.type, names) if names else "it is no union: leave `type` out"
            yield Mistake((*path, text, "type"), what, hint)


def _expression(text: str, path: ConfigPath) -> Iterator[Mistake]:
    from federation.mapping.expression import compile as check  # noqa: PLC0415 - slow, and rare

    try:
        check(text)
    except ConfigError as error:
        first = error.findings[0]
        yield Mistake(path, first.what, first.hint)


def _record(kind: Type) -> Type | None:
    """The record in a type: itself, a union's only record, or an array's or a map's elements."""
    if kind.kind == "record":
        return kind
    if kind.kind in {"array", "map"}:
        return _record(kind.of)
    found = [inner for branch in kind.branches if (inner := _record(branch)) is not None]
    return found[0] if len(found) == 1 else None
