"""Random writers' schemas, as graphs of the product's own plain types, rendered to Avro JSON.

Everything random comes from one ``random.Random``, so that a seed names a case for ever.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from federation.schemas.avro import Field, Type

if TYPE_CHECKING:
    from random import Random

PRIMITIVES = ("boolean", "int", "long", "float", "double", "bytes", "string")
SYMBOLS = ("A", "B", "C", "red", "green", "true", "1")
TIMES = (
    ("int", "date"),
    ("int", "time-millis"),
    ("long", "time-micros"),
    ("long", "timestamp-millis"),
    ("long", "timestamp-micros"),
    ("long", "timestamp-nanos"),
    ("long", "local-timestamp-millis"),
    ("long", "local-timestamp-micros"),
    ("long", "local-timestamp-nanos"),
)


@dataclass
class Graphs:
    """Makes types; counts the names it gives and remembers the records it is within."""

    rng: Random
    prefix: str = "W"
    named: int = 0
    open: list[Type] = field(default_factory=list)

    def record(self, depth: int) -> Type:
        """A record of up to seven fields, nested up to ``depth`` types deep."""
        made = Type("record", name=self.name())
        self.open.append(made)
        count = self.rng.choice((0, 1, 2, 3, 4, 5, 7)) if self.open[1:] else self.rng.randint(1, 7)
        made.fields = tuple(Field(f"f{n}", self.type(depth - 1)) for n in range(count))
        self.open.pop()
        return made

    def type(self, depth: int, *, union: bool = True) -> Type:
        """Any type."""
        roll = self.rng.random()
        if depth <= 0 or roll < 0.45:
            return self.leaf()
        if roll < 0.55:
            return Type("array", items=self.type(depth - 1))
        if roll < 0.62:
            return Type("map", items=self.type(depth - 1))
        if roll < 0.77:
            return self.record(depth - 1)
        if roll < 0.80 and len(self.open) > 0:
            return self.recursion(union=union)
        return self.union(depth) if union else self.leaf()

    def leaf(self) -> Type:
        """A type without parts."""
        roll = self.rng.random()
        if roll < 0.5:
            return Type(self.rng.choice((*PRIMITIVES, "string", "string")))
        if roll < 0.52:
            return Type("null")
        if roll < 0.64:
            kind, logical = self.rng.choice(TIMES)
            return Type(kind, logical=logical)
        if roll < 0.76:
            return self.decimal()
        if roll < 0.82:
            return self.uuid()
        if roll < 0.92:
            return self.enum()
        return Type("fixed", name=self.name(), size=self.rng.choice((0, 1, 2, 4, 16)))

    def decimal(self) -> Type:
        """A decimal as bytes or fixed; the fixed holds all its digits."""
        precision = self.rng.choice((1, 2, 5, 9, 18, 19, 38))
        scale = self.rng.randint(0, precision)
        if self.rng.random() < 0.6:
            return Type("bytes", logical="decimal", precision=precision, scale=scale)
        size = next(n for n in range(1, 40) if 10**precision <= 2 ** (8 * n - 1))
        return Type(
            "fixed",
            name=self.name(),
            size=size + self.rng.choice((0, 0, 3)),
            logical="decimal",
            precision=precision,
            scale=scale,
        )

    def uuid(self) -> Type:
        """A UUID as text or as 16 bytes."""
        if self.rng.random() < 0.5:
            return Type("string", logical="uuid")
        return Type("fixed", name=self.name(), size=16, logical="uuid")

    def enum(self) -> Type:
        """An enum of one to six symbols."""
        symbols = self.rng.sample(SYMBOLS[:5], self.rng.randint(1, 5))
        made = Type("enum", name=self.name(), symbols=tuple(symbols))
        if self.rng.random() < 0.3:
            made.default = self.rng.choice(symbols)
        return made

    def union(self, depth: int) -> Type:
        """Null and a type, mostly; else up to five branches of any kind."""
        if self.rng.random() < 0.7:
            one = self.type(depth - 1, union=False)
            if one.kind == "null":
                return one
            branches = [Type("null"), one]
            return Type("union", branches=tuple(self.rng.sample(branches, 2)))
        found: dict[str, Type] = {}
        for _ in range(self.rng.randint(1, 5)):
            one = self.type(depth - 1, union=False)
            found.setdefault(one.name or one.kind, one)
        return Type("union", branches=tuple(found.values()))

    def recursion(self, *, union: bool) -> Type:
        """A record around this place, in something that can end."""
        one = self.rng.choice(self.open)
        kind = self.rng.choice(("array", "map", "union") if union else ("array", "map"))
        if kind == "union":
            return Type("union", branches=(Type("null"), one))
        return Type(kind, items=one)

    def name(self) -> str:
        """A new full name, sometimes within a namespace."""
        self.named += 1
        space = self.rng.choice(("", "", "n.", "m.deep."))
        return f"{space}{self.prefix}{self.named}"
