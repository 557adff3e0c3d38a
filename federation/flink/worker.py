"""What runs in PyFlink's Python workers: a stream's transform, a chunk of records at a time."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from pyflink.datastream.functions import MapFunction

from federation.schemas.avro import parse
from federation.transform.apply import Transform
from federation.transform.chunks import answer
from federation.transform.function import load

if TYPE_CHECKING:
    from pathlib import Path

    from pyflink.datastream.functions import RuntimeContext

    from federation.plan.model import StreamPlan

# A worker has a thread for each source of the stream; a function need not be safe for that.
_ONE_AT_A_TIME = threading.Lock()


class Crossing(MapFunction):  # type: ignore[misc] # PyFlink has no types
    """Chunks of records to their answers; see :mod:`federation.transform.chunks`."""

    def __init__(self, stream: StreamPlan) -> None:
        assert stream.transform is not None
        self._python: str = stream.transform.python
        self._folder: Path = stream.transform.folder
        self._contract = stream.contract
        self._keys = stream.identity

    def open(self, _context: RuntimeContext) -> None:
        """Import the function, in the worker."""
        with _ONE_AT_A_TIME:
            function = load(self._python, self._folder)
            self._transform = Transform(parse(self._contract), function, self._keys)

    def map(self, chunk: bytes) -> bytes:
        """The answer to one chunk."""
        with _ONE_AT_A_TIME:
            return answer(self._transform, chunk)
