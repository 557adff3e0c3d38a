"""Contracts that have grown while their stream ran (``on_schema_change: evolve``).

The file's contract is the user's; what it has grown to is kept in the state folder, and counts
until the file says something else. ``streams/<stream>/contract.json`` holds the fingerprint of the
file's contract and every contract since, oldest first.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from federation.config.paths import state_folder
from federation.errors import JobError
from federation.schemas.avro import SchemaError, parse

if TYPE_CHECKING:
    from pathlib import Path

    from federation.config.load import Loaded
    from federation.schemas.avro import Schema


def grown(loaded: Loaded) -> Loaded:
    """The configuration with the contracts that its streams have now.

    Raises:
        JobError: what is kept cannot be read.
    """
    contracts, earlier = dict(loaded.contracts), dict(loaded.earlier)
    for stream, declared in loaded.contracts.items():
        kept = _read(_file(loaded, stream), declared)
        if kept:
            contracts[stream] = kept[-1]
            earlier[stream] = (declared, *kept[:-1])
    return replace(loaded, contracts=contracts, earlier=earlier)


def grow(loaded: Loaded, stream: str, contract: Schema) -> Loaded:
    """The same with a new contract for a stream; nothing is kept yet."""
    before = (*loaded.earlier.get(stream, ()), loaded.contracts[stream])
    return replace(
        loaded,
        contracts={**loaded.contracts, stream: contract},
        earlier={**loaded.earlier, stream: before},
    )


def keep(loaded: Loaded, stream: str) -> None:
    """Keep what :func:`grow` made, for this run and the next ones."""
    declared, *since = (*loaded.earlier[stream], loaded.contracts[stream])
    file = _file(loaded, stream)
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".draft")
    said = {"file": declared.fingerprint, "contracts": [one.json for one in since]}
    draft.write_text(json.dumps(said, indent=1), "utf-8")
    draft.replace(file)


def _file(loaded: Loaded, stream: str) -> Path:
    return state_folder(loaded) / "streams" / stream / "contract.json"


def _read(file: Path, declared: Schema) -> list[Schema]:
    """Every contract since the file's; none where the file's is another one by now."""
    try:
        said = json.loads(file.read_text("utf-8"))
        if said["file"] != declared.fingerprint:
            return []
        return [parse(one, where=str(file)) for one in said["contracts"]]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (OSError, ValueError, KeyError, TypeError, SchemaError) as error:
        raise JobError(
            f"the contract that the stream has grown to cannot be read: {error}",
            where=str(file),
            hint="put a copy back, or write the contract into its .avsc file and delete this one",
        ) from error
