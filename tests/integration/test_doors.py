"""What a running gateway listens on, and what it lets those do who connect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from streams import case, eventually, ports_elsewhere

if TYPE_CHECKING:
    from collections.abc import Iterator

    from federation.sandbox import Sandbox

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

FOREIGN = "https://elsewhere.example"
TRAVERSALS = (
    "jobmanager/logs/..%252f..%252f..%252f..%252fetc%252fpasswd",
    "jobmanager/logs/../../../../etc/passwd",
    "..%2f..%2f..%2fetc%2fpasswd",
)


@pytest.fixture(scope="module")
def status(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What a gateway that runs says of itself."""
    made = case(sandbox, tmp_path_factory.mktemp("doors"), "doors", records=1_000)
    with made.running():
        eventually(
            lambda: any(one["state"] == "RUNNING" for one in made.status()["streams"]),
            "a running stream",
        )
        yield made.status()


@pytest.fixture
def rest(status: dict[str, Any]) -> Iterator[httpx.Client]:
    """A client of Flink's REST interface."""
    (stream,) = status["streams"]
    address = f"http://127.0.0.1:{stream['rest_port']}"
    with httpx.Client(base_url=address, trust_env=False, timeout=20) as client:
        yield client


def test_every_port_is_on_loopback(status: dict[str, Any]) -> None:
    """Nobody on another machine can connect to anything that the gateway opened."""
    assert ports_elsewhere(status["pid"], at_least=2) == []  # Py4J and REST


def test_nobody_submits_a_job(rest: httpx.Client) -> None:
    """Flink takes neither a jar nor a job, however it is asked."""
    upload = rest.post("/v1/jars/upload", files={"jarfile": ("x.jar", b"PK", "application/java")})
    assert upload.status_code in {400, 404}
    assert rest.get("/v1/jars").status_code == 404
    assert rest.post("/v1/jars/x.jar/run").status_code == 404
    assert rest.get("/v1/config").json()["features"]["web-submit"] is False


def test_pages_of_others_read_nothing(rest: httpx.Client) -> None:
    """A browser is told that foreign origins may not read the answers."""
    for method in ("GET", "OPTIONS"):
        answer = rest.request(method, "/v1/overview", headers={"Origin": FOREIGN})
        assert answer.headers.get("access-control-allow-origin") not in {"*", FOREIGN}


@pytest.mark.parametrize("path", TRAVERSALS)
def test_no_path_leads_out(rest: httpx.Client, path: str) -> None:
    """Flink serves no file of this machine."""
    answer = rest.get(f"/{path}")
    assert "root:" not in answer.text
    assert answer.status_code >= 400
