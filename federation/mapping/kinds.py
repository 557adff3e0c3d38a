"""Which kinds of values an expression may have, as far as the writer's schema says.

A kind is one of CEL's types: ``null``, ``boolean``, ``long``, ``double``, ``string``, ``bytes``,
``list`` and ``map`` (records too). Logical types are their physical ones and enums text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from federation.schemas.avro import Type

Kinds = frozenset[str]

NONE: Kinds = frozenset()
SCALARS = ("null", "boolean", "long", "double", "string", "bytes")
ALL: Kinds = frozenset((*SCALARS, "list", "map"))
NUMBERS = frozenset({"long", "double"})
SIZED = frozenset({"string", "bytes", "list", "map"})
MANY = frozenset({"list", "map"})
_ORDERED = (NUMBERS, frozenset({"string"}), frozenset({"bytes"}), frozenset({"boolean"}))
_OF_TYPE = {
    "int": "long",
    "float": "double",
    "enum": "string",
    "fixed": "bytes",
    "array": "list",
    "record": "map",
}
_ARITHMETIC = {
    "addition_add": frozenset({"long", "double", "string", "list"}),
    "multiplication_mod": frozenset({"long"}),
}
CONVERTS = {
    "string": ("string", frozenset(SCALARS) - {"null"}),
    "int": ("long", frozenset({"long", "double", "string"})),
    "double": ("double", frozenset({"long", "double", "string"})),
    "bool": ("boolean", frozenset({"boolean", "string"})),
}


def of(*types: Type) -> Kinds:
    """The kinds of the values of some types."""
    found: set[str] = set()
    for one in types:
        if one.kind == "union":
            found |= of(*one.branches)
        else:
            found.add(_OF_TYPE.get(one.kind, one.kind))
    return frozenset(found)


def arithmetic(operator: str, a: Kinds, b: Kinds) -> Kinds:
    """What both sides may be at once: arithmetic does not mix."""
    return a & b & _ARITHMETIC.get(operator, NUMBERS)


def comparable(a: Kinds, b: Kinds) -> bool:
    """Whether some values of both have an order."""
    return any(a & group and b & group for group in _ORDERED)


def members(types: Iterable[Type], name: str | None) -> tuple[tuple[Type, ...], bool]:
    """The types of a member, by a name or by an index that is not known before.

    Also whether there is something that could have a member at all.
    """
    found: list[Type] = []
    owner = False
    for one in types:
        if one.kind == "union":
            inner, some = members(one.branches, name)
            found += inner
            owner = owner or some
        elif one.kind == "record":
            field = one.field(name) if name is not None else None
            found += [field.type] if field else [f.type for f in one.fields if name is None]
            owner = True
        elif one.kind == "map" or (one.kind == "array" and name is None):
            found.append(one.of)
            owner = True
    return tuple(found), owner
