"""Loading: a YAML file becomes a frozen :class:`Config`, or all of its mistakes at once."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from federation.config.document import Document, read
from federation.config.explain import explain
from federation.config.followers import expand
from federation.config.lint import lint
from federation.config.offline import names_only
from federation.errors import ConfigError, Finding
from federation.observe.secrets import REDACTOR

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from federation.config.document import ConfigPath
    from federation.config.models import Config
    from federation.schemas.avro import Schema
    from federation.schemas.parts import Part


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration without mistakes.

    Attributes:
        config: the values; relative paths are resolved against the file's folder.
        path: the file.
        contracts: the parsed contract of each stream, by the stream's name.
        schemas: the parsed writer schemas that framings give, by file.
        earlier: by stream, the contracts that it was written with before, oldest first.
        references: by stream, what its contract refers to in files of their own, each after what
            it uses itself.
        warnings: what is odd but does not stop anything.
        positions: where each value stands in the file.
    """

    config: Config
    path: Path
    contracts: Mapping[str, Schema]
    schemas: Mapping[Path, Schema]
    warnings: tuple[Finding, ...]
    positions: Document
    earlier: Mapping[str, tuple[Schema, ...]] = field(default_factory=dict)
    references: Mapping[str, tuple[Part, ...]] = field(default_factory=dict)

    def where(self, *path: str | int) -> str:
        """``file:line:column`` of a config path: ``where("streams", "orders", "target", "topic")``.

        Keys are as in the file (``schema``, not ``contract``); what the file leaves to its default
        is found at its nearest parent.
        """
        return self.positions.where(path)


def load(path: Path, *, env: Mapping[str, str] | None = None, offline: bool = False) -> Loaded:
    """Load a configuration and check it as far as that needs no network.

    Args:
        path: the YAML file.
        env: variables for ``${NAME}``; default: the process's environment.
        offline: clusters are names alone, so that their variables and secrets need not be there.

    Raises:
        ConfigError: with one finding for every mistake of the file.
    """
    document = read(path, os.environ if env is None else env)
    expand(document)
    if offline:
        names_only(document)
    explained = explain(document, path.parent)
    findings = [*document.findings, *explained.findings]
    parts: dict[str, tuple[Part, ...]] = {}
    schemas: dict[Path, Schema] = {}
    if explained.config is not None:
        mistakes, parts, schemas = lint(
            explained.config, document, path.parent, whole=explained.whole
        )
        for mistake in mistakes:
            place: ConfigPath = explained.in_file(mistake.path)
            if not document.is_broken(place):
                where = document.where(place, key=mistake.at_key)
                findings.append(Finding(mistake.what, where, mistake.hint, mistake.severity))
    findings = [_scrubbed(one) for one in sorted(dict.fromkeys(findings), key=_by_place)]
    if explained.config is None or any(one.severity == "error" for one in findings):
        raise ConfigError.of(findings)
    contracts = {name: found[-1].schema for name, found in parts.items()}
    references = {name: found[:-1] for name, found in parts.items()}
    return Loaded(
        explained.config,
        path,
        contracts,
        schemas,
        tuple(findings),
        document,
        references=references,
    )


def _scrubbed(finding: Finding) -> Finding:
    return replace(
        finding,
        what=REDACTOR.scrub(finding.what),
        where=REDACTOR.scrub(finding.where),
        hint=REDACTOR.scrub(finding.hint),
    )


def _by_place(finding: Finding) -> tuple[int, int]:
    match = re.search(r":(\d+):(\d+)$", finding.where)
    return (int(match[1]), int(match[2])) if match else (0, 0)
