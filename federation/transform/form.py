"""The form in which a function sees a record, and back.

Records and maps are dicts, arrays lists, enums their symbol, fixed ``bytes``; logical types are
what Python has for them (:data:`FORMS`). The value of a union is bare where Python tells its
branches apart, else ``(branch, value)``, with the full name of a named type or the kind of another.
What comes back is checked to the last field: what would not be a record of the contract is refused.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Context, Decimal, InvalidOperation
from functools import partial
from numbers import Real
from typing import TYPE_CHECKING, Any

from federation.schemas.avro import MAX_PRECISION
from federation.schemas.codec import Branch, as_map
from federation.transform.refusal import TransformError

if TYPE_CHECKING:
    from federation.schemas.avro import Type

Convert = Callable[[Any], Any]

_EPOCH, _LOCAL_EPOCH = datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 1)  # noqa: DTZ001 - local timestamps have no zone
_FIRST_DAY = date(1970, 1, 1).toordinal()
_MICRO, _MILLI, _DAY = timedelta(microseconds=1), timedelta(milliseconds=1), timedelta(days=1)
_EXACT = Context(prec=2 * MAX_PRECISION)
_WIDTH = 60  # characters of a value that are shown


@dataclass(frozen=True, slots=True)
class Form:
    """How values of one Avro type look to a function.

    Attributes:
        python: the type that its values have there.
        open: from the codec's values; None where they are the same.
        close: back, refusing what is no value of the type.
    """

    python: type
    open: Convert | None
    close: Convert


class Forms:
    """Builds the forms of a schema's types."""

    def __init__(self) -> None:
        self._made: dict[int, Form] = {}

    def of(self, node: Type) -> Form:
        """The form of a type; of one that contains itself, too."""
        found = self._made.get(id(node))
        if found is None:
            self._made[id(node)] = self._late(node)
            found = self._made[id(node)] = self._form(node)
        return found

    def _late(self, node: Type) -> Form:
        """Stands in for a form that is being made: what lies within may lead back to it."""

        def opened(value: Any) -> Any:
            return _opened(self._made[id(node)], value)

        def close(value: Any) -> Any:
            return self._made[id(node)].close(value)

        return Form(_python(node), opened, close)

    def _form(self, node: Type) -> Form:
        if node.logical in FORMS:
            opened, close = FORMS[node.logical](node)
            return Form(_python(node), opened, close)
        if node.kind in _SIMPLE:
            return Form(_python(node), None, _SIMPLE[node.kind])
        made: Form = getattr(self, f"_{node.kind}")(node)
        return made

    def _enum(self, node: Type) -> Form:
        symbols = frozenset(node.symbols)

        def close(value: Any) -> Any:
            if not isinstance(value, str) or value not in symbols:
                raise _no(value, f"symbol of {node.short_name}")
            return str(value)

        return Form(str, None, close)

    def _fixed(self, node: Type) -> Form:
        def close(value: Any) -> bytes:
            data = _bytes(value)
            if len(data) != node.size:
                raise TransformError("type", f"{len(data)} bytes for {node.size}")
            return data

        return Form(bytes, None, close)

    def _record(self, node: Type) -> Form:
        forms = {one.name: self.of(one.type) for one in node.fields}
        closes = [(name, form.close) for name, form in forms.items()]
        opens = [(name, form.open) for name, form in forms.items() if form.open is not None]

        def opened(value: dict[str, Any]) -> dict[str, Any]:
            for name, one in opens:
                try:
                    value[name] = one(value[name])
                except TransformError as error:
                    raise error.under(name) from None
            return value

        def close(value: Any) -> dict[str, Any]:
            if not isinstance(value, dict):
                raise _no(value, f"record {node.short_name}")
            out = {}
            name = ""
            try:
                for name, one in closes:
                    out[name] = one(value[name])
            except TransformError as error:
                raise error.under(name) from None
            except KeyError:
                raise TransformError("type", "is missing", path=name) from None
            if len(value) != len(out):
                extra = next(str(each) for each in value if each not in out)
                raise TransformError("type", f"{node.short_name} has no such field", path=extra)
            return out

        return Form(dict, opened if opens else None, close)

    def _array(self, node: Type) -> Form:
        item = self.of(node.of)

        def opened(value: list[Any]) -> list[Any]:
            return _each(item.open, value)

        def close(value: Any) -> list[Any]:
            if not isinstance(value, (list, tuple)):
                raise _no(value, "array")
            return _each(item.close, value)

        return Form(list, opened if item.open is not None else None, close)

    def _map(self, node: Type) -> Form:
        item = self.of(node.of)

        def entries(one: Convert | None, pairs: Any) -> dict[str, Any]:
            keys, values = zip(*pairs, strict=True) if pairs else ((), ())
            return as_map(list(zip(map(_string, keys), _each(one, values, keys), strict=True)))

        def opened(value: dict[str, Any]) -> dict[str, Any]:
            return entries(item.open, value.items())

        def close(value: Any) -> dict[str, Any]:
            if isinstance(value, dict):
                return entries(item.close, value.items())
            if isinstance(value, list) and all(isinstance(p, tuple) and len(p) == 2 for p in value):
                return entries(item.close, value)  # as Arrow gives maps
            raise _no(value, "map")

        return Form(dict, opened if item.open is not None else None, close)

    def _union(self, node: Type) -> Form:
        if not node.tagged:
            return self._optional(node)
        branches = [self.of(one) for one in node.branches]
        names = [one.name or one.kind for one in node.branches]
        kinds = [_python(one) for one in node.branches]
        told = alike(node)

        def opened(value: Any) -> Any:
            if value is None:
                return None
            plain = _opened(branches[value.tag], value.value)
            return (names[value.tag], plain) if told else plain

        def close(value: Any) -> Any:
            if value is None and node.nullable:
                return None
            if isinstance(value, tuple) and len(value) == 2 and value[0] in names:
                tag = names.index(value[0])
                return Branch(tag, branches[tag].close(value[1]))
            nearest = sorted(range(len(kinds)), key=lambda n: kinds[n] is not type(value))
            refusals = []
            for tag in nearest:
                try:
                    if names[tag] != "null":
                        return Branch(tag, branches[tag].close(value))
                except TransformError as error:
                    refusals.append(error)
            deepest = max(refusals, key=lambda one: one.path.count(".") + bool(one.path))
            raise deepest if deepest.path else _no(value, f"{node}")

        return Form(object, opened, close)

    def _optional(self, node: Type) -> Form:
        inner = next((one for one in node.branches if one.kind != "null"), node.branches[0])
        form = self.of(inner)

        def opened(value: Any) -> Any:
            return None if value is None else _opened(form, value)

        def close(value: Any) -> Any:
            return None if value is None else form.close(value)

        convert = opened if form.open is not None else None
        return Form(form.python, convert, close if node.nullable else form.close)


