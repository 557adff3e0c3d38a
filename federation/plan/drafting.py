"""A drafted stream as the YAML of a configuration, with each guess marked for the reader."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from federation.errors import PlanError
from federation.mapping import resolve
from federation.mapping.keys import key_schema
from federation.mapping.rules import Rule
from federation.mapping.suggest import Draft, suggest, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from federation.config.models import Target
    from federation.config.sources import Source
    from federation.plan.versions import SourceVersions
    from federation.schemas.avro import Schema, Type

_TEXT_KEYS = frozenset({"string", "int", "long", "enum"})
_KEY_WORDS = ("id", "key", "uuid", "number", "code")


@dataclass(frozen=True, slots=True)
class StreamDraft:
    """A contract and the part of a configuration that uses it.

    Attributes:
        name: of the stream.
        contract: the contract's schema.
        rules: per source, JSON forms of its field rules.
        yaml: the ``streams`` of a configuration, ending with a newline.
    """

    name: str
    contract: Schema
    rules: tuple[Mapping[str, Mapping[str, Any]], ...]
    yaml: str

    @property
    def avsc(self) -> str:
        """The contract as the text of an .avsc file."""
        return json.dumps(self.contract.json, indent=2, ensure_ascii=False) + "\n"


def draft(
    name: str, found: Sequence[SourceVersions], hub: str, target: Target | None = None
) -> StreamDraft:
    """Draft a stream from what the registries hold.

    Args:
        name: of the stream.
        found: its sources; the first one's names become the contract's.
        hub: the cluster to write to, if there is no target yet.
        target: of the stream as it is configured.

    Raises:
        PlanError: a source has no Avro records registered.
    """
    missing = [one for one in found if not any(one.values.values())]
    if missing:
        hint = "a draft needs the schemas of every source"
        what = f"{missing[0].name} has no registered value schema"
        raise PlanError(what, where=f"source {missing[0].name}", hint=hint)
    made = suggest([[v.schema for vs in one.values.values() for v in vs] for one in found])
    fields, certain = _key(made.contract, target)
    lines = ["streams:", f"  {_scalar(name)}:", f"    schema: schemas/{name}.avsc", "    sources:"]
    readable = True
    for n, one in enumerate(found):
        rules, fits = _key_rules(one, made, n, fields)
        readable = readable and fits
        lines += _source(one.source, rules, made, n)
    if not readable:
        lines.append(
            "    tombstones: dead-letter   # a record's key does not hold the target's key"
        )
    cluster = _scalar(target.cluster) if target else f"{_scalar(hub)}   # guess"
    lines += [
        "    target:",
        f"      cluster: {cluster}",
        f"      topic: {_scalar(target.topic if target else name + '.unified')}",
        f"      key: {_key_yaml(made.contract, fields)}{'' if certain else '   # guess'}",
    ]
    plain = tuple({field: s.rule for field, s in rules.items()} for rules in made.rules)
    return StreamDraft(name, made.contract, plain, "\n".join(lines) + "\n")


def _source(source: Source, key: Mapping[str, str], made: Draft, n: int) -> Iterator[str]:
    yield f"      - cluster: {_scalar(source.cluster)}"
    if source.pattern is not None:
        yield f"        pattern: {json.dumps(source.pattern)}"
    else:
        yield f"        topics: [{', '.join(map(_scalar, source.topics))}]"
    if key:
        yield f"        key: {{{', '.join(f'{_scalar(k)}: {_scalar(v)}' for k, v in key.items())}}}"
    if made.alone[n] and len(made.alone) > 1:
        names = ", ".join(made.alone[n])
        yield f"        # no other source has {names}: are they called otherwise there?"
    if made.rules[n]:
        yield "        fields:"
    for field, suggestion in made.rules[n].items():
        guess = f"   # guess: {suggestion.why}" if suggestion.why else ""
        yield f"          {_scalar(field)}: {_rule(suggestion.rule)}{guess}"


def _rule(rule: Mapping[str, Any]) -> str:
    if set(rule) == {"from"}:
        return _scalar(rule["from"])
    return f"{{{', '.join(f'{key}: {_scalar(value)}' for key, value in rule.items())}}}"


def _scalar(value: Any) -> str:
    """A scalar of YAML; text that could be read as something else is quoted."""
    if not isinstance(value, str):
        return json.dumps(value)
    strange = value.lower() in ("null", "true", "false", "yes", "no", "on", "off", "y", "n")
    plain = value[:1].isalpha() and all(c.isalnum() or c in "_-." for c in value)
    return value if plain and not strange else json.dumps(value)


def _key(contract: Schema, target: Target | None) -> tuple[tuple[str, ...], bool]:
    """The target key's fields, and whether they are more than a guess."""
    fields = contract.root.fields
    if target and all(contract.root.field(name) for name in target.key.fields):
        return target.key.fields, True
    if not fields:
        raise PlanError("the drafted contract has no fields", hint="nothing could be its key")

    def rank(one: Any) -> tuple[bool, bool, int]:
        last = words(one.name)[-1:]
        return (not _as_text(one.type), not set(last) & set(_KEY_WORDS), fields.index(one))

    return (min(fields, key=rank).name,), False


def _key_yaml(contract: Schema, fields: Sequence[str]) -> str:
    shown = ", ".join(map(_scalar, fields))
    one = contract.root.field(fields[0])
    if len(fields) == 1 and one is not None and not _as_text(one.type):
        return f"{{fields: [{shown}], encoding: avro}}"
    return f"[{shown}]"


def _as_text(node: Type) -> bool:
    return (node.kind in _TEXT_KEYS and not node.logical) or node.logical == "uuid"


def _key_rules(
    found: SourceVersions, made: Draft, n: int, fields: Sequence[str]
) -> tuple[dict[str, str], bool]:
    """Where a record's key has the target key's fields, and whether every version has them."""
    writers = [v.schema for versions in found.keys.values() for v in versions]
    if not writers:
        return {}, True
    rules: dict[str, str] = {}
    newest = writers[-1].root
    for name in fields:
        suggested = made.rules[n].get(name)
        path = suggested.rule.get("from", name) if suggested else name
        if newest.kind != "record":
            rules[name] = "."
        elif newest.field(name) is None and newest.field(path) is not None:
            rules[name] = path
    target = key_schema(made.contract, fields)
    parsed = {name: Rule.model_validate(path) for name, path in rules.items()}
    try:
        for one in writers:
            resolve.compile(one, target, parsed)
    except resolve.ContractMismatch:
        return {}, False
    return rules, True
