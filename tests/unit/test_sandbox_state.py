"""A sandbox knows its own processes, whatever happened to whoever started them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from federation.errors import SandboxError
from federation.sandbox import Sandbox, nodes, state
from federation.sandbox import sandbox as sandbox_module

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def box(tmp_path: Path) -> Sandbox:
    """A sandbox that knows one cluster and runs nothing."""
    found = Sandbox(tmp_path / "box")
    found.folder.mkdir()
    known = state.State({"eu": state.new_cluster("eu", set(), None)})
    known.save(found.folder / "state.json")
    return found


@pytest.fixture
def pretend(box: Sandbox) -> Iterator:
    """Start processes that look like nodes of the sandbox."""
    started: list[subprocess.Popen] = []

    def start(node: str, folder: Path | None = None, code: str = "") -> subprocess.Popen:
        program = f"{code}\nprint(flush=True)\nimport time\ntime.sleep(600)"
        mark = state.marker(folder or box.folder, node)
        process = subprocess.Popen([sys.executable, "-c", program, mark], stdout=subprocess.PIPE)
        started.append(process)
        assert process.stdout.readline()
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def _remember(box: Sandbox, pid: int) -> None:
    known = state.State.load(box.folder / "state.json")
    known.clusters["eu"].running["broker"] = state.Stamp(pid, time.time())
    known.save(box.folder / "state.json")


def _states(box: Sandbox) -> dict[str, str]:
    return {found.node: found.state for found in box.status()}


def test_a_node_that_was_never_started_is_down(box: Sandbox):
    """Knowing a cluster is not running it."""
    assert _states(box) == {"eu/broker": "down", "eu/registry": "down"}


def test_a_dead_process_is_a_crash(box: Sandbox):
    """What was started, is gone and was not stopped by us, crashed."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    _remember(box, child.pid)
    assert _states(box)["eu/broker"] == "crashed"


def test_a_recycled_process_id_is_never_mistaken(box: Sandbox):
    """A living stranger under the remembered id is neither shown nor stopped."""
    _remember(box, os.getpid())
    assert _states(box)["eu/broker"] == "crashed"
    assert box.down() == []
    assert _states(box)["eu/broker"] == "down"


def test_a_process_nobody_wrote_down_is_found_and_stopped(box: Sandbox, pretend):
    """A starter killed before it could write leaves nothing that down does not find."""
    process = pretend("eu/broker")
    (box.folder / "state.json").unlink()
    assert box.down() == ["eu/broker"]
    assert process.poll() is not None


def test_a_process_that_ignores_sigterm_is_killed(box: Sandbox, pretend, monkeypatch):
    """After the deadline comes SIGKILL."""
    monkeypatch.setattr(sandbox_module, "_STOP_SECONDS", 0.5)
    ignore = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    process = pretend("eu/registry", code=ignore)
    assert box.down() == ["eu/registry"]
    assert process.poll() is not None


def test_another_sandbox_is_left_alone(box: Sandbox, pretend, tmp_path: Path):
    """Folders whose names begin alike are different sandboxes."""
    process = pretend("eu/broker", folder=tmp_path / "box2")
    assert box.down() == []
    assert process.poll() is None


def test_a_node_that_runs_without_answering_is_starting(box: Sandbox, pretend):
    """Up is what answers under its own cluster id, not what merely runs."""
    process = pretend("eu/broker")
    (found,) = [node for node in box.status() if node.node == "eu/broker"]
    assert (found.state, found.pid) == ("starting", process.pid)
    assert found.memory > 1_000_000
    assert found.started == pytest.approx(psutil.Process(process.pid).create_time())


def test_a_damaged_state_says_what_to_do_and_reset_mends_it(box: Sandbox):
    """Half a file is an error with a next step, not a stack trace."""
    (box.folder / "state.json").write_text('{"version": 1, "clusters": {"eu"')
    with pytest.raises(SandboxError, match=r"state\.json.*federation sandbox reset"):
        box.status()
    box.reset()
    assert box.status() == []


