"""From a writer's schema to the contract, field by field.

``compile`` decides everything that the two schemas and the rules decide, so that ``plan`` can show
it; what depends on the data is left to :meth:`Mapper.apply`.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from federation.errors import Finding, PlanError
from federation.mapping.convert import canonical, scalar
from federation.mapping.fields import Fields, also, tagging
from federation.mapping.report import FieldReport, MappingReport, dropped
from federation.mapping.source import (
    branch_name,
    candidates,
    join,
)
from federation.mapping.step import COPY, Mismatch, Options, Step, same
from federation.schemas.avro import NAMED, Schema, Type
from federation.schemas.codec import as_map
from federation.schemas.refusal import MappingError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from federation.mapping.rules import Rule

__all__ = ["ContractMismatch", "FieldReport", "Mapper", "MappingReport", "compile"]

_TEXT = Type("string")
MAX_REPORTED = 5_000  # beyond, equal pairs of types are resolved once and not reported again
_TEXTS = Type("array", items=_TEXT)


class ContractMismatch(PlanError):  # noqa: N818 - it names what was found
    """A writer schema cannot meet the contract; each finding's ``where`` is a field path."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        first = findings[0]
        super().__init__(first.what, where=first.where, hint=first.hint)
        self.findings = tuple(findings)
        self.args = ("\n".join(str(f) for f in findings),)


@dataclass(frozen=True, slots=True)
class Mapper:
    """A compiled mapping."""

    contract: Schema
    report: MappingReport
    _run: Callable[[Any], Any]

    def apply(self, datum: Any) -> Any:
        """The contract's record of a decoded writer datum, ready for ``codec.encode``.

        Raises:
            MappingError: stage ``map``, with reason and contract field path.
        """
        return self._run(datum)


def compile(  # noqa: A001 - as re.compile
    writer: Schema, contract: Schema, rules: Mapping[str, Rule] | None = None
) -> Mapper:
    """Resolve a writer's schema against the contract under the rules.

    Raises:
        ContractMismatch: with every reason.
    """
    resolver = _Resolver()
    if contract.root.kind != "record":
        raise ContractMismatch([Finding("the contract is not a record")])
    try:
        step = resolver.resolve(writer.root, contract.root, Options(fields=rules or {}), "", "")
    except Mismatch as mismatch:
        findings = dict.fromkeys(Finding(what, path, hint) for path, what, hint in mismatch.reasons)
        raise ContractMismatch(list(findings)) from None
    unread = tuple(dropped(writer.root, "", resolver.used, set()))
    return Mapper(contract, MappingReport(tuple(resolver.rows), unread), step.run)


