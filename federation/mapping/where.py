"""Filters: an expression that is true or false of a decoded writer record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from federation.mapping import cel, expression
from federation.schemas.refusal import MappingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from federation.schemas.avro import Schema


def compile(text: str) -> Callable[[Any], bool]:  # noqa: A001 - as re.compile
    """The test of an expression.

    Raises:
        ConfigError: it is not CEL, or not of the subset; the message has line and column.
        MappingError: (the returned function) stage ``where``, reason ``eval``.
    """
    run = expression.compile(text, what="where").root.run

    def test(datum: Any) -> bool:
        try:
            return cel.boolean(run(datum))
        except MappingError as error:
            raise MappingError("eval", error.message, stage="where") from None

    return test


def pointless(text: str, writer: Schema) -> str:
    """Why the expression is never true or false of a writer's records; empty if it may be.

    Raises:
        ConfigError: as :func:`compile`.
    """
    made = expression.compile(text, writer.root, "where")
    if "boolean" in made.root.kinds:
        return ""
    if made.root.kinds:
        return f"it is {' or '.join(sorted(made.root.kinds))}"
    return f"there is no {made.lacks}" if made.root.lacking else made.reason
