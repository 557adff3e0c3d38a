"""A plan for people, and for programs.

Both forms say the same; neither shows a secret. The JSON carries a version, which grows when a name
changes its meaning or goes away.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from federation.observe.secrets import masked
from federation.plan.spans import said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from federation.mapping.resolve import FieldReport, MappingReport
    from federation.mapping.times import TimeLimits
    from federation.plan.model import (
        ClusterPlan,
        Plan,
        SourcePlan,
        StartPosition,
        StreamPlan,
        TargetPlan,
        TopicCreation,
        TransformPlan,
        WriterVersion,
    )

JSON_VERSION = 1
BYTES_PER_KEY = 40  # of the deduplication index, at most; 20 to 22 once there are millions of keys


def render(plan: Plan) -> Iterator[RenderableType]:
    """The plan as rich renderables, readable at 100 columns and without colours."""
    yield _heading("federation ", plan.federation, plan.config_file)
    for stream in plan.streams:
        yield from _stream(stream, plan)
    checkpoint = said(plan.run.checkpoint)
    workers = plan.run.task_managers
    where = f" in {workers} TaskManager{'s' if workers > 1 else ''}" if workers else ""
    yield Text(
        f"\nruns here{where} with parallelism {plan.run.parallelism}, "
        f"a checkpoint every {checkpoint}; state in\n{plan.run.state}",
        no_wrap=True,
        overflow="ignore",
    )
    for warning in plan.warnings:
        yield Text.assemble(("\nwarning: ", "bold yellow"), warning.what)
        if warning.where:
            yield Text(f"  at {warning.where}", "cyan", no_wrap=True, overflow="ignore")
        if warning.hint:
            yield Text(f"  {warning.hint}")


def _stream(stream: StreamPlan, plan: Plan) -> Iterator[RenderableType]:
    yield _heading("\nstream ", stream.name, stream.contract_file)
    target, facts = stream.target, _pairs()
    if stream.follows is None:
        for source in stream.sources:
            yield from _source(source)
    else:  # a copy: how its fields are mapped is no news
        (source,) = stream.sources
        facts.add_row("follows", f"{stream.follows}: all that is committed to {source.name}")
    created = {topic.name for topic in target.creates}
    new = " (created)" if target.topic in created else ""
    facts.add_row(
        "to", f"{target.cluster.alias}/{target.topic}, {target.partitions} partitions{new}"
    )
    facts.add_row("key", _key(target))
    if stream.transform is not None:
        facts.add_row("transform", _transform(stream.transform))
    facts.add_row("duplicates", _duplicates(stream))
    facts.add_row("delivery", _delivery(target, plan))
    facts.add_row("delete markers", _tombstones(stream))
    facts.add_row("timestamps", _timestamps(target.times))
    facts.add_row("new schemas", _CHANGES[stream.on_schema_change])
    facts.add_row(
        "dead letters",
        f"{target.cluster.alias}/{target.dead_letter}; a source stops when over "
        f"{stream.dead_letter_ratio:.0%} of its last {stream.dead_letter_of:,} records fail",
    )
    for topic in target.creates:
        facts.add_row("creates topic", _creation(topic))
    for subject in target.registers:
        facts.add_row(
            "registers", f"a schema under {subject} in the registry of {target.cluster.alias}"
        )
    yield Text("\n  target", "bold")
    yield Padding(facts, (0, 0, 0, 4), expand=False)


def _source(source: SourcePlan) -> Iterator[RenderableType]:
    cluster = source.cluster
    yield _heading("\n  source ", source.name, f"cluster.id {cluster.cluster_id}")
    facts = _pairs()
    topics = ", ".join(f"{t.name} ({t.partitions} partitions)" for t in source.topics)
    facts.add_row("topics", topics or f"none matches {source.pattern} yet")
    facts.add_row("framing", _framing(source))
    facts.add_row("starts", _start(source.start))
    if source.where is not None:
        facts.add_row("where", source.where)
    for name, rule in source.key_rules.items():
        facts.add_row("delete markers", f"{name} from {', '.join(rule.paths()) or name} of the key")
    if not source.versions:
        facts.add_row("schemas", "none registered; taken by id while running")
    yield Padding(facts, (0, 0, 0, 4), expand=False)
    for label, report in _reports(source.versions):
        yield Padding(Text(label, "cyan"), (0, 0, 0, 4), expand=False)
        yield Padding(_fields(report), (0, 0, 0, 6), expand=False)
        if report.dropped:
            yield Padding(Text(f"dropped: {', '.join(report.dropped)}"), (0, 0, 0, 6), expand=False)


def _framing(source: SourcePlan) -> str:
    values, keys = source.framing.type, source.key_framing.type
    return values if values == keys else f"{values}; keys: {keys}"


def _reports(versions: tuple[WriterVersion, ...]) -> Iterator[tuple[str, MappingReport]]:
    """Each different mapping once, with the versions it is for."""
    for subject, group in groupby(versions, lambda one: one.subject):
        reports: dict[MappingReport, list[str]] = {}
        for one in group:
            number = "" if one.version is None else f"{one.version} (id {one.schema_id})"
            reports.setdefault(one.report, []).append(number)
        for report, numbers in reports.items():
            word = "version" if len(numbers) == 1 else "versions"
            yield f"{subject} {word} {', '.join(numbers)}" if numbers[0] else subject, report


def _fields(report: MappingReport) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for name in ("field", "from", "conversion"):
        table.add_column(name, header_style="dim", overflow="fold")
    for one in report.fields:
        how = Text(one.conversion)
        if one.lossy:
            how.append(" LOSSY" if one.conversion else "LOSSY", "bold yellow")
        table.add_row(Text(one.target), Text(_origin(one)), how)
    return table


def _origin(one: FieldReport) -> str:
    if one.kind == "const":
        return f"always {one.source}"
    return f"({one.source})" if one.kind == "defaulted" else one.source


def _start(start: StartPosition) -> str:
    if start.kind == "timestamp" and start.timestamp is not None:
        return f"at the first record from {start.timestamp.isoformat()}, then where it stopped"
    if start.kind == "offsets":
        return "at the given offsets (others: earliest), then where it stopped"
    which = "earliest record" if start.kind == "earliest" else "end, with new records"
    return f"at the {which}, then where it stopped"


def _key(target: TargetPlan) -> str:
    form = "as text" if target.key_encoding == "string" else f"as Avro ({target.key_subject})"
    return f"{', '.join(target.key_fields)} {form}; partition by murmur2, as Kafka's own clients do"


def _transform(transform: TransformPlan) -> str:
    takes = "batches" if transform.batches else "records"
    called = f"{transform.python} in Python, on {takes}"
    cost = transform.cost
    if cost is None:
        return called
    return (
        f"{called}; measured here: {cost.microseconds:.3g} µs a record, "
        f"{cost.form_microseconds:.3g} of them for the change of form, so up to "
        f"{cost.per_second:,} records/s for each core"
    )


def _duplicates(stream: StreamPlan) -> str:
    found = stream.deduplication
    if found is None:
        return "only records that came by two routes are recognised"
    implied = found.across_keys or set(stream.target.key_fields) <= set(found.key)
    scope = "" if implied else " and same target key"
    order = "; the order within a target key is given up" if found.across_keys else ""
    return (
        f"same {', '.join(found.key)}{scope} within {said(found.window)}: the first wins; "
        f"up to {BYTES_PER_KEY} bytes of memory per key{order}"
    )


def _delivery(target: TargetPlan, plan: Plan) -> str:
    if target.delivery != "exactly-once":
        return "at-least-once: a restart may write the records since the last checkpoint again"
    return (
        f"exactly-once: visible to read_committed with each checkpoint, every "
        f"{said(plan.run.checkpoint)}; transactions may stay open for "
        f"{said(target.transaction_timeout)}"
    )


def _timestamps(limits: TimeLimits) -> str:
    off = [
        f"{said(timedelta(milliseconds=ms))} {way}"
        for ms, way in ((limits.old_ms, "old"), (limits.ahead_ms, "ahead"))
        if ms is not None
    ]
    if not off:
        return "kept"
    return f"kept up to {' or '.join(off)}; beyond, the time of writing, and their own in a header"


def _tombstones(stream: StreamPlan) -> str:
    return {"forward": "forwarded, never dropped as duplicates", "drop": "dropped"}.get(
        stream.tombstones, "written to the dead letters"
    )


_CHANGES = {
    "lenient": "flow if they meet the contract, else dead letters",
    "ignore": "flow if they meet the contract, else dead letters; status is silent",
    "exception": "flow if they meet the contract, else they hold their partition",
    "evolve": "widen the contract by their new fields, else they hold their partition",
    "try_evolve": "widen the contract by their new fields, else as lenient",
}


def _creation(topic: TopicCreation) -> str:
    copies = "the broker's default" if topic.replication < 0 else str(topic.replication)
    config = ", ".join(f"{name}={value}" for name, value in sorted(topic.config.items()))
    return f"{topic.name}: {topic.partitions} partitions, replication {copies}, {config}"


def _heading(word: str, name: str, more: str) -> Text:
    """A line that is never broken: names of files are copied from it."""
    parts = ((word, "bold"), name, (f"  {more}", "dim"))
    return Text.assemble(*parts, no_wrap=True, overflow="ignore")


def _pairs() -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True, min_width=14)
    table.add_column(overflow="fold")
    return table


def to_json(plan: Plan) -> dict[str, Any]:
    """The plan as plain values; spans in seconds, secrets as ``***``."""
    return {
        "version": JSON_VERSION,
        "federation": plan.federation,
        "config": plan.config_file,
        "run": {
            "state": str(plan.run.state),
            "parallelism": plan.run.parallelism,
            "checkpoint_seconds": plan.run.checkpoint.total_seconds(),
            "task_managers": plan.run.task_managers,
        },
        "streams": [_stream_json(stream) for stream in plan.streams],
        "warnings": [
            {"what": one.what, "where": one.where, "hint": one.hint} for one in plan.warnings
        ],
    }


def _stream_json(stream: StreamPlan) -> dict[str, Any]:
    target, found = stream.target, stream.deduplication
    return {
        "name": stream.name,
        "follows": stream.follows,
        "contract": {"file": stream.contract_file, "schema": stream.contract},
        "sources": [_source_json(source) for source in stream.sources],
        "deduplicate": found
        and {
            "key": list(found.key),
            "window_seconds": found.window.total_seconds(),
            "across_keys": found.across_keys,
            "bytes_per_key": BYTES_PER_KEY,
        },
        "transform": stream.transform and _transform_json(stream.transform),
        "tombstones": stream.tombstones,
        "on_schema_change": stream.on_schema_change,
        "target": {
            "uid": target.uid,
            "cluster": _cluster_json(target.cluster),
            "topic": target.topic,
            "partitions": target.partitions,
            "key": {"fields": list(target.key_fields), "encoding": target.key_encoding},
            "partitioner": "murmur2",
            "delivery": target.delivery,
            "transaction_timeout_seconds": target.transaction_timeout.total_seconds(),
            "transactional_id_prefix": target.transactional_prefix,
            "creates": [
                {
                    "topic": topic.name,
                    "partitions": topic.partitions,
                    "replication": None if topic.replication < 0 else topic.replication,
                    "config": dict(topic.config),
                }
                for topic in target.creates
            ],
            "registers": list(target.registers),
        },
        "dead_letters": {
            "topic": target.dead_letter,
            "stop_ratio": stream.dead_letter_ratio,
            "stop_of": stream.dead_letter_of,
        },
    }


def _transform_json(transform: TransformPlan) -> dict[str, Any]:
    cost = transform.cost
    return {
        "python": transform.python,
        "takes": "batches" if transform.batches else "records",
        "cost": cost
        and {
            "microseconds_per_record": round(cost.microseconds, 2),
            "form_microseconds_per_record": round(cost.form_microseconds, 2),
            "records_per_second_per_core": cost.per_second,
            "measured_on": cost.records,
            "dropped": cost.dropped,
            "refused": cost.refused,
        },
    }


def _source_json(source: SourcePlan) -> dict[str, Any]:
    start = source.start
    return {
        "uid": source.uid,
        "name": source.name,
        "cluster": _cluster_json(source.cluster),
        "topics": [
            {"name": t.name, "topic_id": t.topic_id, "partitions": t.partitions}
            for t in source.topics
        ],
        "pattern": source.pattern,
        "start": {
            "kind": start.kind,
            "timestamp": start.timestamp and start.timestamp.isoformat(),
            "offsets": start.offsets
            and {topic: dict(offsets) for topic, offsets in start.offsets.items()},
        },
        "framing": source.framing.type,
        "key_framing": source.key_framing.type,
        "where": source.where,
        "key": {name: rule.to_json() for name, rule in source.key_rules.items()},
        "fields": {name: rule.to_json() for name, rule in source.rules.items()},
        "versions": [
            {
                "subject": one.subject,
                "version": one.version,
                "schema_id": one.schema_id,
                "fields": [
                    {
                        "field": f.target,
                        "kind": f.kind,
                        "from": f.source,
                        "conversion": f.conversion,
                        "lossy": f.lossy,
                    }
                    for f in one.report.fields
                ],
                "dropped": list(one.report.dropped),
            }
            for one in source.versions
        ],
    }


def _cluster_json(cluster: ClusterPlan) -> dict[str, Any]:
    return {
        "alias": cluster.alias,
        "cluster_id": cluster.cluster_id,
        "properties": masked(cluster.properties),
        "registry": cluster.registry and masked({"url": cluster.registry.url}),
    }
