"""One cluster, asked again and again: a client that has failed is replaced, and says why it has."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from confluent_kafka import KafkaException

from federation.errors import ClusterError
from federation.kafka import clients

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from confluent_kafka import Consumer

T = TypeVar("T")

ANSWER = 3.0  # seconds; twice, and a pause, are under the ten within which status tells of trouble


class Asking:
    """A consumer of one cluster, made when it is needed."""

    def __init__(
        self, alias: str, properties: Mapping[str, str], *, group: str | None = None
    ) -> None:
        """Prepare.

        Args:
            alias: the cluster's alias.
            properties: the cluster's Java properties.
            group: whose committed offsets may be asked for.
        """
        self.where = f"cluster {alias}"
        self._alias, self._properties, self._group = alias, properties, group
        self._trouble = clients.Trouble()
        self._consumer: Consumer | None = None

    def ask(self, question: Callable[[Consumer], T]) -> T:
        """Put a question, and once more to a new client if one that was there fails.

        Raises:
            ClusterError: the cluster does not answer.
        """
        if self._consumer is not None:
            try:
                return question(self._consumer)
            except ClusterError:  # clients remember who led a partition before its broker died
                self.close()
        self._trouble = clients.Trouble()
        self._consumer = clients.consumer(
            self._alias, self._properties, group=self._group, trouble=self._trouble
        )
        return question(self._consumer)

    @contextmanager
    def reaching(self, consumer: Consumer) -> Iterator[None]:
        """A part of a question that needs no more than a connection: why there is none.

        Raises:
            ClusterError: the cluster cannot be reached, in the words of what happened.
        """
        try:
            yield
        except ClusterError as error:
            consumer.poll(0)  # hands over what happened in the background
            cause = self._trouble.main()
            if cause is None and isinstance(error.__cause__, KafkaException):
                cause = error.__cause__.args[0]
            if cause is None:
                raise
            bootstrap = self._properties["bootstrap.servers"]
            raise clients.unreachable(self._alias, bootstrap, cause, ANSWER) from None
        consumer.poll(0)  # nothing is assigned: only its background's reports are taken

    def close(self) -> None:
        """Close the connections."""
        if self._consumer is not None:
            self._consumer.close()
        self._consumer = None
