"""What is written down for good: appended, on disk, and read whatever happened to the file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from federation.errors import JobError
from federation.run.journal import Journal

if TYPE_CHECKING:
    from pathlib import Path


def test_a_line_that_was_cut_off_spoils_no_other(tmp_path: Path) -> None:
    """Before it and after it entries are what they were; an editor's blank line is none."""
    journal = Journal(tmp_path / "stream" / "accepted.jsonl")
    journal.add({"n": 1})
    with journal.file.open("a") as file:
        file.write('\n{"n": 2, "cut')
    assert journal.entries() == [{"n": 1}]
    journal.add({"n": 3})
    assert journal.entries() == [{"n": 1}, {"n": 3}]


def test_who_runs_the_gateway_may_read_what_others_write(tmp_path: Path) -> None:
    """An operator's umask does not decide on that."""
    before = os.umask(0o077)
    try:
        Journal(tmp_path / "accepted.jsonl").add({"n": 1})
    finally:
        os.umask(before)
    assert (tmp_path / "accepted.jsonl").stat().st_mode & 0o777 == 0o644


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    """With its path and what to do, and as an error that callers expect."""
    (tmp_path / "accepted.jsonl").mkdir()
    with pytest.raises(JobError, match=r"accepted\.jsonl: .*directory; let the gateway's user"):
        Journal(tmp_path / "accepted.jsonl").entries()
