"""Getting locked jars into the user's cache: in parallel, whole or not at all, with a bar."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from federation.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from federation.flink.lock import Jar

Progress = Callable[[int, int], None]
"""Called with (bytes fetched so far, bytes to fetch in all), from several threads in turn."""
PARALLEL = 8
_TIMEOUT = 30  # seconds without an answer, per request
_PAUSES = (0.5, 2.0)  # seconds before the second and the third try


def fetch_all(group: str, missing: Sequence[tuple[Jar, Path]], progress: Progress | None) -> None:
    """Fetch each jar to its path.

    Args:
        group: what to call them to a person.
        missing: jars and where they belong.
        progress: told about the bytes; default: a bar on a terminal, else one line on stderr.

    Raises:
        SetupError: a jar cannot be fetched, or is not what was locked.
    """
    total = sum(jar.size for jar, _ in missing)
    with (
        _shown(group, len(missing), total, progress) as report,
        ThreadPoolExecutor(PARALLEL) as pool,
    ):
        done, lock = 0, Lock()

        def count(size: int) -> None:
            nonlocal done
            with lock:
                done += size
                report(done, total)

        jobs = [pool.submit(_fetch, jar, path, count) for jar, path in missing]
        try:
            for job in jobs:
                job.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _fetch(jar: Jar, path: Path, count: Callable[[int], None]) -> None:
    for pause in (*_PAUSES, None):
        with staged(path) as stage:
            try:
                got = _download(jar, stage, count)
            except (OSError, RuntimeError) as error:  # requests' errors are OSErrors
                if pause is not None:
                    time.sleep(pause)
                    continue
                raise SetupError(
                    f"cannot fetch {jar.coordinate} ({type(error).__name__})",
                    where=str(path),
                    hint="connect this machine to the network once, set FEDERATION_MAVEN_MIRROR to"
                    " the URL of a Maven repository it can reach, or put the file there yourself",
                ) from error
            if not jar.fits(got):
                raise SetupError(
                    f"{jar.coordinate} arrived with other content than the locked SHA-256"
                    f" {jar.sha256} ({got.stat().st_size} of {jar.size} bytes); it was deleted",
                    where=str(path),
                    hint="try again; if it stays so, a repository or proxy on the way alters files",
                )
            got.replace(path)
            return


def _download(jar: Jar, stage: Path, count: Callable[[int], None]) -> Path:
    """Let jgo fetch the file into ``stage``."""
    from jgo.maven import MavenContext, PythonResolver  # noqa: PLC0415 - only when one is missing

    @contextmanager
    def counted(_name: str, _size: int) -> Iterator[Callable[[int], None]]:
        yield count

    mirror = os.environ.get("FEDERATION_MAVEN_MIRROR", "").rstrip("/")
    context = MavenContext(
        PythonResolver(progress_callback=counted),
        repo_cache=stage,
        remote_repos={"mirror": mirror} if mirror else None,
        timeout=_TIMEOUT,
    )
    component = context.project(jar.group, jar.artifact).at_version(jar.version)
    got: Path = component.artifact(jar.classifier, jar.extension).resolve()
    return got


@contextmanager
def staged(path: Path) -> Iterator[Path]:
    """A folder of its own on the disk of ``path``, so that a rename publishes a whole file."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(
            f"the cache of jars cannot be written ({error.strerror})",
            where=str(path.parent),
            hint="set XDG_CACHE_HOME to a folder that you may write",
        ) from error
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=path.parent) as folder:
        yield Path(folder)


@contextmanager
def _shown(group: str, files: int, total: int, progress: Progress | None) -> Iterator[Progress]:
    """Show the bytes on stderr: a bar on a terminal, else one line at the start."""
    if progress is not None:
        yield progress
        return
    from rich.console import Console  # noqa: PLC0415 - only when something is fetched
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn  # noqa: PLC0415

    console = Console(stderr=True)
    text = f"fetching {files} {group} jar{'s'[: files > 1]}"
    if not console.is_terminal:
        sys.stderr.write(f"{text}, {total / 1e6:.0f} MB\n")
        yield lambda _done, _total: None
        return
    columns: tuple[Any, ...] = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(text, total=total)
        yield lambda done, _total: bar.update(task, completed=done)
