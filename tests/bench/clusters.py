"""The three clusters of a measurement."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from federation.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def clusters(folder: Path) -> Iterator[dict[str, str]]:
    """Start the clusters whose data lie in a folder; their addresses.

    They end with the block, however that ends: SIGTERM is an interrupt, as Ctrl-C is.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder.mkdir(parents=True, exist_ok=True)
    box = Sandbox(folder / "clusters")
    click.echo("starting three clusters", err=True)
    try:
        box.up()
        yield box.env()
    finally:
        box.down()
