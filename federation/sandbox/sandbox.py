"""A sandbox: several real Kafka clusters, each with its registry, as plain processes in one folder.

::

    box = Sandbox(folder)
    box.up(["eu", "us", "hub"])      # harmless if it is up; heals what crashed
    box.env()                        # {"EU_BOOTSTRAP": "127.0.0.1:…", "EU_REGISTRY": …}
    box.down()                       # topics, schemas and ids stay for the next up
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from federation.errors import Incomplete, SandboxError
from federation.sandbox import nodes
from federation.sandbox.nodes import Layout
from federation.sandbox.state import (
    BROKER,
    FORMAT,
    KINDS,
    REGISTRY,
    Cluster,
    Stamp,
    State,
    free_port,
    is_free,
    new_cluster,
    processes,
)

DEFAULT_CLUSTERS = ("eu", "us", "hub")
Progress = Callable[[str], None]

_START_SECONDS = 120.0  # a cold machine with slow disks; warm it takes some ten
_STOP_SECONDS = 15.0  # for a broker's clean shutdown; then SIGKILL
_POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """One process of the sandbox, as seen now.

    Attributes:
        node: ``eu/broker``, ``eu/registry``…
        state: ``up`` (answers), ``starting`` (runs, does not answer), ``crashed`` (was started,
            is gone, and nobody stopped it), ``down``.
        address: ``host:port`` of a broker, URL of a registry.
        pid: process id, or None.
        memory: resident size in bytes, 0 without a process.
        started: seconds since 1970, or None.
    """

    node: str
    state: str
    address: str
    pid: int | None
    memory: int
    started: float | None


def default_folder() -> Path:
    """``$XDG_STATE_HOME/federation/sandbox``, else ``~/.local/state/federation/sandbox``."""
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(home) / "federation" / "sandbox"


class Sandbox:
    """The clusters whose state lies in one folder.

    Several commands may work on one folder at once: they take turns.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = (folder or default_folder()).expanduser().resolve()
        self._state_file = self.folder / "state.json"

    def up(
        self,
        clusters: Sequence[str] = (),
        *,
        base_port: int | None = None,
        progress: Progress = lambda _line: None,
        timeout: float = _START_SECONDS,
    ) -> list[NodeStatus]:
        """Start what does not run and wait until every node answers.

        Nodes that run are left alone; nodes that crashed, or whose starter was killed, are healed.

        Args:
            clusters: names; those known already stay, new ones are added. Empty: those that the
                folder knows, or eu, us and hub.
            base_port: ports of *new* clusters, three each from here on; None: any free ones.
            progress: told, in a short line, about each node that was started or is ready.
            timeout: seconds until all must answer.

        Raises:
            SandboxError: a node ended while starting, or a given port is taken.
            SetupError: Java or the jars are missing.
            Incomplete: the time is over; what started keeps running.
        """
        with self._turn():
            state = State.load(self._state_file)
            wanted = list(dict.fromkeys(clusters or state.clusters or DEFAULT_CLUSTERS))
            self._admit(state, wanted, base_port)
            chosen = [state.clusters[name] for name in wanted]
            alive = processes(self.folder)
            # A starter killed in mid-format left these; the format is done again.
            _signal([p for node, p in alive.items() if node.endswith(f"/{FORMAT}")], "kill")
            missing = [
                (cluster, kind)
                for cluster in chosen
                for kind in KINDS
                if f"{cluster.name}/{kind}" not in alive
            ]
            if missing:
                self._start(state, missing, progress)
            self._wait(chosen, missing, progress, time.monotonic() + timeout)
            self._stamp(state)
        return [status for status in self.status() if status.node.split("/")[0] in wanted]

    def down(self) -> list[str]:
        """Stop every process and return their nodes; topics, schemas and ids stay.

        Raises:
            SandboxError: a process is still there after SIGKILL.
        """
        with self._turn():
            stopped = self._stop()
            state = State.load(self._state_file)
            if any(cluster.running for cluster in state.clusters.values()):
                for cluster in state.clusters.values():
                    cluster.running.clear()
                state.save(self._state_file)
            return stopped

    def reset(self) -> None:
        """Stop everything and forget it: clusters, ports, topics, schemas, logs."""
        with self._turn():
            self._stop()
            # Only what is ours: the folder may have been given by hand.
            shutil.rmtree(self.folder / "clusters", ignore_errors=True)
            self._state_file.unlink(missing_ok=True)

    def status(self) -> list[NodeStatus]:
        """Every node of every cluster, asked now; empty if nothing was ever started here."""
        alive = processes(self.folder)
        return [
            _status(cluster, kind, alive.get(f"{cluster.name}/{kind}"))
            for cluster in self.clusters().values()
            for kind in KINDS
        ]

    def clusters(self) -> dict[str, Cluster]:
        """The clusters that the folder knows, by name."""
        return State.load(self._state_file).clusters

    def env(self) -> dict[str, str]:
        """``EU_BOOTSTRAP`` and ``EU_REGISTRY`` for each cluster, as configurations use them.

        Raises:
            SandboxError: nothing was ever started in this folder.
        """
        found: dict[str, str] = {}
        for cluster in self._known().values():
            found[f"{cluster.variable}_BOOTSTRAP"] = cluster.bootstrap
            found[f"{cluster.variable}_REGISTRY"] = cluster.registry
        return found

    def logs(self, node: str, *, lines: int = 50, follow: bool = False) -> Iterator[str]:
        """The last lines of a node's log (``eu/broker``, ``eu/registry``; ``eu`` is its broker).

        With ``follow`` it goes on for ever with what is appended.

        Raises:
            SandboxError: no such node.
        """
        name, _, kind = node.partition("/")
        known = self._known()
        if name not in known or (kind or BROKER) not in KINDS:
            allowed = ", ".join(f"{c}/{k}" for c in known for k in KINDS)
            raise SandboxError(f"no node {node!r} in this sandbox", hint=f"one of {allowed}")
        path = Layout(self.folder, known[name]).log(kind or BROKER)
        return nodes.follow(path, lines) if follow else iter(nodes.tail(path, lines))

    def _known(self) -> dict[str, Cluster]:
        known = self.clusters()
        if not known:
            raise SandboxError(
                "there is no sandbox in this folder",
                where=str(self.folder),
                hint="start one with: federation sandbox up",
            )
        return known

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Exclusive use of the folder; the system gives it back even after kill -9."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _admit(self, state: State, wanted: Sequence[str], base_port: int | None) -> None:
        """Give every new cluster its id and ports, and write them down before anything starts."""
        taken = {port for cluster in state.clusters.values() for port in cluster.ports.values()}
        for name in wanted:
            if name not in state.clusters:
                state.clusters[name] = new_cluster(name, taken, base_port)
                base_port = base_port + 3 if base_port is not None else None
        state.save(self._state_file)

    def _start(
        self, state: State, missing: Sequence[tuple[Cluster, str]], progress: Progress
    ) -> None:
        """Start the missing nodes all at once; a fresh broker's storage is formatted first."""
        from federation.flink import jars, jvm  # noqa: PLC0415 - `sandbox --help` needs neither

        java = jvm.find_java(21)
        broker_jars = jars.resolve("broker")
        app = nodes.unpack_registry(jars.resolve("registry")[0], jars.cache_dir() / "registry")
        for cluster, kind in missing:
            self._settle_ports(state, cluster, kind)
        state.save(self._state_file)

        formatting: dict[str, psutil.Process] = {}
        for cluster in (cluster for cluster, kind in missing if kind == BROKER):
            if nodes.prepare(self.folder, cluster):
                command = nodes.format_command(java, broker_jars, self.folder, cluster)
                log = Layout(self.folder, cluster).log(BROKER)
                formatting[cluster.name] = psutil.Process(nodes.spawn(command, log))
        # Registries do not wait for that; brokers do.
        for cluster, kind in sorted(missing, key=lambda item: item[1] == BROKER):
            layout = Layout(self.folder, cluster)
            if kind == REGISTRY:
                command = nodes.registry_command(java, app, self.folder, cluster)
            else:
                if cluster.name in formatting:
                    _finish_format(formatting[cluster.name], layout)
                command = nodes.broker_command(java, broker_jars, self.folder, cluster)
            layout.home.mkdir(parents=True, exist_ok=True)
            pid = nodes.spawn(command, layout.log(kind))
            cluster.running[kind] = Stamp(pid, time.time())
            state.save(self._state_file)
            progress(f"{cluster.name}/{kind} starting (process {pid})")

    def _settle_ports(self, state: State, cluster: Cluster, kind: str) -> None:
        """Keep a node's ports if it can still have them; else take others, if nobody chose them."""
        taken = {port for other in state.clusters.values() for port in other.ports.values()}
        for use in (BROKER, "controller") if kind == BROKER else (REGISTRY,):
            if is_free(cluster.ports[use]):
                continue
            if cluster.fixed:
                raise SandboxError(
                    f"port {cluster.ports[use]} is taken by another process",
                    where=f"{cluster.name}/{kind}",
                    hint="free it, or reset and choose other ports",
                )
            cluster.ports[use] = free_port(taken)
            taken.add(cluster.ports[use])

    def _wait(
        self,
        clusters: Sequence[Cluster],
        started: Sequence[tuple[Cluster, str]],
        progress: Progress,
        deadline: float,
    ) -> None:
        waiting = [(cluster, kind) for cluster in clusters for kind in KINDS]
        begun = time.monotonic()
        while True:
            still = []
            for cluster, kind in waiting:
                if not _answers(cluster, kind, timeout=1.0):
                    still.append((cluster, kind))
                elif (cluster, kind) in started:
                    progress(f"{cluster.name}/{kind} ready ({time.monotonic() - begun:.1f} s)")
            waiting = still
            if not waiting:
                return
            alive = processes(self.folder)
            for cluster, kind in waiting:
                if f"{cluster.name}/{kind}" not in alive:
                    raise _ended(Layout(self.folder, cluster).log(kind), f"{cluster.name}/{kind}")
            if time.monotonic() > deadline:
                names = ", ".join(f"{cluster.name}/{kind}" for cluster, kind in waiting)
                raise Incomplete(
                    f"not ready in time: {names}",
                    hint=f"see: federation sandbox logs {names.split(',')[0]}",
                )
            time.sleep(_POLL_SECONDS)

    def _stamp(self, state: State) -> None:
        """Write down what runs, also what an earlier, killed starter left unwritten."""
        for node, process in processes(self.folder).items():
            name, _, kind = node.partition("/")
            if name in state.clusters:
                state.clusters[name].running[kind] = Stamp(process.pid, process.create_time())
        state.save(self._state_file)

    def _stop(self) -> list[str]:
        """End every process of this folder: SIGTERM, a deadline, SIGKILL."""
        found = processes(self.folder)
        # Looked up anew for each attempt: a node whose starter was killed between fork and exec
        # shows a moment late.
        for attempt in ("terminate", "kill"):
            _signal(list(processes(self.folder).values()), attempt)
        if left := processes(self.folder):
            raise SandboxError(f"still running after SIGKILL: {', '.join(sorted(left))}")
        return sorted(found)


