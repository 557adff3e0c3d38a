"""Filters: a subset of CEL over a decoded writer record.

Comparison, logic, arithmetic, ``in``, member and index access, ``has``, ``size``, ``startsWith``, ``endsWith``,
``contains``, ``matches``. As in CEL: ``&&`` and ``||`` forgive an error on one side where the other side decides;
whole numbers are 64 bits and do not overflow in silence; numbers compare across types, but arithmetic does not
mix them. Logical types are their physical numbers, enums text, and ``has`` is false for null.
"""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Any

from federation.errors import ConfigError
from federation.schemas.codec import Branch
from federation.schemas.refusal import MappingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lark import Token, Tree

    _Eval = Callable[[Any], Any]

_SUBSET = (
    "comparison, && || !, + - * / %, in, has(), size(), startsWith, endsWith, contains and matches"
)
_ORDER = {
    "relation_lt": operator.lt,
    "relation_le": operator.le,
    "relation_gt": operator.gt,
    "relation_ge": operator.ge,
}
_ARITHMETIC = {
    "addition_add": operator.add,
    "addition_sub": operator.sub,
    "multiplication_mul": operator.mul,
    "multiplication_div": operator.truediv,
    "multiplication_mod": operator.mod,
}
_TEXT_TESTS: dict[str, Callable[[str, str], bool]] = {
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "contains": operator.contains,
    "matches": lambda text, pattern: re.search(pattern, text) is not None,
}


def compile(expression: str, where: str = "") -> Callable[[Any], bool]:  # noqa: A001 - as re.compile
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
            raise _failed("it is nested too deep") from None
        if not isinstance(result, bool):
            raise _failed(f"the result is {_kind(result)}, not true or false")
        return result

    return test


def _failed(message: str) -> MappingError:
    return MappingError("eval", message, stage="where")


class _Compiler:
    """From the parse tree to closures over the datum; a rule of the grammar is a method or is refused."""

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
        return _logic(self.of(left), self.of(right), decides=True)

    def on_conditionaland(self, left: Tree[Token], right: Tree[Token]) -> _Eval:
        return _logic(self.of(left), self.of(right), decides=False)

    def on_relation(self, left: Tree[Token], right: Tree[Token]) -> _Eval:
        a, b = self.of(left.children[0]), self.of(right)  # type: ignore[arg-type]
        if left.data == "relation_in":
            return lambda d: _within(a(d), b(d))
        if left.data in ("relation_eq", "relation_ne"):
            wanted = left.data == "relation_eq"
            return lambda d: _equal(a(d), b(d)) is wanted
        compare = _ORDER[str(left.data)]
        return lambda d: _ordered(compare, a(d), b(d))

    def on_addition(self, left: Tree[Token], right: Tree[Token]) -> _Eval:
        a, b = self.of(left.children[0]), self.of(right)  # type: ignore[arg-type]
        do = _ARITHMETIC[str(left.data)]
        return lambda d: _calculate(do, a(d), b(d))

    on_multiplication = on_addition

    def on_unary(self, sign: Tree[Token], operand: Tree[Token]) -> _Eval:
        run = self.of(operand)
        if sign.data == "unary_not":
            return lambda d: not _boolean(run(d))
        return lambda d: _calculate(operator.sub, _zero_of(value := run(d)), value)

    def on_member_dot(self, left: Tree[Token], name: Token) -> _Eval:
        run, key = self.of(left), str(name)
        return lambda d: _member(run(d), key)

    def on_member_index(self, left: Tree[Token], index: Tree[Token]) -> _Eval:
        a, b = self.of(left), self.of(index)
        return lambda d: _member(a(d), b(d))

    def on_ident(self, name: Token) -> _Eval:
        key = str(name)
        return lambda d: _member(_bare(d), key)

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
            return lambda d: _size(run(d))
        if name == "has" and len(given) == 1:
            tree: Any = given[0]
            while len(tree.children) == 1 and tree.data in _LEVELS:
                tree = tree.children[0]
            if tree.data in ("ident", "member_dot"):
                return _presence(self.of(tree))
        raise self.refused(name, f"{name}() with these arguments")

    def on_member_dot_arg(
        self, left: Tree[Token], name: Token, args: Tree[Token] | None = None
    ) -> _Eval:
        given = args.children if args else []
        run = self.of(left)
        if name == "size" and not given:
            return lambda d: _size(run(d))
        if name not in _TEXT_TESTS or len(given) != 1:
            raise self.refused(name, f"{name}() with these arguments")
        argument, test = self.of(given[0]), _TEXT_TESTS[str(name)]  # type: ignore[arg-type]
        return lambda d: _text_test(test, run(d), argument(d))


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


