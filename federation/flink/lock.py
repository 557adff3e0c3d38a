"""The lock file ``jars.lock.json``: every jar by Maven coordinate and SHA-256, in groups."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from federation.errors import SetupError

LOCK = Path(__file__).with_name("jars.lock.json")


@dataclass(frozen=True, slots=True)
class Jar:
    """One locked file.

    Attributes:
        group: Maven groupId.
        artifact: Maven artifactId.
        version: exact version.
        sha256: 64 hexadecimal digits of the file's content.
        size: bytes.
        extension: ``jar``, ``tar.gz``...
        classifier: Maven classifier, or empty.
    """

    group: str
    artifact: str
    version: str
    sha256: str
    size: int
    extension: str = "jar"
    classifier: str = ""

    @property
    def file_name(self) -> str:
        """The name a Maven repository gives the file."""
        tail = f"-{self.classifier}" if self.classifier else ""
        return f"{self.artifact}-{self.version}{tail}.{self.extension}"

    @property
    def coordinate(self) -> str:
        """Maven's own notation, ``group:artifact[:extension[:classifier]]:version``."""
        kind = [self.extension] if self.extension != "jar" or self.classifier else []
        kind += [self.classifier] if self.classifier else []
        return ":".join([self.group, self.artifact, *kind, self.version])

    @property
    def repository_path(self) -> Path:
        """Where the file lies inside a Maven repository."""
        return Path(*self.group.split("."), self.artifact, self.version, self.file_name)

    def fits(self, path: Path) -> bool:
        """Whether the file at ``path`` exists and has the locked content."""
        if not path.is_file() or path.stat().st_size != self.size:
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == self.sha256


@cache
def read_lock(path: Path = LOCK) -> dict[str, tuple[Jar, ...]]:
    """All groups of a lock file.

    Raises:
        SetupError: the file is missing or is not a lock file.
    """
    try:
        groups = json.loads(path.read_text("utf-8"))["groups"]
        return {name: tuple(Jar(**jar) for jar in group["jars"]) for name, group in groups.items()}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SetupError(
            f"the list of jars cannot be read ({error})",
            where=str(path),
            hint="install the gateway again",
        ) from error
