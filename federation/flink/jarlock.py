"""Maintenance: write ``jars.lock.json`` anew from the roots that it names.

    python -m federation.flink.jarlock [LOCK_FILE]

Each group of the lock says which artifacts it wants (``roots``), whether their dependencies come
too (``transitive``) and which it leaves out (``exclude``, patterns of ``group:artifact``: what
Flink or another logger already brings). Resolution is plain Maven (nearest wins, roots first), so
the same roots give the same file.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from federation.flink.lock import LOCK


def lock(path: Path = LOCK) -> None:
    """Resolve every group's roots and rewrite the lock file in place."""
    from jgo.maven import MavenContext  # noqa: PLC0415 - reading the module needs no resolver

    document = json.loads(path.read_text("utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        context = MavenContext(repo_cache=Path(folder), timeout=60)
        for group in document["groups"].values():
            artifacts = _resolved(context, group)
            with ThreadPoolExecutor(8) as pool:
                group["jars"] = list(pool.map(_entry, artifacts))
    path.write_text(_text(document), "utf-8")


def _resolved(context: Any, group: dict[str, Any]) -> list[Any]:
    from jgo.maven import Dependency  # noqa: PLC0415 - as above

    roots = [_artifact(context, coordinate) for coordinate in group["roots"]]
    found = {root.key: root for root in roots}
    if group.get("transitive", True):
        # raw: a root's dependencyManagement rules its own dependencies, not those of the others
        wanted = [Dependency(root, raw=True) for root in roots]
        _, more = context.resolver.resolve(wanted)
        found |= {d.artifact.key: d.artifact for d in more if d.scope in ("compile", "runtime")}
    excluded = group.get("exclude", [])
    kept = [
        artifact
        for artifact in found.values()
        if not any(fnmatchcase(f"{artifact.groupId}:{artifact.artifactId}", e) for e in excluded)
    ]
    return sorted(kept, key=lambda a: (a.groupId, a.artifactId, a.classifier))


def _artifact(context: Any, coordinate: str) -> Any:
    """``group:artifact[:extension[:classifier]]:version``."""
    group, name, *kind, version = coordinate.split(":")
    extension, classifier = [*kind, "jar", ""][:2] if len(kind) != 1 else (kind[0], "")
    return context.project(group, name).at_version(version).artifact(classifier, extension)


def _entry(artifact: Any) -> dict[str, Any]:
    path = artifact.resolve()
    entry = {"group": artifact.groupId, "artifact": artifact.artifactId}
    entry |= {"version": artifact.version}
    entry |= {"classifier": artifact.classifier} if artifact.classifier else {}
    entry |= {"extension": artifact.packaging} if artifact.packaging != "jar" else {}
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return entry | {"size": path.stat().st_size, "sha256": digest}


def _text(document: dict[str, Any]) -> str:
    """JSON with one jar to a line, so that a change of version is one line of a diff."""
    jars: list[str] = []
    for group in document["groups"].values():
        jars += [json.dumps(jar) for jar in group["jars"]]
        group["jars"] = [f"@{i}@" for i in range(len(jars) - len(group["jars"]), len(jars))]
    text = json.dumps(document, indent=2)
    for i, jar in enumerate(jars):
        text = text.replace(f'"@{i}@"', jar)
    return text + "\n"


if __name__ == "__main__":
    chosen = Path(sys.argv[1]) if len(sys.argv) > 1 else LOCK
    lock(chosen)
    sys.stderr.write(f"wrote {chosen}\n")
