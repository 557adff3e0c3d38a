"""Timestamps that the target would not take or keep: no record is lost by them, no stream ends."""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource
from small import Cluster, configured, confluent, record
from streams import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from streams import Case

    from federation.sandbox import Sandbox

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

ORDER = record("Order", id="string", n="long")
HOUR = 3_600_000
DAY = 24 * HOUR
AHEAD = "message.timestamp.after.max.ms"


class Scene:
    """A source that takes and keeps any timestamp, and a target that keeps a week."""

    def __init__(
        self, box: Sandbox, env: Mapping[str, str], unique: Callable[[str], str], folder: Path
    ) -> None:
        self.eu, self.hub = (Cluster(env, alias) for alias in ("eu", "hub"))
        own = {AHEAD: str(1000 * DAY), "retention.ms": "-1"}
        self.topic = self.eu.topic(unique("times"), **own)
        self._number = self.eu.schema(f"{self.topic}-value", ORDER)
        self.now = int(time.time() * 1000)
        self._box, self._folder = box, folder

    def make(self, target: str, **said: Any) -> Case:
        """The stream's configuration."""
        self.target = target
        stream = {
            "schema": "schemas/order.avsc",
            "sources": [{"cluster": "eu", "topics": [self.topic]}],
            "target": {"cluster": "hub", "topic": target, "key": ["id"], **said},
        }
        return configured(
            self._box, self._folder, "times", {"orders": stream}, {"order.avsc": ORDER}
        )

    def write(self, name: str, timestamp: int, value: bytes | None = None) -> None:
        """Write an order, dated as said, or what is none."""
        self.eu.produce(
            self.topic,
            value or confluent(self._number, ORDER, {"id": name, "n": 1}),
            timestamp=timestamp,
        )

    def arrived(self) -> dict[str, tuple[int, str | None]]:
        """By order: its timestamp in the target, and the one that a header says."""
        return {
            message.key().decode(): (
                message.timestamp()[1],
                dict(message.headers()).get("fed.timestamp", b"").decode() or None,
            )
            for message in self.hub.read(self.target)
        }


@pytest.fixture
def scene(
    sandbox: Sandbox, sandbox_env: Mapping[str, str], unique: Callable[[str], str], tmp_path: Path
) -> Scene:
    """A source with a topic of its own."""
    return Scene(sandbox, sandbox_env, unique, tmp_path)


def test_records_too_old_and_too_new_for_the_target(
    scene: Scene, unique: Callable[[str], str]
) -> None:
    """Plan refuses; with leave they get the time of writing, keep theirs, and verify agrees.

    Dead letters too: their topic has limits as well, and it is the target's brokers that refuse.
    Without transactions here; the other test has them.
    """
    target = scene.hub.topic(unique("all"), **{"retention.ms": str(7 * DAY), AHEAD: str(HOUR)})
    scene.hub.topic(f"{target}.dead", **{"retention.ms": str(7 * DAY), AHEAD: str(HOUR)})
    bootstrap = scene.hub.bootstrap
    refused: list[KafkaError] = []  # the fault is there: the brokers do not take such a record
    producer = Producer({"bootstrap.servers": bootstrap, "log_level": 0})
    producer.produce(
        target, b"x", timestamp=scene.now + 2 * DAY, on_delivery=lambda e, _: refused.append(e)
    )
    producer.flush(30)
    assert refused[0].code() == KafkaError.INVALID_TIMESTAMP
    dated = {"old": -9 * DAY, "new": 2 * DAY, "kept": -5 * DAY, "now": 0}
    for name, off in dated.items():
        scene.write(name, scene.now + off)
    scene.write("bad", scene.now + 2 * DAY, b"none of ours")
    made = scene.make(target)
    made.run("plan", code=1)
    made = scene.make(target, timestamps="clamp", delivery="at-least-once")
    began = int(time.time() * 1000)
    with made.running() as process:
        eventually(lambda: len(scene.arrived()) == len(dated), "all of them")
        eventually(lambda: made.status()["streams"][0]["clamped"] == 3, "they are counted")
        assert made.status()["streams"][0]["restarts"] == 0
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=120) == 0, made.log()
    found = scene.arrived()
    for name in ("kept", "now"):
        assert found[name] == (scene.now + dated[name], None)
    for name in ("old", "new"):
        given, own = found[name]
        assert own == str(scene.now + dated[name])
        assert began <= given <= int(time.time() * 1000)
    (dead,) = scene.hub.read(f"{target}.dead")
    assert dict(dead.headers())["fed.dead.timestamp"].decode() == str(scene.now + 2 * DAY)
    assert dead.timestamp()[1] < scene.now + HOUR
    report = json.loads(made.run("verify", "--all", "-o", "json"))
    assert report["verdict"] == "equal"
    assert any("2 records have the time of writing" in n for n in report["streams"][0]["notes"])


def test_a_target_that_refuses_while_the_stream_runs(
    scene: Scene, unique: Callable[[str], str]
) -> None:
    """The stream ends with the reason instead of restarting for ever; the next start goes on."""
    target = scene.hub.topic(unique("all"), **{"retention.ms": "-1", AHEAD: str(1000 * DAY)})
    made = scene.make(target)
    scene.write("a", scene.now)
    with made.running() as process:
        eventually(lambda: "a" in scene.arrived(), "a first record")
        resource = ConfigResource(ConfigResource.Type.TOPIC, target)
        resource.add_incremental_config(
            ConfigEntry(AHEAD, str(HOUR), incremental_operation=AlterConfigOpType.SET)
        )
        try:
            scene.hub.admin.incremental_alter_configs([resource])[resource].result(30)
        except KafkaException as error:
            raise AssertionError(error) from None
        for name in ("b", "c", "d"):
            scene.write(name, scene.now + DAY * (name == "c"))
        assert process.wait(timeout=120) == 1, made.log()
    (stream,) = made.status()["streams"]
    assert stream["state"] == "FAILED"
    assert "the target refuses a record" in stream["error"]
    made.run("start", "--until-caught-up")
    assert set(scene.arrived()) == {"a", "b", "c", "d"}
    assert scene.arrived()["c"][1] == str(scene.now + DAY)
    assert json.loads(made.run("verify", "--all", "-o", "json"))["verdict"] == "equal"
