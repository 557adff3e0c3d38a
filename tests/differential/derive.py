"""A contract and rules for a writer's schema, by the steps that people take; now and then a false one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from computed import Computed
from graphs import PRIMITIVES, SYMBOLS, TIMES, Graphs

from federation.schemas.avro import ABSENT, Field, Type

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

MAX_LEVELS = 4  # of defaults within defaults
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "+05:30", "-03:00", "Z", "UTC")
UNITS = ("s", "ms", "us", "ns")
ENCODINGS = ("hex", "base64", "base64url")
REPLACED = ("A", "red", "", "1", "-1", "0", "true", "false", "12.50", "US$", "é")


@dataclass
class Deriver:
    """One contract. ``careless`` is the chance of a step that may have to be refused."""

    rng: Random
    careless: float = 0.01
    graphs: Graphs = field(init=False)
    made: dict[Type, Type] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.graphs = Graphs(self.rng, prefix="C")

    def chance(self, share: float) -> bool:
        """Whether something that happens so often happens now."""
        return self.rng.random() < share

    def record(self, w: Type, *, ruled: bool) -> tuple[Type, dict[str, Any]]:
        """The contract's record for a writer's, and the rules of its fields."""
        c = self.made[w] = self.named(w)
        fields: list[Field] = []
        rules: dict[str, Any] = {}
        for one in w.fields:
            if self.chance(0.12):
                continue
            name, aliases, rule = self.naming(one.name, ruled=ruled)
            made = self.type(one.type, rule)
            if rule and "default" in rule:
                rule["default"] = self.literal(made)  # of the field, not of its elements
            default = self.literal(made) if self.chance(0.2) else ABSENT
            fields.append(Field(name, made, default, aliases))
            if rule:
                rules[name] = self.shortened(rule)
        more = range(self.rng.choice((0, 0, 0, 1, 2)))
        fields += [self.added(f"x{n}", w, rules, ruled=ruled) for n in more]
        if self.chance(0.4):
            self.rng.shuffle(fields)
        c.fields = tuple(fields)
        return c, rules

    def shortened(self, rule: dict[str, Any]) -> Any:
        """A rule of a path alone may be just the path."""
        return rule["from"] if list(rule) == ["from"] and self.chance(0.5) else rule

    def naming(
        self, name: str, *, ruled: bool
    ) -> tuple[str, tuple[str, ...], dict[str, Any] | None]:
        """The contract's name for a field, its aliases, and the rule (None: there may be none)."""
        roll = self.rng.random()
        if not ruled:
            return (f"r_{name}", ("other", name), None) if roll < 0.2 else (name, (), None)
        if roll < 0.15:
            return f"r_{name}", (name, "other"), {}
        if roll < 0.55:
            return (f"r_{name}" if roll < 0.3 else name), (), {"from": name}
        return name, (), {}

    def added(self, name: str, w: Type, rules: dict[str, Any], *, ruled: bool) -> Field:
        """A field that is a default, a constant, a part from within, or the whole."""
        roll = self.rng.random()
        if ruled and w.kind == "record" and roll < 0.3:
            return self.computed(name, w, rules)
        if ruled and roll < 0.6:
            path, end = self.path(w)
            rule: dict[str, Any] = {"from": path}
            made = self.type(end, rule)
            rules[name] = self.shortened(rule)
            return Field(name, made)
        made = self.graphs.type(2)
        value = self.literal(made)
        if ruled and roll < 0.75:
            rules[name] = self.rng.choice(({"const": value}, {"from": "gone", "default": value}))
            return Field(name, made)
        return Field(name, made, ABSENT if self.chance(self.careless) else value)

    def computed(self, name: str, w: Type, rules: dict[str, Any]) -> Field:
        """A field that is made of several others, or of one chosen by another."""
        kinds = self.rng.sample(
            ("long", "double", "string", "boolean", "int"), self.rng.randint(1, 3)
        )
        branches = tuple(Type(kind) for kind in ("null", *kinds))
        made = self.rng.choice((branches[1], Type("union", branches=branches), Type("string")))
        some = Computed(self.rng, w)
        rule: dict[str, Any] = self.rng.choice(
            (
                {"cel": some.cel()},
                {"cel": some.cel(), "lossy": True},
                {"template": some.template()},
                {"branch": some.choice(made)},
            )
        )
        if self.chance(0.4):
            rule["default"] = self.literal(made)
        rules[name] = rule
        return Field(name, made)

    def path(self, w: Type) -> tuple[str, Type]:
        """A way to a value: through records and unions of null and a record; rarely the whole."""
        if self.chance(0.04):
            return ".", w
        steps, nullable = [], False
        while True:
            inner = next((b for b in (*w.branches, w) if b.kind == "record" and b.fields), None)
            if w.tagged and self.chance(0.5):
                w = self.rng.choice(w.branches)
                nullable = True
                steps.append(w.short_name or w.kind)
                continue
            if inner is None or w.tagged or (steps and self.chance(0.3)):
                break
            nullable = nullable or (w.kind == "union" and w.nullable)
            one = self.rng.choice(inner.fields)
            steps.append(one.name)
            w = one.type
            if len(steps) > 6:
                break
        if not steps:
            return "gone", Type("int")
        return ".".join(steps), Type("union", branches=(Type("null"), w)) if (
            nullable and w.kind not in ("union", "null")
        ) else w

    # types

    def type(self, w: Type, rule: dict[str, Any] | None) -> Type:
        """A type that ``w`` can become; what it takes is added to ``rule``."""
        if w.kind == "union":
            return self.of_union(w, rule)
        c = self.plain(w, rule)
        roll = self.rng.random()
        if roll < 0.12 and c.kind not in ("union", "null"):
            branches = [Type("null"), c]
            return Type("union", branches=tuple(self.rng.sample(branches, 2)))
        if roll < 0.17 and c.kind != "union":
            more = [Type(k) for k in self.rng.sample((*PRIMITIVES, "null"), 3) if k != c.kind]
            return Type("union", branches=tuple(self.rng.sample([c, *more], 1 + len(more))))
        if rule is not None and roll < 0.25 and "default" not in rule:
            rule["default"] = self.literal(c)
        return c

    def of_union(self, w: Type, rule: dict[str, Any] | None) -> Type:
        """Its branches changed one by one, in any order, some left out; or one of them alone."""
        others = [b for b in w.branches if b.kind != "null"]
        if not others:
            return Type("null")
        if len(others) == 1 and self.chance(0.3):
            c = self.type(others[0], rule)
            if rule is not None and self.chance(0.6):
                rule["default"] = self.literal(c)
            return c
        bare = rule if len(others) == 1 else None
        found: dict[str, Type] = {}
        for one in others:
            c = self.plain(one, bare)
            if not (found and self.chance(0.2)):
                found.setdefault(c.name or c.kind, c)
        if w.nullable or self.chance(0.3):
            found.setdefault("null", Type("null"))
        made = list(found.values())
        if self.chance(0.5):
            self.rng.shuffle(made)
        c = Type("union", branches=tuple(made))
        if rule is not None and self.chance(0.15):
            rule["default"] = self.literal(c)
        return c

    def plain(  # noqa: C901, PLR0912 - one kind of type after the other
        self, w: Type, rule: dict[str, Any] | None
    ) -> Type:
        """As :meth:`type`, for what is no union; no union either."""
        if self.chance(self.careless):
            return self.graphs.type(1, union=False)
        if w.kind in ("array", "map"):
            return Type(w.kind, items=self.type(w.of, rule))
        if w.kind == "record":
            if w in self.made:
                return self.made[w]
            c, rules = self.record(w, ruled=rule is not None)
            if rules and rule is not None:
                rule["fields"] = rules
                if not {"map", "split", "encoding", "unit", "zone", "scale"}.isdisjoint(rule):
                    del rule["fields"]
            return c
        named = rule is not None and "from" in rule
        ways = list(conversions(self, w))
        if named and self.chance(0.5):  # what only a rule that names the field may do
            ways = [way for way in ways if "from" in way[1]] or ways
        if rule is None:
            ways = [(c, need) for c, need in ways if not need]
        if not ways or self.chance(0.35):
            return self.mapped(w, self.copy(w), rule)
        c, need = self.rng.choice(ways)
        if rule is not None and not self.chance(self.careless):
            if "from" in need and "from" not in rule:
                return self.copy(w)  # text is parsed only where the rule names the field
            rule |= {key: value for key, value in need.items() if key != "from"}
            if not {"unit", "zone", "scale"}.isdisjoint(rule):
                rule.pop("encoding", None)
        if "lossy" in need and rule is not None and self.chance(0.05):
            rule.pop("lossy", None)
        return self.mapped(w, c, rule)

    def mapped(self, w: Type, c: Type, rule: dict[str, Any] | None) -> Type:
        """Now and then some texts are replaced."""
        if rule is None or "fields" in rule or w.kind not in ("string", "enum", "int", "boolean"):
            return c
        if (w.logical and w.logical != "uuid") or not self.chance(0.12):
            return c
        texts = {
            "string": ("", "A", "é", "US$"),
            "bytes": ("", "A", "é"),
            "enum": c.symbols,
            "int": ("1", "-7", "+5"),
            "long": ("9223372036854775807", "0"),
            "double": ("1e3", "NaN", "-INF", ".5"),
            "boolean": ("true", "0"),
        }.get(c.kind if not c.logical or c.kind == "enum" else "", ())
        if not texts or self.chance(self.careless):
            texts = ("A", "12")
            rule.setdefault("default", self.literal(c))
        known = (*w.symbols, *REPLACED)
        rule["map"] = {
            self.rng.choice(known): self.rng.choice(texts) for _ in range(self.rng.randint(1, 3))
        }
        return c

    def copy(self, w: Type) -> Type:
        """The same type, under the same or another name."""
        if not w.name:
            return Type(w.kind, logical=w.logical, precision=w.precision, scale=w.scale)
        if w not in self.made:
            c = self.made[w] = self.named(w)
            c.symbols, c.size, c.default = w.symbols, w.size, w.default
            c.logical, c.precision, c.scale = w.logical, w.precision, w.scale
        return self.made[w]

    def named(self, w: Type) -> Type:
        """A new type of the same kind: same name, same short name, an alias, or (rarely) neither."""
        roll = self.rng.random()
        name, aliases = w.name, ()
        if roll < 0.1:
            name = f"o.{w.short_name}"
        elif roll < 0.25:
            name = f"R{len(self.names)}"
            aliases = (w.name if roll < 0.18 else w.short_name,)
        if name in self.names or self.chance(self.careless):
            name = f"{self.rng.choice(('', 'p.'))}Z{len(self.names)}"
        self.names.add(name)
        return Type(w.kind, name=name, aliases=aliases)

    # literals

    def literal(self, c: Type, level: int = 0) -> Any:
        """A random JSON value in the form of an Avro default."""
        rng = self.rng
        if c.kind == "union":
            ends = [b for b in c.branches if b.kind != "record"] if level >= MAX_LEVELS else []
            return self.literal(rng.choice(ends or c.branches), level + 1)
        if c.kind == "record":  # one that contains itself by force has no value
            deep = level > 2 * MAX_LEVELS
            return {} if deep else {f.name: self.literal(f.type, level + 1) for f in c.fields}
        if c.kind in ("array", "map"):
            some = [self.literal(c.of, level + 1)] * (level < MAX_LEVELS and rng.randrange(3))
            return some if c.kind == "array" else {f"k{n}": one for n, one in enumerate(some)}
        if c.kind == "enum":
            return rng.choice(c.symbols)
        if c.kind == "fixed":
            return "".join(chr(rng.randrange(256)) for _ in range(c.size))
        return {
            "null": None,
            "boolean": self.chance(0.5),
            "int": rng.choice((0, -1, 7, 2**31 - 1)),
            "long": rng.choice((0, 2**63 - 1, -(2**63))),
            "float": rng.choice((0.5, -2, 1e-3)),
            "double": rng.choice((0.1, 3, -1e300)),
            "bytes": rng.choice(("", "\u00ff\u0000", "\u0001")),
            "string": rng.choice(("", "é", "default")),
        }[c.kind]


