"""The configuration as frozen values: what the YAML may say, and nothing about how it runs.

Every class is one mapping of the file. Descriptions become the reference page and the JSON Schema
for editors, so they are written for the person who edits the file. Here are streams and the whole;
``connections`` and ``sources`` are the other parts.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from federation.config.connections import Cluster
from federation.config.sources import Source, Strategy
from federation.config.values import (
    FUNCTION,
    Count,
    Duration,
    LocalPath,
    Model,
    Name,
    Parallelism,
    Property,
    StreamName,
    TaskManagers,
    Topic,
)


class Deduplicate(Model):
    """Which records are the same event, and for how long that is remembered."""

    key: tuple[str, ...] = Field(
        min_length=1, description="Contract fields that identify an event."
    )
    window: Duration = Field(timedelta(hours=24), description="How long an event is remembered.")
    across_keys: bool = Field(
        default=False,
        description="Duplicates may carry different target keys: work is then partitioned by the "
        "deduplication key and per-key order is given up.",
    )


class TargetKey(Model):
    """The key of the target's records."""

    fields: tuple[str, ...] = Field(min_length=1, description="Contract fields, in this order.")
    encoding: Literal["string", "avro"] | None = Field(
        None, description="Default: string for one field, avro for several."
    )

    @property
    def form(self) -> Literal["string", "avro"]:
        """The encoding, where it is left to its default, too."""
        return self.encoding or ("string" if len(self.fields) == 1 else "avro")


def target_key(value: Any) -> Any:
    """The long form of a key, whichever was written."""
    if isinstance(value, str):
        return {"fields": [value]}
    return {"fields": value} if isinstance(value, (list, tuple)) else value


class Transform(Model):
    """A Python function that changes the stream's records, after mapping, before deduplication."""

    python: str = Field(
        pattern=FUNCTION,
        description="`module:function`; the module lies beside this file or is installed. The "
        "function takes a record and returns it, or takes and returns a `pyarrow.RecordBatch` if "
        "its parameter is annotated so.",
        examples=["enrich:add_country"],
    )


Key = Annotated[TargetKey, BeforeValidator(target_key)]


class AnyTarget(Model):
    """One of several targets: the first as `target`, the others with what differs from it."""

    cluster: Name = Field(description="Alias of a declared cluster.")
    topic: Topic | None = Field(
        None, description="Topic that the stream is written to; default: as the first target's."
    )
    key: Key | None = Field(None, description="As of `target`, in the first alone.")
    subjects: Strategy = Field(
        "topic",
        description="Under what subjects the schemas of values and keys are registered: "
        "`<topic>-value` and `<topic>-key`, the record's full name, or `<topic>-<record>`.",
    )
    delivery: Literal["exactly-once", "at-least-once"] = Field(
        "exactly-once", description="What a crash may do: nothing, or repeat some records."
    )
    timestamps: Literal["keep", "clamp"] = Field(
        "keep",
        description="What `plan` says to a target that takes or keeps fewer timestamps than a "
        "source: it refuses, or lets records of such timestamps have the time of writing, and "
        "their own in a header.",
    )
    create: bool = Field(
        default=True, description="Create the topics at the target if they are missing."
    )
    partitions: Count | None = Field(
        None, description="For a created topic; default: the largest source's count."
    )
    replication: Count | None = Field(
        None, description="For a created topic; default: the broker's."
    )
    config: dict[str, Property] = Field(
        default_factory=dict,
        description="Topic settings for a created topic.",
        examples=[{"cleanup.policy": "compact"}],
    )


class Target(AnyTarget):
    """Where the stream is written."""

    topic: Topic = Field(description="Topic that the stream is written to.")
    key: Key = Field(
        description="Contract fields that make the key: a list, or `{fields, encoding}`."
    )


class Limit(Model):
    """When so many records of a source fail that it is better to stop."""

    ratio: Annotated[float, Field(gt=0, le=1)] = Field(
        0.2, description="Part of the records that may fail."
    )
    of: Count = Field(10_000, description="How many of the last records are looked at.")


class Errors(Model):
    """What happens to records that cannot be decoded or mapped."""

    dead_letter: Topic | None = Field(
        None, description="Topic on the target cluster; default: the target topic with `.dead`."
    )
    limit: Limit = Field(
        Limit(), description="Stop when over `ratio` of a source's last `of` records fail."
    )


class Contract(Model):
    """The contract in several files: types that others use stand each in a file of its own."""

    file: LocalPath = Field(description="The contract: an .avsc file, relative to this file.")
    references: tuple[LocalPath, ...] = Field(
        (),
        description=".avsc files of the named types that it uses, and that these use, in any "
        "order. Each is registered under its full name, and referred to.",
    )


def _contract(value: Any) -> Any:
    return {"file": value} if isinstance(value, str | Path) else value


class Stream(Model):
    """One unified stream: a contract, its sources and its target."""

    contract: Annotated[Contract, BeforeValidator(_contract)] = Field(
        alias="schema",
        description="The contract: an .avsc file, relative to this file, or `{file, references}`.",
    )
    sources: tuple[Source, ...] = Field(min_length=1, description="What the stream is made from.")
    deduplicate: Deduplicate | None = Field(
        None,
        description="What makes two records the same event; without it only records that came by "
        "two routes are recognised.",
    )
    transform: Transform | None = Field(
        None,
        description="A Python function that changes records; without it none pays for Python.",
    )
    tombstones: Literal["forward", "drop", "dead-letter"] = Field(
        "forward", description="What happens to delete markers (null values)."
    )
    on_schema_change: Literal["lenient", "ignore", "exception", "try_evolve", "evolve"] = Field(
        "lenient",
        description="What happens to records of a schema that appears while the stream runs.",
    )
    target: Target = Field(
        description="Where the stream is written; where that is several topics, `targets` instead."
    )
    targets: tuple[AnyTarget, ...] = Field(
        (),
        min_length=1,
        description="Instead of `target`: the first is as `target`, and each other one, of another "
        "cluster, follows it: a stream of its own (`orders@dr`) copies what was committed there. A "
        "follower needs only `cluster`; `topic` and `subjects` are the first one's unless said.",
    )
    errors: Errors = Field(
        Errors(), description="What happens to records that cannot be decoded or mapped."
    )


class Run(Model):
    """How the jobs run on this machine."""

    state: LocalPath | None = Field(
        None,
        description="Folder for checkpoints, savepoints and logs; default `.federation/<name>` "
        "beside this file.",
    )
    parallelism: Parallelism | None = Field(
        None, description="Parallel tasks of a stream; default: the machine's cores."
    )
    task_managers: TaskManagers | None = Field(
        None,
        description="Flink runs as a JobManager and this many TaskManagers, each a process of its "
        "own: one that ends takes only its own tasks along. Default: all in one JVM.",
    )
    checkpoint: Duration = Field(
        timedelta(seconds=5),
        description="Interval of checkpoints: exactly-once output becomes visible with each.",
    )


class Config(Model):
    """A federation: its clusters and its streams."""

    version: Literal[1] = Field(description="Version of this format.")
    federation: Name = Field(description="The name under which state is kept.")
    clusters: dict[Name, Cluster] = Field(
        description="Kafka clusters by alias.", json_schema_extra={"minProperties": 1}
    )
    streams: dict[StreamName, Stream] = Field(
        description="Unified streams by name.", json_schema_extra={"minProperties": 1}
    )
    run: Run = Field(Run(), description="How the jobs run on this machine.")
