"""What a seeded domain is: one kind of event, and each cluster's own way to write it down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Datum = dict[str, Any]
Field = tuple[str, Any] | tuple[str, Any, Any]

MILLIS = {"type": "long", "logicalType": "timestamp-millis"}
MICROS = {"type": "long", "logicalType": "timestamp-micros"}


class Event(NamedTuple):
    """One business event.

    Attributes:
        seed: the seed number.
        number: which event it is under that seed; an update of a hot key bears another's number.
        time: when it happened, milliseconds since 1970.
        words: 24 even random numbers of 16 bits; the first eight are used by the stream itself.
    """

    seed: int
    number: int
    time: int
    words: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """One cluster's topic of a domain.

    Attributes:
        cluster: name of the cluster that has it.
        topic: its name.
        partitions: how many it is created with.
        weight: its share of all records, relative to the other sources.
        key: Avro schema of the keys: a record of one string field, or a string.
        older: value schema of the first version.
        newer: value schema of the second version.
        make: the datum of an event for a version (True: newer), and what the contract makes of it.
        spoil: a field and the number that its first Avro varint must never be.
    """

    cluster: str
    topic: str
    partitions: int
    weight: int
    key: Any
    older: Datum
    newer: Datum
    make: Callable[[Event, bool], tuple[Datum, Datum]]
    spoil: tuple[str, int]


@dataclass(frozen=True, slots=True)
class Domain:
    """A thing that several clusters record, each in its own way.

    Attributes:
        name: as in ``--domain``.
        sources: by cluster name; those whose cluster exists are used.
        identify: logical key of an event, and the id under which it is one event.
        ghost: logical key that no event ever has.
    """

    name: str
    sources: Mapping[str, Source]
    identify: Callable[[Event], tuple[str, str]]
    ghost: Callable[[Event], str]


def record(name: str, *fields: Field) -> Datum:
    """An Avro record of (name, type) or (name, type, default) fields."""
    return {
        "type": "record",
        "name": name,
        "fields": [
            {"name": f[0], "type": f[1], **({"default": f[2]} if len(f) == 3 else {})}
            for f in fields
        ],
    }


def array(items: Any) -> Datum:
    """An Avro array."""
    return {"type": "array", "items": items}


def nullable(kind: str) -> list[str]:
    """An Avro union of null and a type, null first."""
    return ["null", kind]
