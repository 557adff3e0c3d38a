"""Fill a sandbox's source clusters with a domain's records, and write down the truth about them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import httpx

import federation
from federation.errors import Incomplete, SandboxError
from federation.sandbox import seed_writer
from federation.sandbox.seed_stream import RECORDS_PER_EVENT, Ids
from federation.sandbox.seed_truth import join, open_truth
from federation.sandbox.seed_writer import DOMAINS, HOUR

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from federation.sandbox.sandbox import Sandbox
    from federation.sandbox.seed_domain import Domain, Source
    from federation.sandbox.state import Cluster


@dataclass(frozen=True, slots=True)
class Seeded:
    """What was written.

    Attributes:
        domain: its name.
        seed: the seed number.
        first: number of the first event.
        start: time of the first event of bulk data, milliseconds since 1970.
        counts: by source cluster, then by kind of record.
        seconds: how long writing took.
    """

    domain: str
    seed: int
    first: int
    start: int
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def records(self) -> int:
        """All records of all sources, of any kind."""
        return sum(sum(kinds.values()) for kinds in self.counts.values())


def seed(
    box: Sandbox,
    domain: str = "orders",
    *,
    records: int = 10_000,
    number: int = 1,
    rate: float | None = None,
    first: int | None = None,
    start: int | None = None,
    truth: Path | None = None,
    append: bool = False,
    prefix: str = "",
    progress: Callable[[int], None] = lambda _written: None,
) -> Seeded:
    """Write a domain's records into every source cluster that the sandbox has.

    The same number, clusters, ``first`` and ``start`` give the same bytes in the same order.

    Args:
        box: a sandbox that is up.
        domain: ``orders`` or ``telemetry``.
        records: how many in all, of any kind; ignored with ``rate``.
        number: the seed number.
        rate: records per second over all sources, until KeyboardInterrupt.
        first: number of the first event; None: 0, or with ``rate`` one that was never used before.
        start: time of the first event of bulk data; None: an hour ago.
        truth: file to write the truth to.
        append: keep what the file holds.
        prefix: put before the topics' names, for several data sets on one sandbox.
        progress: told, a few times a second, how many records were acknowledged.

    Raises:
        SandboxError: no source cluster is up, or a record was not acknowledged.
        Incomplete: interrupted before all ``records`` were written.
    """
    now = int(time.time() * 1000)
    plan = Seeded(
        domain,
        number,
        first if first is not None else (0 if rate is None else now),
        start if start is not None else now - HOUR,
    )
    jobs = _jobs(
        box, _named(DOMAINS[domain], prefix), plan, records=records, rate=rate, truth=truth
    )
    if truth is not None:
        _announce(truth, plan, jobs, box.clusters(), append=append)
    begun = time.monotonic()
    words = _run(jobs, progress)
    if truth is not None:
        parts = [Path(job.truth) for job in jobs if job.truth]
        join([part for part in parts if part.exists()], truth)
    for cluster, word in words.items():
        if "counts" not in word:
            why = word.get("error", "the writer ended unasked")
            raise SandboxError(f"not all records were written ({why})", where=cluster)
    counts = {cluster: word["counts"] for cluster, word in words.items()}
    done = Seeded(domain, number, plan.first, plan.start, counts, time.monotonic() - begun)
    if rate is None and done.records < records:
        raise Incomplete(
            f"interrupted: {done.records:,} of {records:,} records were written",
            hint="the truth file, if one was asked for, covers those",
        )
    return done


def _named(domain: Domain, prefix: str) -> Domain:
    """The domain with its topics renamed."""
    sources = {
        name: replace(source, topic=prefix + source.topic)
        for name, source in domain.sources.items()
    }
    return replace(domain, sources=sources)


def _jobs(
    box: Sandbox,
    domain: Domain,
    plan: Seeded,
    *,
    records: int,
    rate: float | None,
    truth: Path | None,
) -> list[seed_writer.Job]:
    """One job per source cluster, once its schemas and its topic are there."""
    clusters = box.clusters()
    present = [name for name in domain.sources if name in clusters]
    if not present:
        raise SandboxError(
            f"none of the source clusters of {domain.name} is in this sandbox",
            where=str(box.folder),
            hint=f"federation sandbox up --clusters {','.join([*domain.sources, 'hub'])}",
        )
    ids = {}
    for number, (name, cluster) in enumerate(clusters.items()):
        with _client(cluster) as registry:
            # Every registry has lived a little, so one id means different schemas in two of them.
            for age in range(1 + 2 * number):
                _register(registry, f"{name}-legacy-{age}-value", _legacy(name, age))
            if name in present:
                ids[name] = _register_source(registry, domain.sources[name])
    weights = sum(domain.sources[name].weight for name in present)
    jobs = []
    left = records
    for name in present:
        source = domain.sources[name]
        share = source.weight / weights
        own = left if name == present[-1] else round(records * share)
        left -= own
        _create_topic(clusters[name], source)
        jobs.append(
            seed_writer.Job(
                domain=domain.name,
                cluster=name,
                topic=source.topic,
                bootstrap=clusters[name].bootstrap,
                present=tuple(present),
                ids=ids[name],
                seed=plan.seed,
                first=plan.first,
                start=plan.start,
                step=(HOUR - 60_000) / max(1.0, records / RECORDS_PER_EVENT),
                records=own,
                rate=rate * share if rate is not None else None,
                truth=str(_part(truth, name)) if truth is not None else None,
            )
        )
    return jobs


def _announce(
    truth: Path,
    plan: Seeded,
    jobs: Sequence[seed_writer.Job],
    clusters: Mapping[str, Cluster],
    *,
    append: bool,
) -> None:
    """Write the line with which a run begins."""
    sources = {
        job.cluster: {"topic": job.topic, "cluster_id": clusters[job.cluster].cluster_id}
        for job in jobs
    }
    facts = {"kind": "run", "domain": plan.domain, "seed": plan.seed, "first": plan.first}
    with open_truth(truth, append=append) as lines:
        lines.write(json.dumps(facts | {"start": plan.start, "sources": sources}) + "\n")


def _part(truth: Path, cluster: str) -> Path:
    """Where one process writes; the name's end says whether it is gzipped."""
    return truth.with_name(f".{truth.name}.{cluster}{truth.suffix}")