def test_reset_deletes_only_what_is_the_sandboxes(box: Sandbox):
    """A folder given by hand keeps its other files."""
    (box.folder / "clusters" / "eu").mkdir(parents=True)
    (box.folder / "mine.txt").write_text("keep")
    box.reset()
    assert (box.folder / "mine.txt").exists()
    assert not (box.folder / "clusters").exists()


def test_state_survives_the_file(box: Sandbox):
    """What is saved is what is loaded."""
    _remember(box, 4711)
    path = box.folder / "state.json"
    once = state.State.load(path)
    once.save(path)
    assert state.State.load(path) == once
    assert once.clusters["eu"].running["broker"].pid == 4711


def test_env_names_every_cluster(box: Sandbox):
    """Configurations get a broker and a registry with a path for each cluster."""
    known = state.State.load(box.folder / "state.json")
    known.clusters["ap-south"] = state.new_cluster("ap-south", set(), 25_000)
    known.save(box.folder / "state.json")
    found = box.env()
    assert set(found) == {
        "EU_BOOTSTRAP",
        "EU_REGISTRY",
        "AP_SOUTH_BOOTSTRAP",
        "AP_SOUTH_REGISTRY",
    }
    assert found["AP_SOUTH_BOOTSTRAP"] == "127.0.0.1:25000"
    assert found["AP_SOUTH_REGISTRY"] == "http://127.0.0.1:25001/apis/ccompat/v7"


def test_an_empty_folder_says_how_to_begin(tmp_path: Path):
    """No sandbox is one clear message."""
    with pytest.raises(SandboxError, match="federation sandbox up"):
        Sandbox(tmp_path).env()


@pytest.mark.parametrize("name", ["", "EU", "1st", "a b", "../x", "x" * 40])
def test_a_clusters_name_is_checked(name: str):
    """Names become folders and variables, so only plain ones are taken."""
    with pytest.raises(SandboxError, match="lower-case"):
        state.new_cluster(name, set(), None)


def test_a_given_port_that_is_taken_is_refused(box: Sandbox):
    """Ports that were asked for are not quietly exchanged; free ones are."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        given = state.new_cluster("us", set(), port)
        with pytest.raises(SandboxError, match=f"port {port} is taken"):
            box._settle_ports(state.State({"us": given}), given, "broker")
        given.fixed = False
        box._settle_ports(state.State({"us": given}), given, "broker")
        assert given.ports["broker"] != port


def test_cluster_ids_are_kafkas_and_all_different():
    """22 characters of base64url, none beginning like an option."""
    ids = {state.new_cluster("eu", set(), 25_000).cluster_id for _ in range(200)}
    assert len(ids) == 200
    assert all(len(one) == 22 and one[0] != "-" for one in ids)


def test_a_jvm_is_not_changed_from_outside(monkeypatch: pytest.MonkeyPatch):
    """Variables that would alter a node unseen do not reach it."""
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Xmx9g")
    monkeypatch.setenv("QUARKUS_HTTP_HOST", "elsewhere")
    assert not {"JAVA_TOOL_OPTIONS", "QUARKUS_HTTP_HOST"} & set(state.child_environment())


def test_logs_end_where_asked_and_name_their_nodes(box: Sandbox):
    """The last lines of a node's log; an unknown node names those there are."""
    log = nodes.Layout(box.folder, box.clusters()["eu"]).log("broker")
    log.parent.mkdir(parents=True)
    log.write_text("".join(f"line {n}\n" for n in range(5000)))
    assert list(box.logs("eu", lines=2)) == ["line 4998", "line 4999"]
    assert list(box.logs("eu/broker", lines=0)) == []
    assert list(box.logs("eu/registry")) == []
    with pytest.raises(SandboxError, match="eu/registry"):
        box.logs("eu/mirror")
