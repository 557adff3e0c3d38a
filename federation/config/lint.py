"""Checks that need the whole configuration and its contracts, and no network.

Each rule is a small function from :class:`Facts` to mistakes; :data:`RULES` is the list of them.
"""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from federation.config.contract_lint import key_mistakes, rule_mistakes, text_key_mistakes
from federation.config.contracts import read_contracts
from federation.config.explain import nearest
from federation.config.framings import (
    framing_schemas,
    missing_registries,
    read_schemas,
    unknown_names,
    unread_keys,
)
from federation.config.mistakes import Facts, Mistake
from federation.config.refusals import refusal
from federation.config.sources import StartOffsets
from federation.errors import FederationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from federation.config.document import ConfigPath, Document
    from federation.config.models import Config, Stream
    from federation.config.sources import Source
    from federation.schemas.avro import Schema
    from federation.schemas.parts import Part

LONGEST_CHECKPOINT = timedelta(minutes=10)  # brokers end transactions after 15 by default


def lint(
    config: Config, document: Document, folder: Path, *, whole: bool
) -> tuple[list[Mistake], dict[str, tuple[Part, ...]], dict[Path, Schema]]:
    """Apply every rule; also gives contracts by stream, as their parts, and schemas by file."""
    contracts, mistakes = read_contracts(document.data, folder)
    given, unusable = read_schemas(config)
    parts = {name: contracts[name] for name in config.streams if name in contracts}
    known = {name: found[-1].schema for name, found in parts.items()}
    facts = Facts(config, document.data, known, whole)
    found = [mistake for rule in RULES for mistake in rule(facts)]
    return [*mistakes, *unusable, *found], parts, given


def nothing_declared(facts: Facts) -> Iterator[Mistake]:
    """A federation has clusters and streams."""
    for key in ("clusters", "streams"):
        if facts.raw.get(key) == {}:
            yield Mistake((key,), f"`{key}` needs at least one entry", "add one by its name")


def unknown_clusters(facts: Facts) -> Iterator[Mistake]:
    """A source or target names a cluster that is not declared."""
    declared = facts.raw.get("clusters")
    aliases = list(declared) if isinstance(declared, dict) else []
    for path, alias in _cluster_uses(facts.config):
        if alias not in aliases:
            yield Mistake((*path, "cluster"), f"unknown cluster `{alias}`", nearest(alias, aliases))


def unused_clusters(facts: Facts) -> Iterator[Mistake]:
    """A declared cluster that no stream uses."""
    used = {alias for _, alias in _cluster_uses(facts.config)}
    if not facts.whole or not used <= facts.config.clusters.keys():
        return  # a mistake elsewhere is the likelier reason
    for alias in facts.config.clusters.keys() - used:
        what = f"cluster `{alias}` is used by no stream"
        yield Mistake(("clusters", alias), what, "remove it or name it", "warning", at_key=True)


def registries(facts: Facts) -> Iterator[Mistake]:
    """A registry that is used in a way that its type, or the form of its key, does not allow."""
    for name, stream in facts.config.streams.items():
        target = facts.config.clusters.get(stream.target.cluster)
        if target and target.registry and target.registry.type == "glue":
            what = f"cluster `{stream.target.cluster}` keeps its schemas in Glue"
            hint = "a target needs a registry that speaks Confluent's API: records name its ids"
            yield Mistake(("streams", name, "target", "cluster"), what, hint)
    for alias, cluster in facts.config.clusters.items():
        key = cluster.registry.key if cluster.registry else None
        if key is None or not key.is_file():
            continue  # the machine that checks a configuration need not be the one that runs it
        if "BEGIN PRIVATE KEY" not in key.read_text("latin-1"):
            what = f"`{key.name}` is not a private key as PKCS#8 without a passphrase"
            hint = "openssl pkcs8 -topk8 -nocrypt -in OLD -out NEW"
            yield Mistake(("clusters", alias, "registry", "key"), what, hint)


