"""Expressions: a subset of CEL over a decoded writer record, by the writer's names.

Parsed by cel-python's grammar; what the operators mean is in :mod:`cel`, which kinds of values come
out in :mod:`kinds`. Logical types are their physical numbers and enums text.
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from federation.errors import ConfigError
from federation.mapping import cel, kinds
from federation.mapping.source import join

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lark import Token, Tree

    from federation.mapping.kinds import Kinds
    from federation.schemas.avro import Type

    _Eval = Callable[[Any], Any]

SUBSET = (
    "known are comparison, && || !, ? :, + - * / %, in, [], and the functions has, size, string, "
    "int, double, bool, startsWith, endsWith, contains, matches, lowerAscii, upperAscii, trim, "
    "replace and substring"
)
MAX_DEPTH = 100  # well below what either parser takes
# the grammar takes any, and passes over what it does not know
_ESCAPE = re.compile(
    r"""\\(?:[abfnrtv\\"']|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2})"""
)
_LEVELS = frozenset(  # parts of the grammar that only pass one child on
    {
        "expr",
        "conditionalor",
        "conditionaland",
        "relation",
        "addition",
        "multiplication",
        "unary",
        "member",
        "primary",
        "paren_expr",
    }
)


@dataclass(frozen=True, slots=True)
class Node:
    """One part of an expression.

    Attributes:
        run: its value of a datum; an error is a ``MappingError``, reason ``eval``.
        kinds: what its value may be; none where there never is one.
        types: the schema of a path's end, where it is known.
        path: the dotted path that it is, or empty.
        lacking: whether there never is a value because the writer lacks a name.
    """

    run: _Eval
    kinds: Kinds
    types: tuple[Type, ...] | None = None
    path: str = ""
    lacking: bool = False


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression.

    Attributes:
        paths: all that it reads.
        reason: why it never has a value, if that is so.
        lacks: the first path of which the writer has nothing.
    """

    root: Node
    paths: tuple[str, ...]
    reason: str
    lacks: str


def compile(text: str, schema: Type | None = None, what: str = "cel") -> Expression:  # noqa: A001 - as re.compile
    """The expression over records of a type; without one, nothing is known of its names.

    Raises:
        ConfigError: it is not CEL, or not of the subset; the message has line and column.
    """
    compiler = _Compiler(what, schema)
    root = compiler.of(_parse(text, what))
    return Expression(root, tuple(dict.fromkeys(compiler.paths)), compiler.reason, compiler.lacks)


@lru_cache(maxsize=256)
def _parse(text: str, what: str) -> Tree[Token]:
    from celpy.celparser import CELParseError, CELParser  # noqa: PLC0415 - slow to import

    try:
        tree: Tree[Token] = CELParser().parse(text)
    except CELParseError as error:
        at = f" at line {error.line}, column {error.column}" if error.line else ""
        raise ConfigError(f"{what} is not CEL{at}", hint=SUBSET) from None
    return tree


def _at(tree: Any) -> str:
    meta = getattr(tree, "meta", tree)
    line, column = getattr(meta, "line", None), getattr(meta, "column", None)
    return f" at line {line}, column {column}" if line else ""


def _wrapped(tree: Any) -> Iterator[Any]:
    """The tree, and what lies below the levels that only pass one child on."""
    yield tree
    while len(tree.children) == 1 and tree.data in _LEVELS:
        tree = tree.children[0]
        yield tree


def _only(tree: Any) -> Any:
    """The tree below those levels."""
    *_, last = _wrapped(tree)
    return last


@dataclass(slots=True)
class _Compiler:
    """From parse tree to closures; a rule of the grammar without a method is refused."""

    what: str
    schema: Type | None
    paths: list[str] = field(default_factory=list)
    reason: str = ""
    lacks: str = ""
    depth: int = 0

    def of(self, tree: Any) -> Node:
        before = self.depth
        self.depth += 1 + sum(part.data == "paren_expr" for part in _wrapped(tree))
        if self.depth > MAX_DEPTH:
            raise ConfigError(f"{self.what} has more than {MAX_DEPTH} levels{_at(tree)}")
        node = self.made(_only(tree))
        self.depth = before
        return node

    def made(self, tree: Any) -> Node:
        """By the method that is named after the rule of the grammar."""
        make = getattr(self, f"on_{tree.data}", None)
        if make is None:
            raise self.refused(tree, str(tree.data).replace("_", " "))
        node: Node = make(tree, *tree.children)
        return node

    def refused(self, tree: Any, what: str) -> ConfigError:
        return ConfigError(f"{self.what} does not know {what}{_at(tree)}", hint=SUBSET)

    def node(self, tree: Any, run: _Eval, found: Kinds, *parts: Node, why: str = "") -> Node:
        """A node that is made of parts; ``why`` it has no value where each part has one."""
        if found:
            return Node(run, found)
        barren = next((part for part in parts if not part.kinds), None)
        if barren is None:
            self.reason = self.reason or f"{why}{_at(tree)}"
        return Node(run, found, lacking=barren is not None and barren.lacking)

    # operators

    def on_expr(self, tree: Any, test: Any, yes: Any, no: Any) -> Node:
        t, a, b = self.of(test), self.of(yes), self.of(no)
        return self.node(
            tree,
            lambda d: a.run(d) if cel.boolean(t.run(d)) else b.run(d),
            a.kinds | b.kinds if "boolean" in t.kinds else kinds.NONE,
            *(t, a, b),
            why="the condition is never true or false",
        )

    def on_conditionalor(self, tree: Any, left: Any, right: Any) -> Node:
        a, b = self.of(left), self.of(right)
        decides = tree.data == "conditionalor"
        return self.node(
            tree,
            cel.logic(a.run, b.run, decides=decides),
            (a.kinds | b.kinds) & {"boolean"},
            *(a, b),
            why="neither side is ever true or false",
        )

    on_conditionaland = on_conditionalor

    def on_relation(self, tree: Any, left: Any, right: Any) -> Node:
        a, b = self.of(left.children[0]), self.of(right)
        run: _Eval
        if left.data == "relation_in":
            run, good = lambda d: cel.within(a.run(d), b.run(d)), bool(b.kinds & kinds.MANY)
        elif left.data in ("relation_eq", "relation_ne"):
            wanted = left.data == "relation_eq"
            run, good = lambda d: cel.equal(a.run(d), b.run(d)) is wanted, True
        else:
            compare = cel.ORDER[str(left.data)]
            run = lambda d: cel.ordered(compare, a.run(d), b.run(d))  # noqa: E731 - as the others
            good = kinds.comparable(a.kinds, b.kinds)
        found = frozenset({"boolean"}) if good and a.kinds and b.kinds else kinds.NONE
        return self.node(tree, run, found, a, b, why=f"{_said(a)} is never compared to {_said(b)}")

    def on_addition(self, tree: Any, left: Any, right: Any) -> Node:
        a, b = self.of(left.children[0]), self.of(right)
        name = str(left.data)
        do = cel.ARITHMETIC[name]
        return self.node(
            tree,
            lambda d: cel.calculate(do, a.run(d), b.run(d)),
            kinds.arithmetic(name, a.kinds, b.kinds),
            *(a, b),
            why=f"no arithmetic of {_said(a)} and {_said(b)}, which convert by int() or double()",
        )

    on_multiplication = on_addition

    def on_unary(self, tree: Any, sign: Any, operand: Any) -> Node:
        a = self.of(operand)
        if sign.data == "unary_not":
            found = a.kinds & {"boolean"}
            return self.node(
                tree, lambda d: not cel.boolean(a.run(d)), found, a, why=f"not {_said(a)}"
            )
        return self.node(
            tree,
            lambda d: cel.calculate(operator.sub, cel.zero_of(value := a.run(d)), value),
            a.kinds & kinds.NUMBERS,
            a,
            why=f"minus {_said(a)}",
        )

    # names, members, literals

    def on_ident(self, tree: Any, name: Any) -> Node:
        key = str(name)
        self.paths.append(key)
        types = None if self.schema is None else (self.schema,)
        return self.member(tree, Node(cel.bare, kinds.ALL, types), key, key)

    def on_member_dot(self, tree: Any, left: Any, name: Any) -> Node:
        owner, key = self.of(left), str(name)
        path = join(owner.path, key) if owner.path else ""
        if path:
            self.paths.remove(owner.path)
            self.paths.append(path)
        return self.member(tree, owner, key, path)

    def member(self, tree: Any, owner: Node, key: str, path: str) -> Node:
        run: _Eval = lambda d: cel.member(owner.run(d), key)  # noqa: E731 - one line
        if owner.types is None:
            found = kinds.ALL if owner.kinds & kinds.MANY else kinds.NONE
            made = self.node(tree, run, found, owner, why=f"{_said(owner)} has no {key}")
            return Node(run, made.kinds, None, path, made.lacking)
        types, is_owner = kinds.members(owner.types, key)
        if not types and is_owner:
            self.lacks = self.lacks or path or key
            return Node(run, kinds.NONE, types, path, lacking=True)
        made = self.node(tree, run, kinds.of(*types), owner, why=f"{_said(owner)} has no {key}")
        return Node(run, made.kinds, types, path, made.lacking)

    def on_member_index(self, tree: Any, left: Any, index: Any) -> Node:
        a, b = self.of(left), self.of(index)
        run: _Eval = lambda d: cel.member(a.run(d), b.run(d))  # noqa: E731 - one line
        fits = b.kinds & {"long", "string"} and a.kinds & kinds.MANY
        if a.types is None:
            found, types = (kinds.ALL if fits else kinds.NONE), None
        else:
            literal = _only(index)
            name = str(literal.children[0]) if literal.data == "literal" else ""
            key = b.run(None) if name and b.kinds == {"string"} else None
            types, _ = kinds.members(a.types, key)
            found = kinds.of(*types) if fits else kinds.NONE
        made = self.node(tree, run, found, a, b, why=f"{_said(a)} has no element or entry of that")
        return Node(run, made.kinds, types, "", made.lacking)

    def on_list_lit(self, tree: Any, items: Any = None) -> Node:
        parts = [self.of(one) for one in items.children] if items else []
        found = frozenset({"list"}) if all(part.kinds for part in parts) else kinds.NONE
        return self.node(tree, lambda d: [part.run(d) for part in parts], found, *parts)

    def on_literal(self, tree: Any, token: Any) -> Node:
        value, kind = self.literal(token)
        return self.node(tree, lambda _d: value, frozenset({kind}))

    def literal(self, token: Any) -> tuple[Any, str]:
        from celpy.evaluation import celstr  # noqa: PLC0415 - slow to import

        text = str(token)
        value: Any
        if token.type == "INT_LIT":
            value = int(text, 16 if "x" in text else 10)
            if -(2**63) <= value < 2**63:
                return value, "long"
            raise self.refused(token, f"the number {text}")
        if token.type == "FLOAT_LIT" and not text.endswith("."):
            return float(text), "double"
        if token.type in ("STRING_LIT", "MLSTRING_LIT"):
            if text[0] not in "rR" and "\\" in _ESCAPE.sub("", text):
                raise self.refused(token, f"an escape in {text}")
            try:
                value = str(celstr(token))
                value.encode()
            except ValueError:  # half of a surrogate pair, or beyond the last character
                raise self.refused(token, f"a character of {text}") from None
            return value, "string"
        if token.type in ("BOOL_LIT", "NULL_LIT"):
            value = {"true": True, "false": False, "null": None}[text]
            return value, "null" if value is None else "boolean"
        raise self.refused(token, f"the literal {text}")

    # functions

    def on_ident_arg(self, tree: Any, name: Any, args: Any = None) -> Node:
        given = args.children if args else []
        if name == "has" and len(given) == 1 and _only(given[0]).data in ("ident", "member_dot"):
            before = self.reason, self.lacks
            a = self.of(given[0])
            self.reason, self.lacks = before  # that something is not there is what is asked
            return self.node(tree, cel.presence(a.run), frozenset({"boolean"}))
        if name == "size" and len(given) == 1:
            return self.size(tree, self.of(given[0]))
        if name in cel.CONVERSIONS and len(given) == 1:
            a, do = self.of(given[0]), cel.CONVERSIONS[str(name)]
            result, takes = kinds.CONVERTS[str(name)]
            found = frozenset({result}) if a.kinds & takes else kinds.NONE
            return self.node(
                tree, lambda d: do(a.run(d)), found, a, why=f"{name}() never takes {_said(a)}"
            )
        raise self.refused(name, f"{name}() with these arguments")

    def on_member_dot_arg(self, tree: Any, left: Any, name: Any, args: Any = None) -> Node:
        a = self.of(left)
        rest = [self.of(one) for one in (args.children if args else [])]
        if name == "size" and not rest:
            return self.size(tree, a)
        if name in cel.TEXT_TESTS and len(rest) == 1:
            test, argument = cel.TEXT_TESTS[str(name)], rest[0]
            good = "string" in a.kinds & argument.kinds
            found = frozenset({"boolean"}) if good else kinds.NONE
            run: _Eval = lambda d: cel.text_test(test, a.run(d), argument.run(d))  # noqa: E731 - one line
            return self.node(tree, run, found, a, argument, why=f"{name}() is for text")
        for (known, wanted), do in cel.TEXT_FUNCTIONS.items():
            if known == name and len(wanted) == len(rest):
                return self.text_function(tree, do, wanted, a, rest)
        raise self.refused(name, f"{name}() with these arguments")

    def text_function(
        self, tree: Any, do: Callable[..., str], wanted: tuple[type, ...], a: Node, rest: list[Node]
    ) -> Node:
        takes = ["string", *("long" if one is int else "string" for one in wanted)]
        good = all(one in p.kinds for p, one in zip((a, *rest), takes, strict=True))
        return self.node(
            tree,
            lambda d: cel.text_function(do, wanted, a.run(d), [p.run(d) for p in rest]),
            frozenset({"string"}) if good else kinds.NONE,
            *(a, *rest),
            why=f"a function of {', '.join(takes)}, not of what is given",
        )

    def size(self, tree: Any, a: Node) -> Node:
        found = frozenset({"long"}) if a.kinds & kinds.SIZED else kinds.NONE
        return self.node(tree, lambda d: cel.size(a.run(d)), found, a, why=f"size of {_said(a)}")


def _said(node: Node) -> str:
    """The kinds of a node in words, for messages."""
    return " or ".join(sorted(node.kinds)) or "nothing"
