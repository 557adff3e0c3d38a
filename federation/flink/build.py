"""Our Java operators as one jar: taken from the wheel, else built from ``java/`` on first use.

The Eclipse compiler is itself a jar and runs on a mere JRE, so nobody installs a JDK or a build
tool. A jar is named by the content it was built from and kept in the user's cache; the same
content gives the same bytes. ``python -m federation.flink.build`` prints its path.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from importlib.util import find_spec
from pathlib import Path

from federation.errors import FederationError, SetupError
from federation.flink import jars, jvm
from federation.flink.lock import read_lock

RELEASE = "17"  # the oldest Java that runs Flink 2
PACKAGED = Path(__file__).with_name("operators.jar")
SOURCES = Path(__file__).resolve().parents[2] / "java" / "src"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # a zip file knows no earlier time


def operators_jar(sources: Path = SOURCES) -> Path:
    """The jar with our operators, ready for Flink's class path.

    Args:
        sources: what to build from where the package holds no built jar.

    Raises:
        SetupError: there is neither a built jar nor ``java/``, it does not compile (the
            compiler's messages are in the error), or Java or a jar is missing.
    """
    if PACKAGED.is_file():
        return PACKAGED
    if not sources.is_dir():
        raise SetupError(
            "the operators' jar is missing from this installation",
            where=str(PACKAGED),
            hint="install the gateway again",
        )
    target = jars.cache_dir() / "operators" / f"federation-operators-{content_hash(sources)}.jar"
    if not target.is_file():
        build_jar(target, sources)
    return target


def content_hash(sources: Path = SOURCES) -> str:
    """16 hexadecimal digits over everything that the jar is made from."""
    digest = hashlib.sha256(RELEASE.encode())
    locked = read_lock()
    for jar in (*locked["compiler"], *locked["connector"], *locked["flink"]):
        digest.update(jar.sha256.encode())
    for path in _files(sources / "main"):
        content = path.read_bytes()
        digest.update(f"\0{path.relative_to(sources).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


def build_jar(target: Path, sources: Path = SOURCES) -> None:
    """Compile ``sources/main`` and write the jar; ``target`` appears only when it is whole.

    Args:
        target: the jar to write; its folder is made.
        sources: a folder with ``main/java`` and perhaps ``main/resources``.

    Raises:
        SetupError: it does not compile.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".build-", dir=target.parent) as folder:
        classes = Path(folder, "classes")
        compile_java(sources / "main" / "java", classes, [*jars.resolve("connector"), *_flink()])
        stage = Path(folder, "operators.jar")
        _write_jar(stage, [classes, sources / "main" / "resources"])
        stage.replace(target)


def compile_java(
    sources: Path, classes: Path, class_path: list[Path], *, annotations: bool = False
) -> None:
    """Compile every ``.java`` file below ``sources`` into the new folder ``classes``.

    Args:
        sources: a folder.
        classes: a folder that is made.
        class_path: jars and folders.
        annotations: whether annotation processors of the class path run.

    Raises:
        SetupError: with one ``file:line: error: ...`` for each of the compiler's complaints.
    """
    files = [path for path in _files(sources) if path.suffix == ".java"]
    classes.mkdir()
    arguments = classes.with_suffix(".arguments")
    quoted = [f'"{path}"' for path in (classes, os.pathsep.join(map(str, class_path)), *files)]
    arguments.write_text("\n".join(["-d", quoted[0], "-classpath", *quoted[1:]]), "utf-8")
    compiler, java = jars.resolve("compiler")[0], jvm.find_java(int(RELEASE))
    command = [str(java), "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-jar", str(compiler)]
    command += [f"-{RELEASE}", "-g", "-parameters", "-warn:none", "-Xemacs"]
    made = classes.with_suffix(".generated")  # what processors write; without it, where we stand
    command += ["-s", str(made)] if annotations else ["-proc:none"]
    done = subprocess.run(
        [*command, "-encoding", "UTF-8", f"@{arguments}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or not files:
        said = (done.stderr or done.stdout).strip() or "there is no .java file"
        raise SetupError(
            f"the Java operators do not compile:\n{said}\n",
            where=str(sources),
            hint="correct these lines",
        )


def libraries(sources: Path = SOURCES) -> list[Path]:
    """The class path of our Java tests: the operators, their libraries, JUnit."""
    return [
        operators_jar(sources),
        *jars.resolve("connector"),
        *jars.resolve("junit"),
        *_flink(),
    ]


def _flink() -> list[Path]:
    """Flink to compile against: PyFlink's, or the locked one where a wheel is built without it."""
    return jars.flink_lib() if find_spec("pyflink") else jars.resolve("flink")


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _write_jar(target: Path, folders: list[Path]) -> None:
    entries = {"META-INF/MANIFEST.MF": b"Manifest-Version: 1.0\r\nCreated-By: federation\r\n\r\n"}
    for folder in folders:
        entries |= {p.relative_to(folder).as_posix(): p.read_bytes() for p in _files(folder)}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as jar:
        for name in sorted(entries):  # META-INF comes first, as jar readers expect
            info = zipfile.ZipInfo(name, _EPOCH)
            info.external_attr = 0o644 << 16
            jar.writestr(info, entries[name], zipfile.ZIP_DEFLATED)


def main() -> int:
    """Print the jar's path. Returns the exit code."""
    try:
        print(operators_jar())  # noqa: T201 - the answer of this command
    except FederationError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
