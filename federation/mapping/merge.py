"""The widest common type of several writers' types: every one of them converts to it.

What converts is asked of :func:`federation.mapping.convert.scalar`, so that a merged type is met by
all it was made from. What has no common type becomes a union; branches of one writer's union, and
types within themselves, stay what they are.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from federation.mapping.convert import TIMES, scalar
from federation.mapping.step import Mismatch, Options
from federation.schemas.avro import ABSENT, MAX_PRECISION, NAMED, Field, Type
from federation.schemas.defaults import NotOfType, from_json

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence

_DIGITS = {"int": 10, "long": 19}
_COMPLEX = frozenset({"record", "array", "map"})


@dataclass(frozen=True, slots=True)
class Seen:
    """A type as one writer has it; ``source`` and ``writer`` (one version) are numbers."""

    source: int
    writer: int
    type: Type


@dataclass(frozen=True, slots=True)
class Merger:
    """Merges the types of one contract; its named types get names that no other of them has."""

    taken: set[str]  # names of all writers' types: a made-up name is none of them
    given: set[str]
    made: dict[frozenset[int], Type]

    @classmethod
    def over(cls, names: Iterable[str] = ()) -> Merger:
        """A merger for writers whose named types are called ``names``."""
        return cls(set(names), set(), {})

    def merge(self, seen: Sequence[Seen], *, named: bool = False, null: bool = False) -> Type:
        """The common type.

        Args:
            seen: at least one.
            named: whether a rule may name the field, so that text and plain numbers convert.
            null: null is a value, too, and the first of the branches.
        """
        leaves = [
            Seen(s.source, s.writer, leaf)
            for s in seen
            for leaf in (s.type.branches if s.type.kind == "union" else (s.type,))
        ]
        groups = _groups([leaf for leaf in leaves if leaf.type.kind != "null"])
        joined = list(_join(groups, named=named))
        branches = [self._one(group, named=named) for group in joined]
        names = [b.name or b.kind for b in branches]
        if len(set(names)) != len(names):  # rare: one of them gives up its logical type
            branches = [self._one(group, named=named, plain=True) for group in groups]
        nulls = [n for n, leaf in enumerate(leaves) if leaf.type.kind == "null"]
        if nulls or null:
            before = 0 if null or not seen[0].type.nullable else nulls[0]
            branches.insert(before, Type("null"))
        return branches[0] if len(branches) == 1 else Type("union", branches=tuple(branches))

    def field(
        self,
        name: str,
        found: Sequence[tuple[Seen, Field]],
        writers: Sequence[Seen],
        *,
        named: bool = False,
        aliases: tuple[str, ...] = (),
    ) -> Field:
        """One field of a merged record.

        Where versions of a source lack it, the default that its writer declares stands in; where
        a whole source lacks it, null.
        """
        types = [seen for seen, _ in found]
        have, sources = {s.writer for s in types}, {s.source for s in types}
        lacking = [s for s in writers if s.writer not in have]
        foreign = any(s.source not in sources for s in lacking)
        extra = {k: v for k, v in found[0][1].extra.items() if k == "doc"}
        default = next((f.default for _, f in found if f.default is not ABSENT), ABSENT)
        if default is not ABSENT and not foreign:
            made = self.merge(types, named=named, null=default is None)
            if _fits(made, default):
                return Field(name, made, default, aliases, extra)
        if lacking:
            return Field(name, self.merge(types, named=named, null=True), None, aliases, extra)
        return Field(name, self.merge(types, named=named), ABSENT, aliases, extra)

    def record(self, group: Sequence[Seen]) -> Type:
        """Records merged by the names of their fields."""
        made, new = self._named(group)
        if new:
            names = dict.fromkeys(f.name for s in group for f in s.type.fields)
            made.fields = tuple(
                self.field(
                    name,
                    [
                        (Seen(s.source, s.writer, f.type), f)
                        for s in group
                        if (f := s.type.field(name)) is not None
                    ],
                    group,
                )
                for name in names
            )
        return made

    def _one(self, group: list[Seen], *, named: bool, plain: bool = False) -> Type:
        """The type of a group that has a common one."""
        first = group[0].type
        if first.kind == "record":
            return self.record(group)
        if first.kind in ("array", "map"):
            inner = [Seen(s.source, s.writer, s.type.of) for s in group]
            return Type(first.kind, items=self.merge(inner, named=named))
        types = [s.type for s in group]
        made = _plain(first) if plain else _common(types, named=named)
        assert made is not None  # groups are made and joined so that there is one
        if made.kind not in NAMED:
            return made
        out, new = self._named(group)
        if new:
            out.size, out.logical = made.size, made.logical
            out.precision, out.scale = made.precision, made.scale
            out.symbols = tuple(dict.fromkeys(symbol for t in types for symbol in t.symbols))
            out.default = first.default
        return out

    def _named(self, group: Sequence[Seen]) -> tuple[Type, bool]:
        """The named type made from a group, and whether it is new and to be filled."""
        key = frozenset(id(s.type) for s in group)
        if key in self.made:
            return self.made[key], False
        first = group[0].type
        name, n = first.name, 2
        while name in self.given or (name != first.name and name in self.taken):
            name, n = f"{first.name}_{n}", n + 1
        self.given.add(name)
        aliases = dict.fromkeys(a for s in group for a in (s.type.name, *s.type.aliases))
        extra = {k: v for k, v in first.extra.items() if k == "doc"}
        made = Type(
            first.kind, name=name, aliases=tuple(a for a in aliases if a != name), extra=extra
        )
        self.made[key] = made
        return made, True


def _groups(leaves: list[Seen]) -> list[list[Seen]]:
    """Types of one kind together; named ones by name where a writer has several of the kind."""
    kinds = Counter((s.writer, s.type.kind) for s in leaves)
    shorts = Counter((s.writer, s.type.kind, s.type.short_name) for s in leaves)
    several = {kind for (_, kind), n in kinds.items() if n > 1}
    same_short = any(n > 1 for n in shorts.values())
    groups: dict[Hashable, list[Seen]] = {}
    for leaf in leaves:
        one = leaf.type
        name = (one.name if same_short else one.short_name) if one.kind in several else ""
        groups.setdefault((one.kind, one.size, name), []).append(leaf)
    return list(groups.values())


def _join(groups: list[list[Seen]], *, named: bool) -> Iterator[list[Seen]]:
    """Groups of scalars joined where they have a common type and no writer tells them apart."""
    out: list[list[Seen]] = []
    for group in groups:
        for other in out:
            apart = {s.writer for s in group} & {s.writer for s in other}
            both = [*other, *group]
            if not apart and _common([s.type for s in both], named=named) is not None:
                other.extend(group)
                break
        else:
            out.append(list(group))
    yield from out


def _common(types: list[Type], *, named: bool) -> Type | None:
    """The narrowest type to which all of these scalars convert without loss."""
    if any(t.kind in _COMPLEX for t in types):
        return types[0] if len({t.kind for t in types}) == 1 else None
    for made in _ladder(types, named=named):
        if all(_converts(t, made, named=named) for t in types):
            return made
    return None


def _ladder(types: list[Type], *, named: bool) -> Iterator[Type]:
    """What may be common to scalars, the best first."""
    first = types[0]
    if len({(t.kind, t.logical, t.precision, t.scale, t.size) for t in types}) == 1:
        yield first
        return
    times = [t for t in types if t.logical in TIMES]
    whole = [t for t in types if not t.logical and t.kind in _DIGITS]
    if times and (len(times) == len(types) or (named and len(times + whole) == len(types))):
        finest = max(times, key=lambda t: TIMES[t.logical][1])
        yield Type(finest.kind, logical=finest.logical)
    decimals = [t for t in types if t.logical == "decimal"]
    if decimals and len(decimals + whole) == len(types):
        scale = max(t.scale for t in decimals)
        before = [*(t.precision - t.scale for t in decimals), *(_DIGITS[t.kind] for t in whole)]
        if max(before) + scale <= MAX_PRECISION:
            yield Type("bytes", logical="decimal", precision=max(before) + scale, scale=scale)
    if all(t.logical == "uuid" for t in types):
        yield Type("string", logical="uuid")
    yield from (Type(kind) for kind in ("int", "long", "double", "bytes"))
    if any(t.kind in ("string", "enum") for t in types):
        yield Type("string")
    if len({(t.kind, t.size) for t in types}) == 1:
        yield _plain(first)


def _plain(node: Type) -> Type:
    """The type without its logical meaning."""
    return Type(node.kind, size=node.size, symbols=node.symbols)


def _converts(w: Type, c: Type, *, named: bool) -> bool:
    if c.kind == "string" and not c.logical:
        if w.kind == "bytes" and not w.logical:
            return False  # it would fail on bytes that are no text
    elif w.kind == "string" and c.kind != "string" and not (c.kind == "bytes" and not c.logical):
        return False  # parsing may fail, too
    if w.kind == "enum" and c.kind == "enum":
        return True  # the merged one has all symbols
    try:
        step = scalar(w, c, Options(named=named, unit="ms" if named else None))
    except Mismatch:
        return False
    return not step.lossy


def _fits(node: Type, default: Any) -> bool:
    """Whether a default is one of the type: of the first branch of a union, as Avro says."""
    try:
        from_json(node.branches[0] if node.kind == "union" else node, default)
    except NotOfType:
        return False
    return True
