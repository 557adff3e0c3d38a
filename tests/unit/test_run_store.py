"""The state folder: who holds it, and where a stream goes on."""

from __future__ import annotations

import fcntl
import os
import struct
import subprocess
import sys
import threading
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING

import psutil
import pytest

from federation.config.paths import find_state
from federation.errors import ConfigError, JobError
from federation.run import detached, store
from federation.run.store import Owner, Store

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def kept(tmp_path: Path) -> Store:
    """An empty state folder."""
    return Store(tmp_path / "state")


def checkpoint(run: Path, number: int, job: str = "a1") -> Path:
    """A complete checkpoint of a run, as far as its header."""
    return _metadata(run / "checkpoints" / job / f"chk-{number}", number)


def savepoint(run: Path, number: int) -> Path:
    """A complete savepoint of a run; Flink's name of it does not tell its number."""
    return _metadata(run / "savepoint" / f"savepoint-a1-{number:012x}", number)


def _metadata(folder: Path, number: int) -> Path:
    folder.mkdir(parents=True)
    (folder / "_metadata").write_bytes(struct.pack(">IIq", 0x4960672D, 6, number) + b"...")
    return folder


class TestRestorePoint:
    def test_there_is_none_at_first(self, kept):
        """A stream that never ran, or never completed a checkpoint, begins anew."""
        assert kept.restore_point("orders") is None
        (kept.new_run("orders") / "checkpoints").mkdir()
        assert kept.restore_point("orders") is None

    def test_the_highest_number_counts_not_the_spelling(self, kept):
        """Checkpoint 10 is newer than 9, and run 10000 than 9999."""
        run = kept.new_run("orders")
        checkpoint(run, 9)
        newest = checkpoint(run, 10)
        assert kept.restore_point("orders") == newest
        late = run.with_name("run-9999")
        late.mkdir()
        checkpoint(late, 11)
        last = kept.new_run("orders")
        assert last.name == "run-10000"
        assert kept.restore_point("orders").name == "chk-11"
        assert kept.restore_point("orders") != checkpoint(last, 12)
        assert kept.restore_point("orders").name == "chk-12"

    def test_a_savepoint_ends_a_run(self, kept):
        """What came out with the savepoint must not come again: it is newer than checkpoints."""
        run = kept.new_run("orders")
        checkpoint(run, 4)
        newest = savepoint(run, 5)
        assert kept.restore_point("orders") == newest

    def test_a_job_that_went_on_after_its_savepoint(self, kept):
        """A checkpoint that is newer than a savepoint wins: the output since is committed."""
        run = kept.new_run("orders")
        savepoint(run, 5)
        newest = checkpoint(run, 6)
        assert kept.restore_point("orders") == newest

    def test_runs_without_one_are_passed_over(self, kept):
        """A run that died before its first checkpoint does not hide the one before it."""
        newest = checkpoint(kept.new_run("orders"), 3)
        kept.new_run("orders")
        assert kept.restore_point("orders") == newest

    @pytest.mark.parametrize("content", [b"", b"I`g-", b"x" * 40], ids=["empty", "cut", "other"])
    def test_what_is_damaged_or_unfinished_is_passed_over(self, kept, content):
        """A checkpoint without its metadata, or with a damaged head, is none."""
        run = kept.new_run("orders")
        newest = checkpoint(run, 3)
        (checkpoint(run, 4) / "_metadata").write_bytes(content)
        (run / "checkpoints" / "a1" / "chk-5").mkdir()
        assert kept.restore_point("orders") == newest

    def test_streams_are_apart(self, kept):
        """One stream never goes on from another's checkpoint."""
        checkpoint(kept.new_run("orders"), 3)
        assert kept.restore_point("order") is None

    def test_discarded_runs_are_kept_and_not_used(self, kept):
        """--fresh puts runs aside: nothing goes on from them, and nothing is deleted."""
        checkpoint(kept.new_run("orders"), 3)
        kept.discard("orders")
        assert kept.restore_point("orders") is None
        assert list(kept.folder.glob("streams/orders/discarded-*/run-0001/**/_metadata"))
        kept.discard("orders")
        assert kept.new_run("orders").name == "run-0001"


class TestPrune:
    def test_the_three_newest_usable_runs_stay(self, kept):
        """Older runs go; those without a checkpoint do not count."""
        runs = [kept.new_run("orders") for _ in range(7)]
        for number in (0, 1, 2, 4, 5):
            checkpoint(runs[number], number + 1)
        kept.prune("orders")
        left = sorted(path.name for path in (kept.folder / "streams" / "orders").iterdir())
        assert left == ["run-0003", "run-0004", "run-0005", "run-0006", "run-0007"]
        assert kept.restore_point("orders").name == "chk-6"

    def test_nothing_usable_nothing_deleted(self, kept):
        """Without a single restore point pruning keeps everything."""
        kept.new_run("orders")
        kept.prune("orders")
        kept.prune("others")
        assert kept.new_run("orders").name == "run-0002"


