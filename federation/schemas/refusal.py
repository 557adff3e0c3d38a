"""Why one record is refused: what a dead letter says about it.

These are outcomes of data, not of a person's file, so they stand beside the tree of ``errors.py``:
whoever reads records catches :class:`RecordError` and counts or diverts the record.
"""

from __future__ import annotations


class RecordError(Exception):
    """One record that cannot go on.

    Attributes:
        stage: ``frame``, ``schema``, ``decode``, ``map``, ``where`` or ``key``.
        reason: one word of the documented list of that stage.
        path: dotted field path, the writer's in ``decode``, the contract's in ``map``, or empty.
        message: one sentence for a person.
    """

    stage = "decode"

    def __init__(self, reason: str, message: str = "", *, path: str = "", stage: str = "") -> None:
        super().__init__(reason, message)
        self.stage = stage or type(self).stage
        self.reason = reason
        self.message = message or reason
        self.path = path

    def under(self, name: str) -> RecordError:
        """The same error, seen from the field ``name`` around it."""
        self.path = f"{name}.{self.path}" if self.path else name
        return self

    def __str__(self) -> str:
        """``stage/reason at path: message``."""
        at = f" at {self.path}" if self.path else ""
        return f"{self.stage}/{self.reason}{at}: {self.message}"


class FrameError(RecordError):
    """The bytes around the record are wrong: ``magic``, ``short`` or ``empty``."""

    stage = "frame"


class UnknownSchemaId(RecordError):  # noqa: N818 - it names what the registry said
    """The registry answered that it has no schema of this id: ``unknown_id``."""

    stage = "schema"


class DecodeError(RecordError):
    """The payload is not a record of the writer's schema."""

    stage = "decode"


class MappingError(RecordError):
    """A sound record whose value the contract or a filter cannot take."""

    stage = "map"
