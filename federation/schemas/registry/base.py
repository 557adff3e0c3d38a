"""What every registry can do: find a schema by its name, list what a subject holds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from federation.errors import ClusterError
from federation.schemas.ids import SchemaId

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from federation.schemas.avro import Schema

MAX_CACHED = 10_000  # schemas


class NotAvro(ClusterError):  # noqa: N818 - it names what was found
    """The registry holds this schema, but it is not Avro (Protobuf, JSON Schema, or damaged)."""


@dataclass(frozen=True, slots=True)
class RegisteredVersion:
    """One version of a subject; ``id`` is Confluent's number, or the UUID of Glue's version."""

    subject: str
    version: int
    id: int | str
    schema: Schema


class SchemaRegistry(ABC):
    """A client of one registry; safe to share between threads, closed by ``close`` or ``with``."""

    where: str
    """The registry's address for people, without credentials."""

    def __init__(self) -> None:
        self._known: OrderedDict[SchemaId, Schema] = OrderedDict()
        self._lock = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def schema(self, name: SchemaId, /) -> Schema:
        """The schema of a name, with its references inlined; asked for once.

        Raises:
            UnknownSchemaId: the registry says that it does not exist, or has no such names.
            NotAvro: it exists and is not Avro.
            ClusterError: the registry does not answer as needed.
        """
        with self._lock:
            if name in self._known:
                self._known.move_to_end(name)
                return self._known[name]
        schema = self._find(name)
        with self._lock:
            self._known[name] = schema
            if len(self._known) > MAX_CACHED:
                self._known.popitem(last=False)
        return schema

    def schema_by_id(self, schema_id: int) -> Schema:
        """The schema of one of Confluent's numbers; see :meth:`schema`."""
        return self.schema(SchemaId("id", schema_id))

    @abstractmethod
    def _find(self, name: SchemaId) -> Schema:
        """Ask for a schema; raises as :meth:`schema` does."""

    @abstractmethod
    def subjects(self) -> list[str]:
        """The names of all subjects."""

    @abstractmethod
    def versions(self, subject: str) -> Sequence[RegisteredVersion]:
        """All versions of a subject, oldest first; none if there is no such subject."""

    @abstractmethod
    def close(self) -> None:
        """Close the connections."""
