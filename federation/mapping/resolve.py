"""From a writer's schema to the contract: what each field is made from, and the function that does it.

``compile`` decides everything that the two schemas and the rules decide, so that ``plan`` can show it;
what depends on the data is left to :meth:`Mapper.apply`.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from federation.errors import Finding, PlanError
from federation.mapping.convert import COPY, TIMES, Mismatch, Options, Step, canonical, same, scalar
from federation.schemas.avro import ABSENT, NAMED, Schema, Type
from federation.schemas.codec import Branch
from federation.schemas.defaults import NotOfType, from_json
from federation.schemas.refusal import MappingError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from federation.mapping.rules import Rule
    from federation.schemas.avro import Field

__all__ = ["ContractMismatch", "FieldReport", "Mapper", "MappingReport", "compile"]

_NULL = Type("null")
_TEXT = Type("string")
MAX_REPORTED = 5_000  # beyond, equal pairs of types are resolved once and not reported again
_FIT_BY_DEFAULT = frozenset({"overflow", "parse", "symbol", "type"})


class ContractMismatch(PlanError):
    """A writer schema cannot meet the contract; one finding per reason, ``where`` is the contract field."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        first = findings[0]
        super().__init__(first.what, where=first.where, hint=first.hint)
        self.findings = tuple(findings)
        self.args = ("\n".join(str(f) for f in findings),)


@dataclass(frozen=True, slots=True)
class FieldReport:
    """Where one contract field comes from.

    Attributes:
        target: dotted path in the contract.
        kind: ``mapped`` from the writer, ``defaulted`` or ``const``.
        source: dotted path in the writer, or which default.
        conversion: in words; empty if the value is copied.
        lossy: whether the conversion may lose digits (and was permitted to).
    """

    target: str
    kind: Literal["mapped", "defaulted", "const"]
    source: str
    conversion: str = ""
    lossy: bool = False


