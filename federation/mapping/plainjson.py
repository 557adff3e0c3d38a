"""Plain JSON as a source format: text by the schema that it is said to have.

Not Avro's JSON encoding: unions are not tagged, and bytes are base64. ``docs/reference/json.md`` is
the meaning; ``java/…/federation/map/PlainJson.java`` follows it too.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import TYPE_CHECKING, Any

from federation.errors import ConfigError
from federation.mapping import convert
from federation.mapping.step import Options
from federation.schemas.avro import ABSENT, Type
from federation.schemas.codec import MAX_DEPTH, MAX_ITEMS, Branch
from federation.schemas.defaults import NotOfType, from_json
from federation.schemas.refusal import DecodeError, MappingError, RecordError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from federation.schemas.avro import Field, Schema

    Read = Callable[[Any, "Budget"], Any]

_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)
_WHOLE = re.compile(r"(-?[0-9]+)(?:\.0+)?")
_SPECIAL = {"NaN": "NaN", "Infinity": "INF", "-Infinity": "-INF", "INF": "INF", "-INF": "-INF"}
_TEXT = Type("string")
_NAMED = Options(named=True)
_NUMBERS = ("int", "long", "float", "double")


class Number(str):
    """A number as it is written: its digits are none too many, whatever becomes of it."""

    __slots__ = ()


class Budget:
    """Values that may still be looked at: a union tries its branches one after the other."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MAX_ITEMS


def reader(schema: Schema) -> Callable[[bytes], Any]:
    """The function from JSON text to a datum of the schema; it raises DecodeError.

    Raises:
        ConfigError: a default of the schema is not of its field's type.
    """
    read = _Readers().of(schema.root)

    def run(data: bytes) -> Any:
        return read(parse(data), Budget())

    return run


