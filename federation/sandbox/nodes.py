"""How one broker and one registry are laid out and started: files, arguments, the first answer."""

from __future__ import annotations

import logging
import os
import tarfile
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from federation.sandbox.state import BROKER, FORMAT, REGISTRY, Cluster, child_environment, marker

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_BROKER_PROPERTIES = """\
# Written by `federation sandbox up`; changes are lost at the next start.
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{broker}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false

# One node: what is normally kept three times is kept once.
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0

# Small in memory and on disk, and quiet when idle.
log.segment.bytes=67108864
log.index.size.max.bytes=1048576
log.cleaner.dedupe.buffer.size=4194304
num.network.threads=2
num.io.threads=4
background.threads=2
metadata.max.idle.interval.ms=5000

# A broker that was killed is let in again only when its session has ended: nine seconds by default.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
"""

# A node that runs out of memory must be seen dead, not half alive.
_JVM = (
    "-XX:+UseSerialGC",
    "-XX:+ExitOnOutOfMemoryError",
    "-Xss512k",
    "-Djava.awt.headless=true",
    "-Djava.net.preferIPv4Stack=true",
)


class Layout:
    """Where a cluster's files lie: ``<folder>/clusters/<name>/…``."""

    def __init__(self, folder: Path, cluster: Cluster) -> None:
        self.home = folder / "clusters" / cluster.name
        self.data = self.home / "data"
        self.properties = self.home / "server.properties"
        self.database = self.home / "registry"

    def log(self, kind: str) -> Path:
        """The log file of the cluster's ``broker`` or ``registry``."""
        return self.home / f"{kind}.log"


def prepare(folder: Path, cluster: Cluster) -> bool:
    """Write the broker's properties; tell whether its storage still has to be formatted."""
    layout = Layout(folder, cluster)
    layout.home.mkdir(parents=True, exist_ok=True)
    ports = cluster.ports
    layout.properties.write_text(
        _BROKER_PROPERTIES.format(
            broker=ports[BROKER], controller=ports["controller"], data=layout.data
        )
    )
    # The tool writes this file last, so a format that was killed half-way is simply done again.
    return not (layout.data / "meta.properties").exists()


def format_command(java: Path, jars: Sequence[Path], folder: Path, cluster: Cluster) -> list[str]:
    """The one-off command that gives the broker's storage its cluster id."""
    properties = str(Layout(folder, cluster).properties)
    return [
        str(java),
        "-Xmx128m",
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
        marker(folder, f"{cluster.name}/{FORMAT}"),
        *("-cp", os.pathsep.join(map(str, jars)), "kafka.tools.StorageTool"),
        *("format", "--cluster-id", cluster.cluster_id, "--config", properties),
        "--ignore-formatted",
    ]


def _scratch(layout: Layout) -> str:
    """Native libraries that a JVM unpacks go with the sandbox, also where it could not tidy up."""
    return f"-Djava.io.tmpdir={layout.home}"


def broker_command(java: Path, jars: Sequence[Path], folder: Path, cluster: Cluster) -> list[str]:
    """The command of a broker with its controller in one process."""
    layout = Layout(folder, cluster)
    return [
        str(java),
        "-Xms64m",
        "-Xmx256m",
        "-XX:MaxDirectMemorySize=128m",
        *_JVM,
        f"-XX:ErrorFile={layout.home / 'broker-crash.log'}",
        _scratch(layout),
        f"-Dlog4j2.configurationFile={Path(__file__).with_name('log4j2.properties')}",
        marker(folder, f"{cluster.name}/{BROKER}"),
        *("-cp", os.pathsep.join(map(str, jars)), "kafka.Kafka", str(layout.properties)),
    ]


