"""Questions to a registry over HTTP: bounded in size and time, repeated where that may help.

Redirects are not followed, so that credentials go to no other host. What may pass (connection,
5xx, 429) is tried again until a deadline.
"""

from __future__ import annotations

import json
import re
import ssl
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

import httpx
import tenacity

from federation.errors import ClusterError
from federation.schemas.registry.access import Access, shown
from federation.schemas.registry.oauth import ClientCredentials

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

MAX_ANSWER = 8_000_000  # bytes
DEADLINE = 30.0  # seconds for one question, repeats included
_TIMEOUT = httpx.Timeout(10.0, connect=5.0)
_ACCEPT = "application/vnd.schemaregistry.v1+json, application/json"


class Refused(Exception):  # noqa: N818 - it names what the registry did
    """The registry answered no; ``code`` is its own error code, else the HTTP status.

    Attributes:
        status: of HTTP.
        code: the body's ``error_code``.
        message: the registry's own words, or empty.
        body: the answer, if it was JSON.
        about: what was asked for, set by whoever asked.
    """

    def __init__(self, status: int, body: Any) -> None:
        known = body if isinstance(body, dict) else {}
        code, said = known.get("error_code"), known.get("message", known.get("title", ""))
        super().__init__(said)
        self.status, self.body = status, known
        self.code = code if isinstance(code, int) else status
        self.message = str(said)
        self.about = ""


class Answer(NamedTuple):
    """A good answer: its text, and its headers by lower-case names."""

    text: str
    headers: Mapping[str, str]


class TooLarge(ClusterError):  # noqa: N818 - it names what was found
    """An answer of more bytes than any schema may have."""


class _Retry(Exception):  # noqa: N818 - never leaves this module
    """A failure that may pass."""


class RestClient:
    """One address, asked with one set of credentials.

    Args:
        url: base address, may have a path; credentials in it are used and never shown.
        access: credentials and certificates.
        deadline: seconds that one question may take, repeats included.

    Raises:
        ClusterError: the address or the certificates are of no use.
    """

    def __init__(self, url: str, access: Access, deadline: float = DEADLINE) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ClusterError(
                "the registry's address is not a URL",
                where=shown(url),
                hint="http(s)://host:port/path",
            )
        self.where = shown(url)
        self._deadline = deadline
        self._http = httpx.Client(
            auth=_credentials(parts, access),
            headers={"Accept": _ACCEPT} | dict(access.headers),
            timeout=_TIMEOUT,
            verify=self._tls(access),
            follow_redirects=False,
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON that a path answers.

        Raises:
            Refused: the server answered 4xx.
            ClusterError: it does not answer, or not as a registry does.
        """
        try:
            return json.loads(self.fetch(method, path, body).text)
        except (ValueError, RecursionError):
            raise ClusterError(
                "the answer is not JSON", where=self.where, hint="check the path"
            ) from None

    def fetch(self, method: str, path: str, body: Any = None) -> Answer:
        """Whatever text a path answers; raises as :meth:`ask` does."""
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

    def error(self, refused: Refused, what: str) -> ClusterError:
        """A refusal as an error for people."""
        text = f": {refused.message[:500]}" if refused.message else ""
        hint = "check the registry's path" if refused.status == 404 else ""
        return ClusterError(
            f"{what}: the registry answers {refused.code}{text}", where=self.where, hint=hint
        )

    def strange(self, answer: Any) -> ClusterError:
        """The error for an answer that no registry gives."""
        return ClusterError(
            f"an answer that is not a schema registry's: {str(answer)[:120]}",
            where=self.where,
            hint="check the path; Apicurio's is /apis/ccompat/v7",
        )

    def _once(self, method: str, path: str, body: Any) -> Answer:
        try:
            url = self.where.rstrip("/") + path
            with self._http.stream(method, url, json=body) as response:
                data = bytearray()
                for chunk in response.iter_bytes():
                    data += chunk
                    if len(data) > MAX_ANSWER:
                        raise TooLarge(f"an answer of over {MAX_ANSWER} bytes", where=self.where)
        except httpx.TransportError as error:
            said = re.sub(r"^\[Errno -?\d+\] ", "", str(error))
            raise _Retry(said or type(error).__name__) from None
        except httpx.HTTPError as error:
            raise ClusterError(
                f"the registry's answer is damaged: {error}", where=self.where
            ) from None
        return self._answer(response, data.decode("utf-8", "replace"))

    def _answer(self, response: httpx.Response, text: str) -> Answer:
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
        if status >= 400:
            try:
                raise Refused(status, json.loads(text))
            except (ValueError, RecursionError):
                raise Refused(status, None) from None
        return Answer(text, response.headers)

    def _tls(self, access: Access) -> ssl.SSLContext | bool:
        if access.ca is None and access.certificate is None:
            return True
        file = access.ca
        try:
            context = ssl.create_default_context(cafile=access.ca)
            if access.certificate is not None:
                file = access.certificate
                context.load_cert_chain(access.certificate, access.key)
        except (OSError, ValueError) as error:
            raise ClusterError(
                f"cannot use the certificates in {file}: {error}", where=self.where
            ) from None
        return context


def _credentials(parts: SplitResult, access: Access) -> httpx.Auth | None:
    if access.oauth is not None:
        return ClientCredentials(access.oauth)
    if access.token is not None:
        return _Bearer(access.token)
    if access.username is not None:
        return httpx.BasicAuth(access.username, access.password or "")
    if parts.username is not None:
        return httpx.BasicAuth(unquote(parts.username), unquote(parts.password or ""))
    return None


class _Bearer(httpx.Auth):
    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request
