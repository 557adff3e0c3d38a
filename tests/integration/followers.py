"""A stream with a second target, and what must be true of it."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from small import Cluster

if TYPE_CHECKING:
    from streams import Case

    from federation.sandbox import Sandbox

FOLLOWER = "copied"  # its topic: the cluster is one of the sources', too


def followed(config: dict[str, Any]) -> None:
    """An edit: the stream has a follower on cluster eu."""
    (stream,) = config["streams"].values()
    primary = stream.pop("target")
    stream["targets"] = [primary, {"cluster": "eu", "topic": f"{primary['topic']}.{FOLLOWER}"}]


def copy_of(made: Case) -> str:
    """The follower's topic."""
    return f"{made.target}.{FOLLOWER}"


def held(made: Case, alias: str, topic: str, hop: bytes = b"") -> dict[bytes | None, list[Any]]:
    """By key what a topic holds, in its order: body, time, headers; with a hop more, if given."""
    found = defaultdict(list)
    for message in Cluster(made.env, alias).read(topic):
        value = message.value()
        headers = [
            (name, one + hop if name == "fed.origin" else one) for name, one in message.headers()
        ]
        body = None if value is None else value[5:]  # the id is each registry's own
        found[message.key()].append((body, message.timestamp(), headers))
    return dict(found)


def same(box: Sandbox, made: Case) -> bool:
    """Whether the follower holds what the primary holds, in the order of each key."""
    hub = hashlib.sha256(box.clusters()["hub"].cluster_id.encode()).digest()[:6]
    copy = held(made, "eu", copy_of(made))
    return bool(copy) and copy == held(made, "hub", made.target, hop=hub)
