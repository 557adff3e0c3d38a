"""Who runs against whom: each makes its configuration in a folder and says its command.

Two things are asked of a contender besides its command: which topics of the target cluster it
fills, and whether it drops repeated orders, so that its output can be counted and checked.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workload import CONTRACT, PLAIN, SOURCES

from federation.flink import build, jars, jvm

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

HERE = Path(__file__).parent
LOCK = HERE / "jars.lock.json"
PRODUCER = {"compression.type": "lz4", "linger.ms": "50", "batch.size": "262144"}
"""What the Java copy writes with: more than the default's 16 KB a batch does not help it further."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to do the work, or a part of it.

    Attributes:
        name: as on the command line.
        says: what it does, one line for people.
        command: makes the command, given the clusters' addresses and an empty folder.
        topics: what it fills on the target cluster.
        contract: whether its output is in the contract's schema, each order once.
    """

    name: str
    says: str
    command: Callable[[Mapping[str, str], Path], list[str]]
    topics: tuple[str, ...]
    contract: bool = True


def _properties(path: Path, **values: str) -> str:
    path.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    return str(path)


def _gateway(_env: Mapping[str, str], folder: Path) -> list[str]:
    (folder / "order.avsc").write_text(json.dumps(CONTRACT))
    config = folder / "federation.yaml"
    config.write_text((HERE / "gateway.yaml").read_text())
    command = [sys.executable, "-m", "federation", "start", "--config", str(config)]
    return [*command, "--until-caught-up", "--fresh"]


def _copy(env: Mapping[str, str], folder: Path) -> list[str]:
    classes = folder / "classes"
    build.compile_java(HERE / "java", classes, jars.resolve("connector"))
    arguments = ["bench.unified"]
    for source in SOURCES:
        consumer = {
            "bootstrap.servers": env[f"{source.cluster.upper()}_BOOTSTRAP"],
            "group.id": folder.name,
            "auto.offset.reset": "earliest",
        }
        arguments += [
            _properties(folder / f"{source.cluster}.properties", **consumer),
            source.topic,
        ]
    producer = {"bootstrap.servers": env["HUB_BOOTSTRAP"], **PRODUCER}
    arguments.append(_properties(folder / "hub.properties", **producer))
    path = [classes, *jars.resolve("connector"), *jars.flink_lib()]
    return _java(path, "bench.CopyTopics", *arguments)


def _mirrormaker(env: Mapping[str, str], folder: Path) -> list[str]:
    values = {
        "clusters": "eu, us, hub",
        **{
            f"{name}.bootstrap.servers": env[f"{name.upper()}_BOOTSTRAP"]
            for name in ("eu", "us", "hub")
        },
        "eu->hub.enabled": "true",
        "eu->hub.topics": SOURCES[0].topic,
        "us->hub.enabled": "true",
        "us->hub.topics": SOURCES[1].topic,
        "tasks.max": "4",
        "replication.factor": "1",
        **{
            f"{name}.replication.factor": "1"
            for name in (
                *("checkpoints.topic", "heartbeats.topic", "offset-syncs.topic"),
                *("offset.storage", "status.storage", "config.storage"),
            )
        },
        "emit.heartbeats.enabled": "false",
        "emit.checkpoints.enabled": "false",
        "sync.topic.acls.enabled": "false",
        **{f"hub.producer.{name}": value for name, value in PRODUCER.items()},
    }
    config = _properties(folder / "mm2.properties", **values)
    path = [HERE, *jars.resolve("mirrormaker", lock=LOCK)]
    return _java(path, "org.apache.kafka.connect.mirror.MirrorMaker", config)


def _sql(env: Mapping[str, str], folder: Path) -> list[str]:
    job = folder / "job.json"
    ours = {"sources": [[s.cluster, s.topic] for s in PLAIN], "env": dict(env)}
    paths = [path.as_uri() for path in jars.resolve("sql", lock=LOCK)]
    job.write_text(json.dumps({**ours, "jars": paths, "checkpoints": (folder / "cp").as_uri()}))
    return [sys.executable, str(HERE / "rival_sql.py"), str(job)]


def _python(env: Mapping[str, str], folder: Path) -> list[str]:
    job = folder / "job.json"
    job.write_text(json.dumps({"env": dict(env), "group": folder.name}))
    return [sys.executable, str(HERE / "rival_python.py"), str(job)]


def _java(path: list[Path], main: str, *arguments: str) -> list[str]:
    java = [str(jvm.find_java(17)), f"-Djava.io.tmpdir={tempfile.gettempdir()}"]
    return [*java, "-cp", os.pathsep.join(map(str, path)), main, *arguments]


CONTENDERS = {
    one.name: one
    for one in (
        Contender("gateway", "the whole job, exactly-once", _gateway, ("bench.unified",)),
        Contender(
            *("copy", "Java client, a thread for each source: copies bytes, nothing else", _copy),
            *(("bench.unified",), False),
        ),
        Contender(
            *("mirrormaker", "MirrorMaker 2: copies bytes, at-least-once", _mirrormaker),
            *(tuple(f"{s.cluster}.{s.topic}" for s in SOURCES), False),
        ),
        Contender(
            *("sql", "hand-written Flink SQL: the whole job, but no enums", _sql),
            ("bench.unified",),
        ),
        Contender(
            *("python", "hand-written Python: in memory, at-least-once", _python),
            ("bench.unified",),
        ),
    )
}
