"""What the value of a contract field is made from: a path, a template or an expression."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from federation.errors import ConfigError
from federation.mapping import expression, template
from federation.mapping.convert import canonical
from federation.mapping.kinds import MANY, SCALARS
from federation.mapping.source import branch_name, find, or_null, walk
from federation.mapping.step import Mismatch, Options
from federation.schemas.avro import Type
from federation.schemas.codec import Branch
from federation.schemas.refusal import MappingError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from federation.mapping.report import FieldReport
    from federation.mapping.rules import Rule
    from federation.mapping.step import Step
    from federation.schemas.avro import Field

    class Resolver(Protocol):
        """What sources ask of the compilation that they belong to."""

        used: dict[str, bool]
        rows: list[FieldReport]

        def mark(self, source: str, names: tuple[str, ...]) -> None:
            """Note that a path is read, at least in part."""

        def resolve(self, w: Type, c: Type, o: Options, target: str, source: str) -> Step:
            """The conversion of a type to another."""


_TEXT = Type("string")
_TEXT_OR_NULL = or_null(_TEXT)
_TEXTUAL = ("string", "enum", "int", "long", "boolean")


@dataclass(frozen=True, slots=True)
class Source:
    """A value before its conversion: its type, how it is got, its path and what is shown of it."""

    type: Type
    get: Callable[[Any], Any]
    at: str
    shown: str


@dataclass(frozen=True, slots=True)
class Sources:
    """Finds sources in the record ``w`` that lies at ``source``."""

    resolver: Resolver
    w: Type
    source: str

    def of(self, c: Field, rule: Rule | None) -> Source | str:
        """The source of a field, or the path that the writer lacks.

        Raises:
            Mismatch: there can never be a value.
        """
        if rule is not None and rule.template is not None:
            return self._template(rule.template)
        if rule is not None and rule.cel is not None:
            return self._expression(rule.cel)
        found = find(self.w, c, rule)
        if found is None:
            return rule.from_ if rule is not None and rule.from_ else c.name
        at = self._at(*found.names)
        self.resolver.mark(self.source, found.names)
        get = found.follow
        if len(found.steps) == 1 and self.w.kind == "record":
            name = found.steps[0]
            get = lambda datum: datum[name]  # noqa: E731 - the short way, for the most
        return Source(found.type, get, at, at or ".")

    def _at(self, *names: str) -> str:
        return ".".join(filter(None, [self.source, *names]))

    def _template(self, shown: str) -> Source | str:
        parts: list[tuple[str, Callable[[Any], Any]]] = []
        nullable = False
        for literal, path in template.parse(shown):
            if not path:
                parts.append((literal, lambda _datum: ""))
                continue
            found = walk(self.w, path)
            if found is None:
                return path
            self.resolver.mark(self.source, found.names)
            at = self._at(*found.names)
            step = self.resolver.resolve(found.type, _TEXT_OR_NULL, Options(named=True), "", at)
            parts.append((literal, through(found.follow, step.run)))
            nullable = nullable or found.type.nullable

        def get(datum: Any) -> str | None:
            out: list[str] = []
            for literal, text_of in parts:
                text = text_of(datum)
                if text is None:
                    return None
                out += (literal, text)
            return "".join(out)

        return Source(_TEXT_OR_NULL if nullable else _TEXT, get, self._at("{}"), shown)

    def _expression(self, text: str) -> Source | str:
        try:
            made = expression.compile(text, self.w)
        except ConfigError as error:
            raise Mismatch(error.findings[0].what, error.findings[0].hint) from None
        for path in made.paths:
            self._read(path)
        root = made.root
        if not root.kinds:
            if root.lacking:
                return made.lacks
            raise Mismatch(f"cel never has a value: {made.reason}", expression.SUBSET)
        scalars = [kind for kind in SCALARS if kind in root.kinds]
        if set(scalars) <= {"null"} and root.kinds & MANY:
            raise Mismatch("cel gives a list, map or record", "name it with from")
        if len(scalars) == 1:
            result = Type(scalars[0])
        else:
            result = Type("union", branches=tuple(map(Type, scalars)))
        return Source(result, _scalar(root.run, scalars, result), self._at("()"), f"cel: {text}")

    def _read(self, path: str) -> None:
        """Note that an expression reads a path; below a choice of branches all counts as read."""
        names: list[str] = []
        node = self.w
        for name in path.split("."):
            names.append(name)
            if (found := walk(node, name)) is None or found.type.tagged:
                break
            node = found.type
        self.resolver.mark(self.source, tuple(names))
        self.resolver.used[self._at(*names)] = True


def through(get: Callable[[Any], Any], run: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """One function after the other."""
    return lambda datum: run(get(datum))


def _scalar(run: Callable[[Any], Any], scalars: list[str], result: Type) -> Callable[[Any], Any]:
    """The value of an expression as a datum of its type."""
    names = {bool: "boolean", int: "long", float: "double", str: "string", bytes: "bytes"}

    def get(datum: Any) -> Any:
        value = run(datum)
        if value is None:
            return None
        if value != value:  # noqa: PLR0124 - a NaN, of which there are many
            value = math.nan
        kind = names.get(type(value))
        if kind is None:
            raise MappingError("type", "the result is a list, map or record")
        return Branch(scalars.index(kind), value) if result.tagged else value

    return get


def discriminator(node: Type) -> Callable[[Any], str | None]:
    """The text by which a case is chosen; of a type without one its name; None of null."""
    if node.kind == "union":
        kinds = [discriminator(b) for b in node.branches]
        if node.tagged:
            return lambda v: None if v is None else kinds[v.tag](v.value)
        other = next((discriminator(b) for b in node.branches if b.kind != "null"), None)
        return lambda v: other(v) if other is not None and v is not None else None
    if node.kind == "null":
        return lambda _v: None
    text = canonical(node) if node.kind in _TEXTUAL and node.logical in ("", "uuid") else None
    name = branch_name(node)
    return text or (lambda _v: name)
