"""How to reach a registry, as plain values, and the client that these ask for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from federation.errors import ClusterError
from federation.schemas.registry.apicurio import ApicurioRegistry
from federation.schemas.registry.confluent import ConfluentRegistry
from federation.schemas.registry.http import DEADLINE, RestClient, shown

if TYPE_CHECKING:
    from federation.schemas.registry.base import SchemaRegistry

Kind = Literal["confluent", "apicurio", "glue", "served"]


@dataclass(frozen=True, slots=True)
class Access:
    """Address and credentials of a registry.

    Attributes:
        url: base address of Confluent's API; credentials in it are used and never shown. Of Glue:
            another endpoint than the region's own, or empty.
        username: for basic authentication, with ``password``.
        token: bearer token.
        ca: PEM file of certificates to trust instead of the system's.
        certificate: PEM file of the client's own certificate, with its key in ``key``.
        kind: whose API it speaks; ``served``: see :mod:`federation.schemas.registry.server`.
        native: base address of Apicurio's own API.
        region: AWS region of Glue.
        name: the registry's name in Glue.
        known_as: its identity, where the address does not tell.
    """

    url: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None
    kind: Kind = "confluent"
    native: str | None = None
    region: str | None = None
    name: str | None = None
    known_as: str | None = None

    @property
    def identity(self) -> str:
        """What tells it from other registries, today and tomorrow; without credentials."""
        if self.known_as is not None:
            return self.known_as
        at = shown(self.native or self.url)
        return " ".join(one for one in (self.kind, self.region, at.rstrip("/")) if one)


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
            _rest(access.url, access, deadline), _rest(access.native or "", access, deadline)
        )
    return ConfluentRegistry(_rest(access.url, access, deadline))


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


def _rest(url: str, access: Access, deadline: float) -> RestClient:
    return RestClient(
        url,
        username=access.username,
        password=access.password,
        token=access.token,
        ca=access.ca,
        client=(access.certificate, access.key or access.certificate)
        if access.certificate
        else None,
        deadline=deadline,
    )