class _Resolver:
    """One compilation. ``target`` and ``source`` are dotted paths for messages and the report."""

    def __init__(self) -> None:
        self.memo: dict[tuple[Type, Type, Options], Step] = {}
        self.making: set[tuple[Type, Type, Options]] = set()
        self.inner: dict[Options, Options] = {}
        self.spent = 0
        self.rows: list[FieldReport] = []
        self.used: dict[str, bool] = {}  # writer path -> read as a whole

    def resolve(self, w: Type, c: Type, o: Options, target: str, source: str) -> Step:
        if c.kind == "record" and _takes_whole(o):
            return self._nested(w, c, o, target, source)
        if w.kind == "union":
            return self._from_union(w, c, o, target, source)
        if o.split and w.kind == "string" and not w.logical:
            return self._split(w, c, o, target, source)
        if o.map and w.kind not in ("null", "array", "map", "record"):  # it is for their elements
            return self._replaced(w, c, o, target, source)
        if c.kind == "union":
            return self._to_union(w, c, o, target, source)
        if w.kind == "null" or c.kind == "null":
            return _null(w, c, o)
        if c.kind in ("record", "array", "map"):
            if w.kind != c.kind:
                raise Mismatch(f"{w} cannot become {c}")
            return self._nested(w, c, o, target, source)
        self.used[source] = True
        if w.kind in ("record", "array", "map"):
            raise Mismatch(f"{w} cannot become {c}")
        return scalar(w, c, o)

    def attempt(self, w: Type, c: Type, o: Options, target: str, source: str) -> Step | Mismatch:
        """Resolve, or leave no trace: what rested on a failure is forgotten with it."""
        memo, rows, used = dict(self.memo), len(self.rows), dict(self.used)
        try:
            return self.resolve(w, c, o, target, source)
        except Mismatch as mismatch:
            self.memo, self.used = memo, used
            del self.rows[rows:]
            return mismatch

    # unions

    def _from_union(self, w: Type, c: Type, o: Options, target: str, source: str) -> Step:
        """Each branch by itself; one that does not resolve is refused when a datum has it."""
        made = [
            self.attempt(b, c, o, target, join(source, branch_name(b)) if w.tagged else source)
            for b in w.branches
        ]
        steps = [m for m in made if isinstance(m, Step)]
        if not steps:
            raise _all(m for m in made if isinstance(m, Mismatch))
        runs = [
            m.run if isinstance(m, Step) else _refuse(b, c)
            for m, b in zip(made, w.branches, strict=True)
        ]
        labels = [s.label for s in steps]
        labels += [
            f"{b} is a dead letter"
            for m, b in zip(made, w.branches, strict=True)
            if isinstance(m, Mismatch)
        ]
        label = "; ".join(dict.fromkeys(text for text in labels if text))
        lossy = any(s.lossy for s in steps)
        null = next((r for r, b in zip(runs, w.branches, strict=True) if b.kind == "null"), None)
        if w.tagged:
            run = lambda v: null(v) if v is None and null else runs[v.tag](v.value)  # noqa: E731 - one line each
        else:
            only = next(
                (r for r, b in zip(runs, w.branches, strict=True) if b.kind != "null"), null
            )
            run = _bare_union(only, null)
            if only is same and null is same:
                run = same
        return Step(run, label, lossy=lossy)

    def _to_union(self, w: Type, c: Type, o: Options, target: str, source: str) -> Step:
        """The same type, by full then by short name or alias; else the first that converts."""
        reasons = []
        for index in candidates(w, c):
            made = self.attempt(w, c.branches[index], o, target, source)
            if isinstance(made, Mismatch):
                reasons.append(made)
                continue
            if not c.tagged or w.kind == "null":
                return made
            run = made.run
            return replace(made, run=tagging(index, run))
        if w.kind == "null":
            return _null(w, c, o)
        mismatch = _all(reasons)
        if w.kind in NAMED and any(b.kind == w.kind for b in c.branches):
            mismatch.reasons.append(
                (
                    target,
                    f"no branch of {c} is named {w.short_name}",
                    f"in a union names count: give the type the alias {w.name}",
                )
            )
        elif not mismatch.reasons:
            mismatch.reasons.append((target, f"{w} cannot become {c}", ""))
        raise mismatch

    # the rule's split and map

    def _split(self, w: Type, c: Type, o: Options, target: str, source: str) -> Step:
        """Cut the text; a part goes on as text that a rule names, all of them as an array."""
        assert o.split is not None  # asked before
        by, part = o.split.by, o.split.part
        rest = replace(o, split=None, named=True)
        self.used[source] = True
        if part is None:
            step = self.resolve(_TEXTS, c, rest, target, source)
            run = step.run
            return replace(
                step,
                run=lambda v: run(v.split(by) if v else []),
                label=also("text cut", step.label),
            )
        step = self.resolve(w, c, rest, target, source)
        run = step.run
        return replace(
            step,
            run=lambda v: run(_part(v, by, part)),
            label=also(f"part {part} of text", step.label),
        )

    def _replaced(self, w: Type, c: Type, o: Options, target: str, source: str) -> Step:
        """Replace what the rule lists, then go on as text; all else goes on as it is."""
        plain, named = replace(o, map=None), replace(o, map=None, named=True)
        text = canonical(w) if w.kind in ("string", "enum", "int", "long", "boolean") else None
        if text is None or w.logical not in ("", "uuid"):
            raise Mismatch(f"map replaces text, enums, whole numbers and booleans, not {w}")
        rest = self.attempt(w, c, plain, target, source)
        replaced = self.resolve(_TEXT, c, named, target, source)
        table = dict(o.map or {})
        if not o.has_default:
            _check_replacements(table, replaced)
        other = rest.run if isinstance(rest, Step) else _refuse(w, c)

        def run(value: Any) -> Any:
            known = table.get(text(value))
            return other(value) if known is None else replaced.run(known)

        label = f"{len(table)} replaced by map"
        if isinstance(rest, Step) and rest.label:
            label = f"{rest.label}; {label}"
        return Step(run, label, lossy=isinstance(rest, Step) and rest.lossy)

    # records, arrays, maps

    def _nested(self, w: Type, c: Type, o: Options, target: str, source: str) -> Step:
        key = (w, c, o)
        self.spent += 1
        if key in self.making or (key in self.memo and self.spent > MAX_REPORTED):
            self.used[source] = True  # what it reads has been told where it first stood
            return self.memo[key]
        made: list[Step] = []
        self.memo[key] = Step(lambda v: made[0].run(v))  # noqa: PLW0108 - made later, for itself
        self.making.add(key)
        try:
            build = self._record if c.kind == "record" else self._collection
            made.append(build(w, c, o, target, source))
        finally:
            self.making.remove(key)
        self.memo[key] = made[0]
        return made[0]

    def _collection(self, w: Type, c: Type, o: Options, target: str, source: str) -> Step:
        # the rule's default stands for the whole, not for an element
        inner = self.inner.setdefault(o, replace(o, has_default=False)) if o.has_default else o
        step = self.resolve(w.of, c.of, inner, target, source)
        if step.run is same:
            return step
        one = step.run
        if c.kind == "array":
            return replace(step, run=lambda v: [one(item) for item in v])
        return replace(step, run=lambda v: as_map([(key, one(item)) for key, item in v.items()]))

    def _record(self, w: Type, c: Type, o: Options, target: str, source: str) -> Step:
        rules = o.fields or {}
        reasons: list[tuple[str, str, str]] = []
        names = [f.name for f in c.fields]
        for name in rules:
            if name not in names:
                near = difflib.get_close_matches(name, names, 1)
                hint = f"did you mean {near[0]}?" if near else f"its fields: {', '.join(names)}"
                reasons.append((join(target, name), f"the contract has no field {name}", hint))
        runs: list[tuple[str, Callable[[Any], Any]]] = []
        fields = Fields(self, w, target, source)
        for one in c.fields:
            try:
                runs.append((one.name, fields.of(one, rules.get(one.name))))
            except Mismatch as mismatch:
                path = join(target, one.name)
                reasons += [(where or path, what, hint) for where, what, hint in mismatch.reasons]
        if reasons:
            failed = Mismatch()
            failed.reasons = reasons
            raise failed

        def run(datum: Any) -> dict[str, Any]:
            out = {}
            name = ""
            try:
                for name, make in runs:
                    out[name] = make(datum)
            except MappingError as error:
                raise error.under(name) from None
            return out

        return Step(run)

    def mark(self, source: str, names: Sequence[str]) -> None:
        """Note that a path of the writer is read, at least in part."""
        for n in range(len(names)):
            self.used.setdefault(".".join(filter(None, [source, *names[: n + 1]])), False)


