"""The target's transactions, reached through the Java clients: librdkafka cannot list or end them.

Each step is one question to ``federation.settle.Settlement`` and one answer, as JSON: asked in the
gateway's own JVM while it runs, or in a JVM of its own. What is to be done with the answers is
decided in :mod:`federation.run.settlement`.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from federation.errors import ClusterError
from federation.flink import build, jars, jvm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from federation.plan.model import TargetPlan

_PATIENCE = 300.0  # seconds for a JVM of its own; clients give up long before


@dataclass(frozen=True, slots=True)
class Extent:
    """What a transaction wrote to one partition: first and last offset, and how many records."""

    topic: str
    partition: int
    first: int
    last: int
    count: int


@dataclass(frozen=True, slots=True)
class Transaction:
    """A flushed transaction of a checkpoint, and where its records are."""

    id: str
    producer: int
    epoch: int
    checkpoint: int
    extents: tuple[Extent, ...]

    @property
    def name(self) -> str:
        """Ids are used again and again; with producer and epoch it is one transaction."""
        return f"{self.id}/{self.producer}/{self.epoch}"


@dataclass(frozen=True, slots=True)
class Finding:
    """What the log holds of an extent.

    Attributes:
        fate: ``open``, ``committed``, ``aborted``, or ``expired`` where retention has deleted it.
        found: its records that are still there; counted where it was aborted.
        copies: how many of those lie there once more, committed, behind it.
        start: the partition's first offset.
    """

    fate: str
    found: int = 0
    copies: int = 0
    start: int = 0


@dataclass(frozen=True, slots=True)
class Open:
    """A transaction that holds back readers.

    Attributes:
        id: its transactional id; empty if no coordinator knows of it, so that it never ends.
        started: epoch milliseconds; -1 if the brokers do not tell.
        timeout: milliseconds after which the brokers abort it; -1: never.
        partitions: as ``topic-number``.
    """

    id: str
    producer: int
    epoch: int
    started: int
    timeout: int
    partitions: tuple[str, ...]


class Transactions:
    """The transactions of one stream's target."""

    def __init__(
        self,
        prefix: str,
        topics: tuple[str, ...],
        properties: Mapping[str, str],
        ask: Callable[[str], str],
    ) -> None:
        """Prepare; each method asks.

        Args:
            prefix: of the stream's transactional ids.
            topics: its target and its dead letters.
            properties: of a producer of the target's cluster.
            ask: :func:`in_gateway` or :func:`in_own_jvm`.
        """
        self._prefix = prefix
        self._topics = topics
        self._properties = properties
        self._ask = ask

    @classmethod
    def of(cls, target: TargetPlan, ask: Callable[[str], str]) -> Transactions:
        """Those of a planned target."""
        topics = (target.topic, target.dead_letter)
        return cls(target.transactional_prefix, topics, client_properties(target), ask)

    def pending(self, folder: Path) -> tuple[Transaction, ...]:
        """The transactions that a checkpoint or savepoint has yet to commit.

        Raises:
            ClusterError: it cannot be read (any method may: the cluster does not do it now).
        """
        return tuple(
            Transaction(
                id=one["id"],
                producer=one["producer"],
                epoch=one["epoch"],
                checkpoint=one["checkpoint"],
                extents=tuple(Extent(**extent) for extent in one.get("extents", ())),
            )
            for one in self._do("pending", folder=str(folder))["transactions"]
        )

    def inspect(self, transactions: Sequence[Transaction]) -> list[tuple[Finding, ...]]:
        """What the log holds of each, extent by extent."""
        answer = self._do("inspect", transactions=_json(transactions))
        return [tuple(Finding(**one) for one in each) for each in answer["findings"]]

    def commit(self, transactions: Sequence[Transaction]) -> None:
        """Try to commit; the log tells whether it was done."""
        self._do("commit", transactions=_json(transactions))

    def rewrite(self, transactions: Sequence[Transaction]) -> int:
        """Write the records of aborted transactions again, all in one transaction; how many."""
        # Not an id that the sink could take for its own, but under the same ACL.
        done = self._do("rewrite", id=f"{self._prefix}~again", transactions=_json(transactions))
        return int(done["written"])

    def open(self) -> tuple[Open, ...]:
        """The open transactions of this stream: its sink's, and those of an earlier repair."""
        found = map(_open, self._do("open", prefix=self._prefix).get("open", ()))
        ours = (f"{self._prefix}.", f"{self._prefix}~")
        return tuple(one for one in found if one.id.startswith(ours))

    def hanging(self) -> tuple[Open, ...]:
        """Transactions in the target's topics that nobody will ever end."""
        return tuple(map(_open, self._do("hanging", topics=self._topics).get("open", ())))

    def abort(self, ids: Iterable[str]) -> None:
        """End what is open under these ids."""
        self._do("abort", ids=list(ids))

    def abort_hanging(self, producer: int, partitions: Iterable[str]) -> None:
        """End a transaction that no coordinator knows of, partition by partition."""
        self._do("abort-hanging", producer=producer, partitions=list(partitions))

    def _do(self, step: str, **asked: Any) -> dict[str, Any]:
        question = {"do": step, "properties": {**self._properties}, **asked}
        try:
            answer: dict[str, Any] = json.loads(self._ask(json.dumps(question)))
        except ClusterError as error:
            servers = self._properties["bootstrap.servers"]
            raise ClusterError(f"transactions at {servers}: {step} failed: {error}") from None
        return answer