def conversions(  # noqa: C901 - a table of cases
    d: Deriver, w: Type
) -> Iterator[tuple[Type, dict[str, Any]]]:
    """What a type without parts can become, each with what its rule must say."""
    named: dict[str, Any] = {"from": "."}
    if w.kind == "enum":
        yield _enum(d, w), {}
        yield Type("string"), {}
    elif w.logical == "decimal":
        c = d.graphs.decimal()
        yield c, {"lossy": True}
        wide = min(38, w.precision + d.rng.randrange(6))
        more = d.rng.randint(0, wide - w.precision)
        yield Type("bytes", logical="decimal", precision=wide, scale=w.scale + more), {}
        yield Type("string"), named
        yield Type(d.rng.choice(("float", "double"))), {"lossy": True}
        yield Type(d.rng.choice(("int", "long"))), {"scale": d.rng.randrange(4), "lossy": True}
        yield Type("long"), {}
    elif w.logical == "uuid":
        yield (d.graphs.uuid(), {})
        yield Type("string"), named
    elif w.logical:
        family = w.logical.rpartition("-")[0]
        units = [t for t in TIMES if family and t[1].rpartition("-")[0] == family]
        if units:
            kind, logical = d.rng.choice(units)
            yield Type(kind, logical=logical), {"lossy": True}
        yield Type("string"), named
        if "timestamp" in w.logical:
            unit = d.rng.choice(UNITS)
            yield Type(d.rng.choice(("long", "long", "int"))), {"unit": unit, "lossy": True}
            other = Type("long", logical=d.rng.choice(TIMES[3:])[1])
            yield other, {"zone": d.rng.choice(ZONES), "lossy": True}
        yield Type(w.kind), {}
    elif w.kind in ("int", "long"):
        yield from (
            (Type(kind), {"lossy": True} if kind == "int" else {})
            for kind in ("int", "long", "float", "double")
        )
        yield Type("string"), named
        yield d.graphs.decimal(), {"scale": d.rng.randrange(6), "lossy": True}
        yield (
            Type("long", logical=d.rng.choice(TIMES[3:])[1]),
            {"unit": d.rng.choice(UNITS), "lossy": True},
        )
    elif w.kind in ("float", "double"):
        yield from ((Type(kind), {"lossy": True}) for kind in ("int", "long", "float", "double"))
        yield Type("string"), named
        yield d.graphs.decimal(), {"lossy": True}
    elif w.kind == "string":
        yield from _of_text(d, named)
    elif w.kind == "fixed":
        yield Type("string"), {"encoding": d.rng.choice(ENCODINGS)}
        yield Type("bytes"), named
    elif w.kind == "bytes":
        yield Type("string"), {}
        yield Type("string"), {"encoding": d.rng.choice(ENCODINGS)}
        yield Type("bytes", logical="decimal", precision=9, scale=2), {}
        yield Type("fixed", name=d.graphs.name(), size=d.rng.randrange(3)), named
    elif w.kind == "boolean":
        yield Type("string"), named


