"""A schema registry that speaks Confluent's REST API, at whatever base path.

Answers are bounded in size and time, schemas are cached by id, and redirects are not followed, so
that credentials go to no other host. What may pass (connection, 5xx, 429) is tried again until a
deadline.
"""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit, urlunsplit

import httpx
import tenacity

from federation.errors import ClusterError
from federation.schemas import avro
from federation.schemas.refusal import UnknownSchemaId

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from federation.schemas.avro import Schema

MAX_ANSWER = 8_000_000  # bytes
MAX_CACHED = 10_000  # schemas
MAX_REFERENCES = 500  # schemas that one schema may draw in
DEADLINE = 30.0  # seconds for one question, repeats included
_TIMEOUT = httpx.Timeout(10.0, connect=5.0)
_ACCEPT = "application/vnd.schemaregistry.v1+json, application/json"
_NO_SUBJECT, _NO_VERSION, _NO_SCHEMA = 40401, 40402, 40403


@dataclass(frozen=True, slots=True)
class RegisteredVersion:
    """One version of a subject."""

    subject: str
    version: int
    id: int
    schema: Schema


class NotAvro(ClusterError):  # noqa: N818 - it names what was found
    """The registry holds this schema, but it is not Avro (Protobuf, JSON Schema, or damaged)."""


class _Retry(Exception):  # noqa: N818 - never leaves this module
    """A failure that may pass."""


