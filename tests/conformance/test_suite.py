"""The conformance suite itself; its cases are run where all vectors are, in Python and in Java."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # importlib mode has no packages

from suite import FOLDER, files

FILES = files()


def test_the_files_are_fresh():
    """What is kept is what the topics say; ``python tests/conformance`` writes it anew."""
    kept = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.json")}
    assert sorted(kept) == sorted(FILES)
    assert [name for name in kept if kept[name] != FILES[name]] == []


def test_there_are_enough():
    """Hundreds of cases, each with a name of its own and the sentence that it shows."""
    cases = [case for text in FILES.values() for case in json.loads(text)["cases"]]
    assert len(cases) >= 800
    assert len({case["name"] for case in cases}) == len(cases)
    assert all(len(case["spec"].partition(": ")[2]) > 10 for case in cases)
