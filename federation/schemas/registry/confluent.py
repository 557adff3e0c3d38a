"""A registry that speaks Confluent's REST API, at whatever base path.

Others speak it too, each a little differently: Karapace and Redpanda leave ``schemaType`` and
``references`` out where there is nothing to say, Karapace knows no ``verbose`` and gives its
reasons as one text, Apicurio answers bare 404s.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from federation.schemas.refusal import UnknownSchemaId
from federation.schemas.registry.assembly import Reference, Text, assemble
from federation.schemas.registry.base import NotAvro, RegisteredVersion, SchemaRegistry
from federation.schemas.registry.http import Refused, RestClient, TooLarge

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from federation.schemas.avro import Schema
    from federation.schemas.ids import SchemaId

_NO_SUBJECT, _NO_VERSION, _NO_SCHEMA = 40401, 40402, 40403


class Referred(NamedTuple):
    """A registered schema that another one refers to; ``name`` is that of its type."""

    name: str
    subject: str
    version: int


class ConfluentRegistry(SchemaRegistry):
    """A client of Confluent's API: it finds schemas and takes new ones."""

    def __init__(self, rest: RestClient) -> None:
        super().__init__()
        self._rest = rest
        self.where = rest.where

    def close(self) -> None:
        """Close the connections."""
        self._rest.close()

    def subjects(self) -> list[str]:
        """The names of all subjects."""
        try:
            return [str(one) for one in self._list("/subjects")]
        except Refused as refused:
            raise self._rest.error(refused, "the list of subjects") from None

    def versions(self, subject: str) -> list[RegisteredVersion]:
        """All versions of a subject, oldest first; none if there is no such subject."""
        path = f"/subjects/{_part(subject)}/versions"
        try:
            numbers = [one for one in self._list(path) if isinstance(one, int)]
        except Refused as refused:
            if refused.code in (_NO_SUBJECT, 404):
                return []
            raise self._rest.error(refused, f"subject {subject}") from None
        return [self._version(subject, number) for number in sorted(numbers)]

    def register(self, subject: str, schema: Any, references: Sequence[Referred] = ()) -> int:
        """Register a schema (text or JSON) under a subject; the id, also if it was there already.

        Args:
            subject: where it goes.
            schema: may name types that it does not define.
            references: where these types are registered.

        Raises:
            ClusterError: also where the registry holds it incompatible.
        """
        path = f"/subjects/{_part(subject)}/versions"
        try:
            answer = self._rest.ask("POST", path, _body(schema, references))
        except Refused as refused:
            raise self._rest.error(refused, f"registering under {subject}") from None
        return self._number(answer, "id")

    def lookup(
        self, subject: str, schema: Any, references: Sequence[Referred] = ()
    ) -> tuple[int, int] | None:
        """Id and version under which a subject holds just this schema, or None."""
        path = f"/subjects/{_part(subject)}"
        try:
            answer = self._rest.ask("POST", path, _body(schema, references))
        except Refused as refused:
            if refused.code in (_NO_SUBJECT, _NO_SCHEMA, 404):
                return None
            raise self._rest.error(refused, f"subject {subject}") from None
        return self._number(answer, "id"), self._number(answer, "version")

    def compatibility(self, subject: str) -> str:
        """The level that holds for a subject: its own, else the registry's."""
        path = f"/config/{_part(subject)}?defaultToGlobal=true"
        try:
            answer = self._rest.ask("GET", path)
        except Refused:
            try:
                answer = self._rest.ask("GET", "/config")
            except Refused as refused:
                raise self._rest.error(refused, "compatibility") from None
        known = answer if isinstance(answer, dict) else {}
        return str(known.get("compatibilityLevel") or known.get("compatibility") or "NONE")

    def check(
        self, subject: str, schema: Any, references: Sequence[Referred] = ()
    ) -> tuple[bool, tuple[str, ...]]:
        """Whether a subject would take a schema, and the registry's reasons if not."""
        path = f"/compatibility/subjects/{_part(subject)}/versions/latest?verbose=true"
        try:
            answer = self._rest.ask("POST", path, _body(schema, references))
        except Refused as refused:
            if refused.code in (_NO_SUBJECT, _NO_VERSION, 404):
                return True, ()  # the first version is always taken
            raise self._rest.error(refused, f"compatibility with {subject}") from None
        if not isinstance(answer, dict):
            raise self._rest.strange(answer)
        said = answer.get("messages") or ()
        messages = [said] if isinstance(said, str) else said if isinstance(said, list) else []
        return bool(answer.get("is_compatible")), tuple(str(one) for one in messages)

    # below: asking, and reading answers

    def _find(self, name: SchemaId) -> Schema:
        if name.kind == "id":
            path = f"/schemas/ids/{name}"
        elif name.kind == "guid":
            path = f"/schemas/guids/{name.value}"
        else:
            raise UnknownSchemaId("unknown_id", f"the registry {self.where} has no {name.kind} ids")
        what = f"schema {name}"
        try:
            return self._parse(self._asked(path, what), what)
        except Refused as refused:
            if self._is_no(refused):
                raise UnknownSchemaId(
                    "unknown_id", f"the registry {self.where} has no {refused.about}"
                ) from None
            raise self._rest.error(refused, refused.about) from None
        except TooLarge as error:
            raise NotAvro(f"{what}: {error.findings[0].what}", where=self.where) from None

    def _version(self, subject: str, version: int) -> RegisteredVersion:
        what = f"{subject} version {version}"
        try:
            answer = self._asked(f"/subjects/{_part(subject)}/versions/{version}", what)
            schema = self._parse(answer, what)
        except Refused as refused:
            raise self._rest.error(refused, refused.about) from None
        number, schema_id = self._number(answer, "version"), self._number(answer, "id")
        return RegisteredVersion(subject, number, schema_id, schema)

    def _asked(self, path: str, what: str) -> Any:
        try:
            return self._rest.ask("GET", path)
        except Refused as refused:
            refused.about = what
            raise

    def _is_no(self, refused: Refused) -> bool:
        """Whether it is the registry's own word: a proxy's 404 or a wrong path is no evidence."""
        if refused.code in (_NO_SUBJECT, _NO_VERSION, _NO_SCHEMA):
            return True
        return refused.status == 404 and refused.code == 404 and self._answers()

    def _parse(self, answer: Any, what: str) -> Schema:
        return assemble(
            self._text(answer, what),
            lambda one: self._text(self._asked(one.path, one.about), one.about),
            self.where,
            what,
        )

    def _text(self, answer: Any, what: str) -> Text:
        if not isinstance(answer, dict) or not isinstance(answer.get("schema"), str):
            raise self._rest.strange(answer)
        kind = answer.get("schemaType") or "AVRO"
        if kind != "AVRO":
            raise NotAvro(f"{what} is {kind}, not Avro", where=self.where)
        try:
            references = [_reference(one) for one in answer.get("references") or ()]
        except (TypeError, KeyError, ValueError):
            raise self._rest.strange(answer) from None
        return Text(answer["schema"], references)

    def _list(self, path: str) -> list[Any]:
        answer = self._rest.ask("GET", path)
        if not isinstance(answer, list):
            raise self._rest.strange(answer)
        return answer

    def _number(self, answer: Any, name: str) -> int:
        if not isinstance(answer, dict) or not isinstance(answer.get(name), int):
            raise self._rest.strange(answer)
        return int(answer[name])

    def _answers(self) -> bool:
        """Whether this is a registry at all, before a bare 404 is believed."""
        try:
            return isinstance(self._rest.ask("GET", "/subjects"), list)
        except Refused:
            return False


def _reference(given: Mapping[str, Any]) -> Reference:
    subject, version = given["subject"], given["version"]
    if not isinstance(subject, str) or type(version) is not int:
        raise TypeError(given)
    path = f"/subjects/{_part(subject)}/versions/{version}"
    return Reference(str(given.get("name") or subject), path)


def _part(text: str) -> str:
    return quote(text, safe="")


def _body(schema: Any, references: Sequence[Referred]) -> dict[str, Any]:
    body: dict[str, Any] = {"schema": schema if isinstance(schema, str) else json.dumps(schema)}
    if references:
        body["references"] = [one._asdict() for one in references]
    return body
