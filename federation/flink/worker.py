"""What runs in PyFlink's Python workers: a stream's transform, a chunk of records at a time."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

import psutil
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
_LOOK = 1.0  # seconds between two looks at the JVM


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
        _end_with_the_jvm()
        with _ONE_AT_A_TIME:
            function = load(self._python, self._folder)
            self._transform = Transform(parse(self._contract), function, self._keys)

    def map(self, chunk: bytes) -> bytes:
        """The answer to one chunk."""
        with _ONE_AT_A_TIME:
            return answer(self._transform, chunk)


@cache
def _end_with_the_jvm() -> None:
    """Let no worker outlive a JVM that is killed: Beam's may wait for it for ever."""
    jvm = next((one for one in psutil.Process().parents() if one.name() == "java"), None)
    if jvm is None:
        return

    def watch() -> None:
        with suppress(psutil.NoSuchProcess):
            while jvm.is_running() and jvm.status() != psutil.STATUS_ZOMBIE:
                time.sleep(_LOOK)
        os._exit(1)  # a thread of Beam's may hang, which a mere exit would wait for

    threading.Thread(target=watch, name="watches the JVM", daemon=True).start()
