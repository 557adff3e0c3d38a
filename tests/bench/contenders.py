"""Who runs against whom: each makes its configuration in a folder and says its command.

Two things are asked of a contender besides its command: which topics of the target cluster it
fills, and whether these hold the stream or a copy of all input, so that its output can be checked.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import gateway
from programs import HERE, LOCK, java, mirrormaker, properties

from federation.flink import build, jars

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from workload import Source, Workload

PRODUCER = {"compression.type": "lz4", "linger.ms": "50", "batch.size": "262144"}
"""What the Java copy writes with: more than the default's 16 KB a batch does not help it further."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to do the work, or a part of it.

    Attributes:
        name: as on the command line.
        says: what it does, one line for people.
        command: makes the command, given the work, the clusters' addresses and an empty folder.
        mirrored: whether its output is a copy of all input, and not the stream.
        renames: whether it fills a topic of its own for each source, which it also makes.
        sql: whether it reads what Flink SQL reads.
    """

    name: str
    says: str
    command: Callable[[Workload, Mapping[str, str], Path], list[str]]
    mirrored: bool = False
    renames: bool = False
    sql: bool = False

    def topics(self, workload: Workload) -> tuple[str, ...]:
        """What it fills on the target cluster."""
        if self.renames:
            return tuple(f"{one.cluster}.{one.topic}" for one in workload.sources)
        return (workload.target,)

    def sources(self, workload: Workload) -> tuple[Source, ...]:
        """What it reads; nothing where it cannot do the work."""
        if not self.sql:
            return workload.sources
        return workload.for_sql if workload.columns else ()


def _gateway(workload: Workload, _env: Mapping[str, str], folder: Path) -> list[str]:
    return gateway.command(folder, [workload], "--until-caught-up")


def _copy(workload: Workload, env: Mapping[str, str], folder: Path) -> list[str]:
    classes = folder / "classes"
    build.compile_java(HERE / "java", classes, jars.resolve("connector"))
    arguments = [workload.target]
    for source in workload.sources:
        consumer = {
            "bootstrap.servers": env[f"{source.cluster.upper()}_BOOTSTRAP"],
            "group.id": f"{folder.name}-{source.name}",
            "auto.offset.reset": "earliest",
        }
        arguments += [properties(folder / f"{source.name}.properties", consumer), source.topic]
    producer = {"bootstrap.servers": env["HUB_BOOTSTRAP"], **PRODUCER}
    arguments.append(properties(folder / "hub.properties", producer))
    path = [classes, *jars.resolve("connector"), *jars.flink_lib()]
    return java(path, "bench.CopyTopics", *arguments)


def _mirrormaker(workload: Workload, env: Mapping[str, str], folder: Path) -> list[str]:
    topics = {
        cluster: ",".join(one.topic for one in workload.sources if one.cluster == cluster)
        for cluster in ("eu", "us")
    }
    producer = {f"hub.producer.{name}": value for name, value in PRODUCER.items()}
    return mirrormaker(folder, env, topics, {"tasks.max": "4", **producer})


def _script(name: str, *, flink: bool) -> Callable[[Workload, Mapping[str, str], Path], list[str]]:
    def command(workload: Workload, env: Mapping[str, str], folder: Path) -> list[str]:
        job = {"workload": workload.name, "env": dict(env), "group": folder.name}
        if flink:
            job["jars"] = [path.as_uri() for path in jars.resolve("sql", lock=LOCK)]
            job["checkpoints"] = (folder / "checkpoints").as_uri()
        path = folder / "job.json"
        path.write_text(json.dumps(job))
        return [sys.executable, str(HERE / name), str(path)]

    return command


CONTENDERS = {
    one.name: one
    for one in (
        Contender("gateway", "the whole job, exactly-once", _gateway),
        Contender(
            *("copy", "Java client, a thread for each source: copies bytes, nothing else", _copy),
            mirrored=True,
        ),
        Contender(
            *("mirrormaker", "MirrorMaker 2: copies bytes, at-least-once", _mirrormaker),
            mirrored=True,
            renames=True,
        ),
        Contender(
            *("sql", "hand-written Flink SQL: the whole job, but no enums and no unions"),
            _script("rival_sql.py", flink=True),
            sql=True,
        ),
        Contender(
            *("python", "hand-written Python: in memory, at-least-once"),
            _script("rival_python.py", flink=False),
        ),
        Contender(
            *("pyflink", "PyFlink, fastavro in an Arrow step: the whole job, exactly-once"),
            _script("rival_pyflink.py", flink=True),
        ),
    )
}
