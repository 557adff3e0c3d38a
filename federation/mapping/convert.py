"""Conversions of single values: which pairs of types convert, under which rule, and how."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from federation.mapping import text
from federation.schemas.avro import ABSENT, Type
from federation.schemas.refusal import MappingError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from federation.mapping.rules import Rule

UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_BITS = {"int": 32, "long": 64, "float": 32, "double": 64}
# time types: family, counts a second
TIMES = {
    f"{family}{unit}": (family, per)
    for family in ("time-", "timestamp-", "local-timestamp-")
    for unit, per in (("millis", 10**3), ("micros", 10**6), ("nanos", 10**9))
}
_LOSSY_HINT = "allow the loss with lossy: true"
_NAMED_HINT = "text is converted only where a rule names the field with from"


def same(value: Any) -> Any:
    """The value as it is."""
    return value


@dataclass(frozen=True, slots=True)
class Step:
    """A conversion: the function, what it does in words (empty if nothing), whether it may lose."""

    run: Callable[[Any], Any] = same
    label: str = ""
    lossy: bool = False


COPY = Step()


class Mismatch(Exception):  # noqa: N818 - it ends one attempt, not the program
    """Two types that do not resolve; carries (path below the field, what, hint) of each reason."""

    def __init__(self, what: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.reasons: list[tuple[str, str, str]] = [("", what, hint)] if what else []


@dataclass(frozen=True, eq=False, slots=True)
class Options:
    """What a rule says about the values of one field and of its elements."""

    named: bool = False
    map: Mapping[str, str] | None = None
    unit: str | None = None
    zone: str | None = None
    scale: int | None = None
    lossy: bool = False
    has_default: bool = False
    fields: Mapping[str, Rule] | None = None


def scalar(w: Type, c: Type, o: Options) -> Step:  # noqa: C901 - a table of cases, read top to bottom
    """The conversion from ``w`` to ``c``, neither of them a union, record, array or map.

    Raises:
        Mismatch: there is none, or the rule does not permit it.
    """
    if w.logical == c.logical:
        return _same_meaning(w, c, o)
    if not c.logical and c.kind == "string":
        return COPY if w.kind == "string" else _to_text(w, c, o)
    if not w.logical and w.kind == "string":
        if c.kind == "string" and not o.named:
            return COPY  # text taken for a UUID as it is
        return _from_text(w, c, o)
    if w.logical in TIMES and c.logical in TIMES and TIMES[w.logical][0] == TIMES[c.logical][0]:
        return _ticks(TIMES[w.logical][1], TIMES[c.logical][1], w, c, o)
    if not w.logical and w.kind in ("int", "long"):
        if c.logical in TIMES and "timestamp" in c.logical:
            if o.unit is None:
                raise Mismatch(
                    f"a plain {w} does not say which instant it means",
                    "give its unit: s, ms, us or ns",
                )
            return _ticks(UNITS[o.unit], TIMES[c.logical][1], w, c, o)
        if c.logical == "decimal":
            return _rescale(o.scale or 0, w, c, o, int)
    if (not w.logical or not c.logical) and w.kind == c.kind and w.size == c.size:
        return Step(label=f"{w} kept as {c}")
    raise _no(w, c)


def _no(w: Type, c: Type) -> Mismatch:
    return Mismatch(f"{w} cannot become {c}")


def _need_lossy(w: Type, c: Type, o: Options, what: str) -> None:
    if not o.lossy:
        raise Mismatch(f"{w} to {c} {what}", _LOSSY_HINT)


def _same_meaning(w: Type, c: Type, o: Options) -> Step:
    if not w.logical:
        return _plain(w, c, o)
    if w.logical == "decimal":
        if (
            w.kind == c.kind
            and w.size == c.size
            and w.scale == c.scale
            and w.precision <= c.precision
        ):
            return COPY
        return _rescale(w.scale, w, c, o, _unscaled)
    if w.logical == "uuid" and w.kind != c.kind:
        if w.kind == "string":
            return Step(
                lambda v: bytes.fromhex(text.uuid(v).replace("-", "")), "uuid text to bytes"
            )
        return Step(text.uuid_text, "uuid bytes to text")
    return COPY


def _plain(w: Type, c: Type, o: Options) -> Step:  # noqa: C901 - a table of cases, read top to bottom
    pair = (w.kind, c.kind)
    label = f"{w.kind} to {c.kind}"
    if pair == ("enum", "enum"):
        return _symbol(w, c, o)
    if w.kind == c.kind:
        if w.size != c.size:
            raise Mismatch(f"fixed of {w.size} bytes cannot become fixed of {c.size}")
        return COPY
    if pair in (("int", "long"), ("float", "double"), ("enum", "string")):
        return Step(label=label)
    if pair in (("int", "double"), ("long", "double")):
        return Step(float, label)
    if pair in (("int", "float"), ("long", "float")):
        return Step(
            lambda v: text.to_float(float(v), (v > int(float(v))) - (v < int(float(v)))), label
        )
    if pair == ("string", "bytes"):
        return Step(str.encode, label)
    if pair == ("bytes", "string"):
        return Step(_utf8, label)
    if pair in (("long", "int"), ("double", "float")) or (
        w.kind in ("float", "double") and c.kind in ("int", "long")
    ):
        _need_lossy(w, c, o, "may lose digits")
        run = text.to_float if c.kind == "float" else _whole(c.kind)
        return Step(run, label, lossy=True)
    if w.kind == "string":
        return _from_text(w, c, o)
    if c.kind == "string":
        return _to_text(w, c, o)
    raise _no(w, c)


def _utf8(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise MappingError("parse", "the bytes are not UTF-8") from None


def _whole(kind: str) -> Callable[[Any], int]:
    limit = 2 ** (_BITS[kind] - 1)

    def run(value: float) -> int:
        if not math.isfinite(value) or not -limit <= math.trunc(value) < limit:
            raise text.overflow(kind)
        return math.trunc(value)

    return run


def _ticks(source: int, target: int, w: Type, c: Type, o: Options) -> Step:
    """Counts of 1/source second to counts of 1/target second."""
    limit = 2 ** (_BITS[c.kind] - 1)
    if source == target:
        return Step(label="" if w.logical else f"{w.kind} as {c}")
    label = f"{w} to {c}" if w.logical else f"{w.kind} in {o.unit} to {c}"
    if source > target:
        _need_lossy(w, c, o, "drops digits of the fraction")

    def run(value: int) -> int:
        value = value * target // source
        if not -limit <= value < limit:
            raise text.overflow(str(c))
        return value

    return Step(run, label, lossy=source > target)


def _unscaled(raw: bytes) -> int:
    if not raw:
        raise MappingError("parse", "a decimal of 0 bytes")
    return int.from_bytes(raw, "big", signed=True)


def _packed(c: Type) -> Callable[[int], bytes]:
    """Two's complement, shortest for bytes and of full width for fixed."""

    def run(value: int) -> bytes:
        size = (
            c.size if c.kind == "fixed" else (value if value >= 0 else ~value).bit_length() // 8 + 1
        )
        return value.to_bytes(size, "big", signed=True)

    return run


