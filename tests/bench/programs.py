"""Java programs beside the gateway: their jars, their configuration, their command."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from federation.flink import jars, jvm

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = Path(__file__).parent
LOCK = HERE / "jars.lock.json"
_INTERNAL = (
    *("checkpoints.topic", "heartbeats.topic", "offset-syncs.topic"),
    *("offset.storage", "status.storage", "config.storage"),
)


def properties(path: Path, values: Mapping[str, str]) -> str:
    """Write a file of properties; its path."""
    path.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    return str(path)


def java(path: list[Path], main: str, *arguments: str) -> list[str]:
    """The command of a program."""
    program = [str(jvm.find_java(17)), f"-Djava.io.tmpdir={tempfile.gettempdir()}"]
    return [*program, "-cp", os.pathsep.join(map(str, path)), main, *arguments]


def mirrormaker(
    folder: Path, env: Mapping[str, str], topics: Mapping[str, str], own: Mapping[str, str]
) -> list[str]:
    """The command of a MirrorMaker 2 that copies to the cluster hub.

    Args:
        folder: for its configuration.
        env: the clusters' addresses.
        topics: by source cluster the topics, with commas between them.
        own: more properties.
    """
    values = {
        "clusters": ", ".join((*topics, "hub")),
        **{f"{n}.bootstrap.servers": env[f"{n.upper()}_BOOTSTRAP"] for n in (*topics, "hub")},
        **{f"{name}->hub.enabled": "true" for name in topics},
        **{f"{name}->hub.topics": names for name, names in topics.items()},
        "replication.factor": "1",
        **{f"{name}.replication.factor": "1" for name in _INTERNAL},
        "emit.heartbeats.enabled": "false",
        "emit.checkpoints.enabled": "false",
        "sync.topic.acls.enabled": "false",
        **own,
    }
    config = properties(folder / "mm2.properties", values)
    path = [HERE, *jars.resolve("mirrormaker", lock=LOCK)]
    return java(path, "org.apache.kafka.connect.mirror.MirrorMaker", config)