def registry_command(java: Path, app: Path, folder: Path, cluster: Cluster) -> list[str]:
    """The command of a registry that keeps its schemas and ids in a file of its own."""
    layout = Layout(folder, cluster)
    # WRITE_DELAY=0: an id that was given out survives kill -9 (the default may lose half a second).
    database = f"jdbc:h2:file:{layout.database};DB_CLOSE_ON_EXIT=FALSE;WRITE_DELAY=0"
    settings = {
        "quarkus.http.host": "127.0.0.1",
        "quarkus.http.port": cluster.ports[REGISTRY],
        "quarkus.management.host": "127.0.0.1",
        "quarkus.management.port": 0,  # cannot be turned off; nobody needs to know where it is
        "quarkus.http.access-log.enabled": "false",
        "quarkus.banner.enabled": "false",
        "apicurio.storage.kind": "sql",
        "apicurio.storage.sql.kind": "h2",
        "apicurio.datasource.url": database,
        "apicurio.rules.global.compatibility": "BACKWARD",  # as Confluent's; Apicurio's own is NONE
    }
    return [
        str(java),
        "-Xms48m",
        "-Xmx192m",
        "-XX:TieredStopAtLevel=1",  # starts sooner and stays smaller; it answers few requests
        *_JVM,
        f"-XX:ErrorFile={layout.home / 'registry-crash.log'}",
        _scratch(layout),
        marker(folder, f"{cluster.name}/{REGISTRY}"),
        *(f"-D{name}={value}" for name, value in settings.items()),
        *("-jar", str(app / "quarkus-run.jar")),
    ]


def spawn(command: Sequence[str], log: Path) -> int:
    """Start a process that outlives its starter; both its outputs are appended to ``log``.

    In a session of its own, so that Ctrl-C at the terminal reaches only the starter. Returns its
    process id; there is no handle to keep, for the next command finds it by its arguments.
    """
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), append, 0o644),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    return os.posix_spawn(
        command[0], list(command), child_environment(), file_actions=actions, setsid=True
    )


def broker_answers(cluster: Cluster, timeout: float = 1.0) -> bool:
    """Whether the broker serves metadata under its own cluster id (a stranger's does not count)."""
    from confluent_kafka import KafkaException  # noqa: PLC0415 - loads librdkafka
    from confluent_kafka.admin import AdminClient  # noqa: PLC0415 - as above

    silent = logging.getLogger("federation.sandbox.probe")
    silent.disabled = True  # a refused connection is what we ask about, not an event
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap}, logger=silent)
    try:
        return bool(admin.list_topics(timeout=timeout).cluster_id == cluster.cluster_id)
    except KafkaException:
        return False


def registry_answers(cluster: Cluster, timeout: float = 1.0) -> bool:
    """Whether the registry lists its subjects."""
    try:
        url = f"{cluster.registry}/subjects"
        return httpx.get(url, timeout=timeout, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def unpack_registry(archive: Path, cache: Path) -> Path:
    """Unpack the registry's application once per user; returns its folder."""
    home = cache / archive.name.removesuffix(".tar.gz")
    if not home.exists():
        cache.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=cache, prefix=".unpacking-"))
        with tarfile.open(archive) as tar:
            tar.extractall(draft, filter="data")
        try:
            draft.rename(home)  # in one step: a half unpacked application is never used
        except OSError:
            if not home.exists():  # somebody else was first: theirs is as good
                raise
    return home


def tail(path: Path, lines: int) -> list[str]:
    """The last lines of a log file, without their ends; none if it does not exist."""
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            stream.seek(max(0, size - 400 * lines - 4096))
            text = stream.read().decode(errors="replace").splitlines()
            return text[-lines:] if lines else []
    except FileNotFoundError:
        return []


def follow(path: Path, lines: int) -> Iterator[str]:
    """The last lines of a log file and then, for ever, each line that is appended."""
    yield from tail(path, lines)
    with path.open(errors="replace") as stream:
        stream.seek(0, os.SEEK_END)
        part = ""
        while True:
            part += stream.readline()
            if part.endswith("\n"):
                yield part.rstrip("\n")
                part = ""
            else:
                time.sleep(0.2)  # there is no portable way to be told of an append
