"""Registries that only this process can ask, made reachable for the JVM.

AWS's own clients sign requests and find credentials; there is one for Python, so Java needs none.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from federation.schemas.registry import connect
from federation.schemas.registry.server import serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from federation.plan.model import Plan, StreamPlan
    from federation.schemas.registry import Access

_PATIENCE = 10.0  # seconds for an answer, repeats included; the JVM waits longer, and asks again


@contextmanager
def served(plan: Plan) -> Iterator[Callable[[StreamPlan], StreamPlan]]:
    """Until the end of the block each such registry has an address in this process.

    Yields:
        What puts these addresses into the plan of a stream.
    """
    registries = {source.cluster.registry for stream in plan.streams for source in stream.sources}
    ours = [one for one in registries if one is not None and one.for_python]
    if not ours:
        yield lambda stream: stream
        return
    with ExitStack() as stack:
        clients = [stack.enter_context(connect(one, deadline=_PATIENCE)) for one in ours]
        there = stack.enter_context(serve(clients))
        served_at = {
            one: replace(at, known_as=one.identity) for one, at in zip(ours, there, strict=True)
        }
        yield lambda stream: _at(stream, served_at)


def _at(stream: StreamPlan, served_at: Mapping[Access, Access]) -> StreamPlan:
    sources = []
    for source in stream.sources:
        registry = source.cluster.registry
        if registry is not None and registry in served_at:
            cluster = replace(source.cluster, registry=served_at[registry])
            sources.append(replace(source, cluster=cluster))
        else:
            sources.append(source)
    return replace(stream, sources=tuple(sources))
