"""Where a Flink cluster of ours listens: on loopback, and with which settings."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A cluster's REST, as seen from this machine.

    Attributes:
        port: on loopback.
        options: Flink's settings for whoever submits a job there.
        tls: what to show and to trust; None where it is plain HTTP.
    """

    port: int
    options: Mapping[str, str]
    tls: ssl.SSLContext | None = None

    def client(self, path: str = "") -> httpx.Client:
        """A client of what lies below a path."""
        scheme = "https" if self.tls else "http"
        return httpx.Client(
            base_url=f"{scheme}://{_LOOPBACK}:{self.port}{path}",
            verify=self.tls or True,
            timeout=5.0,
            trust_env=False,
        )


def embedded() -> Endpoint:
    """A cluster in the JVM that submits to it, for one job."""
    (port,) = free_ports(1)
    return Endpoint(port, {"execution.target": "local", **settings(port, scheme="http")})


def settings(port: int, *, scheme: str) -> Mapping[str, str]:
    """What any cluster of ours is told, whose REST listens on this port."""
    return {
        # Loopback only, nothing to submit or cancel from outside, no foreign origin.
        "rest.address": _LOOPBACK,
        "rest.bind-address": _LOOPBACK,
        "jobmanager.bind-host": _LOOPBACK,
        "taskmanager.bind-host": _LOOPBACK,
        "taskmanager.host": _LOOPBACK,
        "rest.port": str(port),
        "rest.bind-port": str(port),
        "web.submit.enable": "false",
        "web.cancel.enable": "false",
        "web.access-control-allow-origin": f"{scheme}://{_LOOPBACK}:{port}",
        "metrics.fetcher.update-interval": "1000",
        # One fixed size is wanted; 4,096 buffers do for some hundred channels.
        "taskmanager.memory.network.min": "128mb",
        "taskmanager.memory.network.max": "128mb",
    }


def free_ports(count: int) -> list[int]:
    """Ports of loopback, each another one, on which nobody listens now."""
    probes = [socket.create_server((_LOOPBACK, 0)) for _ in range(count)]
    try:
        return [int(one.getsockname()[1]) for one in probes]
    finally:
        for one in probes:
            one.close()
