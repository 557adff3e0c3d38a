"""A first draft of a contract and of each source's rules, from the writers' schemas alone.

Fields of different sources are one if their names are equal, are declared as aliases, or are alike
once case and separators are set aside and their types have a common one. A likeness is a guess and
says so. Whatever is guessed: every version that went in can meet the contract that comes out.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from federation.errors import PlanError
from federation.mapping import resolve
from federation.mapping.merge import Merger, Seen
from federation.mapping.rules import Rule
from federation.mapping.source import leaves
from federation.schemas.avro import NAMED, Field, Schema, Type, parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ALIKE = 0.8  # names less alike than this are two names
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_UNITS = {"s": "s", "sec": "s", "seconds": "s", "us": "us", "micros": "us"} | {
    "ns": "ns",
    "nanos": "ns",
}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One field's rule in its JSON form; ``why`` is empty unless it is a guess."""

    rule: Mapping[str, Any]
    why: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A contract and, in the order of the sources, their rules by contract field.

    ``alone`` are, per source, the contract fields that no other source fills.
    """

    contract: Schema
    rules: tuple[Mapping[str, Suggestion], ...]
    alone: tuple[tuple[str, ...], ...]

    def parsed(self, source: int) -> dict[str, Rule]:
        """A source's rules as the mapping takes them."""
        return {name: Rule.model_validate(s.rule) for name, s in self.rules[source].items()}


@dataclass(slots=True)
class _Field:
    """A field of the contract to be: in each source the names that its versions give it."""

    name: str
    names: dict[int, tuple[str, ...]] = field(default_factory=dict)
    guesses: dict[int, str] = field(default_factory=dict)


def suggest(sources: Sequence[Sequence[Schema]]) -> Draft:
    """Draft a contract for sources; each is its versions, oldest first.

    Raises:
        PlanError: a source has no schema, or one that is not a record.
    """
    writers = list(_writers(sources))
    merger = Merger.over(name for w in writers for name in _type_names(w.type))
    if any(_recursive(w.type) for w in writers):  # rules do not reach into a type within itself
        return Draft(
            Schema(merger.record(writers)), tuple({} for _ in sources), ((),) * len(sources)
        )
    groups = _match(writers, len(sources))
    root = Type("record", name=writers[0].type.name, extra=dict(writers[0].type.extra))
    merger.given.add(root.name)
    root.fields = tuple(_field(merger, group, writers) for group in groups)
    contract = parse(Schema(root).json)
    rules = tuple(
        dict(_rules(contract, groups, [w for w in writers if w.source == n], n))
        for n in range(len(sources))
    )
    alone = tuple(tuple(g.name for g in groups if set(g.names) == {n}) for n in range(len(sources)))
    return Draft(contract, rules, alone)


def words(name: str) -> tuple[str, ...]:
    """The words of a name in snake or camel case, in lower case."""
    return tuple(word.lower() for word in _WORD.findall(name))


def likeness(one: str, other: str) -> float:
    """How alike two names are: 1.0 is equal but for case and separators."""
    a, b = words(one), words(other)
    if "".join(a) == "".join(b):
        return 1.0
    if [w for w in a if w.isdigit()] != [w for w in b if w.isdigit()]:
        return 0.0  # line1 and line2
    ratio = difflib.SequenceMatcher(None, "".join(a), "".join(b)).ratio()
    shared = set(a) & set(b)
    if shared and (set(a) == shared or set(b) == shared):
        return max(ratio, ALIKE)  # id and order_id
    return ratio if shared or len(a) == len(b) == 1 else 0.0


def _writers(sources: Sequence[Sequence[Schema]]) -> Iterator[Seen]:
    """Every version, the newest of each source first, because its names and order are taken."""
    number = 0
    for n, versions in enumerate(sources):
        if not versions:
            raise PlanError(
                f"source {n + 1} has no registered schema", hint="nothing to draft from"
            )
        for schema in reversed(versions):
            if schema.root.kind != "record":
                what = f"source {n + 1} writes {schema.root}, which is not a record"
                raise PlanError(what, hint="write its contract and rules by hand (from: .)")
            yield Seen(n, number, schema.root)
            number += 1


def _match(writers: list[Seen], count: int) -> list[_Field]:
    """Which fields are one, the surest first; in one source a field is taken once."""
    groups: list[_Field] = []
    for n in range(count):
        others = {f.name for w in writers if w.source != n for f in w.type.fields}
        own = _own_names([w.type for w in writers if w.source == n], others)
        free = [g for g in groups if n not in g.names]
        left = list(own)
        pairs = [(_score(writers, g, n, names), g, names) for g in free for names in left]
        for score, group, names in sorted(pairs, key=lambda p: -p[0]):
            if score >= ALIKE and names in left and n not in group.names:
                group.names[n] = names
                left.remove(names)
                if score < 1.0:
                    group.guesses[n] = f"{names[0]} and {group.name} are alike"
        groups += [_Field(names[0], {n: names}) for names in left]
    return groups


