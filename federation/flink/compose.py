"""The job of one stream, as a list of edges.

::

    source eu ─┐
    source us ─┼─ union ─ key by bucket ─ deduplicate ─ target and dead letters (one transaction)
    source ap ─┘

A stream with a transform has it behind each source, in the source's task: chunks of records go to a
Python worker of PyFlink's, and come back.

Everything was decided in the plan; here it is only wired, with PyFlink, from the Java operators.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

from py4j.protocol import Py4JError, Py4JJavaError
from pyflink.common import Types
from pyflink.datastream import DataStream, StreamExecutionEnvironment
from pyflink.java_gateway import get_gateway

from federation.errors import JobError
from federation.flink.configuration import configuration, uri
from federation.flink.transactions import client_properties
from federation.flink.worker import Crossing
from federation.plan import uids
from federation.plan.engine import stream_spec
from federation.plan.uids import DEDUPLICATE, SINK

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from federation.flink.configuration import JobSettings
    from federation.mapping.times import TimeLimits
    from federation.plan.model import SourcePlan, StartPosition, StreamPlan

_HOUR_MS = 60 * 60 * 1000
_TRANSPORT_WINDOW_MS = _HOUR_MS  # two routes of one record differ by less
_MAX_HOLD_MS = 7 * 24 * _HOUR_MS
_RESULT_SECONDS = 10
_SERIALIZED = "org.apache.flink.util.SerializedThrowable"
_COMMIT_FAILED = "federation.sink.CommitFailed"
_NO_DRAIN = False  # windows are not flushed: the stream goes on later


def submit(stream: StreamPlan, settings: JobSettings) -> Job:
    """Build the stream's job and hand it to Flink; returns once it is accepted.

    Raises:
        JobError: Flink does not take it.
    """
    try:
        made = configuration(settings, python=stream.transform is not None)
        environment = StreamExecutionEnvironment(
            get_gateway().jvm.org.apache.flink.streaming.api.environment.StreamExecutionEnvironment(
                made._j_configuration  # noqa: SLF001 - PyFlink's own knows local ones only
            )
        )
        _build(environment, stream, settings)
        return Job(environment.execute_async(f"federation {stream.name}"))
    except Py4JJavaError as error:
        raise JobError(
            f"Flink does not take stream {stream.name}: {_message(error.java_exception)}",
            hint="read flink.log in the state folder's logs",
        ) from None
    except Py4JError as error:
        raise JobError(
            f"the JVM was lost while stream {stream.name} was submitted: {error}",
            hint="read jvm.out in the state folder's logs",
        ) from None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job failed; ``lost_commit``: a transaction of its last checkpoint was aborted."""

    why: str
    lost_commit: bool = False


class Job:
    """A submitted job; Java's exceptions do not leave this class."""

    def __init__(self, client: Any) -> None:
        self._client = client._j_job_client  # noqa: SLF001 - PyFlink's wrapper lacks the format

    @property
    def job_id(self) -> str:
        """Flink's id, 32 hex digits."""
        return str(self._client.getJobID())

    @property
    def ended(self) -> bool:
        """Whether the job has ended, well or not."""
        try:
            return bool(self._client.getJobStatus().get().isGloballyTerminalState())
        except Py4JError:  # its cluster went with it
            return True

    def failure(self) -> Failure | None:
        """Why a job that has ended failed, or None if it ended well."""
        try:
            # Its result comes a moment after its last state.
            seconds = get_gateway().jvm.java.util.concurrent.TimeUnit.SECONDS
            self._client.getJobExecutionResult().get(_RESULT_SECONDS, seconds)
        except Py4JJavaError as error:
            cause = _innermost(error.java_exception)
            return Failure(_message(cause), lost_commit=_class(cause) == _COMMIT_FAILED)
        except Py4JError as error:
            return Failure(str(error))
        return None

    def stop(self, savepoint: Path) -> str:
        """Stop with a savepoint in this folder; blocks until all output is committed.

        Raises:
            JobError: the job is not in a state for it, or the savepoint failed.
        """
        formats = get_gateway().jvm.org.apache.flink.core.execution.SavepointFormatType
        try:
            future = self._client.stopWithSavepoint(_NO_DRAIN, uri(savepoint), formats.NATIVE)
            return str(future.get())
        except Py4JJavaError as error:
            said = f"the savepoint failed: {_message(error.java_exception)}"
            # Why the job ended, where it did: Flink does not pass that on.
            failure = self.failure() if self.ended else None
            raise JobError(f"{said} ({failure.why})" if failure else said) from None
        except Py4JError as error:
            raise JobError(f"the savepoint failed: the JVM is gone ({error})") from None

    def cancel(self) -> None:
        """Stop at once; the last checkpoint stays."""
        with suppress(Py4JError):  # it may have ended by itself
            self._client.cancel().get()


