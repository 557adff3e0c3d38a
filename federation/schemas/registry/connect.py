"""The client that an access asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from federation.errors import ClusterError
from federation.schemas.registry.apicurio import ApicurioRegistry
from federation.schemas.registry.confluent import ConfluentRegistry
from federation.schemas.registry.http import DEADLINE, RestClient

if TYPE_CHECKING:
    from federation.schemas.registry.access import Access
    from federation.schemas.registry.base import SchemaRegistry


def connect(access: Access, *, deadline: float = DEADLINE) -> SchemaRegistry:
    """A client, to be closed by ``close`` or ``with``; asks nothing yet.

    Args:
        access: where and how.
        deadline: seconds that one question may take, repeats included.

    Raises:
        ClusterError: the address or the certificates are of no use.
        SetupError: what Glue needs is not installed.
    """
    if access.kind == "glue":
        from federation.schemas.registry.glue import GlueRegistry  # noqa: PLC0415 - an extra

        return GlueRegistry(access.region or "", access.name or "", access.url or None, deadline)
    if access.kind == "apicurio":
        return ApicurioRegistry(
            RestClient(access.url, access, deadline),
            RestClient(access.native or "", access, deadline),
        )
    return ConfluentRegistry(RestClient(access.url, access, deadline))


def connect_target(access: Access, *, deadline: float = DEADLINE) -> ConfluentRegistry:
    """A client of a registry that schemas can be registered in.

    Raises:
        ClusterError: also where it does not speak Confluent's API.
    """
    registry = connect(access, deadline=deadline)
    if not isinstance(registry, ConfluentRegistry):
        registry.close()
        raise ClusterError(
            "a target needs a registry that speaks Confluent's API", where=registry.where
        )
    return registry
