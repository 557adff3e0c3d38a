"""How a case of the conformance suite is written down, and how all of them become JSON.

Expected values are reasoned from the Avro 1.12 specification and the mapping page, and built by hand
from ``wire.py``. No code of the product takes part, so that both implementations can be wrong.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

Json = Any


@dataclass
class Topic:
    """The cases of one file. ``section`` is where in the specification their sentences stand."""

    name: str
    section: str
    cases: list[dict[str, Any]] = field(default_factory=list)

    def gives(self, name: str, why: str, writer: Json, contract: Json, data: bytes, out: bytes, **more: Json) -> None:
        """``data`` of the writer's type becomes ``out`` of the contract's."""
        self._add(name, why, writer, contract, more, {"in": data.hex(), "out": out.hex()})

    def copies(self, name: str, why: str, kind: Json, data: bytes, **more: Json) -> None:
        """A value that stays as it is where both types are ``kind``."""
        self.gives(name, why, kind, kind, data, data, **more)

    def fails(self, name: str, why: str, writer: Json, contract: Json, data: bytes, error: str, **more: Json) -> None:
        """``data`` is a dead letter; ``error`` is ``stage/reason/path`` of the field ``f``."""
        stage, reason, path = error.split("/")
        said = {"stage": stage, "reason": reason, "path": path}
        self._add(name, why, writer, contract, more, {"in": data.hex(), "error": said})

    def damaged(self, name: str, why: str, kind: Json, data: bytes, reason: str, path: str = "f") -> None:
        """``data`` is not one value of ``kind``."""
        self.fails(name, why, kind, kind, data, f"decode/{reason}/{path}")

    def refused(self, name: str, why: str, writer: Json, contract: Json, **more: Json) -> None:
        """No value of the writer's type can become one of the contract's."""
        self._add(name, why, writer, contract, more, {"refused": True})

    def _add(self, name: str, why: str, writer: Json, contract: Json, more: Json, outcome: Json) -> None:
        section = more.pop("section", self.section)
        one = {"name": f"{self.name}: {name}", "spec": f"{section}: {why}"}
        one |= {"writer": _whole(writer, "W"), "contract": _whole(contract, "C", more.pop("default", ...))}
        rule = more.pop("rule", None)
        one["rules"] = more.pop("rules", {"f": rule} if rule is not None else {})
        assert not more, more
        self.cases.append(one | outcome)

    def text(self) -> str:
        """The file: one case a line."""
        lines = [json.dumps(one, ensure_ascii=False) for one in self.cases]
        return '{"cases": [\n' + ",\n".join(lines) + "\n]}\n"


def _whole(kind: Json, name: str, default: Json = ...) -> Json:
    """A type as the field ``f`` of a record, unless it is the whole datum already."""
    if isinstance(kind, Whole):
        return kind.schema
    one = {"name": "f", "type": kind}
    return record(name, one if default is ... else one | {"default": default})


@dataclass
class Whole:
    """A schema that is the whole datum and no field of it."""

    schema: Json


def record(name: str, *fields: Json, **more: Json) -> Json:
    """A record schema; a field is an object or a pair of name and type."""
    made = [{"name": one[0], "type": one[1]} if isinstance(one, tuple) else one for one in fields]
    return {"type": "record", "name": name, "fields": made, **more}


def enum(name: str, symbols: str, **more: Json) -> Json:
    """An enum schema; the symbols are separated by blanks."""
    return {"type": "enum", "name": name, "symbols": symbols.split(), **more}


def fixed(name: str, size: int, **more: Json) -> Json:
    """A fixed schema."""
    return {"type": "fixed", "name": name, "size": size, **more}


def array(items: Json) -> Json:
    """An array schema."""
    return {"type": "array", "items": items}


def map_of(values: Json) -> Json:
    """A map schema."""
    return {"type": "map", "values": values}


def logical(kind: str, name: str, **more: Json) -> Json:
    """A primitive type with a logical type."""
    return {"type": kind, "logicalType": name, **more}


def decimal(precision: int, scale: int = 0) -> Json:
    """A decimal as bytes."""
    return logical("bytes", "decimal", precision=precision, scale=scale)
