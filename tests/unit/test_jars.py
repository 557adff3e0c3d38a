"""Jars are named by coordinate, proven by content, and fetched once."""

from __future__ import annotations

import functools
import hashlib
import http.server
import json
import re
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from federation.errors import SetupError
from federation.flink import fetch, jarlock, jars
from federation.flink.lock import LOCK, read_lock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTENT = b"a jar's bytes" * 1000


class Mirror:
    """A Maven repository on this machine that counts what it is asked for."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.asked: list[str] = []
        asked = self.asked

        class Handler(http.server.SimpleHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                super().do_GET()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        handler = functools.partial(Handler, directory=str(root))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def hold(self, content: bytes = CONTENT) -> None:
        """Serve the one jar with this content."""
        path = self.root / "org" / "example" / "thing" / "1.0" / "thing-1.0.jar"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def close(self) -> None:
        """Go off the network."""
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    """The only repository there is; the caches are empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("M2_REPO", str(tmp_path / "m2"))
    monkeypatch.setattr(fetch, "_PAUSES", (0.0,))
    (tmp_path / "served").mkdir()
    served = Mirror(tmp_path / "served")
    monkeypatch.setenv("FEDERATION_MAVEN_MIRROR", served.url)
    yield served
    served.close()


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """A lock file with one group of one jar."""
    jar = {"group": "org.example", "artifact": "thing", "version": "1.0"}
    jar |= {"size": len(CONTENT), "sha256": hashlib.sha256(CONTENT).hexdigest()}
    path = tmp_path / "lock.json"
    path.write_text(json.dumps({"groups": {"one": {"roots": [], "jars": [jar]}}}))
    return path


def test_every_locked_jar_has_an_exact_version_and_a_sha256():
    """Each entry names one file for ever: no range, no snapshot, 64 hexadecimal digits."""
    groups = read_lock()
    assert {"connector", "broker", "registry", "compiler", "junit"} <= groups.keys()
    for jar in (jar for group in groups.values() for jar in group):
        assert re.fullmatch(r"[0-9a-f]{64}", jar.sha256), jar
        assert re.fullmatch(r"[\w.-]+", jar.version), jar
        assert not jar.version.endswith("SNAPSHOT"), jar
        assert jar.size > 0, jar


def test_the_lock_holds_coordinates_and_no_address():
    """Where to download from is the resolver's business, not the lock's."""
    assert "://" not in LOCK.read_text()
    assert "www." not in LOCK.read_text()


def test_no_group_holds_one_artifact_twice():
    """One class path never has two versions of the same artifact."""
    for name, group in read_lock().items():
        keys = [(jar.group, jar.artifact, jar.classifier) for jar in group]
        assert len(keys) == len(set(keys)), name


def test_the_lock_is_written_the_way_it_is_read():
    """Formatting what was read gives the file's own text, so that a relock shows true changes only."""
    text = LOCK.read_text()
    assert jarlock._text(json.loads(text)) == text


def test_coordinates_are_in_mavens_notation():
    """group:artifact[:extension[:classifier]]:version, and the file name a repository uses."""
    app = read_lock()["registry"][0]
    assert app.coordinate == f"io.apicurio:apicurio-registry-app:tar.gz:all:{app.version}"
    assert app.file_name == f"apicurio-registry-app-{app.version}-all.tar.gz"


def test_a_jar_is_fetched_once_and_then_read_from_the_cache(mirror: Mirror, lock: Path):
    """The second resolve asks nobody, and progress ends at the total."""
    mirror.hold()
    seen: list[tuple[int, int]] = []
    (path,) = jars.resolve("one", lock=lock, progress=lambda *at: seen.append(at))
    assert path.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    asked = len(mirror.asked)
    assert jars.resolve("one", lock=lock) == [path]
    assert len(mirror.asked) == asked
    assert list(path.parent.iterdir()) == [path]  # no scratch left beside it


def test_other_content_than_locked_is_refused_and_deleted(mirror: Mirror, lock: Path):
    """A file whose SHA-256 differs is named, and nothing of it stays in the cache."""
    mirror.hold(b"x" * len(CONTENT))
    with pytest.raises(SetupError, match=r"org\.example:thing:1\.0 arrived with other content"):
        jars.resolve("one", lock=lock)
    assert not [path for path in jars.cache_dir().rglob("*") if path.is_file()]


def test_a_damaged_file_in_the_cache_is_fetched_again(mirror: Mirror, lock: Path):
    """A cached file is checked on each use; one that was altered is replaced."""
    mirror.hold()
    (path,) = jars.resolve("one", lock=lock)
    path.write_bytes(b"x" * len(CONTENT))
    assert jars.resolve("one", lock=lock)[0].read_bytes() == CONTENT


def test_offline_the_error_names_the_artifact_and_the_next_step(mirror: Mirror, lock: Path):
    """Without a network: one SetupError with the coordinate, the place, and what to do."""
    mirror.close()
    with pytest.raises(SetupError) as caught:
        jars.resolve("one", lock=lock)
    (finding,) = caught.value.findings
    assert "cannot fetch org.example:thing:1.0" in finding.what
    assert finding.where.endswith("thing-1.0.jar")
    assert "FEDERATION_MAVEN_MIRROR" in finding.hint


@pytest.mark.usefixtures("mirror")
def test_the_place_that_the_offline_error_names_is_where_a_file_may_be_put(lock: Path):
    """A file carried there by hand is taken, if its content is right."""
    with pytest.raises(SetupError) as caught:
        jars.resolve("one", lock=lock)
    place = jars.Path(caught.value.findings[0].where)
    place.write_bytes(CONTENT)
    assert jars.resolve("one", lock=lock) == [place]


def test_the_users_own_maven_repository_is_used_if_the_content_is_right(
    mirror: Mirror, lock: Path, tmp_path: Path
):
    """What Maven has already fetched is copied, after the same check; nothing is downloaded."""
    own = tmp_path / "m2" / "org" / "example" / "thing" / "1.0" / "thing-1.0.jar"
    own.parent.mkdir(parents=True)
    own.write_bytes(CONTENT)
    assert jars.resolve("one", lock=lock)[0].read_bytes() == CONTENT
    assert mirror.asked == []


def test_two_processes_may_fetch_at_once(mirror: Mirror, lock: Path):
    """Both end with the same whole file."""
    mirror.hold()
    code = "import sys,pathlib; from federation.flink import jars;"
    code += "print(jars.resolve('one', lock=pathlib.Path(sys.argv[1]))[0])"
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(lock)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = {process.communicate(timeout=60)[0].strip() for process in running}
    assert [process.returncode for process in running] == [0, 0, 0]
    (path,) = said
    assert jars.Path(path).read_bytes() == CONTENT


def test_finding_flinks_jars_does_not_import_pyflink():
    """Looking for files must not cost the seconds that importing PyFlink costs."""
    code = "import sys; from federation.flink import jars, jvm, build;"
    code += "assert jars.flink_lib() and jars.flink_python_jar(); jvm.find_java();"
    code += "print([m for m in sys.modules if m.split('.')[0] in ('pyflink', 'py4j', 'jgo')])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
