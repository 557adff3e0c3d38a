"""What the operators of an expression mean, as in CEL.

``&&`` and ``||`` forgive an error on one side where the other side decides. Whole numbers have 64
bits and do not overflow in silence. Numbers compare across types; arithmetic does not mix them.
``has`` is false for null.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from federation.mapping import text as forms
from federation.schemas.codec import Branch
from federation.schemas.refusal import MappingError

MAX_TEXT = 1 << 24  # characters that replace() may make of a few
Eval = Callable[[Any], Any]
ORDER = {
    "relation_lt": operator.lt,
    "relation_le": operator.le,
    "relation_gt": operator.gt,
    "relation_ge": operator.ge,
}
ARITHMETIC = {
    "addition_add": operator.add,
    "addition_sub": operator.sub,
    "multiplication_mul": operator.mul,
    "multiplication_div": operator.truediv,
    "multiplication_mod": operator.mod,
}


@lru_cache(maxsize=64)
def _pattern(pattern: str) -> Any:
    import re2  # noqa: PLC0415 - slow to import, and rare

    options = re2.Options()
    options.log_errors = False  # they are the record's, not ours
    try:
        return re2.compile(pattern, options)
    except re2.error:
        raise failed("not a regular expression of RE2") from None


TEXT_TESTS: dict[str, Callable[[str, str], bool]] = {
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "contains": operator.contains,
    "matches": lambda text, pattern: _pattern(pattern).search(text) is not None,
}


def failed(message: str) -> MappingError:
    """The error of an expression that has no value for this record."""
    return MappingError("eval", message)


def bare(value: Any) -> Any:
    """The value without its branch."""
    return value.value if isinstance(value, Branch) else value


def kind(value: Any) -> str:
    """What the value is, for messages."""
    names = {
        "NoneType": "null",
        "dict": "a record or map",
        "list": "a list",
        "str": "text",
        "int": "a whole number",
    }
    return names.get(type(value).__name__, f"a {type(value).__name__}")


def boolean(value: Any) -> bool:
    """The value, which must be true or false."""
    if not isinstance(value, bool):
        raise failed(f"{kind(value)} where true or false is needed")
    return value


def logic(left: Eval, right: Eval, *, decides: bool) -> Eval:
    """``||``, which true decides, or ``&&``, which false decides."""

    def run(datum: Any) -> bool:
        try:
            if boolean(left(datum)) is decides:
                return decides
        except MappingError:
            if boolean(right(datum)) is decides:
                return decides
            raise
        return boolean(right(datum))

    return run


def _number(value: Any) -> bool:
    return type(value) in (int, float)


def equal(a: Any, b: Any) -> bool:
    """``==``: numbers by value, other types only among themselves."""
    a, b = bare(a), bare(b)
    if _number(a) and _number(b):
        return bool(a == b)
    if type(a) is not type(b):
        return False
    if isinstance(a, list):
        return len(a) == len(b) and all(map(equal, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(a[key], b[key]) for key in a)
    return bool(a == b)


def ordered(compare: Callable[[Any, Any], bool], a: Any, b: Any) -> bool:
    """``<`` and its kin: of numbers, texts, bytes or booleans."""
    if (_number(a) and _number(b)) or (type(a) is type(b) and isinstance(a, str | bytes | bool)):
        return compare(a, b)
    raise failed(f"{kind(a)} and {kind(b)} have no order")


def calculate(do: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    """``+ - * / %`` of two values of one type."""
    if type(a) is not type(b):
        raise failed(f"arithmetic of {kind(a)} and {kind(b)}")
    if isinstance(a, str | list) and do is operator.add:
        return a + b
    try:
        if type(a) is float and do is not operator.mod:
            return do(a, b)
        if type(a) is int:
            return _whole(do, a, b)
    except ZeroDivisionError:
        if type(a) is float:  # IEEE: the sign of both decides, 0/0 is NaN
            return math.nan if a == 0 or math.isnan(a) else a * math.copysign(math.inf, b)
        raise failed("division by zero") from None
    raise failed(f"arithmetic of {kind(a)}")


def _whole(do: Callable[[Any, Any], Any], a: int, b: int) -> int:
    """64-bit arithmetic; division drops the fraction, and a remainder has the dividend's sign."""
    if do in (operator.truediv, operator.mod):
        quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
        value = quotient if do is operator.truediv else a - quotient * b
    else:
        value = do(a, b)
    if not -(2**63) <= value < 2**63:
        raise failed("a whole number out of range")
    return int(value)


def zero_of(value: Any) -> Any:
    """The zero from which a unary minus subtracts."""
    if not _number(value):
        raise failed(f"minus {kind(value)}")
    return -0.0 if isinstance(value, float) else 0


