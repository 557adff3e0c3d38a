"""Filters: a subset of CEL over a decoded writer record.

Comparison, logic, arithmetic, ``in``, member and index access, ``has``, ``size``, ``startsWith``,
``endsWith``, ``contains``, ``matches``. Logical types are their physical numbers and enums text.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from federation.errors import ConfigError
from federation.mapping import cel

if TYPE_CHECKING:
    from collections.abc import Callable

    from lark import Token, Tree

    _Eval = Callable[[Any], Any]

_SUBSET = (
    "comparison, && || !, + - * / %, in, has(), size(), startsWith, endsWith, contains and matches"
)


def compile(  # noqa: A001 - as re.compile
    expression: str, where: str = ""
) -> Callable[[Any], bool]:
    """The test of an expression.

    Raises:
        ConfigError: it is not CEL, or not of the subset; the message has line and column.
        MappingError: (the returned function) stage ``where``, reason ``eval``.
    """
    from celpy.celparser import CELParseError, CELParser  # noqa: PLC0415 - slow to import

    try:
        tree = CELParser().parse(expression)
    except CELParseError as error:
        at = f" at line {error.line}, column {error.column}" if error.line else ""
        raise ConfigError(f"where is not CEL{at}", where=where, hint=_SUBSET) from None
    run = _Compiler(where).of(tree)

    def test(datum: Any) -> bool:
        try:
            result = run(datum)
        except RecursionError:
            raise cel.failed("it is nested too deep") from None
        if not isinstance(result, bool):
            raise cel.failed(f"the result is {cel.kind(result)}, not true or false")
        return result

    return test


class _Compiler:
    """From parse tree to closures; a rule of the grammar without a method is refused."""

    def __init__(self, where: str) -> None:
        self.where = where

    def of(self, tree: Tree[Token]) -> _Eval:
        # most levels of the grammar only pass one child on
        while len(tree.children) == 1 and tree.data in _LEVELS:
            tree = tree.children[0]  # type: ignore[assignment]
        make = getattr(self, f"on_{tree.data}", None)
        if make is None:
            raise self.refused(tree, str(tree.data).replace("_", " "))
        run: _Eval = make(*tree.children)
        return run

    def refused(self, tree: Any, what: str) -> ConfigError:
        meta = getattr(tree, "meta", tree)
        line, column = getattr(meta, "line", None), getattr(meta, "column", None)
        at = f" at line {line}, column {column}" if line else ""
        return ConfigError(f"where does not know {what}{at}", where=self.where, hint=_SUBSET)

    def on_conditionalor(self, left: Tree[Token], right: Tree[Token]) -> _Eval:
        return cel.logic(self.of(left), self.of(right), decides=True)

    def on_conditionaland(self, left: Tree[Token], right: Tree[Token]) -> _Eval:
        return cel.logic(self.of(left), self.of(right), decides=False)

    def on_relation(self, left: Tree[Token], right: Tree[Token]) -> _Eval:
        a, b = self.of(left.children[0]), self.of(right)  # type: ignore[arg-type]
        if left.data == "relation_in":
            return lambda d: cel.within(a(d), b(d))
        if left.data in ("relation_eq", "relation_ne"):
            wanted = left.data == "relation_eq"
            return lambda d: cel.equal(a(d), b(d)) is wanted
        compare = cel.ORDER[str(left.data)]
        return lambda d: cel.ordered(compare, a(d), b(d))

    def on_addition(self, left: Tree[Token], right: Tree[Token]) -> _Eval:
        a, b = self.of(left.children[0]), self.of(right)  # type: ignore[arg-type]
        do = cel.ARITHMETIC[str(left.data)]
        return lambda d: cel.calculate(do, a(d), b(d))

    on_multiplication = on_addition

    def on_unary(self, sign: Tree[Token], operand: Tree[Token]) -> _Eval:
        run = self.of(operand)
        if sign.data == "unary_not":
            return lambda d: not cel.boolean(run(d))
        return lambda d: cel.calculate(operator.sub, cel.zero_of(value := run(d)), value)

    def on_member_dot(self, left: Tree[Token], name: Token) -> _Eval:
        run, key = self.of(left), str(name)
        return lambda d: cel.member(run(d), key)

    def on_member_index(self, left: Tree[Token], index: Tree[Token]) -> _Eval:
        a, b = self.of(left), self.of(index)
        return lambda d: cel.member(a(d), b(d))

    def on_ident(self, name: Token) -> _Eval:
        key = str(name)
        return lambda d: cel.member(cel.bare(d), key)

    def on_paren_expr(self, inner: Tree[Token]) -> _Eval:
        return self.of(inner)

    def on_list_lit(self, items: Tree[Token] | None = None) -> _Eval:
        runs = [self.of(one) for one in items.children] if items else []  # type: ignore[arg-type]
        return lambda d: [run(d) for run in runs]

    def on_literal(self, token: Token) -> _Eval:
        from celpy.evaluation import celstr  # noqa: PLC0415 - slow to import

        text = str(token)
        value: Any
        if token.type == "INT_LIT":
            value = int(text, 16 if "x" in text else 10)
            if not -(2**63) <= value < 2**63:
                raise self.refused(token, f"the number {text}")
        elif token.type == "FLOAT_LIT":
            value = float(text)
        elif token.type in ("STRING_LIT", "MLSTRING_LIT"):
            value = str(celstr(token))
        elif token.type in ("BOOL_LIT", "NULL_LIT"):
            value = {"true": True, "false": False, "null": None}[text]
        else:
            raise self.refused(token, f"the literal {text}")
        return lambda _d: value

    def on_ident_arg(self, name: Token, args: Tree[Token] | None = None) -> _Eval:
        given = args.children if args else []
        if name == "size" and len(given) == 1:
            run = self.of(given[0])  # type: ignore[arg-type]
            return lambda d: cel.size(run(d))
        if name == "has" and len(given) == 1:
            tree: Any = given[0]
            while len(tree.children) == 1 and tree.data in _LEVELS:
                tree = tree.children[0]
            if tree.data in ("ident", "member_dot"):
                return cel.presence(self.of(tree))
        raise self.refused(name, f"{name}() with these arguments")

    def on_member_dot_arg(
        self, left: Tree[Token], name: Token, args: Tree[Token] | None = None
    ) -> _Eval:
        given = args.children if args else []
        run = self.of(left)
        if name == "size" and not given:
            return lambda d: cel.size(run(d))
        if name not in cel.TEXT_TESTS or len(given) != 1:
            raise self.refused(name, f"{name}() with these arguments")
        argument, test = self.of(given[0]), cel.TEXT_TESTS[str(name)]  # type: ignore[arg-type]
        return lambda d: cel.text_test(test, run(d), argument(d))


_LEVELS = frozenset(
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
    }
)