def alike(node: Type) -> bool:
    """Whether Python cannot tell the branches of a union apart by their values' types."""
    kinds = [_python(one) for one in node.branches]
    return len(set(kinds)) < len(kinds)


def _python(node: Type) -> type:
    return _LOGICAL.get(node.logical) or _KINDS[node.kind]


def _opened(form: Form, value: Any) -> Any:
    return value if form.open is None else form.open(value)


def _each(one: Convert | None, values: Any, names: Any = None) -> list[Any]:
    """Convert the elements of an array or map; a refusal names the one."""
    if one is None:
        return list(values)
    out: list[Any] = []
    try:
        for value in values:
            out.append(one(value))  # noqa: PERF401 - how far it came is what the refusal says
    except TransformError as error:
        raise error.under(str(len(out) if names is None else names[len(out)])) from None
    return out


def _no(value: Any, what: str) -> TransformError:
    text = "None" if value is None else f"{value!r} ({type(value).__name__})"
    short = text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"
    return TransformError("type", f"{short} is no {what}")


def _null(value: Any) -> None:
    if value is not None:
        raise _no(value, "null")


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _no(value, "boolean")
    return value


def _whole(low: int, high: int, what: str, value: Any) -> int:
    if type(value) is not int:
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            raise _no(value, what)
        value = value.__index__()  # as numpy's integers have it
    if not low <= value <= high:
        raise _no(value, what)
    return int(value)