def _rescale(scale: int, w: Type, c: Type, o: Options, number: Callable[[Any], int]) -> Step:
    """A number that counts 10^-scale to a decimal."""
    up, down = 10 ** max(0, c.scale - scale), 10 ** max(0, scale - c.scale)
    if down > 1:
        _need_lossy(w, c, o, "drops digits after the point")
    elif w.logical and w.precision > c.precision:
        _need_lossy(w, c, o, "may drop digits before the point")
    pack = _packed(c)

    def run(value: Any) -> bytes:
        n, rest = divmod(number(value) * up, down)
        if 2 * rest > down or (2 * rest == down and n % 2):
            n += 1
        return pack(text.fit(n, c.precision, c.scale))

    counted = f" counting 10^-{scale}" if scale and not w.logical else ""
    return Step(run, f"{w}{counted} to {c}", lossy=down > 1)


def _symbol(w: Type, c: Type, o: Options) -> Step:
    """Enum or text to enum by symbol."""
    known = frozenset(c.symbols)
    run = _symbol_check(c, o)
    if w.kind == "enum":
        strange = [s for s in w.symbols if s not in known]
        return Step(run, f"not in the contract: {', '.join(strange)}") if strange else COPY
    return Step(run, "text to enum")


def _symbol_check(c: Type, o: Options) -> Callable[[str], str]:
    known = frozenset(c.symbols)

    def run(value: str) -> str:
        if value in known:
            return value
        if c.default is not ABSENT and not o.has_default:  # the rule's default goes first
            return str(c.default)
        raise MappingError("symbol", f"{value[:40]!r} is no symbol of {c.short_name}")

    return run


