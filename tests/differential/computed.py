"""Rules that make a value of several fields: expressions, templates and choices, at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from federation.mapping import kinds

if TYPE_CHECKING:
    from random import Random

    from federation.schemas.avro import Type

LITERALS = {
    "long": ("0", "1", "-7", "3", "64", "9223372036854775807", "0x1F"),
    "double": ("0.0", "-0.5", "1e300", "2.5", "1e-7"),
    "string": ("''", "'a'", "'é😀'", "' x '", "'12'", "'1.5'", "'\\n'", "'true'"),
    "boolean": ("true", "false"),
    "null": ("null",),
}
BINARY = {
    "long": ("+", "-", "*", "/", "%"),
    "double": ("+", "-", "*", "/"),
    "string": ("+",),
    "boolean": ("&&", "||"),
}
CHOSEN = ("A", "B", "red", "green", "true", "false", "0", "1", "-1", "64", "", "é", "Card")


@dataclass
class Computed:
    """Makes rules over one record of a writer."""

    rng: Random
    w: Type

    def cel(self, depth: int = 3) -> str:
        """An expression, which now and then is one of kinds that do not go together."""
        return self.of(self.rng.choice(("long", "double", "string", "boolean")), depth)

    def of(self, kind: str, depth: int) -> str:
        """An expression that is meant to be of a kind."""
        rng = self.rng
        roll = rng.random()
        if roll < 0.02:
            kind = rng.choice(tuple(LITERALS))
        if depth <= 0 or roll < 0.35:
            return self.leaf(kind)
        if roll < 0.5:
            test = self.of("boolean", depth - 1)
            return f"({test} ? {self.of(kind, depth - 1)} : {self.of(kind, depth - 1)})"
        if roll < 0.6:
            name = self.name(None)
            return f"(has({name}) ? {self.of(kind, depth - 1)} : {self.leaf(kind)})"
        if kind == "null" or (roll < 0.75 and kind in BINARY):
            sign = rng.choice(BINARY.get(kind, ("==",)))
            return f"({self.of(kind, depth - 1)} {sign} {self.of(kind, depth - 1)})"
        return self.function(kind, depth - 1)

    def function(self, kind: str, depth: int) -> str:
        """A function or comparison that gives a kind."""
        rng = self.rng
        if kind == "long":
            size = f"size({self.of('string', depth)})"
            return rng.choice((size, f"int({self.some(depth)})", f"-{self.of('long', depth)}"))
        if kind == "double":
            return rng.choice((f"double({self.some(depth)})", f"-{self.of('double', depth)}"))
        text = self.of("string", depth)
        if kind == "string":
            begin, end = rng.randrange(3), rng.randrange(2, 6)
            calls = ("trim()", "lowerAscii()", "upperAscii()", "replace('a', 'ö')")
            cuts = (f"substring({begin})", f"substring({begin}, {end})")
            called = f"{text}.{rng.choice((*calls, *cuts))}"
            return rng.choice((f"string({self.some(depth)})", called))
        other = self.of("string", depth)
        number = rng.choice(("long", "double"))
        compared = f"{self.of(number, depth)} {rng.choice(('<', '<=', '==', '!=', '>'))} "
        return rng.choice(
            (
                f"({compared}{self.of(rng.choice(('long', 'double')), depth)})",
                f"({text} < {other})",
                f"{text}.{rng.choice(('startsWith', 'endsWith', 'contains'))}({other})",
                f"({self.of(number, depth)} in [{self.of(number, depth)}, 1])",
                f"!{self.of('boolean', depth)}",
                f"bool({text})",
                f"({self.name(None)} == {self.leaf('null')})",
            )
        )

    def some(self, depth: int) -> str:
        """An expression of any kind."""
        return self.of(self.rng.choice(("long", "double", "string", "boolean")), depth)

    def leaf(self, kind: str) -> str:
        """A literal, or a path whose value may be of the kind."""
        name = self.name(kind) if self.rng.random() < 0.7 else ""
        return name or self.rng.choice(LITERALS[kind])

    def name(self, kind: str | None) -> str:
        """A path of the writer, or a name that it lacks."""
        found = [p for p, t in self.paths() if kind is None or kind in kinds.of(t)]
        if not found or self.rng.random() < 0.01:
            return "gone" if kind is None else ""
        return self.rng.choice(found)

    def paths(self) -> list[tuple[str, Type]]:
        """Paths of one or two names, and elements of lists, with their types."""
        found = []
        for one in self.w.fields:
            found.append((one.name, one.type))
            if one.type.kind == "array":
                found.append((f"{one.name}[{self.rng.randrange(2)}]", one.type.of))
            for inner in (one.type, *one.type.branches):
                found += [(f"{one.name}.{f.name}", f.type) for f in inner.fields]
        return found

    def template(self) -> str:
        """Text with one to three paths."""
        names = [one.name for one in self.w.fields] + self.branches() or ["gone"]
        parts = [f"{{{self.rng.choice(names)}}}" for _ in range(self.rng.randint(1, 3))]
        return self.rng.choice(("", "-", "{{", "é")).join(["", *parts])

    def branches(self) -> list[str]:
        """Paths that name a branch of a union."""
        return [
            f"{one.name}.{b.short_name or b.kind}"
            for one in self.w.fields
            if one.type.tagged
            for b in one.type.branches
        ]

    def choice(self, made: Type) -> dict[str, Any]:
        """Cases for a field whose type is a union of null, long and string, or one of them."""
        rng = self.rng
        names = [one.name for one in self.w.fields] + self.branches() or ["gone"]
        cases = {}
        for _ in range(rng.randint(1, 4)):
            rule: dict[str, Any] = rng.choice(
                ({"from": rng.choice(names)}, {"cel": self.cel(1)}, {"template": self.template()})
            )
            if made.kind == "union" and rng.random() < 0.5:
                rule["type"] = rng.choice(made.branches).kind
            symbols = [s for one in self.w.fields for s in one.type.symbols]
            cases[rng.choice((*CHOSEN, *symbols))] = rule
        return {"by": rng.choice(names), "cases": cases}
