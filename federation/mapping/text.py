"""Text forms of values, exactly: XSD numbers, ISO 8601 times, decimals, UUIDs."""

from __future__ import annotations

import math
import re
import struct
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from federation.schemas.refusal import MappingError

if TYPE_CHECKING:
    from datetime import tzinfo

_WHOLE = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"([+-]?)(?=\.?[0-9])([0-9]*)(?:\.([0-9]*))?")
_REAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DATE = r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
_TIME = r"([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]+))?)?"
_OFFSET = r"(Z|[+-][0-9]{2}:[0-9]{2})?"
_DATE_ONLY = re.compile(_DATE)
_TIME_ONLY = re.compile(_TIME)
_DATE_TIME = re.compile(f"{_DATE}T{_TIME}{_OFFSET}")

_EPOCH = date(1970, 1, 1).toordinal()
_CYCLE = 146_097  # days in 400 years, after which the calendar repeats
_SPECIAL = {"NaN": float("nan"), "INF": float("inf"), "-INF": float("-inf")}


def bad(text: str, kind: str) -> MappingError:
    """The refusal of a text that does not have the form of ``kind``."""
    shown = text if len(text) <= 40 else text[:37] + "..."
    return MappingError("parse", f"{shown!r} is not {kind}")


def overflow(kind: str) -> MappingError:
    """The refusal of a value outside the range of ``kind``."""
    return MappingError("overflow", f"the value is out of the range of {kind}")


def within(value: int, bits: int, kind: str) -> int:
    """The value, if it fits a signed integer of ``bits``."""
    if not -(1 << bits - 1) <= value < 1 << bits - 1:
        raise overflow(kind)
    return value


def whole(text: str, bits: int) -> int:
    """A whole number that fits a signed integer of ``bits``."""
    kind = "int" if bits == 32 else "long"
    if not _WHOLE.fullmatch(text):
        raise bad(text, f"a whole number ({kind})")
    digits = text.lstrip("+-").lstrip("0")
    value = int(digits or "0") if len(digits) < 20 else 1 << 64
    return within(-value if text[0] == "-" else value, bits, kind)


def real(text: str, bits: int) -> float:
    """The float (32) or double (64) nearest to an XSD number."""
    if text in _SPECIAL:
        return _SPECIAL[text]
    kind = "float" if bits == 32 else "double"
    if not _REAL.fullmatch(text):
        raise bad(text, f"a number ({kind})")
    value = float(text)
    if math.isinf(value):
        raise overflow(kind)
    if bits == 64:
        return value
    exact, near = Decimal(text), Decimal(value)
    return to_float(value, (exact > near) - (exact < near))


def to_float(value: float, rest: int = 0) -> float:
    """The 32-bit float nearest to a number of which ``value`` is the nearest double.

    ``rest`` is the sign of what the double lost, so that rounding twice does not round wrong.
    """
    if not math.isfinite(value):
        return value
    try:
        near = _single(value)
    except OverflowError:
        tie, largest = 2.0**128 - 2.0**103, 2.0**128 - 2.0**104
        if abs(value) == tie and rest * value < 0:
            return math.copysign(largest, value)
        raise overflow("float") from None
    if rest and near != value:
        other = 2 * value - near  # a float too exactly where value lies half-way between two
        if abs(other) < 2.0**128 - 2.0**103 and _single(other) == other:
            return max(near, other) if rest > 0 else min(near, other)
    return near


def _single(value: float) -> float:
    (near,) = struct.unpack("<f", struct.pack("<f", value))
    return float(near)


def decimal(text: str, precision: int, scale: int, *, lossy: bool) -> int:
    """The unscaled value of an XSD decimal; digits beyond the scale round if ``lossy``."""
    match = _DECIMAL.fullmatch(text)
    if not match:
        raise bad(text, "a decimal number")
    sign, before, after = match[1], match[2].lstrip("0"), (match[3] or "").rstrip("0")
    if len(before) > precision - scale:
        raise overflow(f"decimal({precision},{scale})")
    kept, rest = after[:scale].ljust(scale, "0"), after[scale:]
    if rest and not lossy:
        raise MappingError("lossy", f"{len(after)} digits after the point for a scale of {scale}")
    value = int(Decimal(before + kept or "0"))  # int(str) refuses over 4,300 digits
    if rest > "5" or (rest == "5" and value % 2):
        value += 1
    return fit(-value if sign == "-" else value, precision, scale)


