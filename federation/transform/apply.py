"""A transform applied to records of a contract: Avro bytes to Avro bytes, each with its verdict."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from federation.schemas import codec
from federation.transform.form import Forms
from federation.transform.function import said
from federation.transform.refusal import TransformError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from federation.schemas.avro import Schema
    from federation.transform.function import Function

Verdict = bytes | None | TransformError
"""The record's new bytes, None for one that is left out, or why it is a dead letter."""

_KEEP = "the function changed it: what identifies a record is made by the mapping"


class Transform:
    """Applies a function.

    Args:
        contract: of the records.
        function: what is applied.
        keys: fields of the target key and of deduplication, which must stay as they are.

    Raises:
        ConfigError: the function takes batches, and a field has no Arrow type.
    """

    def __init__(self, contract: Schema, function: Function, keys: Sequence[str]) -> None:
        self._contract = contract
        self._decode = codec.decoder(contract)
        self._form = Forms().of(contract.root)
        self._call = function.call
        self._batches = function.batches
        self._keys = tuple(dict.fromkeys(keys))
        self._schema: Any = None
        if self._batches:
            from federation.transform.columns import schema  # noqa: PLC0415 - Arrow is for batches

            self._schema = schema(contract.root)

    def __call__(self, bodies: Sequence[bytes]) -> list[Verdict]:
        """The verdict on each record, in their order."""
        return self._of_batch(bodies) if self._batches else [self.one(body) for body in bodies]

    def one(self, body: bytes) -> Verdict:
        """The verdict on one record."""
        try:
            record = self._opened(body)
            before = self._identity(record)
            made = self._called(self._row if self._batches else self._call, record)
        except TransformError as error:
            return error
        return None if made is None else self._verdict(before, made)

    def _opened(self, body: bytes) -> Any:
        record = self._decode(body)
        return record if self._form.open is None else self._form.open(record)

    def _verdict(self, before: Sequence[Any], made: Any) -> Verdict:
        """On what the function gave for a record."""
        try:
            after = self._form.close(made)
        except TransformError as error:
            return error
        for name, was in zip(self._keys, before, strict=True):
            if not _same(was, made[name]):
                return TransformError("key", _KEEP, path=name)
        return codec.encode(self._contract, after)

    def _identity(self, record: Any) -> list[Any]:
        """The key's values, out of the function's reach."""
        values = [record[name] for name in self._keys]
        return [deepcopy(v) if isinstance(v, (dict, tuple)) else v for v in values]

    def _called(self, function: Callable[[Any], Any], given: Any) -> Any:
        try:
            return function(given)
        except TransformError:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001 - foreign code may raise anything
            raise TransformError("raised", said(error)) from None

    def _of_batch(self, bodies: Sequence[bytes]) -> list[Verdict]:
        """All records at once; halves of them where that fails, so that only those to blame do."""
        if len(bodies) < 2:
            return [self.one(body) for body in bodies]
        try:
            records = [self._opened(body) for body in bodies]
            before = [self._identity(record) for record in records]
            made = self._called(self._rows, records)
        except TransformError:
            middle = len(bodies) // 2
            return [*self._of_batch(bodies[:middle]), *self._of_batch(bodies[middle:])]
        return [self._verdict(*pair) for pair in zip(before, made, strict=True)]

    def _row(self, record: Any) -> Any:
        return self._rows([record])[0]

    def _rows(self, records: list[Any]) -> list[Any]:
        import pyarrow as pa  # noqa: PLC0415 - as above

        made = self._call(pa.RecordBatch.from_pylist(records, schema=self._schema))
        if not isinstance(made, pa.RecordBatch):
            what = f"returned a {type(made).__name__}, which is no pyarrow.RecordBatch"
            raise TransformError("type", what)
        if made.num_rows != len(records):
            what = f"returned {made.num_rows} rows for {len(records)}; a batch keeps its rows"
            raise TransformError("type", what)
        rows: list[Any] = made.to_pylist()
        return rows


def _same(was: Any, now: Any) -> bool:
    return bool(was == now or (was != was and now != now))  # noqa: PLR0124 - NaN is itself here