def _innermost(error: Any) -> Any:
    while error.getCause() is not None:
        error = error.getCause()
    return error


def _class(error: Any) -> str:
    """The class of an exception, also of one that came from another process as text."""
    name = str(error.getClass().getName())
    return str(error.getOriginalErrorClassName()) if name == _SERIALIZED else name


def _message(error: Any) -> str:
    """What the innermost cause says; one from another process has its class's name before it."""
    cause = _innermost(error)
    said = str(cause.getMessage() or cause.toString())
    return said.removeprefix(f"{_class(cause)}: ")


def _build(
    environment: StreamExecutionEnvironment, stream: StreamPlan, settings: JobSettings
) -> None:
    j_environment = environment._j_stream_execution_environment  # noqa: SLF001 - the door to Java
    java = get_gateway().jvm
    spec = stream_spec(
        stream,
        value_schema_id=settings.value_schema_id,
        key_schema_id=settings.key_schema_id,
        schema_folder=settings.schemas,
    )
    clock = java.federation.source.SourceClock()
    sources = [
        j_environment.fromSource(
            _source(java, source, index, spec, settings), clock, f"source {source.name}"
        ).uid(source.uid)
        for index, source in enumerate(stream.sources)
    ]
    if stream.transform is not None:
        sources = [_transform(java, n, one, stream, spec) for n, one in enumerate(sources)]
    merged = reduce(lambda left, right: left.union(_array(java, right)), sources)
    unique = _deduplicate(java, merged, stream, settings)
    unique.sinkTo(_sink(java, stream, settings.settled)).name(f"target {stream.target.topic}").uid(
        SINK
    )


def _transform(java: Any, index: int, source: Any, stream: StreamPlan, spec: str) -> Any:
    """A source's records through the stream's Python function."""
    if " " in sys.executable:
        raise JobError(
            f"PyFlink cannot start workers with {sys.executable}: there is a blank in it",
            hint="install the gateway in a folder without one, or do without the transform",
        )
    uid = stream.sources[index].uid
    chunk = Types.PRIMITIVE_ARRAY(Types.BYTE())
    to_python = java.federation.source.ToPython()
    chunks = source.transform("to python", chunk.get_java_type_info(), to_python)
    chunks.uid(uids.step("to-python", uid))
    answers = DataStream(chunks).map(Crossing(stream), output_type=chunk)
    answers.name(f"transform {stream.transform.python}").uid(uids.step("python", uid))  # type: ignore[union-attr] # only with one
    records = answers._j_data_stream.flatMap(  # noqa: SLF001 - the door to Java
        java.federation.source.FromPython(spec, index), java.federation.record.RecordType()
    )
    return records.name("from python").uid(uids.step("from-python", uid))


def _source(java: Any, source: SourcePlan, index: int, spec: str, settings: JobSettings) -> Any:
    kafka = java.federation.kafka
    own = {"group.id": settings.group, "client.id": f"{settings.group}.{source.uid}"}
    if source.pattern is not None:
        subscription = kafka.Subscription.pattern(source.pattern)
    else:
        subscription = kafka.Subscription.topics(
            _list(java, [topic.name for topic in source.topics])
        )
    return kafka.ClusterSource(
        source.name,
        _properties(java, {"max.poll.records": "2000", **source.cluster.properties, **own}),
        subscription,
        _start(java, source.start),
        kafka.Accepted(str(settings.accepted), source.cluster.cluster_id),
        str(settings.stopping),
        java.federation.source.Normalizer(spec, index),
    )