def fit(unscaled: int, precision: int, scale: int) -> int:
    """The unscaled value, if it has at most ``precision`` digits."""
    if abs(unscaled) >= 10**precision:
        raise overflow(f"decimal({precision},{scale})")
    return unscaled


def decimal_text(unscaled: int, scale: int) -> str:
    """Plain form with exactly ``scale`` digits after the point."""
    digits = str(Decimal(abs(unscaled))).rjust(scale + 1, "0")
    sign = "-" if unscaled < 0 else ""
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}" if scale else sign + digits


def uuid(text: str) -> str:
    """A UUID in lower case."""
    if not _UUID.fullmatch(text):
        raise bad(text, "a UUID")
    return text.lower()


def uuid_text(raw: bytes) -> str:
    """The text of a UUID of 16 bytes."""
    h = raw.hex()
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


def zone_of(name: str) -> tzinfo:
    """The time zone of an IANA name or an offset."""
    if name == "Z":
        return UTC
    if name[0] in "+-" and name[1:2].isdigit():
        return timezone(timedelta(seconds=_offset(name)))
    return ZoneInfo(name)


def instant(text: str, per_second: int, zone: tzinfo | None, *, local: bool, lossy: bool) -> int:
    """Counts of 1/``per_second`` since 1970, of ISO 8601 text.

    An instant needs an offset in the text or ``zone``; a ``local`` timestamp must have none.
    """
    match = _DATE_TIME.fullmatch(text)
    if not match:
        raise bad(text, "an ISO 8601 date and time")
    day, (seconds, fraction) = (
        _days(text, *match.group(1, 2, 3)),
        _clock(text, *match.group(4, 5, 6, 7)),
    )
    seconds += day * 86_400
    offset = match[8]
    if local:
        if offset:
            raise bad(text, "a local date and time (it has an offset)")
    elif offset:
        seconds -= _offset(offset, text)
    elif zone is None:
        raise bad(text, "an instant (it has no offset, and the rule no zone)")
    else:
        seconds -= _shift_of_local(seconds, zone)
    value = seconds * per_second + _fraction(fraction, per_second, lossy=lossy)
    if not -(2**63) <= value < 2**63:
        raise overflow("timestamp")
    return value


