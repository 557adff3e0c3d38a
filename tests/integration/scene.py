"""A stream that has read a topic of two partitions, and what happens to that topic."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

from confluent_kafka import KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient
from small import Cluster, configured, confluent, record
from streams import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from streams import Case

    from federation.sandbox import Sandbox

ORDER = record("Order", id="string", n="long")


class Scene:
    """A stream that has read a topic of two partitions and was stopped."""

    def __init__(
        self, box: Sandbox, env: Mapping[str, str], unique: Callable[[str], str], folder: Path
    ) -> None:
        self._env = env
        self.eu, self.hub = (Cluster(env, alias) for alias in ("eu", "hub"))
        self.topic, self.target = self.eu.topic(unique("gaps")), unique("all")
        self._number = self.eu.schema(f"{self.topic}-value", ORDER)
        stream = {
            "schema": "schemas/order.avsc",
            "sources": [{"cluster": "eu", "topics": [self.topic]}],
            "target": {"cluster": "hub", "topic": self.target, "key": ["id"]},
        }
        self.made: Case = configured(box, folder, "gaps", {"orders": stream}, {"order.avsc": ORDER})
        self.write("a0", "a1")
        self.write("b0", partition=1)
        self.made.run("start", "--until-caught-up")
        assert self.arrived() == {"a0", "a1", "b0"}

    def write(self, *names: str, partition: int = 0) -> None:
        """Write orders of these names."""
        for name in names:
            value = confluent(self._number, ORDER, {"id": name, "n": 1})
            self.eu.produce(self.topic, value, partition=partition)

    def arrived(self) -> set[str]:
        """The orders that are visible at the target."""
        return {value["id"] for value in self.hub.values(self.target)}

    def expire(self, before: int) -> None:
        """Delete what lies before an offset of partition 0, as retention does."""
        admin = AdminClient({"bootstrap.servers": self._env["EU_BOOTSTRAP"]})
        place = TopicPartition(self.topic, 0, before)
        admin.delete_records([place])[place].result(30)

    def stopped(self, process: Any) -> None:
        """Stop a gateway as Ctrl-C does."""
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=120) == 0, self.made.log()

    def troubles(self) -> dict[str, str]:
        """By partition: what keeps it from being read."""
        streams = self.made.status()["streams"]
        return {
            one["where"]: one["what"]
            for stream in streams
            for source in stream["sources"]
            for one in source["troubles"]
        }

    def ends(self) -> dict[int, int]:
        """Where the topic's partitions end."""
        return {m.partition(): m.offset() + 1 for m in self.eu.read(self.topic)}

    def partitions(self) -> int:
        """How many partitions the topic has."""
        return len(self.eu.admin.list_topics(self.topic, timeout=30).topics[self.topic].partitions)

    def topic_id(self) -> str:
        """What tells the topic from another one of its name."""
        asked = self.eu.admin.describe_topics(TopicCollection([self.topic]))
        return str(asked[self.topic].result(30).topic_id)

    def make_again(self, *names: str) -> None:
        """Delete the topic, make it again, and write these orders into its first partition."""
        before = self.topic_id()
        self.eu.admin.delete_topics([self.topic])[self.topic].result(30)
        eventually(self._made, "the topic is made again", 30)
        eventually(lambda: self._is_another(before), "it has another id", 30)
        self.write(*names)

    def _made(self) -> bool:
        try:
            self.eu.topic(self.topic)
        except KafkaException:  # it is still being deleted
            return False
        return True

    def _is_another(self, before: str) -> bool:
        try:
            return self.topic_id() != before
        except KafkaException:  # not every broker has heard of it
            return False

    def gaps(self) -> list[dict[str, Any]]:
        """What federation accept lists."""
        found: list[dict[str, Any]] = json.loads(self.made.run("accept", "-o", "json"))
        return found

    def name(self, first: int, last: int) -> str:
        """What a gap in partition 0 is called."""
        return f"orders/eu/{self.topic}/0@{first}-{last}"
