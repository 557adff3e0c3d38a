"""What registries held when a federation last started: ``registries.json``.

By cluster the registry's identity, the versions of the subjects that were looked at, and the ids of
what the streams write. It counts only for the registry that said it, and for the very schemas that
it was said of; whatever else a plan needs to know of a silent registry makes the plan fail, as on a
first start.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from federation.config.paths import state_folder
from federation.errors import Finding
from federation.plan import kept as files
from federation.plan import naming
from federation.plan.facts import RegistryFacts, SubjectCheck
from federation.plan.registries import access
from federation.schemas.avro import SchemaError, parse
from federation.schemas.registry import RegisteredVersion

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from federation.config.load import Loaded
    from federation.plan.facts import Facts
    from federation.plan.model import StreamPlan, TargetSchema

_FILE = "registries.json"


def keep(loaded: Loaded, facts: Facts) -> None:
    """Keep what the registries that answered said; of others, what they said before."""
    kept = files.read(state_folder(loaded) / _FILE)
    for alias, one in facts.registries.items():
        declared = loaded.config.clusters[alias].registry
        if declared is None or one.error is not None or one.stale is not None:
            continue
        identity, before = access(declared).identity, kept.get(alias, {})
        kept[alias] = {
            "registry": identity,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "names": list(one.names),
            "subjects": {
                subject: [
                    {"version": v.version, "id": v.id, "schema": v.schema.json} for v in versions
                ]
                for subject, versions in one.subjects.items()
            },
            "unreadable": {subject: found.what for subject, found in one.unreadable.items()},
            "registered": before["registered"] if before.get("registry") == identity else {},
        }
    files.write(state_folder(loaded) / _FILE, kept)


def registered(folder: Path, streams: Iterable[tuple[StreamPlan, Iterable[TargetSchema]]]) -> None:
    """Keep under what ids the schemas that streams write are registered."""
    kept = files.read(folder / _FILE)
    for stream, schemas in streams:
        alias = stream.target.cluster.alias
        if alias in kept:
            kept[alias]["registered"][stream.name] = [
                {"subject": one.subject, "json": one.json, "id": one.schema_id, "v": one.version}
                for one in schemas
            ]
    files.write(folder / _FILE, kept)


def recall(loaded: Loaded, facts: Facts) -> dict[str, RegistryFacts]:
    """What is remembered of registries that do not answer, where that suffices."""
    silent = {alias: one for alias, one in facts.registries.items() if one.error is not None}
    kept = files.read(state_folder(loaded) / _FILE)
    return {
        alias: remembered
        for alias, one in silent.items()
        if (remembered := _remembered(loaded, alias, one, kept.get(alias, {}))) is not None
    }


def _remembered(
    loaded: Loaded, alias: str, silent: RegistryFacts, kept: Mapping[str, Any]
) -> RegistryFacts | None:
    declared, error = loaded.config.clusters[alias].registry, silent.error
    if declared is None or error is None or kept.get("registry") != access(declared).identity:
        return None
    checks: dict[tuple[str, str], SubjectCheck] = {}
    for name, stream in loaded.config.streams.items():
        if stream.target.cluster != alias:
            continue
        known = {one["subject"]: one for one in kept["registered"].get(name, ())}
        for one in naming.target_schemas(
            stream, loaded.contracts[name], loaded.references.get(name, ())
        ):
            said = known.get(one.subject)
            if said is None or said["json"] != one.json:
                return None
            checks[name, one.subject] = SubjectCheck(said["id"], said["v"])
    try:
        subjects = {
            subject: tuple(
                RegisteredVersion(subject, v["version"], v["id"], parse(v["schema"]))
                for v in versions
            )
            for subject, versions in kept["subjects"].items()
        }
    except SchemaError:
        return None
    return RegistryFacts(
        alias,
        subjects,
        checks,
        {subject: Finding(what) for subject, what in kept["unreadable"].items()},
        tuple(kept["names"]),
        stale=replace(
            error,
            what=f"{error.what}: what it held at {kept['at']} is taken",
            hint="records of schemas that are newer wait until it answers",
            severity="warning",
        ),
    )
