"""The operators' jar: built without a JDK, the same bytes from the same sources, clear on errors."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from federation.errors import SetupError
from federation.flink import build, jars

GOOD = """
package example;
import org.apache.flink.api.common.functions.MapFunction;
public record Good(int n) implements MapFunction<String, Integer> {
    public Integer map(String text) { return text.length() + n; }
}
"""


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A ``java/src`` with one class and one service file."""
    main = tmp_path / "java" / "src" / "main"
    (main / "java" / "example").mkdir(parents=True)
    (main / "java" / "example" / "Good.java").write_text(GOOD)
    (main / "resources" / "META-INF" / "services").mkdir(parents=True)
    (main / "resources" / "META-INF" / "services" / "example.Api").write_text("example.Good\n")
    return main.parent


def test_the_same_sources_give_the_same_bytes(sources: Path, tmp_path: Path):
    """Two builds are equal byte for byte, and hold the classes and the resources."""
    first, second = tmp_path / "a" / "x.jar", tmp_path / "b" / "y.jar"
    build.build_jar(first, sources)
    build.build_jar(second, sources)
    assert first.read_bytes() == second.read_bytes()
    names = zipfile.ZipFile(first).namelist()
    assert names == ["META-INF/MANIFEST.MF", "META-INF/services/example.Api", "example/Good.class"]


def test_classes_run_on_java_17(sources: Path, tmp_path: Path):
    """Class files carry version 61 (Java 17), whatever Java compiled them."""
    target = tmp_path / "x.jar"
    build.build_jar(target, sources)
    code = zipfile.ZipFile(target).read("example/Good.class")
    assert int.from_bytes(code[6:8], "big") == 61


def test_a_mistake_is_shown_with_file_and_line(sources: Path, tmp_path: Path):
    """A failed build gives the compiler's own words at file:line, and leaves no jar."""
    wrong = sources / "main" / "java" / "example" / "Wrong.java"
    wrong.write_text('package example;\n\nclass Wrong { int n = "one"; }\n')
    with pytest.raises(SetupError) as caught:
        build.build_jar(tmp_path / "out" / "x.jar", sources)
    assert f"{wrong}:3: error: Type mismatch" in str(caught.value)
    assert list((tmp_path / "out").iterdir()) == []


def test_the_name_follows_the_content(sources: Path):
    """Any change of a source or a resource gives another hash; moving the checkout does not."""
    before = build.content_hash(sources)
    moved = sources.rename(sources.with_name("moved"))
    assert build.content_hash(moved) == before
    (moved / "main" / "resources" / "more").write_text("")
    assert build.content_hash(moved) != before


def test_a_built_jar_is_kept(sources: Path, monkeypatch: pytest.MonkeyPatch):
    """The second call returns the cached jar without compiling."""
    monkeypatch.setattr(build, "PACKAGED", Path("absent"))
    first = build.operators_jar(sources)
    monkeypatch.setattr(build, "compile_java", None)
    assert build.operators_jar(sources) == first
    assert first.is_relative_to(jars.cache_dir())
    first.unlink()


def test_an_installation_without_jar_and_sources_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A broken installation is named as such; nothing is compiled or guessed."""
    monkeypatch.setattr(build, "PACKAGED", tmp_path / "operators.jar")
    with pytest.raises(SetupError, match="the operators' jar is missing from this installation"):
        build.operators_jar(tmp_path / "java" / "src")