def parse(data: bytes) -> Any:
    """The values of a JSON text; numbers as :class:`Number`.

    Raises:
        DecodeError: ``utf8``, ``depth``, ``json`` or ``duplicate``, looked for in this order.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise DecodeError("utf8", f"byte {error.start} is not UTF-8") from None
    _nesting(text)
    repeated: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(items)
        if len(made) != len(items):
            names = [name for name, _ in items]
            repeated.append(next(name for name in names if names.count(name) > 1))
        return made

    decoder = json.JSONDecoder(
        object_pairs_hook=pairs, parse_float=Number, parse_int=Number, parse_constant=_no_constant
    )
    try:
        value = decoder.decode(text)
    except ValueError as error:
        raise DecodeError("json", f"not JSON: {error}") from None
    if repeated:
        raise DecodeError("duplicate", f"an object names {repeated[0][:40]!r} twice")
    return value


def _nesting(text: str) -> None:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match[0], 0)
        if depth > MAX_DEPTH:
            raise DecodeError("depth", f"nested more than {MAX_DEPTH} levels deep")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


class _Readers:
    """Builds the closures; a recursive type refers to itself through ``made``."""

    def __init__(self) -> None:
        self.made: dict[Type, Read] = {}

    def of(self, node: Type) -> Read:
        if node not in self.made:
            self.made[node] = lambda value, budget: self.made[node](value, budget)  # noqa: PLW0108 - bound late, on purpose
            self.made[node] = _counted(getattr(self, f"_{node.kind}", self._scalar)(node))
        return self.made[node]

    def _record(self, node: Type) -> Read:
        fields = [
            (one.name, (one.name, *one.aliases), self.of(one.type), _default(node, one))
            for one in node.fields
        ]

        def read(value: Any, budget: Budget) -> dict[str, Any]:
            if type(value) is not dict:
                raise _other(node, value)
            out = {}
            for name, names, inner, default in fields:
                known = next((one for one in names if one in value), None)
                if known is not None:
                    try:
                        out[name] = inner(value[known], budget)
                    except RecordError as error:
                        raise error.under(name) from None
                elif default is ABSENT:
                    raise DecodeError("missing", "no such name in the object", path=name)
                else:
                    out[name] = default
            return out

        return read

    def _array(self, node: Type) -> Read:
        item = self.of(node.of)

        def read(value: Any, budget: Budget) -> list[Any]:
            if type(value) is not list:
                raise _other(node, value)
            return [item(one, budget) for one in value]

        return read

    def _map(self, node: Type) -> Read:
        item = self.of(node.of)

        def read(value: Any, budget: Budget) -> dict[str, Any]:
            if type(value) is not dict:
                raise _other(node, value)
            return {_whole_text(name): item(one, budget) for name, one in value.items()}

        return read

    def _union(self, node: Type) -> Read:
        branches = [self.of(one) for one in node.branches]
        bare = [not node.tagged or one.kind == "null" for one in node.branches]
        values = sum(one.kind != "null" for one in node.branches)

        def read(value: Any, budget: Budget) -> Any:
            failure: RecordError = _other(node, value)
            for n, inner in enumerate(branches):
                try:
                    datum = inner(value, budget)
                except RecordError as error:
                    if error.reason == "items":
                        raise
                    if values == 1 and value is not None and node.branches[n].kind != "null":
                        failure = error
                    continue
                return datum if bare[n] else Branch(n, datum)
            raise failure

        return read

    def _scalar(self, node: Type) -> Read:
        """By the form of the JSON value; text by the rules for text that a mapping rule names."""
        of_text, of_number = _of_text(node), _of_number(node)

        def read(value: Any, _: Budget) -> Any:
            if type(value) is Number and of_number:
                return _parsed(of_number, value)
            if type(value) is str and of_text:
                return _parsed(of_text, value)
            if (node.kind == "boolean" and type(value) is bool) or (
                node.kind == "null" and value is None
            ):
                return value
            raise _other(node, value)

        return read


def _counted(read: Read) -> Read:
    def run(value: Any, budget: Budget) -> Any:
        budget.left -= 1
        if budget.left < 0:
            raise DecodeError("items", f"more than {MAX_ITEMS} values, tried branches counted")
        return read(value, budget)

    return run


def _of_number(node: Type) -> Callable[[str], Any] | None:
    if node.logical == "decimal":
        return convert.scalar(_TEXT, node, _NAMED).run
    if node.kind not in _NUMBERS:
        return None
    convert_ = convert.scalar(_TEXT, Type(node.kind), _NAMED).run
    if node.kind in ("float", "double"):
        return convert_

    def whole(text: str) -> Any:
        match = _WHOLE.fullmatch(text)
        if not match:
            raise DecodeError("type", f"{text[:40]} is not written as a whole number")
        return convert_(match[1])

    return whole


def _of_text(node: Type) -> Callable[[str], Any] | None:
    if node.kind == "string":
        return _whole_text
    if node.kind in ("float", "double"):
        return lambda text: _special(node, text)
    if node.kind == "enum" or (node.logical and node.logical != "duration"):
        parse_text = convert.scalar(_TEXT, node, _NAMED).run
        return lambda text: parse_text(_whole_text(text))
    return (lambda text: _base64(node, text)) if node.kind in ("bytes", "fixed") else None


def _parsed(run: Callable[[str], Any], text: str) -> Any:
    try:
        return run(text)
    except MappingError as error:
        raise DecodeError(error.reason, error.message) from None


def _whole_text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise DecodeError("utf8", "half of a surrogate pair") from None
    return text


def _special(node: Type, text: str) -> Any:
    if text not in _SPECIAL:
        raise _other(node, text)
    return float(_SPECIAL[text])


def _base64(node: Type, text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = None
    if data is None or base64.b64encode(data).decode() != text:
        raise DecodeError("parse", f"not base64: {text[:40]!r}")
    if node.kind == "fixed" and len(data) != node.size:
        raise DecodeError("length", f"{len(data)} bytes for {node} of {node.size}")
    return data


def _default(record: Type, one: Field) -> Any:
    if one.default is ABSENT:
        return ABSENT
    try:
        return from_json(one.type, one.default)
    except NotOfType as error:
        raise ConfigError(f"the default of {record.short_name}.{one.name}: {error}") from None


def _other(node: Type, value: Any) -> DecodeError:
    kinds = {
        dict: "an object",
        list: "an array",
        str: "text",
        Number: "a number",
        bool: "a boolean",
    }
    return DecodeError("type", f"{kinds.get(type(value), 'null')} where the schema has {node}")
