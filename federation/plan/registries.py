"""From the configuration's registry to what its client takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from federation.schemas.registry import Access, OAuth

if TYPE_CHECKING:
    from federation.config.connections import Registry

_GLUE_DEFAULT = "default-registry"  # what AWS calls the one that is always there
_COMPATIBLE, _NATIVE = "/apis/ccompat/v7", "/apis/registry/v3"


def access(declared: Registry) -> Access:
    """The registry's address and credentials as plain values."""
    url, native = declared.url or "", None
    if declared.type == "apicurio":
        url, native = _apicurio(url)
    return Access(
        url=url,
        username=declared.username,
        password=declared.password.get_secret_value() if declared.password else None,
        token=declared.token.get_secret_value() if declared.token else None,
        ca=str(declared.ca) if declared.ca else None,
        certificate=str(declared.certificate) if declared.certificate else None,
        key=str(declared.key) if declared.key else None,
        kind=declared.type,
        native=native,
        region=declared.region,
        oauth=OAuth(
            declared.oauth.url,
            declared.oauth.client_id,
            declared.oauth.client_secret.get_secret_value(),
            declared.oauth.scope,
        )
        if declared.oauth
        else None,
        headers=tuple(declared.headers.items()),
        name=(declared.name or _GLUE_DEFAULT) if declared.type == "glue" else None,
    )


def _apicurio(url: str) -> tuple[str, str]:
    """The addresses of both APIs of an Apicurio server; an API that is named keeps its version."""
    server, _, api = url.rstrip("/").partition("/apis/")
    server = server.rstrip("/")
    compatible = f"/apis/{api}" if api.startswith("ccompat/v") else _COMPATIBLE
    native = f"/apis/{api}" if api.startswith("registry/v") else _NATIVE
    return server + compatible, server + native
