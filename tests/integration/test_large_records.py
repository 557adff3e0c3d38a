"""Records that are too large for where they go: dead letters, and never the end of a stream."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from small import Cluster, configured, confluent, record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from federation.sandbox import Sandbox

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

ORDER = record("Order", id="string", text="string")


def test_records_over_the_limits_of_their_topics(
    sandbox: Sandbox, sandbox_env: Mapping[str, str], unique: Callable[[str], str], tmp_path: Path
) -> None:
    """What the target does not take is a dead letter; what that topic does not take is named there.

    All else flows, and verify agrees with each of them.
    """
    eu, hub = (Cluster(sandbox_env, alias) for alias in ("eu", "hub"))
    topic, target = eu.topic(unique("large")), unique("all")
    hub.topic(target, **{"max.message.bytes": "20000"})
    hub.topic(f"{target}.dead", **{"max.message.bytes": "60000"})
    number = eu.schema(f"{topic}-value", ORDER)
    values = {
        name: confluent(number, ORDER, {"id": name, "text": "x" * length})
        for name, length in (("a", 1), ("b", 18_000), ("c", 30_000), ("d", 200_000), ("e", 2))
    }
    for value in values.values():
        eu.produce(topic, value, partition=0)
    stream = {
        "schema": "schemas/order.avsc",
        "sources": [{"cluster": "eu", "topics": [topic]}],
        "target": {"cluster": "hub", "topic": target, "key": ["id"]},
    }
    made = configured(sandbox, tmp_path, "large", {"orders": stream}, {"order.avsc": ORDER})
    made.run("start", "--until-caught-up")
    assert {one["id"] for one in hub.values(target)} == {"a", "b", "e"}
    dead = {
        int(headers["fed.dead.offset"]): (message.value(), headers)
        for message in hub.read(f"{target}.dead")
        if (headers := dict(message.headers()))
    }
    assert set(dead) == {2, 3}
    assert {h["fed.dead.stage"] + b"/" + h["fed.dead.reason"] for _, h in dead.values()} == {
        b"target/too_large"
    }
    assert dead[2][0] == values["c"]
    assert "fed.dead.omitted" not in dead[2][1]
    value, headers = dead[3]
    assert value is None
    assert headers["fed.dead.omitted"] == b"value"
    assert headers["fed.dead.sha256"].decode() == sha256(values["d"]).hexdigest()
    found = json.loads(made.run("verify", "--all", "-o", "json"))
    assert found["verdict"] == "equal"
