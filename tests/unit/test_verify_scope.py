"""Where a verification ends: behind what is open at the target when the sources are fixed."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from federation.kafka import offsets
from federation.verify import scope

PLACE = ("unified", 0)


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A topic with a transaction open at 7; ``ends`` are the answers to who asks what is committed."""
    there = SimpleNamespace(ends=[7, 7, 9])
    monkeypatch.setattr(offsets, "written", lambda *_: {PLACE: 9})

    def ends(*_: object) -> dict[tuple[str, int], int]:
        return {PLACE: there.ends.pop(0) if len(there.ends) > 1 else there.ends[0]}

    monkeypatch.setattr(offsets, "ends", ends)
    return there


def test_what_is_about_to_be_committed_is_waited_for(target: SimpleNamespace) -> None:
    """Positions may be told before the output of their checkpoint is."""
    reached = SimpleNamespace(admin=None)
    assert scope._open_ends(reached, "hub", [PLACE], 30) == {}
    assert target.ends == [9]


def test_what_stays_open_is_named(target: SimpleNamespace) -> None:
    """A transaction of nobody's is not waited for without end, and the report says where it is."""
    target.ends = [7]
    found = scope._open_ends(SimpleNamespace(admin=None), "hub", [PLACE], 0.1)
    assert found == {PLACE: 7}
    (note,) = scope._notes((), scope.Output("unified"), scope.Output("dead"), found)
    assert note.startswith("unified/0: a transaction is open at offset 7")