def _bare(value: Any) -> Any:
    return value.value if isinstance(value, Branch) else value


def _kind(value: Any) -> str:
    names = {
        "NoneType": "null",
        "dict": "a record or map",
        "list": "a list",
        "str": "text",
        "int": "a whole number",
    }
    return names.get(type(value).__name__, f"a {type(value).__name__}")


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _failed(f"{_kind(value)} where true or false is needed")
    return value


def _logic(left: _Eval, right: _Eval, *, decides: bool) -> _Eval:
    """``||`` (decided by true) or ``&&`` (by false); an error counts only if the other side does not decide."""

    def run(datum: Any) -> bool:
        try:
            if _boolean(left(datum)) is decides:
                return decides
        except MappingError:
            if _boolean(right(datum)) is decides:
                return decides
            raise
        return _boolean(right(datum))

    return run


def _number(value: Any) -> bool:
    return type(value) in (int, float)


def _equal(a: Any, b: Any) -> bool:
    a, b = _bare(a), _bare(b)
    if _number(a) and _number(b):
        return bool(a == b)
    if type(a) is not type(b):
        return False
    if isinstance(a, list):
        return len(a) == len(b) and all(map(_equal, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_equal(a[key], b[key]) for key in a)
    return bool(a == b)


def _ordered(compare: Callable[[Any, Any], bool], a: Any, b: Any) -> bool:
    if (_number(a) and _number(b)) or (type(a) is type(b) and isinstance(a, str | bytes | bool)):
        return compare(a, b)
    raise _failed(f"{_kind(a)} and {_kind(b)} have no order")


def _calculate(do: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    if type(a) is not type(b):
        raise _failed(f"arithmetic of {_kind(a)} and {_kind(b)}")
    if isinstance(a, str | list) and do is operator.add:
        return a + b
    try:
        if type(a) is float and do is not operator.mod:
            return do(a, b)
        if type(a) is int:
            return _whole(do, a, b)
    except ZeroDivisionError:
        if type(a) is float:  # IEEE: the sign of both decides, 0/0 is NaN
            return (
                float("nan")
                if a == 0 or a != a
                else a * float("inf") * (1 if str(b)[0] != "-" else -1)
            )  # noqa: PLR0124
        raise _failed("division by zero") from None
    raise _failed(f"arithmetic of {_kind(a)}")


def _whole(do: Callable[[Any, Any], Any], a: int, b: int) -> int:
    """64-bit arithmetic; division drops the fraction, and a remainder has the dividend's sign."""
    if do in (operator.truediv, operator.mod):
        quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
        value = quotient if do is operator.truediv else a - quotient * b
    else:
        value = do(a, b)
    if not -(2**63) <= value < 2**63:
        raise _failed("a whole number out of range")
    return int(value)


def _zero_of(value: Any) -> Any:
    if not _number(value):
        raise _failed(f"minus {_kind(value)}")
    return -0.0 if isinstance(value, float) else 0


def _member(owner: Any, key: Any) -> Any:
    try:
        if isinstance(owner, list) and type(key) is int and key >= 0:
            return _bare(owner[key])
        if isinstance(owner, dict) and isinstance(key, str):
            return _bare(owner[key])
    except (KeyError, IndexError):
        raise _failed(f"there is no {key!r}") from None
    raise _failed(f"{_kind(owner)} has no {key!r}")


def _presence(run: _Eval) -> _Eval:
    def present(datum: Any) -> bool:
        try:
            return run(datum) is not None
        except MappingError:
            return False

    return present


def _within(item: Any, many: Any) -> bool:
    if isinstance(many, dict):
        return isinstance(item, str) and item in many
    if isinstance(many, list):
        return any(_equal(item, one) for one in many)
    raise _failed(f"in {_kind(many)}")


def _size(value: Any) -> int:
    if isinstance(value, str | bytes | list | dict):
        return len(value)
    raise _failed(f"size of {_kind(value)}")


def _text_test(test: Callable[[str, str], bool], text: Any, argument: Any) -> bool:
    if not isinstance(text, str) or not isinstance(argument, str):
        raise _failed(f"a text test on {_kind(text)} and {_kind(argument)}")
    try:
        return test(text, argument)
    except re.error as error:
        raise _failed(f"not a regular expression: {error}") from None
