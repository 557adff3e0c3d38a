"""The Python reference and the Java transcoder on one random case, and what to show where they differ."""

from __future__ import annotations

import copy
import json
from random import Random
from typing import TYPE_CHECKING, Any

import payloads
from derive import Deriver
from graphs import Graphs
from pydantic import ValidationError

from federation.mapping import resolve
from federation.mapping.rules import Rule
from federation.schemas import avro, codec
from federation.schemas.avro import Schema, render
from federation.schemas.refusal import RecordError

if TYPE_CHECKING:
    from collections.abc import Callable

Case = dict[str, Any]  # writer, contract, rules, in: as in tests/vectors, with many inputs


def case(seed: int, inputs: int) -> Case:
    """A random case: schemas, rules, and inputs of which a third are damaged."""
    rng = Random(seed)
    writer = Graphs(rng).record(rng.choice((1, 2, 3, 4)))
    deriver = Deriver(rng, careless=0.15 if rng.random() < 0.1 else 0.004)
    contract, rules = deriver.record(writer, ruled=True)
    sound = [payloads.record(rng, writer) for _ in range(inputs)]
    data = [payloads.damaged(rng, one) if rng.random() < 0.33 else one for one in sound]
    return {
        "writer": render(writer, set()),
        "contract": render(contract, set()),
        "rules": rules,
        "in": [one.hex() for one in data],
    }


def reference(one: Case) -> tuple[dict[str, Any], Schema | None]:
    """What the Python reference makes of a case, in the form of the Java answers."""
    try:
        writer, contract = avro.parse(one["writer"]), avro.parse(one["contract"])
        rules = {name: Rule.model_validate(rule) for name, rule in one["rules"].items()}
        mapper = resolve.compile(writer, contract, rules)
    except (avro.SchemaError, resolve.ContractMismatch, ValidationError) as error:
        return {"refused": str(error)}, None
    read = codec.decoder(writer)
    outcomes = []
    for text in one["in"]:
        try:
            outcomes.append(codec.encode(contract, mapper.apply(read(bytes.fromhex(text)))).hex())
        except RecordError as error:
            outcomes.append(f"{error.stage}/{error.reason}/{error.path}")
    return {"out": outcomes}, contract


def difference(
    one: Case, answer: dict[str, Any], wanted: dict[str, Any], contract: Schema | None
) -> str:
    """What differs between Java's answer and the reference's, as one sentence; or nothing."""
    if contract is None or "out" not in answer:
        alike = contract is None and "refused" in answer
        return "" if alike else f"Java: {str(answer)[:300]}; reference: {str(wanted)[:300]}"
    for data, got, want in zip(one["in"], answer["out"], wanted["out"], strict=True):
        if got != want and ("/" in got or "/" in want or _rewritten(contract, got) != want):
            return f"in {data}: Java {got}; reference {want}"
    return ""


def _rewritten(contract: Schema, data: str) -> str:
    """The same value as the reference writes it: Java copies the writer's blocks."""
    try:
        return codec.encode(contract, codec.decode(contract, bytes.fromhex(data))).hex()
    except RecordError as error:
        return f"not of the contract: {error}"


def shrunk(one: Case, differs: Callable[[Case], str]) -> Case:
    """A smaller case that still differs: fewer inputs, fields and rules."""
    small = copy.deepcopy(one)
    for data in one["in"]:
        if differs(attempt := small | {"in": [data]}):
            small = attempt
            break
    progress = True
    while progress:
        progress = False
        for place, key in _parts(small):
            attempt = copy.deepcopy(small)
            within = attempt
            for step in place:
                within = within[step]
            del within[key]
            if _sound(attempt) and differs(attempt):
                small, progress = attempt, True
                break
    return small


def _sound(one: Case) -> bool:
    """Whether both schemas are schemas: leaving out a type leaves its name without meaning."""
    try:
        avro.parse(one["writer"])
        avro.parse(one["contract"])
    except avro.SchemaError:
        return False
    return True


def _parts(one: Case) -> list[tuple[list[Any], Any]]:
    """What can be left out, the largest first: fields and branches of the contract, parts of rules."""
    found: list[tuple[list[Any], Any]] = []

    def walk(node: Any, place: list[Any]) -> None:
        keys = range(len(node)) if isinstance(node, list) else list(node)
        rules = "rules" in place
        for key in keys:
            if isinstance(node, list) or rules or key in ("aliases", "default"):
                found.append((place, key))
            if isinstance(node[key], (dict, list)):
                walk(node[key], [*place, key])

    walk(one["contract"], ["contract"])
    walk(one["rules"], ["rules"])
    return found


def vector(one: Case, said: str) -> str:
    """The case as it stands in ``tests/vectors``, after a line that says what differs."""
    return f"{said}\n{json.dumps({'name': '', **one}, ensure_ascii=False)}"
