"""The gateway's configuration for workloads, a stream each, and its command."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from workload import Workload


def command(folder: Path, workloads: Sequence[Workload], *more: str, **run: Any) -> list[str]:
    """Write the configuration into a folder; the command that starts it anew.

    Args:
        folder: where the configuration and contracts go.
        workloads: what the streams are made of.
        more: options of ``federation start``.
        run: the configuration's ``run``; ``delivery`` is the targets'.
    """
    delivery = run.pop("delivery", "exactly-once")
    config = {
        "version": 1,
        "federation": "bench",
        "clusters": {name: _cluster(name) for name in ("eu", "us", "hub")},
        "run": {"checkpoint": "5s", **run},
        "streams": {one.name: _stream(one, delivery) for one in workloads},
    }
    config["clusters"]["hub"]["properties"]["compression.type"] = "lz4"
    for one in workloads:
        (folder / f"{one.name}.avsc").write_text(json.dumps(one.contract))
    path = folder / "federation.yaml"
    path.write_text(json.dumps(config, indent=1))  # JSON is YAML
    return [sys.executable, "-m", "federation", "start", "--config", str(path), "--fresh", *more]


def _cluster(name: str) -> dict[str, Any]:
    return {
        "properties": {"bootstrap.servers": f"${{{name.upper()}_BOOTSTRAP}}"},
        "registry": {"url": f"${{{name.upper()}_REGISTRY}}"},
    }


def _stream(workload: Workload, delivery: str) -> dict[str, Any]:
    sources = [
        {"cluster": one.cluster, "topics": [one.topic], "fields": dict(one.rules)}
        for one in workload.sources
    ]
    target = {"cluster": "hub", "topic": workload.target, "key": [workload.key]}
    stream = {
        "schema": f"{workload.name}.avsc",
        "sources": sources,
        "target": {**target, "delivery": delivery},
        "errors": {"dead_letter": f"{workload.target}.dead"},
    }
    if workload.deduplicate:
        stream["deduplicate"] = {"key": [workload.fields[0]], "window": "24h"}
    return stream
