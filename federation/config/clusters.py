"""Loading the clusters of a configuration whose streams are not written yet."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from federation.config.document import read
from federation.config.explain import explain
from federation.config.load import Loaded
from federation.errors import ConfigError, Finding
from federation.observe.secrets import REDACTOR

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def load_clusters(path: Path, *, env: Mapping[str, str] | None = None) -> Loaded:
    """Load a configuration without its streams, which may be missing or unfinished.

    Args:
        path: the YAML file.
        env: variables for ``${NAME}``; default: the process's environment.

    Returns:
        Loaded: the configuration with no streams and no contracts.

    Raises:
        ConfigError: with every mistake outside of the streams.
    """
    document = read(path, os.environ if env is None else env)
    if isinstance(document.data, dict):
        document.data["streams"] = {}
    inside = {
        document.where(place) for place in document.marks if place[:1] == ("streams",) and place[1:]
    }
    explained = explain(document, path.parent)
    findings = [f for f in (*document.findings, *explained.findings) if f.where not in inside]
    config = explained.config
    if config is not None and not config.clusters:
        what = "`clusters` needs at least one entry"
        findings.append(Finding(what, document.where(("clusters",)), "add one by its name"))
    if config is None or any(one.severity == "error" for one in findings):
        raise ConfigError.of(
            [
                replace(one, what=REDACTOR.scrub(one.what), hint=REDACTOR.scrub(one.hint))
                for one in findings
            ]
        )
    return Loaded(config, path, {}, {}, tuple(findings), document)
