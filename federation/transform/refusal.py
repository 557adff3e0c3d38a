"""Why a transform makes a dead letter of a record."""

from __future__ import annotations

from federation.schemas.refusal import RecordError


class TransformError(RecordError):
    """The function failed, or gave what is no record of the contract.

    Reasons: ``raised``, ``type``, ``key``, ``range``.
    """

    stage = "transform"