def _from_text(w: Type, c: Type, o: Options) -> Step:  # noqa: C901, PLR0912 - as scalar
    """Text, parsed; only where a rule names the field."""
    if not o.named:
        raise Mismatch(f"{w} cannot become {c} by itself", _NAMED_HINT)
    run: Callable[[str], Any]
    if c.kind == "enum":
        return _symbol(w, c, o)
    if c.logical == "decimal":
        pack = _packed(c)
        run = lambda v: pack(text.decimal(v, c.precision, c.scale, lossy=o.lossy))  # noqa: E731 - one line each
    elif c.logical == "uuid":
        run = (
            text.uuid
            if c.kind == "string"
            else lambda v: bytes.fromhex(text.uuid(v).replace("-", ""))
        )
    elif c.logical == "date":
        run = text.day
    elif c.logical in TIMES:
        family, per = TIMES[c.logical]
        zone, local = text.zone_of(o.zone) if o.zone else None, family == "local-timestamp-"
        if family == "time-":
            run = lambda v: text.clock(v, per, lossy=o.lossy)  # noqa: E731 - one line each
        else:
            run = lambda v: text.instant(v, per, zone, local=local, lossy=o.lossy)  # noqa: E731 - one line each
    elif c.logical:
        raise _no(w, c)
    elif c.kind in ("int", "long"):
        run = lambda v: text.whole(v, _BITS[c.kind])  # noqa: E731 - one line each
    elif c.kind in ("float", "double"):
        run = lambda v: text.real(v, _BITS[c.kind])  # noqa: E731 - one line each
    elif c.kind == "boolean":
        run = _truth
    else:
        raise _no(w, c)
    return Step(
        run, f"text to {c}", lossy=o.lossy and (c.logical == "decimal" or c.logical in TIMES)
    )


def _truth(value: str) -> bool:
    if value not in ("true", "false", "1", "0"):
        raise text.bad(value, "a boolean (true, false, 1 or 0)")
    return value in ("true", "1")


def canonical(w: Type) -> Callable[[Any], str] | None:
    """The function that writes a value of ``w`` as text, if it has a canonical text."""
    if w.logical == "decimal":
        return lambda v: text.decimal_text(_unscaled(v), w.scale)
    if w.logical == "uuid":
        return same if w.kind == "string" else text.uuid_text
    if w.logical.startswith("timestamp-"):
        return lambda v: text.instant_text(v, TIMES[w.logical][1])
    if w.logical:
        return None
    plain: dict[str, Callable[[Any], str]] = {
        "int": str,
        "long": str,
        "boolean": lambda v: "true" if v else "false",
        "string": same,
        "enum": same,
    }
    return plain.get(w.kind)


def _to_text(w: Type, c: Type, o: Options) -> Step:
    run = canonical(w)
    if run is None:
        raise _no(w, c)
    if not o.named:
        raise Mismatch(f"{w} cannot become {c} by itself", _NAMED_HINT)
    return Step(run, f"{w} to text")
