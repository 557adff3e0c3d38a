"""librdkafka clients from Java properties: quiet, read committed, and with one clear error.

librdkafka reports trouble in the background, many times over and to stderr. Here its log goes to
the debug log and its errors are kept by the client's :class:`Trouble`, from which :func:`reach`
makes the one sentence that a person needs.
"""

from __future__ import annotations

import logging
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from federation.errors import ClusterError
from federation.kafka.security import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future

# The standard library's logger, not structlog's: a dead broker makes librdkafka write some hundred
# lines a minute, which must cost nothing unless somebody asked for them.
log = logging.getLogger("federation.librdkafka")
T = TypeVar("T")

_UNKNOWN = re.compile(r'No such configuration property: "([^"]+)"')
_AUTHENTICATION = {KafkaError._AUTHENTICATION, KafkaError.SASL_AUTHENTICATION_FAILED}  # noqa: SLF001 - librdkafka's own codes begin with _
_TLS = {KafkaError._SSL}  # noqa: SLF001 - as above
_FORBIDDEN = {KafkaError.CLUSTER_AUTHORIZATION_FAILED, KafkaError.TOPIC_AUTHORIZATION_FAILED}


class _Log:
    """What librdkafka calls as a logger; it knows only ``log``."""

    def log(self, _level: int, text: str, *args: object) -> None:
        """Write at debug level, whatever librdkafka thinks of it: errors reach people as errors."""
        log.debug(text, *args)


@dataclass(slots=True)
class Trouble:
    """What went wrong in a client's background, newest last (at most 20 kept)."""

    errors: list[KafkaError] = field(default_factory=list)

    def __call__(self, error: KafkaError) -> None:
        """Keep an error; librdkafka's ``error_cb``."""
        self.errors = [*self.errors[-19:], error]

    def final(self) -> KafkaError | None:
        """An error that no waiting will mend: wrong credentials or TLS."""
        return next((e for e in self.errors if e.code() in _AUTHENTICATION or _tls(e)), None)

    def main(self) -> KafkaError | None:
        """The error that says most: a final one, else the newest that names a cause."""
        named = [e for e in self.errors if e.code() != KafkaError._ALL_BROKERS_DOWN]  # noqa: SLF001 - as above
        return self.final() or (named or self.errors or [None])[-1]


def admin(alias: str, properties: Mapping[str, object], **overrides: object) -> AdminClient:
    """An admin client of one cluster; see :func:`reach` for one that is known to answer."""
    return _client(AdminClient, alias, properties, overrides, Trouble())


def consumer(
    alias: str,
    properties: Mapping[str, object],
    *,
    group: str | None = None,
    trouble: Trouble | None = None,
    **overrides: object,
) -> Consumer:
    """A consumer for manual assignment: read committed, no commits, ends of partitions told.

    Args:
        alias: the cluster's alias.
        properties: the cluster's Java properties.
        group: whose committed offsets may be read; no group is ever joined.
        trouble: collects what the client reports in the background.
        overrides: librdkafka properties with ``_`` for ``.``.

    Raises:
        ClusterError: the properties cannot make a client.
    """
    settings = {
        "group_id": group or "federation",  # librdkafka insists on one
        "isolation_level": "read_committed",
        "enable_auto_commit": False,
        "enable_auto_offset_store": False,
        "auto_offset_reset": "error",  # a position that is gone must be heard, not jumped
        "enable_partition_eof": True,
        "check_crcs": True,
    }
    return _client(Consumer, alias, properties, settings | overrides, trouble or Trouble())


def producer(alias: str, properties: Mapping[str, object], **overrides: object) -> Producer:
    """An idempotent producer that partitions as Kafka's Java client does (murmur2)."""
    settings = {"enable_idempotence": True, "partitioner": "murmur2_random"}
    return _client(Producer, alias, properties, settings | overrides, Trouble())


