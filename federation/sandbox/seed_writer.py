"""One process per source cluster that writes its records as fast as its broker takes them."""

from __future__ import annotations

import json
import select
import sys
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from confluent_kafka import KafkaException, Producer

from federation.sandbox import seed_stream
from federation.sandbox.seed_orders import ORDERS
from federation.sandbox.seed_stream import Ids
from federation.sandbox.seed_telemetry import TELEMETRY
from federation.sandbox.seed_truth import open_truth

if TYPE_CHECKING:
    from collections.abc import Iterator

    from federation.sandbox.seed_domain import Domain
    from federation.sandbox.seed_stream import Item

DOMAINS: dict[str, Domain] = {domain.name: domain for domain in (ORDERS, TELEMETRY)}

HOUR = 3_600_000  # milliseconds: bulk data lies within one
_JITTER = 1500  # milliseconds, at most, that the stream adds to an event's time
_PAUSE = 0.02  # seconds between two bursts at a given rate
_FLUSH_SECONDS = 60.0
_TRUTH_FIELDS = {seed_stream.RECORD: "value", seed_stream.UNDECODABLE: "reason"}


@dataclass(frozen=True, slots=True)
class Job:
    """What one process writes; plain values, for it travels to the process.

    Attributes:
        domain: its name.
        cluster: the source cluster to write to.
        topic: the topic there.
        bootstrap: its broker.
        present: all source clusters of the run, in the domain's order.
        ids: schema ids in the cluster's registry.
        seed: the seed number.
        first: number of the first event.
        start: time of the first event, milliseconds since 1970.
        step: milliseconds from one event to the next.
        records: how many to write.
        rate: records per second; None writes ``records`` at full speed.
        truth: file for this process's part of the truth, or None.
    """

    domain: str
    cluster: str
    topic: str
    bootstrap: str
    present: tuple[str, ...]
    ids: Ids
    seed: int
    first: int
    start: int
    step: float
    records: int
    rate: float | None
    truth: str | None

    def items(self) -> Iterator[Item]:
        """The records, in order: endless with a rate."""
        domain = DOMAINS[self.domain]
        stream = seed_stream.records(
            domain,
            domain.sources[self.cluster],
            self.present,
            self.ids,
            self.seed,
            clock=self._clock,
            first=self.first,
        )
        return stream if self.rate is not None else islice(stream, self.records)

    def _clock(self, number: int) -> int:
        if self.rate is not None:
            return int(time.time() * 1000) - _JITTER
        # A few more events than estimated may be needed: none lies in the future.
        return self.start + min(int((number - self.first) * self.step), HOUR - _JITTER)


def main() -> None:
    """Take a job as a line of JSON on stdin; tell on stdout, in JSON lines, how it goes.

    ``{"written": 1234}`` from time to time, and last ``{"counts": {...}}`` or ``{"error": "..."}``.
    The end of stdin means: end what has begun and stop. It also comes when the parent dies, so an
    orphan does not write for ever.
    """
    facts = json.loads(sys.stdin.readline())
    job = Job(**facts | {"ids": Ids(**facts["ids"])})
    try:
        result: dict[str, Any] = {"counts": _Writing(job).run()}
    except (KafkaException, RuntimeError, OSError) as error:
        result = {"error": str(error)}
    _tell(result)


def _stopping() -> bool:
    return bool(select.select([sys.stdin], [], [], 0)[0])


def _tell(facts: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


class _Writing:
    """Records out, acknowledgements in, each with the place that the broker gave it."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._topic = job.topic
        self._head = json.dumps({"cluster": job.cluster, "topic": self._topic})[:-1]
        self._truth = open_truth(Path(job.truth)) if job.truth else None
        self._lines: list[str] = []
        self._counts: Counter[str] = Counter()
        self._error = ""
        self._next_word = 0.0
        self._producer = Producer(
            {
                "bootstrap.servers": job.bootstrap,
                "enable.idempotence": True,  # also keeps the order within a partition
                "partitioner": "murmur2_random",  # as Java producers do
                "compression.type": "lz4",
                "linger.ms": 20 if job.rate is None else 5,
                "batch.num.messages": 20_000,
                "log_level": 3,
            }
        )

    def run(self) -> dict[str, int]:
        try:
            if self._job.rate is None:
                self._at_full_speed()
            else:
                self._at(self._job.rate)
            left = self._producer.flush(_FLUSH_SECONDS)
        finally:
            if self._truth is not None:
                self._save()
                self._truth.close()
        if left or self._error:
            raise RuntimeError(self._error or f"{left} records were not acknowledged in time")
        return dict(self._counts)

    def _at_full_speed(self) -> None:
        for number, item in enumerate(self._job.items()):
            self._produce(item)
            if number % 500 == 0:
                self._poll(0)
                if self._error or _stopping():
                    return

    def _at(self, rate: float) -> None:
        items = self._job.items()
        begun = time.monotonic()
        sent = 0
        while not (self._error or _stopping()):
            due = int((time.monotonic() - begun) * rate)
            # After a stall the rate goes on from here: no burst makes up for it.
            if due - sent > 2 * rate:
                begun += (due - sent) / rate
                due = sent
            for item in islice(items, due - sent):
                self._produce(item)
            sent = due
            self._poll(_PAUSE)

    def _produce(self, item: Item) -> None:
        told = partial(self._acknowledged, item.kind, self._line(item))
        while True:
            try:
                self._producer.produce(
                    self._topic,
                    item.value,
                    item.key,
                    on_delivery=told,
                    timestamp=item.timestamp,
                    headers=item.headers,
                )
            except BufferError:  # the broker is behind
                self._poll(0.1)
            else:
                return

    def _poll(self, seconds: float) -> None:
        self._producer.poll(seconds)
        if time.monotonic() > self._next_word:
            self._next_word = time.monotonic() + 0.2
            _tell({"written": self._counts.total()})

    def _line(self, item: Item) -> str:
        if self._truth is None:
            return ""
        facts = {
            "timestamp": item.timestamp,
            "key": item.name,
            "headers": item.headers,
            "kind": item.kind,
        }
        if item.event is not None:
            facts["event"] = item.event
        if item.kind in _TRUTH_FIELDS:
            facts[_TRUTH_FIELDS[item.kind]] = item.truth
        return _JSON(facts)[1:]

    def _acknowledged(self, kind: str, line: str, error: Any, message: Any) -> None:
        if error is not None:
            self._error = self._error or str(error)
            return
        self._counts[kind] += 1
        if self._truth is not None:
            place = f', "partition": {message.partition()}, "offset": {message.offset()}, '
            self._lines.append(f"{self._head}{place}{line}\n")
            if len(self._lines) >= 1000:  # gzip is slow by the line
                self._save()

    def _save(self) -> None:
        if self._truth is not None:
            self._truth.write("".join(self._lines))
            self._lines.clear()


_JSON = json.JSONEncoder(check_circular=False).encode


if __name__ == "__main__":
    main()
