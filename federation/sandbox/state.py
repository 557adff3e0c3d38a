"""What a sandbox knows about itself between two commands: one small JSON file, replaced whole.

The file says what *should* run (ports, cluster ids, the last started processes). What *does* run is
read from the machine: every process carries the sandbox's folder and its node's name among its
arguments. A process id alone is never trusted, for it may have been given to a stranger since; and
a process whose starter was killed before it could write anything down is found all the same.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
from base64 import urlsafe_b64encode
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import psutil

from federation.errors import SandboxError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BROKER = "broker"
REGISTRY = "registry"
KINDS = (BROKER, REGISTRY)
FORMAT = "format"  # the short-lived tool before a broker's first start

_VERSION = 1
# Below Linux's range for outgoing connections (32768...), so that no client takes the port between
# our choice and the node's bind.
_FREE_PORTS = range(20_000, 32_000)
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,30}")


@dataclass(frozen=True, slots=True)
class Stamp:
    """A started process: its id and when it began (seconds since 1970)."""

    pid: int
    started: float


@dataclass(slots=True)
class Cluster:
    """One cluster of the sandbox: a broker with its own cluster id, and a registry.

    Attributes:
        name: lower case, as in ``--clusters``.
        cluster_id: Kafka's, 22 characters, made once and kept until reset.
        ports: loopback ports by use: ``broker``, ``controller``, ``registry``.
        fixed: the ports were asked for, so a taken one is an error and not a reason to move.
        running: processes started and not stopped by us, by kind.
    """

    name: str
    cluster_id: str
    ports: dict[str, int]
    fixed: bool = False
    running: dict[str, Stamp] = field(default_factory=dict)

    @property
    def bootstrap(self) -> str:
        """``host:port`` of the broker."""
        return f"127.0.0.1:{self.ports[BROKER]}"

    @property
    def registry(self) -> str:
        """Base URL of the registry's Confluent-compatible API."""
        return f"http://127.0.0.1:{self.ports[REGISTRY]}/apis/ccompat/v7"

    @property
    def variable(self) -> str:
        """Prefix of the cluster's environment variables: ``eu`` gives ``EU``."""
        return self.name.upper().replace("-", "_")


@dataclass(slots=True)
class State:
    """All clusters of one sandbox, in the order in which they were named."""

    clusters: dict[str, Cluster] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> State:
        """Read the file; a missing one is an empty sandbox.

        Raises:
            SandboxError: the file is damaged or of another version.
        """
        try:
            raw = json.loads(path.read_text())
            if raw["version"] != _VERSION:
                raise ValueError(f"version {raw['version']}")  # noqa: TRY301 - told below
            return cls({name: _cluster(item) for name, item in raw["clusters"].items()})
        except FileNotFoundError:
            return cls()
        except (ValueError, KeyError, TypeError) as error:
            raise SandboxError(
                f"the sandbox's state cannot be read ({error})",
                where=str(path),
                hint="federation sandbox reset stops what still runs and starts afresh",
            ) from error

    def save(self, path: Path) -> None:
        """Replace the file in one step: readers see the old or the new one, never half of it."""
        body = {
            "version": _VERSION,
            "clusters": {name: asdict(item) for name, item in self.clusters.items()},
        }
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps(body, indent=2) + "\n")
        draft.replace(path)


def _cluster(item: dict[str, object]) -> Cluster:
    cluster = Cluster(**item)  # type: ignore[arg-type]  # a wrong shape raises TypeError, caught above
    cluster.running = {kind: Stamp(**stamp) for kind, stamp in cluster.running.items()}  # type: ignore[arg-type]  # read from JSON: still a dict here
    return cluster


def marker(folder: Path, node: str) -> str:
    """The Java argument that ties a process to its sandbox and node (``eu/broker``)."""
    return f"-Dfederation.sandbox={folder}#{node}"


def processes(folder: Path) -> dict[str, psutil.Process]:
    """Living processes of the sandbox in ``folder``, by node name, found by their arguments."""
    found: dict[str, psutil.Process] = {}
    head = marker(folder, "")
    for process in psutil.process_iter():
        try:
            nodes = [a.removeprefix(head) for a in process.cmdline() if a.startswith(head)]
            if nodes and process.status() != psutil.STATUS_ZOMBIE:
                found[nodes[0]] = process
        except psutil.Error:
            continue  # ended meanwhile, or somebody else's
    return found


def new_cluster(name: str, taken: set[int], base: int | None) -> Cluster:
    """A cluster that was never started: checked name, fresh cluster id, ports.

    Args:
        name: what the user calls it.
        taken: ports that other clusters of the sandbox hold; the new ones are added.
        base: the first of three ports in a row, or None for any free ones.

    Raises:
        SandboxError: the name cannot be used, or a given port is taken.
    """
    if not _NAME.fullmatch(name):
        raise SandboxError(
            f"{name!r} cannot be a cluster's name",
            hint="lower-case letters, digits, - and _, beginning with a letter",
        )
    # Kafka's form of a UUID, without dashes: one in front would read as an option.
    cluster_id = urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=").replace("-", "_")
    cluster = Cluster(name, cluster_id, {}, fixed=base is not None)
    for number, use in enumerate((BROKER, REGISTRY, "controller")):
        cluster.ports[use] = base + number if base is not None else free_port(taken)
        taken.add(cluster.ports[use])
    return cluster


def free_port(taken: set[int]) -> int:
    """A port of the loopback interface on which nobody listens and that is not in ``taken``."""
    for _ in range(1000):
        port = secrets.choice(_FREE_PORTS)
        if port not in taken and is_free(port):
            return port
    raise SandboxError("no free port found between 20000 and 32000")


def is_free(port: int) -> bool:
    """Whether a node could listen on the loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as Java does
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def child_environment() -> Mapping[str, str]:
    """The caller's environment without what would change a JVM or a Quarkus application unseen."""
    alien = ("JAVA", "JDK_", "_JAVA", "CLASSPATH", "KAFKA_", "QUARKUS_", "APICURIO_", "REGISTRY_")
    return {name: value for name, value in os.environ.items() if not name.startswith(alien)}
