"""A network that a test may slow down or cut: each broker behind a door of its own."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest

from federation.sandbox import nodes
from federation.sandbox.state import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 16 * 1024


class Door:
    """Passes on what is sent to one port, to another port behind it.

    Attributes:
        delay: seconds that every chunk of an answer takes.
        rate: bytes per second of the answers on a connection; 0 for as fast as can be.
    """

    def __init__(self, outside: int, behind: int) -> None:
        self.outside, self.behind = outside, behind
        self.delay = 0.0
        self.rate = 0
        self._open: set[asyncio.StreamWriter] = set()

    def cut(self) -> None:
        """Break every connection that is there, as a router does that forgets them."""
        for writer in list(self._open):
            writer.transport.abort()

    async def serve(self) -> None:
        """Listen."""
        await asyncio.start_server(self._connected, "127.0.0.1", self.outside)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            there, back = await asyncio.open_connection("127.0.0.1", self.behind)
            self._open |= {writer, back}
            try:
                await asyncio.gather(self._ask(reader, back), self._answer(there, writer))
            finally:
                self._open -= {writer, back}
                back.transport.abort()
        writer.transport.abort()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError  # one side has ended: so does the other

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(self.rate // 10 or _CHUNK):
            await asyncio.sleep(self.delay + (len(data) / self.rate if self.rate else 0))
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError


class Network:
    """The doors of all brokers that a sandbox starts meanwhile, by their advertised port."""

    def __init__(self) -> None:
        self.doors: dict[int, Door] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)

    def door(self, bootstrap: str) -> Door:
        """The door of the broker at an address."""
        return self.doors[int(bootstrap.rpartition(":")[2])]

    def cut(self, door: Door) -> None:
        """Break the connections through a door, now."""
        self._loop.call_soon_threadsafe(door.cut)

    @contextmanager
    def breaking(self, door: Door) -> Iterator[None]:
        """Break the connections through a door once a second, as long as the block lasts."""
        over = Event()

        def broken() -> None:
            while not over.wait(1.0):
                self.cut(door)

        thread = Thread(target=broken, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(30)

    @contextmanager
    def between(self) -> Iterator[None]:
        """Brokers that are started in this block are reached through doors as long as it lasts."""
        self._thread.start()
        try:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(nodes, "_BROKER_PROPERTIES", _Behind(self))
                yield
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(30)

    def open(self, outside: int) -> Door:
        """Make the door of a port, once."""
        if outside not in self.doors:
            door = Door(outside, free_port({outside, *self.doors}))
            asyncio.run_coroutine_threadsafe(door.serve(), self._loop).result(30)
            self.doors[outside] = door
        return self.doors[outside]


class _Behind:
    """The template of a broker's properties, which listens behind a door and advertises that."""

    def __init__(self, network: Network) -> None:
        self._network, self._template = network, nodes._BROKER_PROPERTIES

    def format(self, *, broker: int, **others: Any) -> str:
        """The properties of one broker."""
        behind = self._network.open(broker).behind
        text = self._template.format(broker=broker, **others)
        listens, moved = (f"\nlisteners=PLAINTEXT://127.0.0.1:{one}," for one in (broker, behind))
        assert listens in text
        return text.replace(listens, moved)