def member(owner: Any, key: Any) -> Any:
    """A field of a record, an entry of a map, an element of a list."""
    try:
        if isinstance(owner, list) and type(key) is int and key >= 0:
            return bare(owner[key])
        if isinstance(owner, dict) and isinstance(key, str):
            return bare(owner[key])
    except (KeyError, IndexError):
        raise failed(f"there is no {key!r}") from None
    raise failed(f"{kind(owner)} has no {key!r}")


def presence(run: Eval) -> Eval:
    """``has``: the path is there and not null."""

    def present(datum: Any) -> bool:
        try:
            return run(datum) is not None
        except MappingError:
            return False

    return present


def within(item: Any, many: Any) -> bool:
    """``in``: an element of a list, a key of a map."""
    if isinstance(many, dict):
        return isinstance(item, str) and item in many
    if isinstance(many, list):
        return any(equal(item, one) for one in many)
    raise failed(f"in {kind(many)}")


def size(value: Any) -> int:
    """Characters of a text, bytes, elements or entries."""
    if isinstance(value, str | bytes | list | dict):
        return len(value)
    raise failed(f"size of {kind(value)}")


def text_test(test: Callable[[str, str], bool], text: Any, argument: Any) -> bool:
    """``startsWith`` and its kin, which both need text."""
    if not isinstance(text, str) or not isinstance(argument, str):
        raise failed(f"a text test on {kind(text)} and {kind(argument)}")
    return test(text, argument)


# conversions


def to_string(value: Any) -> str:
    """``string()``: the canonical text of a value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return forms.real_text(value)
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise failed("bytes that are not UTF-8") from None
    if isinstance(value, str | int):
        return str(value)
    raise failed(f"string() of {kind(value)}")


def to_int(value: Any) -> int:
    """``int()``: text is parsed, the fraction of a double dropped."""
    if isinstance(value, str):
        return int(_parsed(forms.whole, value))
    if type(value) is int:
        return value
    if type(value) is float:
        if math.isfinite(value) and -(2**63) <= math.trunc(value) < 2**63:
            return math.trunc(value)
        raise failed("a whole number out of range")
    raise failed(f"int() of {kind(value)}")


def to_double(value: Any) -> float:
    """``double()``: text is parsed, a whole number goes to the nearest double."""
    if isinstance(value, str):
        return float(_parsed(forms.real, value))
    if _number(value):
        return float(value)
    raise failed(f"double() of {kind(value)}")


def to_bool(value: Any) -> bool:
    """``bool()``: of the texts ``true``, ``false``, ``1`` and ``0``."""
    if isinstance(value, bool):
        return value
    if value in ("true", "1", "false", "0") and isinstance(value, str):
        return value in ("true", "1")
    raise failed(f"bool() of {kind(value) if not isinstance(value, str) else repr(value[:40])}")


def _parsed(parse: Callable[[str, int], float], text: str) -> float:
    try:
        return parse(text, 64)
    except MappingError as error:
        raise failed(error.message) from None


CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "string": to_string,
    "int": to_int,
    "double": to_double,
    "bool": to_bool,
}

# text

_BLANKS = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_UPPER = {lower: upper for upper, lower in _LOWER.items()}


def _cut(text: str, begin: int, end: int | None = None) -> str:
    """Characters from ``begin`` to before ``end``."""
    end = len(text) if end is None else end
    if not 0 <= begin <= end <= len(text):
        raise failed(f"no characters {begin} to {end} in a text of {len(text)}")
    return text[begin:end]


def _replace(text: str, old: str, new: str) -> str:
    if not old:
        raise failed("replace() of an empty text")
    if len(text) + text.count(old) * (len(new) - len(old)) > MAX_TEXT:
        raise failed(f"a text of more than {MAX_TEXT} characters")
    return text.replace(old, new)


# name and the kinds of its arguments -> function of the text and these
TEXT_FUNCTIONS: dict[tuple[str, tuple[type, ...]], Callable[..., str]] = {
    ("lowerAscii", ()): lambda text: text.translate(_LOWER),
    ("upperAscii", ()): lambda text: text.translate(_UPPER),
    ("trim", ()): lambda text: text.strip(_BLANKS),
    ("replace", (str, str)): _replace,
    ("substring", (int,)): _cut,
    ("substring", (int, int)): _cut,
}


def text_function(
    do: Callable[..., str], wanted: tuple[type, ...], text: Any, arguments: list[Any]
) -> str:
    """A function of text whose arguments have the wanted types."""
    given = (text, *arguments)
    for value, one in zip(given, (str, *wanted), strict=True):
        if type(value) is not one:
            raise failed(f"a function of text with {kind(value)}")
    return do(*given)