def client_properties(facts: Facts) -> Iterator[Mistake]:
    """Client properties that would break a guarantee or load foreign code."""
    for alias, cluster in facts.config.clusters.items():
        for name, value in cluster.properties.items():
            reason = refusal(name, value)
            if reason:
                path = ("clusters", alias, "properties", name)
                yield Mistake(path, f"property `{name}` is not allowed", reason, at_key=True)


def repeated_sources(facts: Facts) -> Iterator[Mistake]:
    """One topic of one cluster feeds a stream twice."""
    for name, stream in facts.config.streams.items():
        for index, source in enumerate(stream.sources):
            earlier = [s for s in stream.sources[:index] if s.cluster == source.cluster]
            for path, topic in _named(source):
                inside = source.topics[: path[-1]] if isinstance(path[-1], int) else ()
                if topic in inside or any(_overlap(other, topic) for other in earlier):
                    what = f"`{topic}` of cluster `{source.cluster}` is already a source here"
                    hint = "its records would arrive twice: keep one of them"
                    yield Mistake(("streams", name, "sources", index, *path), what, hint)


def loops(facts: Facts) -> Iterator[Mistake]:
    """A stream reads the topic that it, or its dead letters, is written to."""
    for name, stream in facts.config.streams.items():
        outputs = {
            stream.target.topic: "the target",
            _dead_letter(stream): "the dead-letter topic",
        }
        for index, source in enumerate(stream.sources):
            if source.cluster != stream.target.cluster:
                continue
            for path, topic in _reads(source, list(outputs)):
                what = f"`{topic}` is both a source and {outputs[topic]} of this stream"
                hint = "read and write different topics"
                yield Mistake(("streams", name, "sources", index, *path), what, hint)


def shared_outputs(facts: Facts) -> Iterator[Mistake]:
    """Two streams, or a stream and its dead letters, write to one topic."""
    seen: dict[tuple[str, str], str] = {}
    for name, stream in facts.config.streams.items():
        cluster, dead = stream.target.cluster, _dead_letter(stream)
        explicit = stream.errors.dead_letter is not None
        at_dead = (
            "streams",
            name,
            *(("errors", "dead_letter") if explicit else ("target", "topic")),
        )
        if dead == stream.target.topic:
            what = f"dead letters would be written to the target `{dead}`"
            yield Mistake(at_dead, what, "name another topic")
            continue
        for topic, path in (
            (stream.target.topic, ("streams", name, "target", "topic")),
            (dead, at_dead),
        ):
            owner = seen.setdefault((cluster, topic), name)
            if owner != name:
                what = f"`{topic}` is already written by stream `{owner}`"
                yield Mistake(path, what, "every stream has its own target and dead-letter topic")
                break  # its dead letters follow from it


def long_checkpoints(facts: Facts) -> Iterator[Mistake]:
    """Exactly-once needs checkpoints that fit a transaction's life."""
    exact = any(s.target.delivery == "exactly-once" for s in facts.config.streams.values())
    if exact and facts.config.run.checkpoint > LONGEST_CHECKPOINT:
        hint = "at most 10m: brokers end open transactions after 15 minutes by default"
        yield Mistake(("run", "checkpoint"), "`checkpoint` is too long for exactly-once", hint)


def key_fields(facts: Facts) -> Iterator[Mistake]:
    """Target and deduplication keys are made of contract fields, and of types that can be a key."""
    for name, contract in facts.contracts.items():
        stream = facts.config.streams[name]
        raw = facts.raw["streams"][name]["target"]["key"]
        at = ("streams", name, "target", "key")
        for index, key in enumerate(stream.target.key.fields):
            inside: ConfigPath = ()
            if isinstance(raw, (dict, list)):
                inside = (index,) if isinstance(raw, list) else ("fields", index)
            path = (*at, *inside)
            yield from key_mistakes(contract, key, path)
        yield from text_key_mistakes(stream, contract, at)
        if stream.deduplicate:
            for index, key in enumerate(stream.deduplicate.key):
                at_key = ("streams", name, "deduplicate", "key", index)
                yield from key_mistakes(contract, key, at_key)