def to_instant(value: int, per_second: int, zone: tzinfo) -> int:
    """The instant of a local timestamp in a zone; in years 1 to 9999."""
    _check_years(value // per_second)
    shift = _shift_of_local(value // per_second, zone)
    return within(value - shift * per_second, 64, "timestamp")


def to_local(value: int, per_second: int, zone: tzinfo) -> int:
    """What the clocks of a zone show at an instant; in years 1 to 9999."""
    _check_years(value // per_second)
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=value // per_second)
    shift = _seconds(at.astimezone(zone).utcoffset())
    return within(value + shift * per_second, 64, "local timestamp")


def _check_years(seconds: int) -> None:
    """A day is left at both ends, so that no zone leads beyond them."""
    if not (2 - _EPOCH) * 86_400 <= seconds < (date.max.toordinal() - _EPOCH) * 86_400:
        raise overflow("a zone's calendar, years 1 to 9999")


def _shift_of_local(seconds: int, zone: tzinfo) -> int:
    """Seconds of a zone's offset; in a gap the one before it, in an overlap the earlier time's."""
    start = datetime(1, 1, 1, tzinfo=zone)  # adding to it moves the clock on the wall
    return _seconds((start + timedelta(days=_EPOCH - 1, seconds=seconds)).utcoffset())


def _seconds(offset: timedelta | None) -> int:
    return offset.days * 86_400 + offset.seconds if offset else 0


def day(text: str) -> int:
    """Days since 1970 of ``YYYY-MM-DD``."""
    match = _DATE_ONLY.fullmatch(text)
    if not match:
        raise bad(text, "an ISO 8601 date")
    return _days(text, *match.groups())


def clock(text: str, per_second: int, *, lossy: bool) -> int:
    """Counts of 1/``per_second`` since midnight of ``hh:mm[:ss[.f]]``."""
    match = _TIME_ONLY.fullmatch(text)
    if not match:
        raise bad(text, "an ISO 8601 time of day")
    seconds, fraction = _clock(text, *match.groups())
    return seconds * per_second + _fraction(fraction, per_second, lossy=lossy)


def instant_text(value: int, per_second: int) -> str:
    """ISO 8601 in UTC; the fraction has 0, 3, 6 or 9 digits, as few as hold it."""
    return f"{local_text(value, per_second)}Z"


def local_text(value: int, per_second: int) -> str:
    """ISO 8601 without an offset."""
    days, ticks = divmod(value, 86_400 * per_second)
    return f"{day_text(days)}T{clock_text(ticks, per_second)}"


def day_text(days: int) -> str:
    """``YYYY-MM-DD``; years outside 0000 to 9999 carry a sign, as in ISO 8601's expanded form."""
    cycles, within = divmod(days + _EPOCH - 1, _CYCLE)  # days since 0001-01-01
    on = date.fromordinal(within + 1)
    number = on.year + 400 * cycles
    sign = "+" if number > 9999 else "-" if number < 0 else ""
    return f"{sign}{abs(number):04d}-{on.month:02d}-{on.day:02d}"


def clock_text(ticks: int, per_second: int) -> str:
    """``hh:mm:ss`` and the fraction, of what has passed since midnight."""
    second, rest = divmod(ticks, per_second)
    if not 0 <= second < 86_400:
        raise overflow("a time of day")
    fraction = f"{rest * (1_000_000_000 // per_second):09d}"
    while fraction.endswith("000"):
        fraction = fraction[:-3]
    tail = f".{fraction}" if fraction else ""
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}{tail}"


def real_text(value: float, *, single: bool = False) -> str:
    """The shortest digits that read back as the same number, laid out as JavaScript does.

    Plain from 1e-6 to below 1e21, else with an exponent; ``-0``; ``NaN``, ``INF`` and ``-INF`` as
    in XML Schema.
    """
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "INF" if value > 0 else "-INF"
    shown = _shortest_single(value) if single else Decimal(repr(value))
    sign, numerals, exponent = shown.as_tuple()
    assert isinstance(exponent, int)  # it is finite
    digits = "".join(map(str, numerals)).rstrip("0") or "0"
    point = exponent + len(numerals)  # where it stands, counted from the first digit
    if not value:
        plain = "0"
    elif 0 < point <= 21:
        whole, fraction = digits[:point].ljust(point, "0"), digits[point:]
        plain = f"{whole}.{fraction}" if fraction else whole
    elif -6 < point <= 0:
        plain = f"0.{'0' * -point}{digits}"
    else:
        fraction = f".{digits[1:]}" if digits[1:] else ""
        plain = f"{digits[0]}{fraction}e{point - 1:+d}"
    return f"-{plain}" if sign else plain


def _shortest_single(value: float) -> Decimal:
    """The shortest decimal that rounds to a 32-bit float: the nearest, of two the even one."""
    exact = Decimal(value)
    with localcontext(prec=200):  # more than a float has digits
        for digits in range(1, 10):
            step = Decimal((0, (1,), exact.adjusted() - digits + 1))
            below = exact - exact % step if value else exact
            both = (below, below + step.copy_sign(exact))
            near = [one for one in both if _reads_as_single(one, value)]
            if near:
                return min(near, key=lambda one: (abs(one - exact), abs(one / step % 2)))
    raise AssertionError(value)  # 9 digits tell all floats apart


def _reads_as_single(text: Decimal, value: float) -> bool:
    try:
        return real(f"{text:f}", 32) == value
    except MappingError:
        return False


def _days(text: str, year: str, month: str, day_of_month: str) -> int:
    try:
        return date(int(year), int(month), int(day_of_month)).toordinal() - _EPOCH
    except ValueError:
        raise bad(text, "a date of the calendar") from None


def _clock(
    text: str, hour: str, minute: str, second: str | None, fraction: str | None
) -> tuple[int, str]:
    h, m, s = int(hour), int(minute), int(second or 0)
    if h > 23 or m > 59 or s > 59:
        raise bad(text, "a time of day")
    return h * 3600 + m * 60 + s, (fraction or "").rstrip("0")


def _offset(offset: str, text: str = "") -> int:
    """Seconds of ``Z`` or ``±hh:mm``, at most 18 hours."""
    if offset == "Z":
        return 0
    hours, minutes = int(offset[1:3]), int(offset[4:6])
    seconds = hours * 3600 + minutes * 60
    if minutes > 59 or seconds > 18 * 3600:
        raise bad(text or offset, "a time with an offset of at most 18 hours")
    return -seconds if offset[0] == "-" else seconds


def _fraction(digits: str, per_second: int, *, lossy: bool) -> int:
    places = len(str(per_second)) - 1
    if len(digits) > places and not lossy:
        raise MappingError("lossy", f"{len(digits)} fraction digits where {places} fit")
    return int(digits[:places].ljust(places, "0") or "0")