def _run(
    jobs: Sequence[seed_writer.Job], progress: Callable[[int], None]
) -> dict[str, dict[str, Any]]:
    """Run the jobs side by side, each to a clean end at Ctrl-C; the last word of each cluster."""
    words: dict[str, dict[str, Any]] = {job.cluster: {"written": 0} for job in jobs}

    def listen(cluster: str, lines: IO[str]) -> None:
        for line in lines:
            words[cluster] = json.loads(line)

    workers = [_worker(job) for job in jobs]
    listeners = [
        threading.Thread(target=listen, args=(job.cluster, worker.stdout), daemon=True)
        for job, worker in zip(jobs, workers, strict=True)
    ]
    for listener in listeners:
        listener.start()
    while any(listener.is_alive() for listener in listeners):
        try:
            for listener in listeners:
                listener.join(0.1)
            progress(sum(word.get("written", 0) for word in words.values()))
        except KeyboardInterrupt:
            for worker in workers:
                worker.stdin.close()  # type: ignore[union-attr]  # it is a pipe
    for worker in workers:
        with worker:
            worker.wait()
    return words


def _worker(job: seed_writer.Job) -> subprocess.Popen[str]:
    """A process with this Python and this package; not reached by the terminal's Ctrl-C."""
    package = str(Path(federation.__file__).parents[1])
    path = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))
    worker = subprocess.Popen(
        [sys.executable, "-m", "federation.sandbox.seed_writer"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": path},
        start_new_session=True,
    )
    worker.stdin.write(json.dumps(asdict(job)) + "\n")  # type: ignore[union-attr]  # it is a pipe
    worker.stdin.flush()  # type: ignore[union-attr]  # as above
    return worker


def _client(cluster: Cluster) -> httpx.Client:
    return httpx.Client(base_url=cluster.registry, timeout=30, trust_env=False)


def _legacy(cluster: str, age: int) -> Any:
    fields = [{"name": f"field_{n}", "type": "string"} for n in range(age + 1)]
    return {"type": "record", "name": f"legacy.{cluster}.Thing{age}", "fields": fields}


def _register_source(registry: httpx.Client, source: Source) -> Ids:
    """Both value versions under one subject, older first, and the key."""
    return Ids(
        key=_register(registry, f"{source.topic}-key", source.key),
        older=_register(registry, f"{source.topic}-value", source.older),
        newer=_register(registry, f"{source.topic}-value", source.newer),
    )


def _register(registry: httpx.Client, subject: str, schema: Any) -> int:
    """The schema's id in this registry, given anew or as it was given before."""
    try:
        answer = registry.post(
            f"/subjects/{subject}/versions", json={"schema": json.dumps(schema)}
        ).raise_for_status()
    except httpx.HTTPError as error:
        raise SandboxError(
            f"the registry did not take a schema of {subject} ({error})",
            where=str(registry.base_url),
            hint="is the sandbox up? federation sandbox status",
        ) from error
    return int(answer.json()["id"])


def _create_topic(cluster: Cluster, source: Source) -> None:
    """Create the topic; one that is there already is used as it is."""
    from confluent_kafka import KafkaError, KafkaException  # noqa: PLC0415 - loads librdkafka
    from confluent_kafka.admin import AdminClient, NewTopic  # noqa: PLC0415 - as above

    admin = AdminClient({"bootstrap.servers": cluster.bootstrap, "log_level": 0})
    topic = NewTopic(source.topic, num_partitions=source.partitions, replication_factor=1)
    try:
        admin.create_topics([topic], request_timeout=30)[source.topic].result()
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise SandboxError(
                f"topic {source.topic} cannot be created ({error.args[0].str()})",
                where=cluster.bootstrap,
                hint="is the sandbox up? federation sandbox status",
            ) from error
