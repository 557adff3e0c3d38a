"""Filters: an expression that is true or false of a decoded writer record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from federation.mapping import cel, expression
from federation.schemas.refusal import MappingError

if TYPE_CHECKING:
    from collections.abc import Callable


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
