"""The form in which a function sees a record, and back.

Records and maps are dicts, arrays lists, enums their symbol, fixed ``bytes``; logical types are
what Python has for them (:data:`federation.transform.leaves.LOGICAL`). The value of a union is bare
where Python tells its branches apart, else ``(branch, value)``, with the full name of a named type
or the kind of another.
What comes back is checked to the last field: what would not be a record of the contract is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from federation.schemas.codec import Branch, as_map
from federation.transform.leaves import LOGICAL, SIMPLE, refused, to_bytes, to_string
from federation.transform.refusal import TransformError

if TYPE_CHECKING:
    from federation.schemas.avro import Type
    from federation.transform.leaves import Convert


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
        if node.logical in LOGICAL:
            python, made = LOGICAL[node.logical]
            return Form(python, *made(node))
        if node.kind in SIMPLE:
            return Form(_python(node), None, SIMPLE[node.kind])
        form: Form = getattr(self, f"_{node.kind}")(node)
        return form

    def _enum(self, node: Type) -> Form:
        symbols = frozenset(node.symbols)

        def close(value: Any) -> Any:
            if not isinstance(value, str) or value not in symbols:
                raise refused(value, f"symbol of {node.short_name}")
            return str(value)

        return Form(str, None, close)

    def _fixed(self, node: Type) -> Form:
        def close(value: Any) -> bytes:
            data = to_bytes(value)
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
                raise refused(value, f"record {node.short_name}")
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
                raise refused(value, "array")
            return _each(item.close, value)

        return Form(list, opened if item.open is not None else None, close)

    def _map(self, node: Type) -> Form:
        item = self.of(node.of)

        def entries(one: Convert | None, pairs: Any) -> dict[str, Any]:
            keys, values = zip(*pairs, strict=True) if pairs else ((), ())
            return as_map(list(zip(map(to_string, keys), _each(one, values, keys), strict=True)))

        def opened(value: dict[str, Any]) -> dict[str, Any]:
            return entries(item.open, value.items())

        def close(value: Any) -> dict[str, Any]:
            if isinstance(value, dict):
                return entries(item.close, value.items())
            if isinstance(value, list) and all(isinstance(p, tuple) and len(p) == 2 for p in value):
                return entries(item.close, value)  # as Arrow gives maps
            raise refused(value, "map")

        return Form(dict, opened if item.open is not None else None, close)

    def _union(self, node: Type) -> Form:
        if not node.tagged:
            return self._optional(node)
        branches = [self.of(one) for one in node.branches]
        names = [one.name or one.kind for one in node.branches]
        kinds = [_python(one) for one in node.branches]
        told = _alike(node)

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
            raise deepest if deepest.path else refused(value, f"{node}")

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


def _alike(node: Type) -> bool:
    """Whether Python cannot tell the branches of a union apart by their values' types."""
    kinds = [_python(one) for one in node.branches]
    return len(set(kinds)) < len(kinds)


def _python(node: Type) -> type:
    return LOGICAL[node.logical][0] if node.logical in LOGICAL else _KINDS[node.kind]


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