def _start(java: Any, start: StartPosition) -> Any:
    first = java.federation.kafka.FirstOffsets
    if start.kind == "latest":
        return first.latest()
    if start.kind == "timestamp":
        assert start.timestamp is not None
        return first.timestamp(int(start.timestamp.timestamp() * 1000))
    if start.kind == "offsets":
        assert start.offsets is not None
        offsets = java.java.util.HashMap()
        for topic, partitions in start.offsets.items():
            for partition, offset in partitions.items():
                key = java.org.apache.kafka.common.TopicPartition(topic, partition)
                offsets.put(key, java.java.lang.Long.valueOf(offset))
        return first.offsets(offsets)
    return first.earliest()


def _deduplicate(java: Any, merged: Any, stream: StreamPlan, settings: JobSettings) -> Any:
    window = stream.deduplication.window if stream.deduplication else None
    names = get_gateway().new_array(java.java.lang.String, len(stream.sources))
    for index in range(len(stream.sources)):
        names[index] = str(index)
    heap = java.java.lang.Runtime.getRuntime().maxMemory()
    operator = java.federation.dedup.DeduplicateOperator(
        int(window.total_seconds() * 1000) if window else _TRANSPORT_WINDOW_MS,
        _MAX_HOLD_MS,
        int(heap * settings.heap_share / settings.parallelism),
        names,
    )
    keyed = merged.keyBy(
        java.federation.record.BucketSelector(),
        java.org.apache.flink.api.common.typeinfo.Types.INT,
    )
    return keyed.transform("deduplicate", java.federation.record.RecordType(), operator).uid(
        DEDUPLICATE
    )


def _sink(java: Any, stream: StreamPlan, settled: tuple[str, ...]) -> Any:
    target = stream.target
    sink = java.org.apache.flink.connector.kafka.sink
    base = java.org.apache.flink.connector.base.DeliveryGuarantee
    # Some hundred metrics of each producer, which nobody asks for and each look would carry.
    own = {"register.producer.metrics": "false"}
    properties = _properties(java, {**client_properties(target), **own})
    builder = sink.KafkaSink.builder()
    builder.setKafkaProducerConfig(properties)
    builder.setBootstrapServers(target.cluster.properties["bootstrap.servers"])
    builder.setRecordSerializer(
        java.federation.sink.TargetSerializer(
            target.topic,
            target.dead_letter,
            _limits(java, target.times),
            _limits(java, target.dead_times),
        )
    )
    if target.delivery != "exactly-once":
        builder.setDeliveryGuarantee(base.AT_LEAST_ONCE)
    else:
        builder.setDeliveryGuarantee(base.EXACTLY_ONCE)
        # A restart aborts what begins so: without its end, "orders" would abort "orders-eu" too.
        builder.setTransactionalIdPrefix(f"{target.transactional_prefix}.")
        # Pooled ids are used again: otherwise each checkpoint leaves new ones in the broker for
        # seven days.
        builder.setTransactionNamingStrategy(sink.TransactionNamingStrategy.POOLING)
    return java.federation.sink.TargetSink(
        builder.build(), properties, target.topic, target.dead_letter, _list(java, [*settled])
    )


def _limits(java: Any, times: TimeLimits) -> Any:
    none = -1
    return java.federation.sink.TimeLimits(
        none if times.old_ms is None else times.old_ms,
        none if times.ahead_ms is None else times.ahead_ms,
    )


def _properties(java: Any, values: Mapping[str, str]) -> Any:
    properties = java.java.util.Properties()
    for name, value in values.items():
        properties.setProperty(name, value)
    return properties


def _list(java: Any, values: list[str]) -> Any:
    result = java.java.util.ArrayList()
    for value in values:
        result.add(value)
    return result


def _array(java: Any, stream: Any) -> Any:
    array = get_gateway().new_array(java.org.apache.flink.streaming.api.datastream.DataStream, 1)
    array[0] = stream
    return array