def _answers(cluster: Cluster, kind: str, timeout: float) -> bool:
    probe = nodes.broker_answers if kind == BROKER else nodes.registry_answers
    return probe(cluster, timeout)


def _signal(victims: list[psutil.Process], attempt: str) -> None:
    for process in victims:
        with suppress(psutil.NoSuchProcess):
            getattr(process, attempt)()
    psutil.wait_procs(victims, timeout=_STOP_SECONDS)


def _status(cluster: Cluster, kind: str, process: psutil.Process | None) -> NodeStatus:
    address = cluster.bootstrap if kind == BROKER else cluster.registry
    node = f"{cluster.name}/{kind}"
    if process is not None:
        state = "up" if _answers(cluster, kind, timeout=1.0) else "starting"
        with suppress(psutil.Error):  # it ended while we asked
            facts = process.memory_info().rss, process.create_time()
            return NodeStatus(node, state, address, process.pid, *facts)
    state = "crashed" if kind in cluster.running else "down"
    return NodeStatus(node, state, address, pid=None, memory=0, started=None)


def _finish_format(process: psutil.Process, layout: Layout) -> None:
    process.wait()
    if not (layout.data / "meta.properties").exists():
        raise _ended(layout.log(BROKER), f"{layout.home.name}/broker (formatting its storage)")


def _ended(log: Path, node: str) -> SandboxError:
    last = "\n  ".join(nodes.tail(log, 8))
    return SandboxError(
        f"the process ended while starting; its last words:\n  {last}", where=node, hint=str(log)
    )