def _own_names(versions: list[Type], others: set[str]) -> list[tuple[str, ...]]:
    """The fields of one source; one that was renamed with an alias has all of its names.

    The contract finds it by aliases, so an old name must not be a field of another source.
    """
    found = dict.fromkeys(f.name for v in versions for f in v.fields)
    out: dict[str, tuple[str, ...]] = {name: (name,) for name in found}
    for version in versions:
        for one in version.fields:
            for old in one.aliases:
                both = any(v.field(one.name) and v.field(old) for v in versions)
                if {one.name, old} <= set(out) and old not in others and not both:
                    out[one.name] += out.pop(old)
    return list(out.values())


def _score(writers: list[Seen], group: _Field, source: int, names: tuple[str, ...]) -> float:
    """3 for an equal name, 2 for an alias, at most 1 for one that is alike; 0 if types differ."""
    if group.name in names:
        return 3.0
    mine = _found(writers, source, names)
    theirs = [f for n, known in group.names.items() for f in _found(writers, n, known)]
    known = {name for found in group.names.values() for name in found}
    declared = {a for _, f in mine for a in f.aliases} & known
    declared |= {a for _, f in theirs for a in f.aliases} & set(names)
    score = 2.0 if declared else likeness(group.name, names[0])
    if score < ALIKE:
        return 0.0
    if score < 1.0 and set(words(group.name)) <= set(words(names[0])) | _context(writers, source):
        score += 0.1  # id of an order record is like order_id
    merged = Merger.over().merge([seen for seen, _ in mine + theirs], named=True)
    most = max(_width(seen.type) for seen, _ in mine + theirs)
    return score if _width(merged) <= most else 0.0


def _context(writers: list[Seen], source: int) -> set[str]:
    return {word for w in writers if w.source == source for word in words(w.type.short_name)}


def _width(node: Type) -> int:
    """How many different things a value may be, null aside."""
    return sum(b.kind != "null" for b in node.branches) if node.kind == "union" else 1


def _found(writers: list[Seen], source: int, names: tuple[str, ...]) -> list[tuple[Seen, Field]]:
    """The field of these names in each version of a source."""
    out = []
    for w in writers:
        one = next((f for name in names if (f := w.type.field(name)) is not None), None)
        if w.source == source and one is not None:
            out.append((Seen(w.source, w.writer, one.type), one))
    return out


def _field(merger: Merger, group: _Field, writers: list[Seen]) -> Field:
    renamed = [names for names in group.names.values() if len(names) > 1]
    aliases = dict.fromkeys(name for names in renamed for name in names if name != group.name)
    found = [one for n, names in group.names.items() for one in _found(writers, n, names)]
    # several names are found by the contract's aliases, so there is no rule that names one
    return merger.field(group.name, found, writers, named=not renamed, aliases=tuple(aliases))


def _rules(
    contract: Schema, groups: list[_Field], writers: list[Seen], source: int
) -> Iterator[tuple[str, Suggestion]]:
    """The rules of one source: for what does not come by its name alone."""
    for group in groups:
        target = contract.root.field(group.name)
        assert target is not None  # the contract was made from the groups
        names = group.names.get(source, ())
        if not names:
            if any(w.type.field(n) for n in (target.name, *target.aliases) for w in writers):
                why = f"its {target.name} is another field"
                yield target.name, Suggestion({"const": None}, why)
            continue
        if len(names) > 1:
            continue
        types = [seen.type for seen, _ in _found(writers, source, names)]
        astray = any(w.type.field(alias) for alias in target.aliases for w in writers)
        by_name = names[0] == target.name and not astray
        if by_name and all(_meets(names[0], t, target, {}) for t in types):
            continue
        rule: dict[str, Any] = {"from": names[0]}
        why = group.guesses.get(source, "")
        if not all(_meets(names[0], t, target, {target.name: rule}) for t in types):
            rule["unit"] = next((_UNITS[w] for w in words(names[0]) if w in _UNITS), "ms")
            why = "; ".join(filter(None, [why, "the unit of a plain number is not known"]))
        yield target.name, Suggestion(rule, why)


def _meets(name: str, node: Type, target: Field, rules: Mapping[str, Any]) -> bool:
    """Whether a writer's field becomes the contract's, all of its branches."""
    parsed = {key: Rule.model_validate(rule) for key, rule in rules.items()}
    contract = Schema(Type("record", name="C", fields=(target,)))
    for branch in node.branches or (node,):
        writer = Schema(Type("record", name="W", fields=(Field(name, branch),)))
        if branch.kind == "null" and target.type.nullable:
            continue
        try:
            resolve.compile(writer, contract, parsed)
        except resolve.ContractMismatch:
            return False
    return True


def _walk(root: Type) -> Iterator[Type]:
    """Every named type of a schema once, and the root again where it lies within itself."""
    seen: set[int] = set()
    stack = [root]
    while stack:
        node = stack.pop()
        for leaf in leaves(node):
            if leaf.kind not in NAMED:
                continue
            yield leaf
            if id(leaf) not in seen:
                seen.add(id(leaf))
                stack += [f.type for f in leaf.fields]


def _type_names(root: Type) -> set[str]:
    return {node.name for node in _walk(root)}


def _recursive(root: Type) -> bool:
    return sum(node is root for node in _walk(root)) > 1
