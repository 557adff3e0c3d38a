"""A schema given in several texts: named types that others use stand each in a text of its own.

So registries keep them: each under a subject, the users referring to what they use.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from federation.schemas.avro import NAMED, Schema, SchemaError, parse, render

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from federation.schemas.avro import Type


@dataclass(frozen=True, slots=True)
class Part:
    """One of the texts, understood.

    Attributes:
        name: its full name, or its kind.
        schema: with all that it uses inlined.
        json: the same as its text has it: types of other parts by name.
        uses: names of the parts whose types it names itself.
        types: the types that it defines itself, by full name.
    """

    name: str
    schema: Schema
    json: Any
    uses: tuple[str, ...]
    types: Mapping[str, Type]


def refer(schema: Schema, others: Sequence[Part]) -> Part:
    """A schema as a part that names what others define, wherever it has those types inlined."""
    owner = {name: other.name for other in others for name in other.types}
    uses: set[str] = set()
    types: dict[str, Type] = {}
    seen: set[int] = set()
    stack = [schema.root]
    while stack:
        one = stack.pop()
        if one.name in owner:
            uses.add(owner[one.name])
        elif id(one) not in seen:
            seen.add(id(one))
            types |= {one.name: one} if one.name else {}
            stack += [*one.branches, *(field.type for field in one.fields)]
            stack += [one.items] if one.items else []
    written = render(schema.root, set(owner))
    return Part(schema.name, schema, written, tuple(sorted(uses)), types)


def take_apart(root: Any, others: Mapping[str, Any], where: str = "") -> tuple[Part, ...]:
    """Order the texts of a schema.

    Args:
        root: the schema itself, as :func:`federation.schemas.avro.parse` takes it.
        others: what it draws in, by a name for messages, in any order.
        where: a name for the schema itself.

    Returns:
        Each part after those that it uses; the schema itself is the last.

    Raises:
        SchemaError: a text is no schema, has no name, uses what no text defines (a circle of
            texts, too), or is used by none.
    """
    done: list[Part] = []
    waiting = dict(others)
    while waiting:
        failed = None
        for file, text in list(waiting.items()):
            try:
                part = _part(text, file, done)
            except SchemaError as error:
                failed = failed or error
                continue
            if part.schema.root.kind not in NAMED:
                raise SchemaError(
                    f"a schema that others refer to has a name, this is {part.schema.root}",
                    where=file,
                    hint="a record, an enum or a fixed",
                )
            done.append(part)
            del waiting[file]
            break
        else:
            assert failed is not None, "whatever waits has failed"
            raise failed
    part = _part(root, where, done)
    used = set(part.uses)
    for one in reversed(done):
        if one.name not in used:
            raise SchemaError(f"{one.name} is used by no part of the schema", hint="leave it out")
        used |= set(one.uses)
    return (*done, part)


def _part(text: Any, where: str, done: Sequence[Part]) -> Part:
    names = {name: one for part in done for name, one in part.types.items()}
    return refer(parse(text, names=names, where=where), done)
