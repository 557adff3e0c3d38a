"""When records become visible at the target, by the cluster that they came from."""

from __future__ import annotations

import hashlib
import itertools
import time
from bisect import bisect_right
from threading import Event, Thread
from typing import TYPE_CHECKING, Self

from confluent_kafka import Consumer, KafkaException, TopicPartition

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType


class Arrivals:
    """A reader of committed records that notes when each arrives; a thread of its own."""

    def __init__(self, bootstrap: str, topic: str, clusters: Mapping[str, str]) -> None:
        """Follow a topic from now on.

        Args:
            bootstrap: the target cluster.
            topic: exists already.
            clusters: Kafka's ids of the source clusters, by name.
        """
        self._names = {hashlib.sha256(one.encode()).digest()[:6]: n for n, one in clusters.items()}
        self._times: dict[str, list[float]] = {name: [] for name in clusters}
        self._where = bootstrap, topic
        self._stop = Event()
        self._thread = Thread(target=self._follow, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join(30)

    def since(self, cluster: str, moment: float) -> bool:
        """Whether a record of that cluster arrived after that moment (``time.monotonic``)."""
        times = self._times[cluster]
        return bool(times) and times[-1] > moment

    def longest_gap(self, cluster: str, begin: float, end: float) -> float:
        """The longest time, seconds, without a record of that cluster between two moments."""
        times = self._times[cluster]
        between = times[bisect_right(times, begin) : bisect_right(times, end)]
        marks = [begin, *between, end]
        return max(later - earlier for earlier, later in itertools.pairwise(marks))

    def _follow(self) -> None:
        bootstrap, topic = self._where
        consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": "arrivals",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "isolation.level": "read_committed",
                "reconnect.backoff.max.ms": 500,
                "log_level": 0,
            }
        )
        try:
            while not self._stop.is_set():  # the target may be down just now
                try:
                    partitions = consumer.list_topics(topic, timeout=5).topics[topic].partitions
                    break
                except KafkaException:
                    continue
            else:
                return
            consumer.assign([TopicPartition(topic, n, 0) for n in partitions])
            while not self._stop.is_set():
                for message in consumer.consume(2000, timeout=0.05):
                    origin = dict(message.headers() or []).get("fed.origin")
                    if message.error() is None and origin is not None:
                        name = self._names.get(origin[1:7])
                        if name is not None:
                            self._times[name].append(time.monotonic())
        finally:
            consumer.close()