def _of_text(d: Deriver, named: dict[str, Any]) -> Iterator[tuple[Type, dict[str, Any]]]:
    yield Type("bytes"), {}
    yield Type("bytes"), {"encoding": d.rng.choice(ENCODINGS)}
    fixed = Type("fixed", name=d.graphs.name(), size=d.rng.randrange(4))
    yield fixed, {"encoding": d.rng.choice(ENCODINGS)}
    by = d.rng.choice(("-", ".", ":", "0", "é"))
    yield Type("string"), {"split": {"by": by, "part": d.rng.choice((0, 0, 1, 2, -1, -2))}}
    yield Type("long"), {"split": {"by": by, "part": d.rng.choice((0, 1, -1))}}
    yield Type("array", items=Type(d.rng.choice(("string", "int")))), {"split": {"by": by}}
    yield from ((Type(kind), named) for kind in ("int", "long", "float", "double", "boolean"))
    for scale in (0, 0, 0, 1, 1, 1, 2):
        decimal = Type("bytes", logical="decimal", precision=d.rng.randint(2, 38), scale=scale)
        yield decimal, named | d.rng.choice(({}, {}, {}, {"lossy": True}))
    yield d.graphs.uuid(), named
    yield Type("enum", name=d.graphs.name(), symbols=SYMBOLS[:5]), named
    for _ in range(8):
        kind, logical = d.rng.choice(TIMES)
        need = named | d.rng.choice(({}, {}, {"lossy": True}))
        if "timestamp" in logical:
            need |= d.rng.choice(({}, {"zone": d.rng.choice(ZONES)}))
        yield Type(kind, logical=logical), need


def _enum(d: Deriver, w: Type) -> Type:
    symbols = list(w.symbols)
    d.rng.shuffle(symbols)
    if len(symbols) > 1 and d.chance(0.4):
        symbols.pop()
    symbols += [s for s in ("more",) if d.chance(0.3)]
    c = d.named(w)
    c.symbols = tuple(symbols)
    if d.chance(0.5):
        c.default = d.rng.choice(symbols)
    return c