def _client(
    kind: Any,
    alias: str,
    properties: Mapping[str, object],
    overrides: Mapping[str, object],
    trouble: Trouble,
) -> Any:
    """Build a client; names that librdkafka does not know are left out, as the Java client does."""
    given = dict(translate(alias, properties).properties)
    ours = {name.replace("_", "."): value for name, value in overrides.items()}
    while True:
        try:
            return kind({**given, **ours, "error_cb": trouble}, logger=_Log())
        except KafkaException as error:
            text = error.args[0].str()
            unknown = _UNKNOWN.search(text)
            if unknown and unknown[1] in given:
                log.debug("clusters.%s: property %s left out", alias, unknown[1])
                del given[unknown[1]]
                continue
            raise ClusterError(
                f"the client properties are not accepted: {text}",
                where=f"clusters.{alias}.properties",
                hint="properties carry the names of Kafka's Java client",
            ) from error


@dataclass(frozen=True, slots=True)
class Reached:
    """A cluster that answered."""

    admin: AdminClient
    cluster_id: str
    brokers: tuple[int, ...]


def reach(alias: str, properties: Mapping[str, object], timeout: float = 10.0) -> Reached:
    """Connect to a cluster and ask who it is.

    Wrong credentials and TLS end at once; an unreachable cluster is tried until the time is over.

    Raises:
        ClusterError: one sentence for why it did not answer within ``timeout`` seconds.
    """
    trouble = Trouble()
    client = _client(AdminClient, alias, properties, {}, trouble)
    bootstrap = str(properties.get("bootstrap.servers", ""))
    asked = client.describe_cluster(request_timeout=timeout)
    ends = time.monotonic() + timeout
    while not asked.done() and not trouble.final() and time.monotonic() < ends:
        client.poll(0.05)
    if asked.done() and asked.exception() is None:
        answer = asked.result()
        return Reached(client, answer.cluster_id, tuple(sorted(n.id for n in answer.nodes)))
    client.poll(0)
    cause = trouble.main()
    if cause is None and asked.done():
        cause = asked.exception().args[0]
    raise unreachable(alias, bootstrap, cause, timeout)


def unreachable(
    alias: str, bootstrap: str, cause: KafkaError | None, timeout: float
) -> ClusterError:
    """Say in one sentence why a cluster does not answer: unreachable, credentials or TLS."""
    where, code = f"cluster {alias} ({bootstrap})", cause.code() if cause else None
    said = _said(cause) if cause else "no answer"
    if code in _AUTHENTICATION:
        return ClusterError(
            f"the cluster refuses the credentials: {said}",
            where=where,
            hint=f"check sasl.mechanism and sasl.jaas.config of clusters.{alias}.properties",
        )
    if cause is not None and _tls(cause):
        return ClusterError(
            f"no TLS connection: {said}",
            where=where,
            hint="check security.protocol, ssl.truststore.location and the name in the certificate",
        )
    if code in _FORBIDDEN:
        return ClusterError(
            f"the cluster refuses access: {said}",
            where=where,
            hint="the user needs DESCRIBE on the cluster and its topics",
        )
    return ClusterError(
        f"the cluster did not answer within {timeout:g} s: {said}",
        where=where,
        hint="check bootstrap.servers, security.protocol and that a broker listens there",
    )


def _tls(error: KafkaError) -> bool:
    """Whether TLS failed; the other side hanging up in the handshake has no code of its own."""
    return error.code() in _TLS or "SSL handshake failed" in error.str()


def _said(error: KafkaError) -> str:
    """What librdkafka says, without its thread, address and timing."""
    text = re.sub(r"^(\[thrd:[^\]]*\]: )?(\S+/(bootstrap|\d+): )?", "", error.str())
    return re.sub(r" \(after \d+ms in state [^)]*\)(: \(_\w+\))?", "", text).strip().rstrip(".")


def wait(future: Future[T], what: str, where: str, timeout: float = 20.0) -> T:
    """The result of an admin request.

    Raises:
        ClusterError: ``what``, with the broker's reason.
    """
    return attempt(lambda: future.result(timeout), what, where)


def attempt(request: Callable[[], T], what: str, where: str) -> T:
    """Do a request; whatever librdkafka raises becomes one sentence.

    Raises:
        ClusterError: ``what``, with the broker's reason.
    """
    try:
        return request()
    except KafkaException as error:
        raise ClusterError(f"{what}: {_said(error.args[0])}", where=where) from error
    except TimeoutError as error:
        raise ClusterError(f"{what}: no answer in time", where=where) from error
