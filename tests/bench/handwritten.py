"""What a Python user writes for each record: read with fastavro, map by hand, write."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import fastavro

if TYPE_CHECKING:
    from workload import Source, Workload


class Step:
    """From a source's bytes to the contract's, with the id and the key beside them."""

    def __init__(self, workload: Workload, source: Source, head: bytes) -> None:
        self._read = fastavro.parse_schema(dict(source.schema))
        self._write = fastavro.parse_schema(dict(workload.contract))
        self._mapped, self._head = source.mapped, head
        self._id, self._key = workload.fields[0], workload.key

    def __call__(self, value: bytes) -> tuple[str, str, bytes]:
        """Id, key and value for a record's value."""
        read = io.BytesIO(value)
        read.seek(len(self._head))
        datum = fastavro.schemaless_reader(
            *(read, self._read), return_record_name=True, return_record_name_override=True
        )
        mapped = self._mapped(datum)
        out = io.BytesIO(self._head)
        out.seek(len(self._head))
        fastavro.schemaless_writer(out, self._write, mapped)
        return mapped[self._id], mapped[self._key], out.getvalue()
