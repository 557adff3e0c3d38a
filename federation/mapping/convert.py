"""Conversions of single values: which pairs of types convert, under which rule, and how."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from federation.mapping import decimals, encoding, text
from federation.mapping.step import COPY, Mismatch, Options, Step, need_lossy, no, same
from federation.schemas.avro import ABSENT, Type
from federation.schemas.refusal import MappingError

if TYPE_CHECKING:
    from collections.abc import Callable

UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_BITS = {"int": 32, "long": 64, "float": 32, "double": 64}
# time types: family, counts a second
TIMES = {
    f"{family}{unit}": (family, per)
    for family in ("time-", "timestamp-", "local-timestamp-")
    for unit, per in (("millis", 10**3), ("micros", 10**6), ("nanos", 10**9))
}
_SHOW = {
    "time-": text.clock_text,
    "timestamp-": text.instant_text,
    "local-timestamp-": text.local_text,
}
_NAMED_HINT = "text is converted only where a rule names the field with from"


def scalar(w: Type, c: Type, o: Options) -> Step:  # noqa: C901, PLR0912 - a table of cases, read top to bottom
    """The conversion from ``w`` to ``c``, neither of them a union, record, array or map.

    Raises:
        Mismatch: there is none, or the rule does not permit it.
    """
    if o.encoding and (step := _encoded(w, c, o.encoding)):
        return step
    if w.logical == c.logical:
        return _same_meaning(w, c, o)
    if not c.logical and c.kind == "string":
        return COPY if w.kind == "string" else _to_text(w, c, o)
    if not w.logical and w.kind == "string":
        if c.kind == "string" and not o.named:
            return COPY  # text taken for a UUID as it is
        return _from_text(w, c, o)
    if w.logical in TIMES and c.logical in TIMES:
        return _timed(w, c, o)
    if not w.logical and w.kind in ("int", "long"):
        if c.logical in TIMES and "timestamp" in c.logical:
            if o.unit is None:
                raise Mismatch(
                    f"a plain {w} does not say which instant it means",
                    "give its unit: s, ms, us or ns",
                )
            return _ticks(UNITS[o.unit], TIMES[c.logical][1], w, c, o)
        if c.logical == "decimal":
            return decimals.rescale(o.scale or 0, w, c, o, int)
    if not c.logical and o.unit and "timestamp" in w.logical and c.kind in ("int", "long"):
        return _ticks(TIMES[w.logical][1], UNITS[o.unit], w, c, o)
    if w.logical == "decimal" and not c.logical and c.kind in _BITS:
        return decimals.to_number(w, c, o)
    if c.logical == "decimal" and w.kind in ("float", "double"):
        return decimals.of_real(w, c, o)
    if o.computed and w.kind == "long" and c.kind == "int":  # of CEL there is no int
        return Step(_whole("int"), f"long as {c}")
    if (not w.logical or not c.logical) and w.kind == c.kind and w.size == c.size:
        return Step(label=f"{w} kept as {c}")
    raise no(w, c)


def _encoded(w: Type, c: Type, how: str) -> Step | None:
    """Bytes of any meaning as text, or text as bytes."""
    raw = ("bytes", "fixed")
    if w.kind in raw and c.kind == "string" and not c.logical:
        return Step(encoding.encoder(how), f"{w} as {how}")
    if w.kind == "string" and not w.logical and c.kind in raw:
        size = c.size if c.kind == "fixed" else None
        return Step(encoding.decoder(how, size), f"{how} to {c}")
    return None


def _timed(w: Type, c: Type, o: Options) -> Step:
    """One count of time to another, through a zone between local timestamps and instants."""
    (family, source), (wanted, target) = TIMES[w.logical], TIMES[c.logical]
    if family == wanted:
        return _ticks(source, target, w, c, o)
    if "time-" in (family, wanted):
        raise no(w, c)
    if not o.zone:
        raise Mismatch(f"{w} cannot become {c} by itself", "say in which zone: zone")
    zone, step = text.zone_of(o.zone), _ticks(source, target, w, c, o)
    move = text.to_instant if family == "local-timestamp-" else text.to_local
    return replace(
        step, run=lambda v: step.run(move(v, source, zone)), label=f"{w} to {c} in {o.zone}"
    )


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
        return decimals.rescale(w.scale, w, c, o, decimals.unscaled)
    if w.logical == "uuid" and w.kind != c.kind:
        if w.kind == "string":
            return Step(
                lambda v: bytes.fromhex(text.uuid(v).replace("-", "")), "uuid text to bytes"
            )
        return Step(text.uuid_text, "uuid bytes to text")
    return COPY


def _plain(w: Type, c: Type, o: Options) -> Step:  # noqa: C901, PLR0912 - a table of cases, read top to bottom
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
    if pair == ("fixed", "bytes") and o.named:
        return Step(label=f"{w} to bytes")
    if pair == ("bytes", "fixed") and o.named:
        return Step(_sized(c), f"bytes to {c}")
    if pair == ("string", "bytes"):
        return Step(str.encode, label)
    if pair == ("bytes", "string"):
        return Step(_utf8, label)
    if pair == ("long", "int") and o.computed:
        return Step(_whole("int"), label)
    if pair in (("long", "int"), ("double", "float")) or (
        w.kind in ("float", "double") and c.kind in ("int", "long")
    ):
        need_lossy(w, c, o, "may lose digits")
        run = text.to_float if c.kind == "float" else _whole(c.kind)
        return Step(run, label, lossy=True)
    if w.kind == "string":
        return _from_text(w, c, o)
    if c.kind == "string":
        return _to_text(w, c, o)
    raise no(w, c)


def _sized(c: Type) -> Callable[[bytes], bytes]:
    def run(raw: bytes) -> bytes:
        if len(raw) != c.size:
            raise MappingError("type", f"{len(raw)} bytes for {c} of {c.size}")
        return raw

    return run


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
        bounds = Step(lambda v: text.within(v, _BITS[c.kind], str(c))) if c.kind == "int" else COPY
        return replace(bounds, label="" if w.logical == c.logical else f"{w} as {c}")
    label = f"{w} to {c}"
    if not (w.logical and c.logical):
        label = f"{w} in {o.unit} to {c}" if c.logical else f"{w} to {c} in {o.unit}"
    if source > target:
        need_lossy(w, c, o, "drops digits of the fraction")

    def run(value: int) -> int:
        value = value * target // source
        if not -limit <= value < limit:
            raise text.overflow(str(c))
        return value

    return Step(run, label, lossy=source > target)


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
        pack = decimals.packed(c)
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
        raise no(w, c)
    elif c.kind in ("int", "long"):
        run = lambda v: text.whole(v, _BITS[c.kind])  # noqa: E731 - one line each
    elif c.kind in ("float", "double"):
        run = lambda v: text.real(v, _BITS[c.kind])  # noqa: E731 - one line each
    elif c.kind == "boolean":
        run = _truth
    else:
        raise no(w, c)
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
        return lambda v: text.decimal_text(decimals.unscaled(v), w.scale)
    if w.logical == "uuid":
        return same if w.kind == "string" else text.uuid_text
    if w.logical == "date":
        return text.day_text
    if w.logical in TIMES:
        family, per = TIMES[w.logical]
        show = _SHOW[family]
        return lambda v: show(v, per)
    if w.logical:
        return None
    plain: dict[str, Callable[[Any], str]] = {
        "int": str,
        "long": str,
        "float": lambda v: text.real_text(v, single=True),
        "double": text.real_text,
        "boolean": lambda v: "true" if v else "false",
        "string": same,
        "enum": same,
    }
    return plain.get(w.kind)


def _to_text(w: Type, c: Type, o: Options) -> Step:
    run = canonical(w)
    if run is None:
        raise no(w, c)
    if not o.named:
        raise Mismatch(f"{w} cannot become {c} by itself", _NAMED_HINT)
    return Step(run, f"{w} to text")
