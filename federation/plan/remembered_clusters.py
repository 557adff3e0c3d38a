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