@dataclass(frozen=True, slots=True)
class MappingReport:
    """All fields of the contract, and the writer's fields that nothing reads."""

    fields: tuple[FieldReport, ...]
    dropped: tuple[str, ...]


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
    try:
        if contract.root.kind != "record":
            raise Mismatch("the contract is not a record")
        step = resolver.resolve(writer.root, contract.root, Options(fields=rules or {}), "", "")
    except Mismatch as mismatch:
        findings = dict.fromkeys(Finding(what, path, hint) for path, what, hint in mismatch.reasons)
        raise ContractMismatch(list(findings)) from None
    dropped = tuple(_dropped(writer.root, "", resolver.used, set()))
    return Mapper(contract, MappingReport(tuple(resolver.rows), dropped), step.run)


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
        """Resolve, or leave no trace: what was assumed of types in the making may not outlive it."""
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
        made = [self.attempt(b, c, o, target, source) for b in w.branches]
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
            run = lambda v: null(v) if v is None and null else runs[v.tag](v.value)  # noqa: E731
        else:
            only = next(
                (r for r, b in zip(runs, w.branches, strict=True) if b.kind != "null"), null
            )
            run = lambda v: null(v) if v is None and null else only(v)  # type: ignore[misc]  # noqa: E731
            if only is same and null is same:
                run = same
        return Step(run, label, lossy=lossy)

    def _to_union(self, w: Type, c: Type, o: Options, target: str, source: str) -> Step:
        """The same type, by full then by short name or alias; else the first that converts."""
        reasons = []
        for index in _candidates(w, c):
            made = self.attempt(w, c.branches[index], o, target, source)
            if isinstance(made, Mismatch):
                reasons.append(made)
                continue
            if not c.tagged or w.kind == "null":
                return made
            run = made.run
            return replace(made, run=lambda v: Branch(index, run(v)))  # noqa: B023 - returned at once
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

    # the rule's map

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
            return self.memo[key]
        made: list[Step] = []
        self.memo[key] = Step(lambda v: made[0].run(v))  # for the type within itself
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
        return replace(step, run=lambda v: {key: one(item) for key, item in v.items()})

    def _record(self, w: Type, c: Type, o: Options, target: str, source: str) -> Step:
        rules = o.fields or {}
        reasons: list[tuple[str, str, str]] = []
        names = [f.name for f in c.fields]
        for name in rules:
            if name not in names:
                near = difflib.get_close_matches(name, names, 1)
                hint = f"did you mean {near[0]}?" if near else f"its fields: {', '.join(names)}"
                reasons.append((_join(target, name), f"the contract has no field {name}", hint))
        runs: list[tuple[str, Callable[[Any], Any]]] = []
        for one in c.fields:
            try:
                runs.append((one.name, self._field(w, one, rules.get(one.name), target, source)))
            except Mismatch as mismatch:
                path = _join(target, one.name)
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

    def _field(
        self, w: Type, c: Field, rule: Rule | None, target: str, source: str
    ) -> Callable[[Any], Any]:
        """The function from the datum around the field to the field's value."""
        path = _join(target, c.name)
        if rule is not None and rule.has_const:
            value = _literal(c.type, rule.const, "const")
            self.rows.append(FieldReport(path, "const", repr(rule.const)))
            return lambda _datum: value
        options = _options(rule)
        if rule is not None:
            _meaningful(c.type, rule)
        fallback = (
            _literal(c.type, rule.default, "default") if rule and rule.has_default else ABSENT
        )
        found = _find(w, c, rule)
        if found is None:
            return self._absent(c, rule, fallback, path, w)
        steps, leaf = found
        row, at = len(self.rows), ".".join(filter(None, [source, *steps]))
        for n in range(len(steps)):
            self.used.setdefault(".".join(filter(None, [source, *steps[: n + 1]])), False)
        step = self.resolve(leaf, c.type, options, path, at)
        self.rows.insert(row, FieldReport(path, "mapped", at or ".", step.label, step.lossy))
        convert = _guarded(step.run, c.type, fallback)
        if not steps:
            return convert
        if len(steps) == 1 and w.kind == "record":
            name = steps[0]
            if convert is same:
                return lambda datum: datum[name]
            return lambda datum: convert(datum[name])
        return lambda datum: convert(_follow(datum, steps))

    def _absent(
        self, c: Field, rule: Rule | None, fallback: Any, path: str, w: Type
    ) -> Callable[[Any], Any]:
        if fallback is not ABSENT:
            self.rows.append(FieldReport(path, "defaulted", "the rule's default"))
            return lambda _datum: fallback
        wanted = rule.from_ if rule and rule.from_ else c.name
        if c.default is ABSENT:
            near = difflib.get_close_matches(wanted, [f.name for f in w.fields], 1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise Mismatch(
                f"the writer has no {wanted}, and {path} has no default",
                hint + "name the writer's field with from, or give a default",
            )
        value = _literal(c.type, c.default, "default")
        self.rows.append(FieldReport(path, "defaulted", "the contract's default"))
        return lambda _datum: value


_NO_OPTIONS = Options()


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _all(mismatches: Any) -> Mismatch:
    """Several attempts that failed, as one."""
    out = Mismatch()
    for one in mismatches:
        out.reasons += [reason for reason in one.reasons if reason not in out.reasons]
    return out


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


def _candidates(w: Type, c: Type) -> list[int]:
    """Branches of a contract's union in the order in which they are tried.

    In a union a record, enum or fixed of another name is another type, unless a logical type says
    what its value means.
    """
    kin, rest = [], []
    for index, branch in enumerate(c.branches):
        if branch.kind != w.kind:
            rest.append((3, index))
        elif w.kind not in NAMED or branch.name == w.name:
            kin.append((0, index))
        elif branch.short_name == w.short_name:
            kin.append((1, index))
        elif w.short_name in (alias.rpartition(".")[2] for alias in branch.aliases):
            kin.append((2, index))
        elif branch.logical:
            rest.append((3, index))
    return [index for _, index in sorted(kin + rest)]


def _options(rule: Rule | None) -> Options:
    if rule is None:
        return _NO_OPTIONS
    return Options(
        named=rule.from_ is not None,
        map=rule.map,
        unit=rule.unit,
        zone=rule.zone,
        scale=rule.scale,
        lossy=rule.lossy,
        has_default=rule.has_default,
        fields=rule.fields,
    )


def _leaves(node: Type) -> list[Type]:
    """The types of a field's values: of a union's branches, of elements; not of nested fields."""
    if node.kind == "union":
        return [leaf for b in node.branches for leaf in _leaves(b)]
    return _leaves(node.of) if node.kind in ("array", "map") else [node]


def _meaningful(c: Type, rule: Rule) -> None:
    """Refuse keys that could never apply to this contract field, whatever the writer."""
    leaves = _leaves(c)
    if (rule.unit or rule.zone) and not any(
        leaf.logical in TIMES and "timestamp" in leaf.logical for leaf in leaves
    ):
        raise Mismatch(f"{'unit' if rule.unit else 'zone'} is for timestamps, and the field is {c}")
    if rule.scale is not None and not any(leaf.logical == "decimal" for leaf in leaves):
        raise Mismatch(f"scale is for decimals, and the field is {c}")
    if rule.fields is not None and not any(leaf.kind == "record" for leaf in leaves):
        raise Mismatch(f"fields is for nested records, and the field is {c}")


def _literal(node: Type, value: Any, what: str) -> Any:
    try:
        return from_json(node, value)
    except NotOfType as error:
        raise Mismatch(
            f"{what} does not fit: {error}", f"give a value of {node} in Avro's default form"
        ) from None


def _find(w: Type, c: Field, rule: Rule | None) -> tuple[tuple[str, ...], Type] | None:
    """The steps from the datum to the field's source, and its type; None if the writer lacks it."""
    if rule is not None and rule.from_ is not None:
        return _walk(w, () if rule.from_ == "." else tuple(rule.from_.split(".")))
    for name in (c.name, *c.aliases):
        if w.field(name) is not None:
            return _walk(w, (name,))
    return None


def _walk(w: Type, steps: tuple[str, ...]) -> tuple[tuple[str, ...], Type] | None:
    nullable = False
    for name in steps:
        if w.kind == "union" and not w.tagged:
            nullable = nullable or w.nullable
            w = next((b for b in w.branches if b.kind != "null"), w)
        one = w.field(name)
        if one is None:
            return None
        w = one.type
    if nullable and not w.nullable:
        branches = w.branches if w.kind == "union" else (w,)
        # null goes last, so that the tags of the other branches stay what they are
        w = Type("union", branches=(*branches, _NULL))
    return steps, w


def _follow(datum: Any, steps: tuple[str, ...]) -> Any:
    for name in steps:
        if datum is None:
            return None
        datum = datum[name]
    return datum


def _guarded(run: Callable[[Any], Any], c: Type, fallback: Any) -> Callable[[Any], Any]:
    """The conversion, with the rule's default standing in for null and for what does not fit."""
    if fallback is ABSENT:
        return run
    nullable = c.nullable

    def guarded(value: Any) -> Any:
        if value is None and not nullable:
            return fallback
        try:
            return run(value)
        except MappingError as error:
            if error.reason not in _FIT_BY_DEFAULT:
                raise
            return fallback

    return guarded


def _dropped(node: Type, path: str, used: Mapping[str, bool], seen: set[Type]) -> list[str]:
    """Writer fields that nothing reads; within a record that is read in part, only the rest of it."""
    out: list[str] = []
    for record in _leaves(node):
        if record.kind != "record" or record in seen:
            continue
        for one in record.fields:
            at = _join(path, one.name)
            if at not in used:
                out.append(at)
            elif not used[at]:
                out += _dropped(one.type, at, used, {*seen, record})
    return out
