"""Decimals: two's complement of their unscaled value, as bytes or fixed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from federation.mapping import text
from federation.mapping.step import Options, Step, need_lossy
from federation.schemas.avro import MAX_PRECISION
from federation.schemas.refusal import MappingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from federation.schemas.avro import Type

_FITS = {"int": 9, "long": 18}  # digits of which every number fits
_BITS = {"int": 32, "long": 64}
_MOST_BITS = 3.33 * MAX_PRECISION


def unscaled(raw: bytes) -> int:
    """The digits of a decimal as a whole number; of no more than a precision may have."""
    if not raw:
        raise MappingError("parse", "a decimal of 0 bytes")
    value = int.from_bytes(raw, "big", signed=True)
    if (value if value >= 0 else ~value).bit_length() > _MOST_BITS:
        raise text.overflow(f"a decimal of {MAX_PRECISION} digits")
    return value


def packed(c: Type) -> Callable[[int], bytes]:
    """Two's complement, shortest for bytes and of full width for fixed."""

    def run(value: int) -> bytes:
        size = (
            c.size if c.kind == "fixed" else (value if value >= 0 else ~value).bit_length() // 8 + 1
        )
        return value.to_bytes(size, "big", signed=True)

    return run


def rescale(scale: int, w: Type, c: Type, o: Options, number: Callable[[Any], int]) -> Step:
    """A number that counts 10^-scale to a decimal."""
    up, down = 10 ** max(0, c.scale - scale), 10 ** max(0, scale - c.scale)
    if down > 1:
        need_lossy(w, c, o, "drops digits after the point")
    elif w.logical and w.precision > c.precision:
        need_lossy(w, c, o, "may drop digits before the point")
    pack = packed(c)

    def run(value: Any) -> bytes:
        return pack(text.fit(_half_even(number(value) * up, down), c.precision, c.scale))

    counted = f" counting 10^-{scale}" if scale and not w.logical else ""
    return Step(run, f"{w}{counted} to {c}", lossy=down > 1)


def of_real(w: Type, c: Type, o: Options) -> Step:
    """A float or double, of which the exact value is rounded to the scale."""
    need_lossy(w, c, o, "drops digits after the point")
    pack = packed(c)

    def run(value: float) -> bytes:
        if not math.isfinite(value):
            raise text.overflow(str(c))
        top, bottom = value.as_integer_ratio()
        n = _half_even(top * 10**c.scale, bottom)
        return pack(text.fit(n, c.precision, c.scale))

    return Step(run, f"{w} to {c}", lossy=True)


def to_number(w: Type, c: Type, o: Options) -> Step:
    """A decimal as a plain number: the nearest float or double, or a whole number.

    A whole number counts 10^-``scale``; digits below that are dropped.
    """
    if c.kind in ("float", "double"):
        need_lossy(w, c, o, "may lose digits")
        return Step(lambda v: _nearest(unscaled(v), 10**w.scale, c.kind), f"{w} to {c}", lossy=True)
    scale = o.scale or 0
    up, down = 10 ** max(0, scale - w.scale), 10 ** max(0, w.scale - scale)
    lossy = down > 1 or w.precision - w.scale + scale > _FITS[c.kind]
    if lossy:
        need_lossy(w, c, o, "drops digits after the point" if down > 1 else "may lose digits")

    def run(value: bytes) -> int:
        n = unscaled(value) * up
        n = n // down if n >= 0 else -(-n // down)
        return text.within(n, _BITS[c.kind], c.kind)

    return Step(run, f"{w} to {c}" + (f" counting 10^-{scale}" if scale else ""), lossy=lossy)


def _half_even(top: int, bottom: int) -> int:
    n, rest = divmod(top, bottom)
    return n + 1 if 2 * rest > bottom or (2 * rest == bottom and n % 2) else n


def _nearest(top: int, bottom: int, kind: str) -> float:
    try:
        value = top / bottom  # of whole numbers this is the nearest double
    except OverflowError:
        raise text.overflow(kind) from None
    if kind == "double":
        return value
    near, under = value.as_integer_ratio()
    return text.to_float(value, (top * under > near * bottom) - (top * under < near * bottom))
