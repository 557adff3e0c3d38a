"""One schema out of its text and the texts that it refers to, in whatever registry they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from federation.schemas import avro
from federation.schemas.registry.base import NotAvro

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from federation.schemas.avro import Schema

MAX_REFERENCES = 500  # schemas that one schema may draw in


class Reference(NamedTuple):
    """What one schema calls another, and where that lies in the registry: a path, unique to it."""

    name: str
    path: str

    @property
    def about(self) -> str:
        """It, for people."""
        return f"reference {self.name}"


class Text(NamedTuple):
    """A schema as it is registered."""

    schema: str
    references: Sequence[Reference]


def assemble(text: Text, registered: Callable[[Reference], Text], where: str, what: str) -> Schema:
    """Parse a schema, what it refers to first; each reference is asked for once.

    Args:
        text: the schema.
        registered: asks the registry for what a reference means.
        where: the registry, for messages.
        what: the schema, for messages.

    Raises:
        NotAvro: it is not Avro, its references form a circle, or are too many.
    """
    texts: dict[str, str] = {}

    def draw_in(one: Text, around: frozenset[str]) -> None:
        for reference in one.references:
            if reference.path in texts:
                continue
            if reference.path in around or len(texts) + len(around) >= MAX_REFERENCES:
                raise NotAvro(
                    f"references in a circle or over {MAX_REFERENCES}: {reference.name}",
                    where=where,
                )
            found = registered(reference)
            draw_in(found, around | {reference.path})
            texts[reference.path] = found.schema

    draw_in(text, frozenset())
    if text.schema in avro.PRIMITIVES:  # which a parsed schema may be, and JSON text is not
        raise NotAvro(f"{what} is not usable: it is not JSON", where=where)
    try:
        return avro.parse(text.schema, references=texts.values(), where=f"{where} {what}")
    except avro.SchemaError as error:
        raise NotAvro(f"{what} is not usable: {error.findings[0].what}", where=where) from None