def repeated_keys(facts: Facts) -> Iterator[Mistake]:
    """A key that names one field twice."""
    for name, stream in facts.config.streams.items():
        keys = {("target", "key"): stream.target.key.fields}
        if stream.deduplicate:
            keys["deduplicate", "key"] = stream.deduplicate.key
        for path, fields in keys.items():
            for twice in sorted(a for a, b in pairwise(sorted(fields)) if a == b):
                yield Mistake(("streams", name, *path), f"field `{twice}` stands twice", "keep one")


def rule_fields(facts: Facts) -> Iterator[Mistake]:
    """Rules speak about fields of the contract; key rules about fields of the target key."""
    for name, contract in facts.contracts.items():
        stream = facts.config.streams[name]
        for index, source in enumerate(stream.sources):
            at = ("streams", name, "sources", index)
            yield from rule_mistakes(contract.root, source.fields, (*at, "fields"))
            for field in source.key:
                if field not in stream.target.key.fields:
                    hint = nearest(field, stream.target.key.fields)
                    what = f"`{field}` is no field of the target key"
                    yield Mistake((*at, "key", field), what, hint, at_key=True)


def filters(facts: Facts) -> Iterator[Mistake]:
    """A source's `where` is CEL, of the part that the gateway knows."""
    for name, stream in facts.config.streams.items():
        for index, source in enumerate(stream.sources):
            if source.where is None:
                continue
            from federation.mapping.where import compile as check  # noqa: PLC0415 - slow, and rare

            try:
                check(source.where)
            except FederationError as error:
                first = error.findings[0]
                path = ("streams", name, "sources", index, "where")
                yield Mistake(path, first.what, first.hint)


def start_offsets(facts: Facts) -> Iterator[Mistake]:
    """Start offsets are given for topics that the source reads."""
    for name, stream in facts.config.streams.items():
        for index, source in enumerate(stream.sources):
            if not isinstance(source.start, StartOffsets):
                continue
            for topic in source.start.offsets:
                if not _reads(source, [topic]):
                    path = ("streams", name, "sources", index, "start", "offsets", topic)
                    hint = nearest(topic, source.topics)
                    yield Mistake(path, f"`{topic}` is no topic of this source", hint, at_key=True)


RULES: tuple[Callable[[Facts], Iterator[Mistake]], ...] = (
    nothing_declared,
    unknown_clusters,
    unused_clusters,
    missing_registries,
    registries,
    framing_schemas,
    unknown_names,
    unread_keys,
    client_properties,
    repeated_sources,
    loops,
    shared_outputs,
    long_checkpoints,
    key_fields,
    repeated_keys,
    rule_fields,
    filters,
    start_offsets,
)


def _cluster_uses(config: Config) -> Iterator[tuple[ConfigPath, str]]:
    for name, stream in config.streams.items():
        for index, source in enumerate(stream.sources):
            yield ("streams", name, "sources", index), source.cluster
        yield ("streams", name, "target"), stream.target.cluster


def _dead_letter(stream: Stream) -> str:
    return stream.errors.dead_letter or f"{stream.target.topic}.dead"


def _reads(source: Source, topics: list[str]) -> list[tuple[ConfigPath, str]]:
    """Which of some topics a source reads, and where it says so."""
    if source.pattern is not None:
        return [(("pattern",), t) for t in topics if re.fullmatch(source.pattern, t)]
    return [(("topics", n), topic) for n, topic in enumerate(source.topics) if topic in topics]


def _named(source: Source) -> list[tuple[ConfigPath, str]]:
    """The topics, or the pattern, of a source, and where it says so."""
    if source.pattern is not None:
        return [(("pattern",), source.pattern)]
    return [(("topics", n), topic) for n, topic in enumerate(source.topics)]


def _overlap(source: Source, named: str) -> bool:
    """Whether a source reads a topic, or has the very same pattern."""
    return source.pattern == named or bool(_reads(source, [named]))