class _Refused(Exception):  # noqa: N818 - never leaves this module
    """The registry answered no; ``code`` is its own error code, else the HTTP status."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class Registry:
    """A client of one registry; safe to share between threads, closed by ``close`` or ``with``.

    Args:
        url: base address, may have a path; credentials in it are used and never shown.
        username: for basic authentication, with ``password``.
        password: see ``username``.
        token: bearer token.
        ca: file of PEM certificates to trust instead of the system's.
        deadline: seconds that one question may take, repeats included.
    """

    def __init__(
        self,
        url: str,
        *,
        username: str | None = None,
        password: str | None = None,
        token: str | None = None,
        ca: str | None = None,
        deadline: float = DEADLINE,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ClusterError(
                "the registry's address is not a URL",
                where=_shown(url),
                hint="http(s)://host:port/path",
            )
        self.where = _shown(url)
        self._deadline = deadline
        if username is None and parts.username is not None:
            username, password = parts.username, parts.password
        headers = {"Accept": _ACCEPT} | ({"Authorization": f"Bearer {token}"} if token else {})
        try:
            self._http = httpx.Client(
                auth=httpx.BasicAuth(username, password or "") if username is not None else None,
                headers=headers,
                timeout=_TIMEOUT,
                verify=_trust(ca),
                follow_redirects=False,
            )
        except (OSError, ValueError) as error:
            raise ClusterError(
                f"cannot use the certificates in {ca}: {error}", where=self.where
            ) from None
        self._schemas: OrderedDict[int, Schema] = OrderedDict()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def schema_by_id(self, schema_id: int) -> Schema:
        """The schema of an id, with its references inlined.

        Raises:
            UnknownSchemaId: the registry says that it does not exist.
            NotAvro: it exists and is not Avro.
            ClusterError: the registry does not answer as needed.
        """
        if schema_id in self._schemas:
            self._schemas.move_to_end(schema_id)
            return self._schemas[schema_id]
        try:
            answer = self._ask("GET", f"/schemas/ids/{schema_id}")
        except _Refused as refused:
            # only the registry's own word counts; a 404 of a proxy or a wrong path is no evidence
            if refused.code == _NO_SCHEMA or (
                refused.status == 404 and refused.code == 404 and self._answers()
            ):
                raise UnknownSchemaId(
                    "unknown_id", f"the registry {self.where} has no schema {schema_id}"
                ) from None
            raise self._error(refused, f"schema {schema_id}") from None
        schema = self._parse(answer, f"schema {schema_id}")
        self._schemas[schema_id] = schema
        if len(self._schemas) > MAX_CACHED:
            self._schemas.popitem(last=False)
        return schema

    def subjects(self) -> list[str]:
        """All subjects."""
        return [str(one) for one in self._list("/subjects")]

    def versions(self, subject: str) -> list[RegisteredVersion]:
        """All versions of a subject, oldest first; none if there is no such subject."""
        path = f"/subjects/{_part(subject)}/versions"
        try:
            numbers = sorted(int(one) for one in self._list(path))
        except _Refused as refused:
            if refused.code in (_NO_SUBJECT, 404):
                return []
            raise self._error(refused, f"subject {subject}") from None
        return [self._version(subject, number) for number in numbers]

    def register(self, subject: str, schema: Any) -> int:
        """Register a schema (text or JSON) under a subject; the id, also if it was there already.

        Raises:
            ClusterError: also where the registry holds it incompatible.
        """
        try:
            answer = self._ask("POST", f"/subjects/{_part(subject)}/versions", _body(schema))
        except _Refused as refused:
            raise self._error(refused, f"registering under {subject}") from None
        return self._id(answer)

    def lookup(self, subject: str, schema: Any) -> int | None:
        """The id under which a subject holds this schema, or None."""
        try:
            return self._id(self._ask("POST", f"/subjects/{_part(subject)}", _body(schema)))
        except _Refused as refused:
            if refused.code in (_NO_SUBJECT, _NO_SCHEMA, 404):
                return None
            raise self._error(refused, f"subject {subject}") from None

    def compatibility(self, subject: str) -> str:
        """The level that holds for a subject: its own, else the registry's."""
        path = f"/config/{_part(subject)}?defaultToGlobal=true"
        try:
            answer = self._ask("GET", path)
        except _Refused:
            try:
                answer = self._ask("GET", "/config")
            except _Refused as refused:
                raise self._error(refused, "compatibility") from None
        level = answer.get("compatibilityLevel") if isinstance(answer, dict) else None
        return str(
            level or (answer.get("compatibility") if isinstance(answer, dict) else "") or "NONE"
        )

    def check(self, subject: str, schema: Any) -> tuple[bool, tuple[str, ...]]:
        """Whether a subject would take a schema, and the registry's reasons if not."""
        path = f"/compatibility/subjects/{_part(subject)}/versions/latest?verbose=true"
        try:
            answer = self._ask("POST", path, _body(schema))
        except _Refused as refused:
            if refused.code in (_NO_SUBJECT, _NO_VERSION, 404):
                return True, ()  # the first version is always taken
            raise self._error(refused, f"compatibility with {subject}") from None
        if not isinstance(answer, dict):
            raise self._strange(answer)
        messages = answer.get("messages") or ()
        return bool(answer.get("is_compatible")), tuple(str(one) for one in messages)

    # below: asking, and reading answers

    def _version(self, subject: str, version: int | str) -> RegisteredVersion:
        path = f"/subjects/{_part(subject)}/versions/{version}"
        try:
            answer = self._ask("GET", path)
        except _Refused as refused:
            raise self._error(refused, f"{subject} version {version}") from None
        if not isinstance(answer, dict) or not isinstance(answer.get("version"), int):
            raise self._strange(answer)
        schema = self._parse(answer, f"{subject} version {version}")
        return RegisteredVersion(subject, answer["version"], self._id(answer), schema)

    def _parse(self, answer: Any, what: str) -> Schema:
        if not isinstance(answer, dict) or not isinstance(answer.get("schema"), str):
            raise self._strange(answer)
        kind = answer.get("schemaType", "AVRO")
        if kind != "AVRO":
            raise NotAvro(f"{what} is {kind}, not Avro", where=self.where)
        texts: dict[tuple[str, int], str] = {}
        self._references(answer, texts, ())
        try:
            return avro.parse(
                answer["schema"], references=texts.values(), where=f"{self.where} {what}"
            )
        except avro.SchemaError as error:
            raise NotAvro(
                f"{what} is not usable: {error.findings[0].what}", where=self.where
            ) from None

    def _references(
        self, answer: Mapping[str, Any], texts: dict[tuple[str, int], str], around: tuple[Any, ...]
    ) -> None:
        """Collect the schemas that one draws in, dependencies first."""
        for one in answer.get("references") or ():
            try:
                key = (str(one["subject"]), int(one["version"]))
            except (TypeError, KeyError, ValueError):
                raise self._strange(answer) from None
            if key in texts:
                continue
            if key in around or len(texts) + len(around) >= MAX_REFERENCES:
                raise NotAvro(
                    f"references in a circle or over {MAX_REFERENCES}: {key[0]}", where=self.where
                )
            try:
                found = self._ask("GET", f"/subjects/{_part(key[0])}/versions/{key[1]}")
            except _Refused as refused:
                raise self._error(refused, f"reference {key[0]} version {key[1]}") from None
            if not isinstance(found, dict) or not isinstance(found.get("schema"), str):
                raise self._strange(found)
            self._references(found, texts, (*around, key))
            texts[key] = found["schema"]

    def _list(self, path: str) -> list[Any]:
        try:
            answer = self._ask("GET", path)
        except _Refused as refused:
            if path == "/subjects":
                raise self._error(refused, "the list of subjects") from None
            raise
        if not isinstance(answer, list):
            raise self._strange(answer)
        return answer

    def _id(self, answer: Any) -> int:
        if not isinstance(answer, dict) or not isinstance(answer.get("id"), int):
            raise self._strange(answer)
        return int(answer["id"])

    def _answers(self) -> bool:
        """Whether this is a registry at all, before a bare 404 is believed."""
        try:
            return isinstance(self._ask("GET", "/subjects"), list)
        except _Refused:
            return False

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Retry),
            wait=tenacity.wait_random_exponential(multiplier=0.2, max=5.0),
            stop=tenacity.stop_before_delay(self._deadline),
            reraise=True,
        )
        try:
            return retrying(self._once, method, path, body)
        except _Retry as error:
            raise ClusterError(
                f"the registry does not answer: {error}",
                where=self.where,
                hint="check that it runs and can be reached from here",
            ) from None

    def _once(self, method: str, path: str, body: Any) -> Any:
        try:
            with self._http.stream(method, self._url(path), json=body) as response:
                data = bytearray()
                for chunk in response.iter_bytes():
                    data += chunk
                    if len(data) > MAX_ANSWER:
                        raise ClusterError(
                            f"an answer of over {MAX_ANSWER} bytes", where=self.where
                        )
        except httpx.TransportError as error:
            said = re.sub(r"^\[Errno -?\d+\] ", "", str(error))
            raise _Retry(said or type(error).__name__) from None
        except httpx.HTTPError as error:
            raise ClusterError(
                f"the registry's answer is damaged: {error}", where=self.where
            ) from None
        return self._answer(response, bytes(data))

    def _answer(self, response: httpx.Response, data: bytes) -> Any:
        status = response.status_code
        if status >= 500 or status == 429:
            raise _Retry(f"HTTP {status}")
        if status in (401, 403):
            raise ClusterError(
                f"the registry refuses the credentials (HTTP {status})",
                where=self.where,
                hint="check them",
            )
        if 300 <= status < 400:
            raise ClusterError(
                f"the registry redirects (HTTP {status}), which is not followed",
                where=self.where,
                hint="give the address that it redirects to",
            )
        try:
            answer = json.loads(data)
        except (ValueError, RecursionError):
            if status >= 400:
                raise _Refused(status, status, "") from None
            raise ClusterError(
                "the answer is not JSON", where=self.where, hint="check the path"
            ) from None
        if status >= 400:
            known = answer if isinstance(answer, dict) else {}
            code = known.get("error_code")
            raise _Refused(
                status, code if isinstance(code, int) else status, str(known.get("message", ""))
            )
        return answer

    def _url(self, path: str) -> str:
        return self._base + path

    @property
    def _base(self) -> str:
        return self.where.rstrip("/")

    def _error(self, refused: _Refused, what: str) -> ClusterError:
        text = f": {refused.message[:500]}" if refused.message else ""
        hint = "check the registry's path" if refused.status == 404 else ""
        return ClusterError(
            f"{what}: the registry answers {refused.code}{text}", where=self.where, hint=hint
        )

    def _strange(self, answer: Any) -> ClusterError:
        return ClusterError(
            f"an answer that is not a schema registry's: {str(answer)[:120]}",
            where=self.where,
            hint="check the path; Apicurio's is /apis/ccompat/v7",
        )


def _shown(url: str) -> str:
    """The address without credentials, query and fragment."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _part(text: str) -> str:
    return quote(text, safe="")


def _body(schema: Any) -> dict[str, str]:
    return {"schema": schema if isinstance(schema, str) else json.dumps(schema)}


def _trust(ca: str | None) -> Any:
    if ca is None:
        return True
    import ssl  # noqa: PLC0415 - only where certificates are given

    return ssl.create_default_context(cafile=ca)
