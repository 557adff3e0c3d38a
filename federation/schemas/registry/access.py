"""How to reach a registry, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

Kind = Literal["confluent", "apicurio", "glue", "served"]


@dataclass(frozen=True, slots=True)
class OAuth:
    """Credentials for OAuth 2.0's client credentials grant (RFC 6749, 4.4).

    Attributes:
        url: the token endpoint.
        scope: what is asked for, or empty.
    """

    url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Access:
    """Address and credentials of a registry.

    Attributes:
        url: base address of Confluent's API; credentials in it are used and never shown. Of Glue:
            another endpoint than the region's own, or empty.
        username: for basic authentication, with ``password``.
        token: bearer token.
        oauth: where a bearer token is to be had.
        headers: further headers of each question, names and values.
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
    oauth: OAuth | None = None
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def for_python(self) -> bool:
        """Whether Java is to ask it through this process."""
        return self.kind == "glue" or self.oauth is not None or bool(self.headers)

    @property
    def identity(self) -> str:
        """What tells it from other registries, today and tomorrow; without credentials."""
        if self.known_as is not None:
            return self.known_as
        at = shown(self.native or self.url)
        return " ".join(one for one in (self.kind, self.region, self.name, at.rstrip("/")) if one)


def shown(url: str) -> str:
    """An address without credentials, query and fragment."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