def _double(value: Any) -> float:
    if type(value) is not float:
        if isinstance(value, bool) or not isinstance(value, Real):
            raise _no(value, "double")
        value = float(value)
    return float(value)


def _float(value: Any) -> float:
    found = _double(value)
    try:
        struct.pack("<f", found)
    except OverflowError:
        raise _no(value, "float") from None
    return found


def _bytes(value: Any) -> bytes:
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise _no(value, "bytes")
    return bytes(value)


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise _no(value, "string")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise _no(value, "text that has a form in UTF-8") from None
    return str(value)


_SIMPLE: dict[str, Convert] = {
    "null": _null,
    "boolean": _boolean,
    "int": partial(_whole, -(2**31), 2**31 - 1, "int"),
    "long": partial(_whole, -(2**63), 2**63 - 1, "long"),
    "float": _float,
    "double": _double,
    "bytes": _bytes,
    "string": _string,
}
_KINDS: dict[str, type] = {
    "null": type(None),
    "boolean": bool,
    "int": int,
    "long": int,
    "float": float,
    "double": float,
    "bytes": bytes,
    "fixed": bytes,
    "string": str,
    "enum": str,
    "array": list,
    "map": dict,
    "record": dict,
    "union": object,
}


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
            raise _no(value, "datetime")
        if (value.utcoffset() is not None) is not zoned:
            raise _no(value, "datetime with a time zone" if zoned else "datetime without one")
        return (value - epoch) // unit

    return opened, close


def _times(unit: timedelta) -> tuple[Convert, Convert]:
    def opened(value: int) -> time:
        if not 0 <= value < _DAY // unit:
            raise TransformError("range", f"{value} is no time of a day")
        return (_LOCAL_EPOCH + value * unit).time()

    def close(value: Any) -> int:
        if not isinstance(value, time) or value.tzinfo is not None:
            raise _no(value, "time without a zone")
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
            raise _no(value, "date")
        return value.toordinal() - _FIRST_DAY

    return opened, close


def _decimals(node: Type) -> tuple[Convert, Convert]:
    def opened(value: bytes) -> Decimal:
        return Decimal(int.from_bytes(value, signed=True)).scaleb(-node.scale, _EXACT)

    def close(value: Any) -> bytes:
        if type(value) is int:
            value = Decimal(value)
        if not isinstance(value, Decimal) or not value.is_finite():
            raise _no(value, f"{node}")
        try:
            moved = value.scaleb(node.scale, _EXACT)
        except InvalidOperation:
            raise _no(value, f"{node}") from None
        unscaled = int(moved)
        if moved != unscaled or abs(unscaled) >= 10**node.precision:
            raise _no(value, f"{node}")
        shortest = (unscaled + (unscaled < 0)).bit_length() // 8 + 1
        try:
            return unscaled.to_bytes(node.size if node.kind == "fixed" else shortest, signed=True)
        except OverflowError:
            raise _no(value, f"{node}") from None

    return opened, close


FORMS: dict[str, Callable[[Type], tuple[Convert, Convert]]] = {
    "date": lambda _: _dates(),
    "time-millis": lambda _: _times(_MILLI),
    "time-micros": lambda _: _times(_MICRO),
    "timestamp-millis": lambda _: _instants(_MILLI, _EPOCH),
    "timestamp-micros": lambda _: _instants(_MICRO, _EPOCH),
    "local-timestamp-millis": lambda _: _instants(_MILLI, _LOCAL_EPOCH),
    "local-timestamp-micros": lambda _: _instants(_MICRO, _LOCAL_EPOCH),
    "decimal": _decimals,
}
"""By logical type; UUIDs stay text or bytes, nanoseconds numbers, and durations bytes."""
_LOGICAL: dict[str, type] = {
    "date": date,
    "time-millis": time,
    "time-micros": time,
    "timestamp-millis": datetime,
    "timestamp-micros": datetime,
    "local-timestamp-millis": datetime,
    "local-timestamp-micros": datetime,
    "decimal": Decimal,
}
