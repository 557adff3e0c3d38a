"""What clusters were when a federation last started: ``clusters.json``.

It counts only while the configuration gives a cluster the same bootstrap servers. Whether the
cluster is still the one of that ``cluster.id`` is asked by the job, once it answers.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from federation.config.paths import state_folder
from federation.errors import Finding
from federation.kafka.facts import ClusterFacts, TopicFacts
from federation.plan import kept as files

if TYPE_CHECKING:
    from collections.abc import Mapping

    from federation.config.load import Loaded
    from federation.plan.facts import Facts

_FILE = "clusters.json"


def keep(loaded: Loaded, facts: Facts) -> None:
    """Keep what the clusters that answered said; of others, what they said before."""
    kept = files.read(state_folder(loaded) / _FILE)
    for alias, one in facts.clusters.items():
        if one.error is None and one.stale is None:
            kept[alias] = {
                "servers": _servers(loaded, alias),
                "at": datetime.now(UTC).isoformat(timespec="seconds"),
                "cluster_id": one.cluster_id,
                "brokers": one.brokers,
                "settings": dict(one.settings),
                "topics": [asdict(topic) for topic in one.topics.values()],
            }
    files.write(state_folder(loaded) / _FILE, kept)


def recall(loaded: Loaded, facts: Facts) -> dict[str, ClusterFacts]:
    """What is remembered of clusters that do not answer."""
    kept = files.read(state_folder(loaded) / _FILE)
    found = {}
    for alias, one in facts.clusters.items():
        said = kept.get(alias, {})
        if one.error is not None and said.get("servers") == _servers(loaded, alias):
            with suppress(KeyError, TypeError):  # damaged: nothing is remembered
                found[alias] = _remembered(one, said)
    return found


def replaced(loaded: Loaded, facts: Facts) -> list[Finding]:
    """Clusters that are not those with which a stream has run: its state means nothing there."""
    kept = files.read(state_folder(loaded) / _FILE)
    streams = [loaded.config.streams[name] for name in sorted(facts.begun)]
    used = {s.target.cluster for s in streams} | {o.cluster for s in streams for o in s.sources}
    now = {one.cluster_id for one in facts.clusters.values()}  # under another alias it is the same
    found = []
    for alias in sorted(used):
        one, before = facts.clusters[alias], kept.get(alias, {}).get("cluster_id")
        if one.error is None and before is not None and before not in now:
            found.append(
                Finding(
                    f"{_servers(loaded, alias)} is another cluster than at the last start: its "
                    f"cluster.id was {before} and is {one.cluster_id}, so no position and no "
                    "provenance means anything in it",
                    f"cluster {alias}",
                    "point bootstrap.servers to the one it was; if that is gone for good: empty "
                    "the target and dead-letter topics, and start --fresh",
                )
            )
    return found


def _servers(loaded: Loaded, alias: str) -> str:
    return str(loaded.config.clusters[alias].properties["bootstrap.servers"])


def _remembered(silent: ClusterFacts, kept: Mapping[str, Any]) -> ClusterFacts:
    assert silent.error is not None
    return ClusterFacts(
        silent.alias,
        kept["cluster_id"],
        tuple(kept["brokers"]),
        kept["settings"],
        {one["name"]: TopicFacts(**one) for one in kept["topics"]},
        stale=replace(
            silent.error,
            what=f"{silent.error.what}: what it was at {kept['at']} is taken",
            hint="streams that it feeds go on without it, streams that it receives wait, until "
            "it answers",
            severity="warning",
        ),
    )
