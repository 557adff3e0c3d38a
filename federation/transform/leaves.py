"""Values without others inside, between the codec and a function: simple types and logical ones.

What comes back from a function is checked here, and refused if it is no value of the type.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Context, Decimal, InvalidOperation
from functools import partial
from numbers import Real
from typing import TYPE_CHECKING, Any

from federation.schemas.avro import MAX_PRECISION
from federation.transform.refusal import TransformError

if TYPE_CHECKING:
    from federation.schemas.avro import Type

Convert = Callable[[Any], Any]

_EPOCH, _LOCAL_EPOCH = datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 1)  # noqa: DTZ001 - local timestamps have no zone
_FIRST_DAY = date(1970, 1, 1).toordinal()
_MICRO, _MILLI, _DAY = timedelta(microseconds=1), timedelta(milliseconds=1), timedelta(days=1)
_EXACT = Context(prec=2 * MAX_PRECISION)
_WIDTH = 60  # characters of a value that are shown


def refused(value: Any, what: str) -> TransformError:
    """The refusal of a value that is no ``what``."""
    text = "None" if value is None else f"{value!r} ({type(value).__name__})"
    short = text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"
    return TransformError("type", f"{short} is no {what}")


def _null(value: Any) -> None:
    if value is not None:
        raise refused(value, "null")


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise refused(value, "boolean")
    return value


def _whole(low: int, high: int, what: str, value: Any) -> int:
    if type(value) is not int:
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            raise refused(value, what)
        value = value.__index__()  # as numpy's integers have it
    if not low <= value <= high:
        raise refused(value, what)
    return int(value)


def _double(value: Any) -> float:
    if type(value) is not float:
        if isinstance(value, bool) or not isinstance(value, Real):
            raise refused(value, "double")
        value = float(value)
    return float(value)


def _float(value: Any) -> float:
    found = _double(value)
    try:
        struct.pack("<f", found)
    except OverflowError:
        raise refused(value, "float") from None
    return found


def to_bytes(value: Any) -> bytes:
    """Bytes of any kind; else a refusal."""
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise refused(value, "bytes")
    return bytes(value)


def to_string(value: Any) -> str:
    """Text that has a form in UTF-8; else a refusal."""
    if not isinstance(value, str):
        raise refused(value, "string")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise refused(value, "text that has a form in UTF-8") from None
    return str(value)


SIMPLE: dict[str, Convert] = {
    "null": _null,
    "boolean": _boolean,
    "int": partial(_whole, -(2**31), 2**31 - 1, "int"),
    "long": partial(_whole, -(2**63), 2**63 - 1, "long"),
    "float": _float,
    "double": _double,
    "bytes": to_bytes,
    "string": to_string,
}
"""By kind of type: back from a function; the codec's values are what a function sees."""


def _instants(unit: timedelta, epoch: datetime) -> tuple[Convert, Convert]:
    per = unit // _MICRO
    zoned = epoch.tzinfo is not None

    def opened(value: int) -> datetime:
        try:
            return epoch + timedelta(microseconds=value * per)
        except OverflowError:
            raise TransformError("range", f"{value} is no instant that Python can hold") from None

    def close(value: Any) -> int:
        if not isinstance(value, datetime):
            raise refused(value, "datetime")
        if (value.utcoffset() is not None) is not zoned:
            raise refused(value, "datetime with a time zone" if zoned else "datetime without one")
        return (value - epoch) // unit

    return opened, close


def _times(unit: timedelta) -> tuple[Convert, Convert]:
    def opened(value: int) -> time:
        if not 0 <= value < _DAY // unit:
            raise TransformError("range", f"{value} is no time of a day")
        return (_LOCAL_EPOCH + value * unit).time()

    def close(value: Any) -> int:
        if not isinstance(value, time) or value.tzinfo is not None:
            raise refused(value, "time without a zone")
        return (datetime.combine(_LOCAL_EPOCH, value) - _LOCAL_EPOCH) // unit

    return opened, close


def _dates() -> tuple[Convert, Convert]:
    def opened(value: int) -> date:
        try:
            return date.fromordinal(_FIRST_DAY + value)
        except (ValueError, OverflowError):
            raise TransformError("range", f"{value} is no date that Python can hold") from None

    def close(value: Any) -> int:
        if not isinstance(value, date) or isinstance(value, datetime):
            raise refused(value, "date")
        return value.toordinal() - _FIRST_DAY

    return opened, close


def _decimals(node: Type) -> tuple[Convert, Convert]:
    def opened(value: bytes) -> Decimal:
        return Decimal(int.from_bytes(value, signed=True)).scaleb(-node.scale, _EXACT)

    def close(value: Any) -> bytes:
        if type(value) is int:
            value = Decimal(value)
        if not isinstance(value, Decimal) or not value.is_finite():
            raise refused(value, f"{node}")
        try:
            moved = value.scaleb(node.scale, _EXACT)
        except InvalidOperation:
            raise refused(value, f"{node}") from None
        unscaled = int(moved)
        if moved != unscaled or abs(unscaled) >= 10**node.precision:
            raise refused(value, f"{node}")
        shortest = (unscaled + (unscaled < 0)).bit_length() // 8 + 1
        try:
            return unscaled.to_bytes(node.size if node.kind == "fixed" else shortest, signed=True)
        except OverflowError:
            raise refused(value, f"{node}") from None

    return opened, close


LOGICAL: dict[str, tuple[type, Callable[[Type], tuple[Convert, Convert]]]] = {
    "date": (date, lambda _: _dates()),
    "time-millis": (time, lambda _: _times(_MILLI)),
    "time-micros": (time, lambda _: _times(_MICRO)),
    "timestamp-millis": (datetime, lambda _: _instants(_MILLI, _EPOCH)),
    "timestamp-micros": (datetime, lambda _: _instants(_MICRO, _EPOCH)),
    "local-timestamp-millis": (datetime, lambda _: _instants(_MILLI, _LOCAL_EPOCH)),
    "local-timestamp-micros": (datetime, lambda _: _instants(_MICRO, _LOCAL_EPOCH)),
    "decimal": (Decimal, _decimals),
}
"""By logical type: what Python has for it, and the way there and back.

UUIDs stay text or bytes, nanoseconds numbers, and durations bytes.
"""
