"""Apicurio: Confluent's API for subjects and numbers, its own for global and content ids.

Its own API is read as version 3 has it (``/apis/registry/v3``), or version 2, which differs in one
path. The type of an artifact is told with global ids only; by a content id, a JSON Schema is known
by its not being Avro.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from federation.schemas.refusal import UnknownSchemaId
from federation.schemas.registry.assembly import Reference, Text, assemble
from federation.schemas.registry.base import NotAvro
from federation.schemas.registry.confluent import ConfluentRegistry
from federation.schemas.registry.http import Refused, RestClient, TooLarge

if TYPE_CHECKING:
    from federation.schemas.avro import Schema
    from federation.schemas.ids import SchemaId

_PATHS = {"global": "globalIds", "content": "contentIds"}


class ApicurioRegistry(ConfluentRegistry):
    """A client of both APIs of one Apicurio registry."""

    def __init__(self, confluent: RestClient, native: RestClient) -> None:
        super().__init__(confluent)
        self._native = native

    def close(self) -> None:
        """Close the connections."""
        super().close()
        self._native.close()

    def _find(self, name: SchemaId) -> Schema:
        if name.kind not in _PATHS:
            return super()._find(name)
        what = f"schema {name}"
        path = f"/ids/{_PATHS[name.kind]}/{name.value}"
        try:
            text = self._content(path, path, what)
            return assemble(text, self._reference, self._native.where, what)
        except Refused as refused:
            if _is_no(refused):
                raise UnknownSchemaId(
                    "unknown_id", f"the registry {self._native.where} has no {refused.about}"
                ) from None
            raise self._native.error(refused, refused.about) from None
        except TooLarge as error:
            raise NotAvro(f"{what}: {error.findings[0].what}", where=self.where) from None

    def _reference(self, one: Reference) -> Text:
        # version 2 answers a version with its content, version 3 has a path for that
        content = "" if self._native.where.rstrip("/").endswith("/v2") else "/content"
        return self._content(f"{one.path}{content}", one.path, one.about)

    def _content(self, path: str, of: str, what: str) -> Text:
        try:
            answer = self._native.fetch("GET", f"{path}?returnArtifactType=true")
            kind = answer.headers.get("x-registry-artifacttype", "AVRO")
            if kind != "AVRO":
                raise NotAvro(f"{what} is {kind}, not Avro", where=self._native.where)
            found = self._native.ask("GET", f"{of}/references")
        except Refused as refused:
            refused.about = what
            raise
        try:
            if isinstance(found, list):
                return Text(answer.text, [_read(one) for one in found])
        except (KeyError, AttributeError):
            pass
        raise self._native.strange(found)


def _read(one: dict[str, str]) -> Reference:
    group = quote(str(one.get("groupId") or "default"), safe="")
    artifact, version = (quote(str(one[name]), safe="") for name in ("artifactId", "version"))
    path = f"/groups/{group}/artifacts/{artifact}/versions/{version}"
    return Reference(str(one.get("name") or one["artifactId"]), path)


def _is_no(refused: Refused) -> bool:
    """Whether it is the registry's own word: it names what it sought and did not find."""
    name = str(refused.body.get("name", ""))
    return (
        refused.status == 404 and name.endswith("NotFoundException") and name != "NotFoundException"
    )