def client_properties(target: TargetPlan) -> dict[str, str]:
    """How the target is written to, in the names of Kafka's Java producer."""
    # Records that are larger never get there: they are dead letters.
    largest, least = (choose(target.record_bytes, target.dead_bytes) for choose in (max, min))
    return {
        "compression.type": "lz4",
        # What belongs to a transaction is not visible before its checkpoint, which flushes: to wait
        # fills the batches, and delays nobody.
        "linger.ms": "50" if target.delivery == "exactly-once" else "5",
        "batch.size": str(min(262_144, least)),
        "buffer.memory": str(max(32 * 2**20, 2 * largest)),
        "acks": "all",
        "max.request.size": str(largest),
        **target.cluster.properties,
        "enable.idempotence": "true",
        "transaction.timeout.ms": str(int(target.transaction_timeout.total_seconds() * 1000)),
    }


def in_gateway(question: str) -> str:
    """Ask in the JVM that runs the streams.

    Raises:
        ClusterError: what Java's clients said.
    """
    if "PYFLINK_GATEWAY_PORT" not in os.environ:  # PyFlink would start a JVM of its own
        raise ClusterError("the JVM is gone")
    from py4j.protocol import Py4JError, Py4JJavaError  # noqa: PLC0415 - with PyFlink it costs seconds
    from pyflink.java_gateway import get_gateway  # noqa: PLC0415 - as above

    try:
        return str(get_gateway().jvm.federation.settle.Settlement.answer(question))
    except Py4JJavaError as error:
        raise ClusterError(str(error.java_exception.toString())) from None
    except Py4JError as error:
        raise ClusterError(f"the JVM is gone ({error})") from None


def in_own_jvm(question: str) -> str:
    """Ask in a JVM that lives for one question.

    Raises:
        ClusterError: what Java's clients said.
        SetupError: Java or a jar is missing.
    """
    class_path = [*jars.flink_lib(), *jars.resolve("connector"), build.operators_jar()]
    command = [
        str(jvm.find_java(int(build.RELEASE))),
        *("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"),  # seconds matter here, not throughput
        *("-cp", os.pathsep.join(map(str, class_path)), "federation.tools.Transactions"),
    ]
    try:
        done = subprocess.run(
            command, input=question, capture_output=True, encoding="utf-8", check=False,
            timeout=_PATIENCE,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise ClusterError(f"no answer in {_PATIENCE:g} s") from None
    if done.returncode:
        raise ClusterError(done.stderr.strip().rpartition("\n")[2][-2000:])
    return done.stdout


def _json(transactions: Sequence[Transaction]) -> list[dict[str, Any]]:
    return [asdict(one) for one in transactions]


def _open(found: dict[str, Any]) -> Open:
    return Open(**{**found, "partitions": tuple(found.get("partitions", ()))})
