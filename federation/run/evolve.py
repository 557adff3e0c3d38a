"""Widening a running stream's contract by fields that a source has begun to write.

The records that need it are held meanwhile (``SchemaGate.java``), so nothing is written without its
fields and nothing is lost. The stream is planned anew, the wider contract registered at the target,
and the job goes on with it from a savepoint.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from federation.errors import FederationError
from federation.mapping.widen import widen
from federation.observe.logs import get_logger
from federation.plan import contracts
from federation.plan.compile import compile as compile_plan
from federation.plan.gather import gather
from federation.plan.model import KnownSchema
from federation.schemas import ids
from federation.schemas.avro import SchemaError
from federation.schemas.fingerprint import crc64
from federation.schemas.registry import connect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from federation.config.load import Loaded
    from federation.plan.model import SourcePlan, StreamPlan
    from federation.run.status import SchemaChange, StreamStatus
    from federation.schemas.avro import Schema

_LOG = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A schema whose new fields are to be taken in; ``source`` is the source's position."""

    source: int
    change: SchemaChange


def wanted(plan: StreamPlan, status: StreamStatus) -> tuple[Wanted, ...]:
    """The schemas that are held until the contract has their fields."""
    if plan.on_schema_change not in {"evolve", "try_evolve"}:
        return ()
    return tuple(
        Wanted(n, change)
        for n, source in enumerate(status.sources)
        for change in source.schema_changes
        if change.state == "held" and change.fields and not change.why
    )


def replan(
    declared: Loaded, stream: StreamPlan, wants: Sequence[Wanted]
) -> tuple[StreamPlan, Loaded | None]:
    """The stream's plan with a contract that takes in what is wanted; nothing is kept yet.

    With ``try_evolve``, where that cannot be: the plan as it was, in which those schemas are known
    and their new fields dropped.

    Args:
        declared: the configuration as it was started; what its file says by now is another start's.
        stream: as it runs.
        wants: what its contract lacks.

    Returns:
        The plan; and, where the contract has grown, what is to be kept of it once it is registered.

    Raises:
        FederationError: it cannot be, and why.
    """
    loaded = contracts.grown(_only(declared, stream))
    wider: Loaded | None = None
    writers = [(want, _writer(stream.sources[want.source], want.change)) for want in wants]
    try:
        contract = loaded.contracts[stream.name]
        for want, writer in writers:
            contract = widen(contract, writer, want.change.fields)
        if contract.fingerprint != loaded.contracts[stream.name].fingerprint:
            wider = contracts.grow(loaded, stream.name, contract)
        found = _planned(wider or loaded, stream.name)
    except FederationError as error:
        if stream.on_schema_change == "evolve":
            raise
        _LOG.warning("the contract stays as it is", stream=stream.name, why=str(error))
        wider, found = None, _planned(loaded, stream.name)
    else:
        _LOG.info("the contract is widened", stream=stream.name, fields=_added(wants))
    sources = tuple(
        replace(source, known=source.known + tuple(_known(n, writers)))
        for n, source in enumerate(found.sources)
    )
    return replace(found, sources=sources), wider


def _added(wants: Sequence[Wanted]) -> list[str]:
    return sorted({name for want in wants for name in want.change.fields})


def _known(n: int, writers: Sequence[tuple[Wanted, Schema]]) -> list[KnownSchema]:
    return [
        KnownSchema(crc64(writer), tuple(field.name for field in writer.root.fields))
        for want, writer in writers
        if want.source == n
    ]


def _only(loaded: Loaded, stream: StreamPlan) -> Loaded:
    """The configuration as if it had this stream alone, and the one that it follows.

    Another's trouble is not this one's.
    """
    config, names = loaded.config, (stream.follows, stream.name)
    kept = {name: config.streams[name] for name in names if name is not None}
    return replace(
        loaded,
        config=config.model_copy(update={"streams": kept}),
        contracts={name: loaded.contracts[name] for name in kept},
    )


def _planned(loaded: Loaded, stream: str) -> StreamPlan:
    plan = compile_plan(loaded, gather(loaded))
    return next(one for one in plan.streams if one.name == stream)


def _writer(source: SourcePlan, change: SchemaChange) -> Schema:
    name = ids.parse(change.schema)
    if source.cluster.registry is None or name.kind in {"given", "fingerprint"}:
        raise SchemaError(
            f"schema {change.schema} of {source.name} has new fields ({', '.join(change.fields)}), "
            "and cannot be asked for by a registry's id",
            hint="add them to the contract and start again",
        )
    with connect(source.cluster.registry) as registry:
        return registry.schema(name)
