"""One sandbox for the whole run: three real clusters, each with its registry."""

from __future__ import annotations

import itertools
import os
import re
from typing import TYPE_CHECKING

import pytest
from scene import Scene
from streams import clusters, compile_once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from federation.sandbox import Sandbox

_NUMBERS = itertools.count(1)

compile_once()


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The clusters eu, us and hub on free ports; tests share them and must use topics of their own.

    A test that kills nodes takes those of ``fragile`` instead.
    """
    with clusters(tmp_path_factory.mktemp("sandbox")) as box:
        yield box


@pytest.fixture(scope="module")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Clusters of a module's own: their nodes may die and hang."""
    with clusters(tmp_path_factory.mktemp("fragile")) as box:
        yield box


@pytest.fixture
def sandbox_env(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """EU_BOOTSTRAP, EU_REGISTRY... of the shared sandbox, set in this test's environment too."""
    found = sandbox.env()
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    return found


@pytest.fixture
def unique(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """Make names (of topics, groups, subjects) that no other test of the run uses."""
    stem = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:40]

    def name(base: str) -> str:
        return f"{base}.{stem}.{os.getpid()}-{next(_NUMBERS)}"

    return name


@pytest.fixture
def scene(
    sandbox: Sandbox, sandbox_env: dict[str, str], unique: Callable[[str], str], tmp_path: Path
) -> Scene:
    """A stream that has run, and its source topic, to which something may happen."""
    return Scene(sandbox, sandbox_env, unique, tmp_path)


@pytest.fixture
def topic(unique: Callable[[str], str]) -> str:
    """One topic name of this test's own."""
    return unique("topic")