def _all(mismatches: Any) -> Mismatch:
    """Several attempts that failed, as one."""
    out = Mismatch()
    for one in mismatches:
        out.reasons += [reason for reason in one.reasons if reason not in out.reasons]
    return out


def _part(text: str, by: str, part: int) -> str:
    """A part of a text, counted from the end if negative; an empty text has none."""
    parts = text.split(by) if text else []
    if not -len(parts) <= part < len(parts):
        raise MappingError("parse", f"{text[:40]!r} has no part {part}")
    return parts[part]


def _bare_union(only: Any, null: Any) -> Callable[[Any], Any]:
    """The values of a union with at most one branch besides null."""
    return lambda v: null(v) if v is None and null else only(v)


def _refuse(w: Type, c: Type) -> Callable[[Any], Any]:
    def run(value: Any) -> Any:
        if value is None:
            raise MappingError("null", f"null, and {c} is not nullable")
        raise MappingError("type", f"a value of {w} cannot become {c}")

    return run


def _check_replacements(table: Mapping[str, str], step: Step) -> None:
    for shown, replacement in table.items():
        try:
            step.run(replacement)
        except MappingError as error:
            raise Mismatch(f"map replaces {shown!r}, but {error.message}") from None


def _null(w: Type, c: Type, o: Options) -> Step:
    if w.kind == "null" and c.nullable:
        return COPY
    if w.kind == "null" and o.has_default:
        return Step(_refuse(w, c), "null takes the default")
    raise Mismatch(f"{w} cannot become {c}")


def _takes_whole(o: Options) -> bool:
    """Whether a rule reads the whole datum, so that the writer need not be a record."""
    return any(rule.from_ == "." for rule in (o.fields or {}).values())
