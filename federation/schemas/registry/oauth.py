"""A bearer token that is fetched, and renewed in time: OAuth 2.0's client credentials grant."""

from __future__ import annotations

import time
from base64 import b64encode
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

import httpx

from federation.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Generator

    from federation.schemas.registry.access import OAuth

_LIFE = 300.0  # seconds, of a token that does not say
_RENEWED = 0.8  # of its life


class ClientCredentials(httpx.Auth):
    """Puts a token into each question; one that is refused too soon is fetched anew, once."""

    def __init__(self, grant: OAuth) -> None:
        self._grant = grant
        self._lock = Lock()
        self._token = ""
        self._until = 0.0

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """As httpx asks for it; the answer's body is left to whoever reads the answer."""
        used = yield from self._fetched("")
        request.headers["Authorization"] = f"Bearer {used}"
        response = yield request
        if response.status_code == 401:
            request.headers["Authorization"] = f"Bearer {(yield from self._fetched(used))}"
            yield request

    def _fetched(self, refused: str) -> Generator[httpx.Request, httpx.Response, str]:
        """A token that is good still, and is not the refused one."""
        with self._lock:
            if self._token in ("", refused) or time.monotonic() >= self._until:
                response = yield self._question()
                response.read()
                self._token, life = self._answer(response)
                self._until = time.monotonic() + _RENEWED * life
            return self._token

    def _question(self) -> httpx.Request:
        grant = self._grant
        form = {"grant_type": "client_credentials"}
        form |= {"scope": grant.scope} if grant.scope else {}
        pair = f"{quote_plus(grant.client_id)}:{quote_plus(grant.client_secret)}"
        headers = {
            "Accept": "application/json",
            "Authorization": f"Basic {b64encode(pair.encode()).decode()}",
        }
        return httpx.Request("POST", grant.url, data=form, headers=headers)

    def _answer(self, response: httpx.Response) -> tuple[str, float]:
        status, said = response.status_code, self._json(response)
        if status >= 500 or status == 429:
            raise httpx.TransportError(f"the OAuth server answers HTTP {status}")
        token, life = said.get("access_token"), said.get("expires_in", _LIFE)
        if status == 200 and isinstance(token, str) and token and isinstance(life, int | float):
            return token, float(life)
        why = said.get("error_description") or said.get("error") or "no token"
        raise ClusterError(
            f"the OAuth server gives no token (HTTP {status}): {str(why)[:200]}",
            where=self._grant.url,
            hint="check the address, client_id, client_secret and scope",
        )

    @staticmethod
    def _json(response: httpx.Response) -> dict[str, Any]:
        try:
            found = response.json()
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}
