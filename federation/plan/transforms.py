"""A stream's transform: found, checked against the contract, and measured where that is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from federation.errors import ConfigError
from federation.plan.model import TransformPlan
from federation.schemas.avro import parse
from federation.transform.apply import Transform
from federation.transform.cost import measure
from federation.transform.function import load

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from federation.plan.model import StreamPlan
    from federation.plan.notes import ConfigPath, Notes
    from federation.schemas.avro import Schema
    from federation.transform.cost import Cost


def plan_transform(
    python: str,
    folder: Path,
    contract: Schema,
    keys: Sequence[str],
    note: tuple[Notes, ConfigPath],
    *,
    measured: bool,
) -> TransformPlan | None:
    """The plan of a transform, or None with an error at its place.

    Args:
        python: ``module:function``.
        folder: the configuration's.
        contract: of the stream's records.
        keys: fields that the function must leave alone.
        note: where to tell what is wrong.
        measured: whether to run the function for a moment and tell what it costs.
    """
    notes, at = note
    try:
        function = load(python, folder)
        Transform(contract, function, keys)
    except ConfigError as error:
        notes.error(at, error.findings[0].what, error.findings[0].hint)
        return None
    cost = measure(contract, function, keys) if measured else None
    if cost is not None:
        _warn(python, cost, note)
    return TransformPlan(python, folder.resolve(), function.batches, cost)


def opened(stream: StreamPlan) -> Transform | None:
    """The transform that a stream's plan names, its function loaded; None for a stream without.

    Raises:
        ConfigError: the function is not there any more.
    """
    named = stream.transform
    if named is None:
        return None
    return Transform(parse(stream.contract), load(named.python, named.folder), stream.identity)


def _warn(python: str, cost: Cost, note: tuple[Notes, ConfigPath]) -> None:
    notes, at = note
    if cost.refused:
        what = f"`{python}` fails on {cost.refused} of {cost.records} made-up records"
        hint = f"such records become dead letters; the first: {cost.refusal}"
        notes.warning(at, what, hint)
    if cost.dropped == cost.records:
        what = f"`{python}` returns None for each of {cost.records} made-up records"
        notes.warning(at, what, "None leaves a record out; return those that go on")
    if not cost.steady:
        what = f"`{python}` gives other answers when it is asked again"
        notes.warning(at, what, "verify asks again, and will tell each such record as altered")