class TestOwner:
    def test_a_second_gateway_is_refused_by_name(self, kept):
        """While one process holds the folder, another learns which and what to do."""
        with kept.owned("first.yaml"):
            begun = time.monotonic()
            with pytest.raises(JobError, match="already run by process") as caught:
                Store(kept.folder).owned("second.yaml").__enter__()
            assert time.monotonic() - begun < 5
            assert f"{os.getpid()} (first.yaml)" in str(caught.value)
            assert "federation stop" in str(caught.value)
        with Store(kept.folder).owned("second.yaml"):
            assert kept.owner().config == "second.yaml"

    def test_the_remnant_of_a_killed_gateway_is_waited_for(self, kept):
        """The lock outlives its process in the JVM; a start waits for that to end, no longer."""
        with kept.owned("first.yaml"):
            pass
        dead = subprocess.Popen([sys.executable, "-c", ""])
        dead.wait()
        kept._write("gateway.json", {"pid": dead.pid, "began": "then", "config": "first.yaml"})
        with (kept.folder / "lock").open("a") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            threading.Timer(0.5, lambda: fcntl.flock(held, fcntl.LOCK_UN)).start()
            with kept.owned("second.yaml"):
                assert kept.owner().pid == os.getpid()

    def test_a_remnant_that_stays_is_not_waited_for_without_end(self, kept, monkeypatch):
        """After the deadline the folder counts as taken."""
        monkeypatch.setattr(store, "_REMNANT_DEADLINE", 0.3)
        kept.prepare().close()
        kept._write("gateway.json", {"pid": 2**22 + 1, "began": "then", "config": "first.yaml"})
        with (kept.folder / "lock").open("a") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            with pytest.raises(JobError, match="already run"), kept.owned("second.yaml"):
                pass

    def test_a_reused_pid_is_somebody_else(self):
        """The pid alone does not make an owner alive: the start time must agree."""
        me = os.getpid()
        assert Owner(me, store.began(me), "f.yaml").alive
        assert not Owner(me, "before", "f.yaml").alive
        assert not Owner(2**22 + 1, store.began(me), "f.yaml").alive

    def test_a_clock_that_is_set_ends_no_gateway(self, monkeypatch):
        """When a process began is not told by a clock that people and networks set."""
        owner = Owner(os.getpid(), store.began(os.getpid()), "f.yaml")
        monkeypatch.setattr(psutil.Process, "create_time", lambda _: 1.0)
        monkeypatch.setattr("time.time", lambda: 1.0)
        assert owner.alive

    def test_a_folder_that_cannot_be_is_named(self, tmp_path):
        """A file in the way of the state folder is one sentence with the folder and the option."""
        (tmp_path / "file").touch()
        with pytest.raises(JobError, match=r"file/state: the state folder cannot be written") as e:
            Store(tmp_path / "file" / "state").prepare()
        assert "run.state" in str(e.value)


class TestStatus:
    def test_what_is_damaged_is_nothing(self, kept):
        """A status file that is cut off counts as none."""
        kept.prepare().close()
        kept.write_status({"state": "RUNNING"})
        assert kept.read_status() == {"state": "RUNNING"}
        (kept.folder / "status.json").write_text('{"state":')
        assert kept.read_status() is None

    def test_a_status_that_cannot_be_written_ends_nothing(self, kept):
        """A full disk, or a folder that is gone, is no reason to end the streams."""
        kept.write_status({"state": "RUNNING"})
        assert kept.read_status() is None

    @pytest.mark.parametrize(
        ("state", "age", "alive", "shown"),
        [
            ("RUNNING", 0, True, "RUNNING"),
            ("RUNNING", 60, True, "DEAD"),
            ("RUNNING", 0, False, "DEAD"),
            ("STARTING", 0, False, "DEAD"),
            ("STOPPED", 60, False, "STOPPED"),
            ("FAILED", 60, False, "FAILED"),
        ],
    )
    def test_what_a_gateway_said_is_corrected_by_whether_it_lives(
        self, kept, state, age, alive, shown
    ):
        """Never running over a process that is gone or silent; how it ended stays."""
        me = os.getpid()
        kept.prepare().close()
        began = store.began(me) if alive else "before"
        kept._write("gateway.json", {"pid": me, "began": began, "config": "f.yaml"})
        kept.write_status({"state": state, "pid": me, "at": time.time() - age, "streams": []})
        assert detached.current(kept)["state"] == shown

    def test_what_never_ran_has_none(self, kept):
        """No folder, no status; asking makes nothing."""
        assert detached.current(kept) is None
        assert not kept.folder.exists()

    def test_stopping_what_does_not_run_is_nothing(self, kept):
        """There is nobody to signal, least of all a process with a reused pid."""
        assert detached.stop(kept, say=lambda _: None) is None
        kept.prepare().close()
        kept._write("gateway.json", {"pid": os.getpid(), "began": "then", "config": "f.yaml"})
        assert detached.stop(kept, say=lambda _: None) is None


class TestFull:
    def test_a_full_disk_is_named_by_its_folder(self, tmp_path, monkeypatch):
        """With what is left of it; one that has room gives nothing to say."""
        kept = Store(tmp_path)
        usage = SimpleNamespace(free=2**30)
        monkeypatch.setattr(store.shutil, "disk_usage", lambda _: usage)
        assert kept.full() == ""
        usage.free = 4096
        assert f"{tmp_path} is full (4,096 bytes are free)" in kept.full()


class TestFindState:
    def test_it_needs_no_more_than_the_name(self, tmp_path):
        """Neither variables nor a sound file are needed to look at what runs."""
        file = tmp_path / "f.yaml"
        file.write_text('federation: shop\nclusters: {eu: {properties: {a: "${NOPE_1}"}}}\n')
        assert find_state(file) == tmp_path / ".federation" / "shop"
        file.write_text("federation: shop\nrun: {state: there}\nclsters: {}\n")
        assert find_state(file) == tmp_path / "there"

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "- shop",
            "federation: ../shop",
            "federation: [shop]",
            'federation: "${NOPE_1}"',
            'federation: shop\nrun: {state: "${NOPE_1}"}',
            "federation: shop\nrun: {state: 7}",
            "federation: shop\nrun: 7",
        ],
    )
    def test_what_does_not_tell_it_is_refused_as_ever(self, tmp_path, text):
        """A name or folder that is not there, or that needs a variable, is a mistake of the file."""
        file = tmp_path / "f.yaml"
        file.write_text(text)
        with pytest.raises(ConfigError):
            find_state(file)
