"""``${VAR}``, ``${VAR:default}`` and ``${file:path}`` in the values of a configuration.

Only braces make a reference: ``$ConnectionString`` passes untouched, and ``${{VAR}}`` stands for
the text ``${VAR}``. What a reference yields is text and is not read again, so a value can neither
name further variables nor break the YAML around it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_REFERENCE = re.compile(r"\$\{\{(?P<literal>[^{}]*)\}\}|\$\{(?P<body>[^{}]*)\}|(?P<open>\$\{)")
_BODY = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<default>:.*)?", re.DOTALL)
_LARGEST_FILE = 64 * 1024  # bytes: a password or a PEM bundle, not a dump


@dataclass(frozen=True, slots=True)
class Resolved:
    """A scalar after substitution.

    Attributes:
        text: the value; where a reference failed it keeps the reference.
        problems: (what, hint) for each reference that failed.
        secrets: contents of mounted files, to be kept out of every output.
        references: whether anything was substituted or failed.
    """

    text: str
    problems: tuple[tuple[str, str], ...] = ()
    secrets: tuple[str, ...] = ()
    references: bool = False


def resolve(text: str, env: Mapping[str, str], folder: Path) -> Resolved:
    """Substitute every reference of a scalar.

    Args:
        text: the scalar as it stands in the file.
        env: the variables.
        folder: what relative ``${file:…}`` paths start from.
    """
    if "${" not in text:
        return Resolved(text)
    problems: list[tuple[str, str]] = []
    secrets: list[str] = []
    references = False

    def one(match: re.Match[str]) -> str:
        nonlocal references
        if match["literal"] is not None:
            return "${" + match["literal"] + "}"
        references = True
        if match["open"]:
            problems.append(("`${` without its `}`", _FORMS))
            return match[0]
        if match["body"].startswith("file:"):
            content, problem = _file(match["body"].removeprefix("file:"), folder)
            if problem is not None:
                problems.append(problem)
                return match[0]
            secrets.append(content)
            return content
        body = _BODY.fullmatch(match["body"])
        if body is None:
            problems.append((f"`{match[0]}` is not a reference", _FORMS))
            return match[0]
        name = body["name"]
        if name in env:
            return env[name]
        if body["default"] is not None:
            return body["default"][1:]
        problems.append(
            (
                f"variable {name} is not set",
                f"set it (export {name}=…) or give a default (${{{name}:…}})",
            )
        )
        return match[0]

    value = _REFERENCE.sub(one, text)
    return Resolved(value, tuple(problems), tuple(secrets), references)


_FORMS = "write ${NAME}, ${NAME:default} or ${file:path}; ${{…}} for the text itself"


def _file(name: str, folder: Path) -> tuple[str, tuple[str, str] | None]:
    """The stripped content of a file, or what is wrong with it."""
    path = folder / name.strip()
    try:
        if not path.is_file():
            return "", (f"{path} of `${{file:{name}}}` is not a file", "mount or create it")
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
        if len(content) > _LARGEST_FILE:
            return "", (f"{path} is larger than {_LARGEST_FILE // 1024} KiB", "name a smaller file")
        return content.decode().strip(), None
    except UnicodeDecodeError:
        return "", (f"{path} is not UTF-8 text", "a secret is text")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        return "", (f"{path} cannot be read: {reason}", "check the path and its permissions")
