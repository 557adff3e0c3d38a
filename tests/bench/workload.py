"""What a workload is: sources, what their records hold, and what must come out.

Everything follows from the records' numbers. A source numbers its distinct records from 0, writes
them in this order, and in between repeats some of them, so what a contender has to write is known
without reading the input.
"""

from __future__ import annotations

import struct
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

TIME = 1_780_000_000_000  # milliseconds since 1970: of every record, so that runs are alike
INSTANT = {"type": "long", "logicalType": "timestamp-millis"}
CLUSTERS = ("eu", "us")
_SPREAD = 2_654_435_761  # Knuth's: neighbours repeat records that lie far apart


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A topic of one cluster, and how each contender is told to read it.

    Attributes:
        cluster: ``eu`` or ``us``.
        name: what the ids of its records begin with; its table in SQL.
        topic: its name.
        schema: what its records are written with; the first field is the id, a string.
        datum: a record by its number, as the source has it.
        expected: the same, as the contract has it; instants in milliseconds, dates in days.
        key: the field that is its records' key.
        rules: the gateway's ``fields``.
        mapped: from a datum as fastavro reads it to the contract's, by hand.
        columns: its columns in Flink SQL.
        select: the contract's fields, made of these columns.
    """

    cluster: str
    name: str
    topic: str
    schema: Mapping[str, Any]
    datum: Callable[[int], dict[str, Any]]
    expected: Callable[[int], dict[str, Any]]
    key: str
    rules: Mapping[str, Any]
    mapped: Callable[[dict[str, Any]], dict[str, Any]]
    columns: str
    select: str


@dataclass(frozen=True, slots=True)
class Workload:
    """What is merged into one stream.

    Attributes:
        name: as on the command line.
        says: one line for people.
        contract: the stream's schema; the first field is the id, a string.
        sources: what is merged.
        columns: the contract in Flink SQL; empty where that cannot express it.
        plain: the sources whose topics Flink SQL gets instead of these of the same name.
        records: in each source.
        repeats: per cent of the records that repeat an earlier one of their source.
        deduplicate: whether only the first of each id is kept.
        key: the contract's field that is the target's key.
        target: the topic that is filled.
        partitions: of every topic.
    """

    name: str
    says: str
    contract: Mapping[str, Any]
    sources: tuple[Source, ...]
    columns: str = ""
    plain: tuple[Source, ...] = ()
    records: int = 1_500_000
    repeats: int = 10
    deduplicate: bool = True
    key: str = "order_id"
    target: str = "bench.unified"
    partitions: int = 4

    @property
    def fields(self) -> tuple[str, ...]:
        """The contract's fields; the first is the id."""
        return tuple(one["name"] for one in self.contract["fields"])

    @property
    def for_sql(self) -> tuple[Source, ...]:
        """The sources as Flink SQL reads them."""
        instead = {one.name: one for one in self.plain}
        return tuple(instead.get(one.name, one) for one in self.sources)

    @property
    def read(self) -> int:
        """Records in all sources."""
        return self.records * len(self.sources)

    def written(self, *, mirrored: bool = False) -> int:
        """Records of a right output; ``mirrored``: of one that is a copy of all input."""
        if mirrored or not self.deduplicate:
            return self.read
        return distinct(self.records, self.repeats) * len(self.sources)

    def times(self, *, mirrored: bool = False) -> array[int]:
        """How often a right output has each record of a source, by number."""
        found = array("H", bytes(2 * distinct(self.records, self.repeats)))
        for number in numbers(self.records, self.repeats):
            found[number] += 1
        kept = not mirrored and self.deduplicate
        return array("H", [1]) * len(found) if kept else found


def identity(name: str, number: int) -> str:
    """A record's id: short enough for its length to be one byte of Avro."""
    return f"{name}-{number:09d}"


def numbers(records: int, repeats: int) -> Iterator[int]:
    """The numbers of a source's records in the order in which it writes them."""
    fresh = 0
    for i in range(records):
        if (i + 1) * repeats // 100 > i * repeats // 100 and fresh:
            yield i * _SPREAD % fresh
        else:
            yield fresh
            fresh += 1


def distinct(records: int, repeats: int) -> int:
    """How many different numbers these are; ``repeats`` below 100 per cent."""
    return records - records * repeats // 100


def single(value: float) -> float:
    """The float nearest to a double, as a double."""
    return float(struct.unpack("f", struct.pack("f", value))[0])


def record(_name: str, /, **fields: Any) -> dict[str, Any]:
    """An Avro record's schema: each field's type; of null or something, null by default."""
    listed: list[dict[str, Any]] = []
    for name, kind in fields.items():
        optional = isinstance(kind, list) and kind[0] == "null"
        listed.append({"name": name, "type": kind, **({"default": None} if optional else {})})
    return {"type": "record", "name": _name, "fields": listed}


def same(value: dict[str, Any]) -> dict[str, Any]:
    """A datum that the contract takes as it is."""
    return value
