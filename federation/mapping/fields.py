"""One field of the contract: from the record around its source to its value."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from federation.mapping.report import FieldReport
from federation.mapping.source import branch_name, check_keys, join, options, walk
from federation.mapping.sources import Sources, discriminator, through
from federation.mapping.step import Mismatch, same
from federation.schemas.avro import ABSENT, Type
from federation.schemas.codec import Branch
from federation.schemas.defaults import NotOfType, from_json
from federation.schemas.refusal import MappingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from federation.mapping.rules import Case, Choice, Rule
    from federation.mapping.sources import Resolver
    from federation.schemas.avro import Field

_FIT_BY_DEFAULT = frozenset({"overflow", "parse", "symbol", "type", "eval"})


@dataclass(frozen=True, slots=True)
class Fields:
    """Compiles fields whose sources are in ``w``; ``target`` and ``source`` are paths so far."""

    resolver: Resolver
    w: Type
    target: str
    source: str

    def of(self, c: Field, rule: Rule | None) -> Callable[[Any], Any]:
        """The function from the record to the field's value.

        Raises:
            Mismatch: there is none.
        """
        path = join(self.target, c.name)
        if rule is not None and rule.has_const:
            value = _literal(c.type, rule.const, "const")
            self.resolver.rows.append(FieldReport(path, "const", repr(rule.const)))
            return lambda _datum: value
        if rule is not None:
            check_keys(c.type, rule)
        fallback = (
            _literal(c.type, rule.default, "default") if rule and rule.has_default else ABSENT
        )
        if rule is not None and rule.branch is not None:
            return self._choice(c, rule.branch, fallback)
        row = len(self.resolver.rows)
        found = Sources(self.resolver, self.w, self.source).of(c, rule)
        if isinstance(found, str):
            return self._absent(c, found, fallback)
        step = self.resolver.resolve(found.type, c.type, options(rule), path, found.at)
        self.resolver.rows.insert(
            row, FieldReport(path, "mapped", found.shown, step.label, step.lossy)
        )
        if fallback is not ABSENT:
            return _guarded(found.get, step.run, c.type, fallback)
        return found.get if step.run is same else through(found.get, step.run)

    def _choice(self, c: Field, rule: Choice, fallback: Any) -> Callable[[Any], Any]:
        """The case that the writer's field names makes the value."""
        path = join(self.target, c.name)
        found = walk(self.w, rule.by)
        if found is None:
            return self._absent(c, rule.by, fallback)
        at = ".".join(filter(None, [self.source, *found.names]))
        self.resolver.mark(self.source, found.names)
        self.resolver.used[at] = True
        self.resolver.rows.append(
            FieldReport(path, "mapped", at or ".", f"chooses one of {', '.join(rule.cases)}")
        )
        cases = {text: self._case(c, text, case) for text, case in rule.cases.items()}
        text_of = discriminator(found.type)

        def get(datum: Any) -> tuple[str, Any] | None:
            text = text_of(found.follow(datum))
            return None if text is None else (text, datum)

        def run(chosen: tuple[str, Any] | None) -> Any:
            if chosen is None:
                if c.type.nullable:
                    return None
                raise MappingError("null", f"{rule.by} is null, and {c.type} is not nullable")
            text, datum = chosen
            if text not in cases:
                raise MappingError("symbol", f"{rule.by} is {text[:40]!r}, for which is no case")
            return cases[text](datum)

        return through(get, run) if fallback is ABSENT else _guarded(get, run, c.type, fallback)

    def _case(self, c: Field, text: str, case: Case) -> Callable[[Any], Any]:
        """The rule of a case; its first row of the report says which it is."""
        row, rows = len(self.resolver.rows), self.resolver.rows
        run = self._made(c, case)
        rows[row] = replace(rows[row], conversion=also(f"if {text}", rows[row].conversion))
        return run

    def _made(self, c: Field, case: Case) -> Callable[[Any], Any]:
        """A rule for the field as if it were of one of its branches."""
        if case.type is None:
            return self.of(c, case)
        wanted = [n for n, b in enumerate(c.type.branches) if case.type in (b.name, branch_name(b))]
        if len(wanted) != 1:
            known = ", ".join(branch_name(b) for b in c.type.branches) or str(c.type)
            raise Mismatch(f"{c.type} has no branch {case.type}", f"its branches: {known}")
        index = wanted[0]
        one = replace(c, type=c.type.branches[index], default=ABSENT)
        run = self.of(one, case)
        return tagging(index, run) if c.type.tagged and one.type.kind != "null" else run

    def _absent(self, c: Field, wanted: str, fallback: Any) -> Callable[[Any], Any]:
        """What stands in where the writer lacks ``wanted``."""
        path = join(self.target, c.name)
        if fallback is not ABSENT:
            self.resolver.rows.append(FieldReport(path, "defaulted", "the rule's default"))
            return lambda _datum: fallback
        if c.default is ABSENT:
            near = difflib.get_close_matches(wanted, [f.name for f in self.w.fields], 1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise Mismatch(
                f"the writer has no {wanted}, and {path} has no default",
                hint + "name the writer's field with from, or give a default",
            )
        value = _literal(c.type, c.default, "default")
        self.resolver.rows.append(FieldReport(path, "defaulted", "the contract's default"))
        return lambda _datum: value


def also(first: str, rest: str) -> str:
    """What is done first, and what after it, in words."""
    return f"{first}; {rest}" if rest else first


def tagging(index: int, run: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """What is made, as a value of a branch."""
    return lambda v: Branch(index, run(v))


def _literal(node: Type, value: Any, what: str) -> Any:
    try:
        return from_json(node, value)
    except NotOfType as error:
        raise Mismatch(
            f"{what} does not fit: {error}", f"give a value of {node} in Avro's default form"
        ) from None


def _guarded(
    get: Callable[[Any], Any], run: Callable[[Any], Any], c: Type, fallback: Any
) -> Callable[[Any], Any]:
    """Got, then converted; the rule's default stands in for null and for what does not fit."""
    nullable = c.nullable

    def guarded(datum: Any) -> Any:
        try:
            value = get(datum)
            if value is None and not nullable:
                return fallback
            return run(value)
        except MappingError as error:
            if error.reason not in _FIT_BY_DEFAULT:
                raise
            return fallback

    return guarded
