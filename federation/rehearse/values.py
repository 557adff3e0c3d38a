"""Values as a person writes them in a case: read by their Avro type, compared by field."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from federation.config.cases import plain
from federation.mapping import convert
from federation.mapping.step import Mismatch, Options
from federation.schemas.avro import ABSENT, Type
from federation.schemas.codec import Branch
from federation.schemas.defaults import NotOfType, from_json, to_json
from federation.schemas.refusal import MappingError

if TYPE_CHECKING:
    from collections.abc import Iterator

_TEXT = Type("string")
_NAMED = Options(named=True)


class BadValue(ValueError):  # noqa: N818 - it names what was found
    """A value that is not of its type; ``path`` leads to it."""

    def __init__(self, what: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(what)
        self.path = path


def datum(node: Type, value: Any) -> Any:
    """The datum of a value in Avro JSON.

    Besides what Avro says: a union's value may be bare where one branch is meant (the first that
    fits); instants, dates, times, decimals and UUIDs may be text as a field rule would parse it.

    Raises:
        BadValue: it is not of that type.
    """
    if node.kind == "union":
        return _union(node, value)
    if node.kind == "record" and isinstance(value, dict):
        return _record(node, value)
    if node.kind == "array" and isinstance(value, list):
        return [_under(n, node.of, one) for n, one in enumerate(value)]
    if node.kind == "map" and isinstance(value, dict):
        return {key: _under(key, node.of, one) for key, one in value.items()}
    text = getattr(value, "text", value) if node.logical == "decimal" else value
    if node.logical and node.logical != "duration" and isinstance(text, str):
        return _logical(node, text)
    if node.kind in ("float", "double") and isinstance(value, float) and not math.isfinite(value):
        return float(value)
    try:
        return from_json(node, plain(value))
    except NotOfType as error:
        raise BadValue(str(error)) from None


def _under(name: str | int, node: Type, value: Any) -> Any:
    try:
        return datum(node, value)
    except BadValue as error:
        raise BadValue(str(error), (name, *error.path)) from None


def _record(node: Type, value: dict[str, Any]) -> dict[str, Any]:
    for name in value:
        if node.field(name) is None:
            known = ", ".join(one.name for one in node.fields)
            raise BadValue(f"{node.short_name} has no field {name}; it has {known}", (name,))
    out = {}
    for one in node.fields:
        if one.name in value:
            out[one.name] = _under(one.name, one.type, value[one.name])
        elif one.default is ABSENT:
            raise BadValue(f"field {one.name} of {node.short_name} is missing, has no default")
        else:
            out[one.name] = from_json(one.type, one.default)
    return out


def _union(node: Type, value: Any) -> Any:
    tries = [(n, branch, value) for n, branch in enumerate(node.branches)]
    if isinstance(value, dict) and len(value) == 1:  # Avro's own form: {"long": 7}
        ((tag, inner),) = value.items()
        named = [(n, b, inner) for n, b, _ in tries if tag in (b.name or b.kind, b.short_name)]
        tries = named + tries
    errors = []
    for index, branch, given in tries:
        try:
            found = datum(branch, given)
        except BadValue as error:
            errors.append((len(error.path), error))
            continue
        return Branch(index, found) if node.tagged and branch.kind != "null" else found
    deepest = max(errors, key=lambda one: one[0])
    raise deepest[1] if deepest[0] else BadValue(f"{plain(value)!r} is of no branch of {node}")


def _logical(node: Type, text: str) -> Any:
    try:
        return convert.scalar(_TEXT, node, _NAMED).run(text)
    except (Mismatch, MappingError) as error:
        said = error.message if isinstance(error, MappingError) else str(error)
        raise BadValue(said) from None


def shown(node: Type, value: Any) -> str:
    """A datum for people: text quoted, instants and decimals in their text form."""
    if isinstance(value, Branch):
        return shown(node.branches[value.tag], value.value)
    if node.kind == "union" and value is not None:
        return shown(next(b for b in node.branches if b.kind != "null"), value)
    text = convert.canonical(node) if node.logical else None
    if text is not None and value is not None:
        return text(value)
    return "null" if value is None else repr(to_json(node, value))


def differences(
    node: Type, expected: Any, found: Any, path: str = ""
) -> Iterator[tuple[str, str, str]]:
    """Where two data of one type differ: (dotted path, expected, found)."""
    if _same(expected, found):
        return
    if node.kind == "union":
        tags = [one.tag if isinstance(one, Branch) else None for one in (expected, found)]
        if None not in (expected, found) and tags[0] == tags[1]:
            branch = (
                node.branches[expected.tag]
                if isinstance(expected, Branch)
                else next(b for b in node.branches if b.kind != "null")
            )
            left, right = (o.value if isinstance(o, Branch) else o for o in (expected, found))
            yield from differences(branch, left, right, path)
            return
    if node.kind == "record":
        for one in node.fields:
            inner = f"{path}.{one.name}" if path else one.name
            yield from differences(one.type, expected[one.name], found[one.name], inner)
        return
    if node.kind == "array" and len(expected) == len(found):
        for n, (left, right) in enumerate(zip(expected, found, strict=True)):
            yield from differences(node.of, left, right, f"{path}[{n}]")
        return
    yield path, shown(node, expected), shown(node, found)


def _same(left: Any, right: Any) -> bool:
    both = isinstance(left, float) and isinstance(right, float)
    return bool(left == right or (both and math.isnan(left) and math.isnan(right)))
