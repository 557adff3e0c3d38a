"""What a configuration says of framings, and the schema files that it gives for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from federation.config.mistakes import Mistake
from federation.errors import FederationError
from federation.mapping import plainjson
from federation.schemas.avro import parse
from federation.schemas.framing import FRAMINGS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from federation.config.document import ConfigPath
    from federation.config.mistakes import Facts
    from federation.config.models import Config, Stream
    from federation.config.sources import Framing, KeyFraming, Source
    from federation.schemas.avro import Schema

_SIDES = ("framing", "key_framing")
_NAMES = {  # kinds of ids that a registry can be asked for, by its type
    "confluent": ("id", "guid"),
    "apicurio": ("id", "guid", "global", "content"),
    "glue": ("glue",),
}


def read_schemas(config: Config) -> tuple[dict[Path, Schema], list[Mistake]]:
    """The writer schemas that framings give, by their files."""
    schemas: dict[Path, Schema] = {}
    mistakes: list[Mistake] = []
    for at, framing in _framings(config):
        for n, file in enumerate(framing.schemas):
            path, shown = (*at, "schema", n), f"schema `{file.name}`"
            try:
                schemas[file] = parse(file.read_text("utf-8"))
                if framing.type == "json" or (framing.type == "auto" and n == 0):
                    plainjson.reader(schemas[file])
            except FileNotFoundError:
                hint = f"it is sought beside the configuration, at {file}"
                mistakes.append(Mistake(path, f"{shown} does not exist", hint))
            except (OSError, UnicodeDecodeError) as error:
                reason = getattr(error, "strerror", None) or "not UTF-8 text"
                mistakes.append(Mistake(path, f"{shown} cannot be read: {reason}", "an .avsc file"))
            except FederationError as error:
                first = error.findings[0]
                hint = first.hint or "correct the .avsc file"
                mistakes.append(Mistake(path, f"{shown} is of no use: {first.what}", hint))
    return schemas, mistakes


def framing_schemas(facts: Facts) -> Iterator[Mistake]:
    """A framing is given as many schemas as it takes: `avro` and `json` take one."""
    for at, framing in _framings(facts.config):
        takes, count = FRAMINGS[framing.type].given, len(framing.schemas)
        if takes == "none" and count:
            hint = f"remove it: {framing.type} finds schemas in the registry"
            if not FRAMINGS[framing.type].registry:
                hint = f"remove it: what {framing.type} means needs no schema"
            what = f"`schema` is not for framing {framing.type}"
            yield Mistake((*at, "schema"), what, hint, at_key=True)
        elif takes == "one" and count != 1:
            hint = f"write {{type: {framing.type}, schema: file.avsc}}: all records have that one"
            yield Mistake(at, f"framing {framing.type} needs one schema", hint)


def missing_registries(facts: Facts) -> Iterator[Mistake]:
    """A cluster has no registry, where its records' schemas would be found or the target's kept."""
    for alias in facts.config.clusters:
        if facts.raw["clusters"][alias].get("registry") is not None:
            continue
        why = _needs_registry(facts.config, alias)
        if why:
            what = f"cluster `{alias}` has no schema registry"
            yield Mistake(
                ("clusters", alias), what, f"add `registry: {{url: …}}`: {why}", at_key=True
            )


def unknown_names(facts: Facts) -> Iterator[Mistake]:
    """A framing names schemas by ids of another kind than the cluster's registry has."""
    for name, stream in facts.config.streams.items():
        for n, source in enumerate(stream.sources):
            cluster = facts.config.clusters.get(source.cluster)
            if cluster is None or cluster.registry is None:
                continue
            for side in _SIDES:
                form = getattr(source, side).type
                kind, known = FRAMINGS[form].kind, _NAMES[cluster.registry.type]
                if form == "auto" or not FRAMINGS[form].registry or kind in known:
                    continue
                fit = [one for one, names in _NAMES.items() if kind in names]
                what = f"framing {form} needs a registry of type {' or '.join(fit)}"
                hint = f"that of cluster `{source.cluster}` is of type {cluster.registry.type}"
                yield Mistake(("streams", name, "sources", n, side), what, hint)


def unread_keys(facts: Facts) -> Iterator[Mistake]:
    """Delete markers are forwarded, but nothing says how their keys are to be read."""
    for name, stream in facts.config.streams.items():
        for n, source in enumerate(stream.sources):
            declared = facts.raw["clusters"].get(source.cluster)
            if declared is None or declared.get("registry") is not None:
                continue
            auto = source.key_framing.type == "auto" and not source.key_framing.schemas
            wrong = _needs_registry(facts.config, source.cluster)  # which is said already
            if stream.tombstones != "forward" or not auto or wrong:
                continue
            what = f"keys of cluster `{source.cluster}` cannot be read: it has no registry"
            hint = (
                "delete markers become dead letters; say `key_framing: string` or what they are, "
                "or `tombstones: drop`"
            )
            yield Mistake(("streams", name, "sources", n), what, hint, "warning")


def _needs_registry(config: Config, alias: str) -> str:
    """What a cluster's registry is needed for; empty if for nothing."""
    for stream in config.streams.values():
        if stream.target.cluster == alias:
            return "the contract is registered there"
        for source in stream.sources:
            if source.cluster == alias and (why := _asks(stream, source)):
                return why
    return ""


def _asks(stream: Stream, source: Source) -> str:
    if FRAMINGS[source.framing.type].registry:
        return f"framing {source.framing.type} names schemas by its ids"
    if source.framing.type == "single-object" and not source.framing.schemas:
        return "single-object fingerprints are of its schemas, or of files (`schema:`)"
    keys = source.key_framing.type  # auto does what it can: see unread_keys
    if stream.tombstones == "forward" and keys != "auto" and FRAMINGS[keys].registry:
        return f"key framing {keys} names schemas by its ids"
    return ""


def _framings(config: Config) -> Iterator[tuple[ConfigPath, Framing | KeyFraming]]:
    for name, stream in config.streams.items():
        for n, source in enumerate(stream.sources):
            for side in _SIDES:
                yield ("streams", name, "sources", n, side), getattr(source, side)
