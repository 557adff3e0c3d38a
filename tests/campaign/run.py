"""One run of a campaign: a stream under load, a random schedule of faults, and the judgement."""

from __future__ import annotations

import gzip
import json
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from arrivals import Arrivals
from confluent_kafka import IsolationLevel, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec
from faults import ALL, SOURCES, Fault, World
from followers import copy_of, followed, same
from streams import case, eventually, producing
from supervisor import Gateway

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from streams import Case
    from truth import Verdict

    from federation.sandbox import Sandbox

RECORDS = 3_000  # before the gateway starts
RATE = 400  # records per second over both sources, all the while
CHECKPOINT = "1s"
STUCK_SECONDS = 120.0  # from the end of a fault until records flow again
LEAST_FAULTS, MOST_FAULTS = 2, 4
EACH_FOLLOWED = 3  # one run of so many has a second target, on a source's cluster

# A kind of finding of the judge, and the word of the ledger for it.
WORDS = {
    "missing": "LOST",
    "duplicate": "DUP",
    "disordered": "ORDER",
    "dead_letters": "DLQ",
    "altered": "CORRUPT",
    "foreign": "CORRUPT",
}


@dataclass
class Suffered:
    """One fault of a run.

    Attributes:
        name: of the fault.
        lasted: seconds from its begin until it was healed.
        recovered: seconds from there until records of all sources arrived again.
        gaps: by source that it does not touch: the longest time without a record, seconds.
    """

    name: str
    lasted: float
    recovered: float
    gaps: dict[str, float] = field(default_factory=dict)


@dataclass
class Outcome:
    """What one run has shown; a line of the ledger.

    Attributes:
        seed: everything random follows from it.
        words: LOST, DUP, ORDER, DLQ, CORRUPT, COPY (a second target that holds something else), STUCK
            or INFRA; none where all is well.
        faults: in their order.
        records: how many the sources hold.
        counts: what the judge saw, by kind.
        targets: how many the stream has.
        starts: how often the gateway was started.
        seconds: the whole run.
        why: the first findings, or the error.
    """

    seed: int
    words: list[str] = field(default_factory=list)
    faults: list[Suffered] = field(default_factory=list)
    records: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    targets: int = 1
    starts: int = 0
    seconds: float = 0.0
    why: str = ""


def schedule(random: Random) -> list[Fault]:
    """Two to four faults, in random order."""
    return random.choices(ALL, k=random.randint(LEAST_FAULTS, MOST_FAULTS))


def run(box: Sandbox, folder: Path, seed: int) -> Outcome:
    """Carry out the schedule of this seed on a sandbox that is up."""
    random, begun = Random(seed), time.monotonic()
    outcome = Outcome(seed, targets=1 if seed % EACH_FOLLOWED else 2)
    faults = schedule(random)
    try:
        made = _case(box, folder, outcome, tasks=random.randint(1, 2))
    except Exception as error:  # noqa: BLE001 - the machine's trouble is never the gateway's verdict
        outcome.words, outcome.why = ["INFRA"], repr(error)
        return outcome
    gateway = Gateway(made)
    try:
        _suffer(World(box, made, gateway, _topics(made), random), faults, outcome)
        _end(made, gateway, outcome)
        _judge(box, made, outcome)
    except (AssertionError, TimeoutError) as error:
        outcome.words, outcome.why = ["STUCK"], str(error)[:4000]
    except Exception as error:  # noqa: BLE001 - as above
        outcome.words, outcome.why = ["INFRA"], repr(error)[:4000]
    finally:
        gateway.kill()
        box.up(())
        outcome.starts = gateway.starts
        outcome.seconds = round(time.monotonic() - begun, 1)
    if not outcome.words:
        _forget(box, made, outcome)
    return outcome


def _case(box: Sandbox, folder: Path, outcome: Outcome, *, tasks: int) -> Case:
    def edit(config: dict[str, Any]) -> None:
        config["run"] = {"checkpoint": CHECKPOINT, "parallelism": tasks}
        if outcome.targets > 1:
            followed(config)

    folder.mkdir(parents=True)
    seed = outcome.seed
    return case(box, folder, f"c{seed}", records=RECORDS, number=seed, edit=edit)


def _suffer(world: World, faults: list[Fault], outcome: Outcome) -> None:
    box, made, gateway = world.box, world.made, world.gateway
    clusters = {name: box.clusters()[name].cluster_id for name in SOURCES}
    with ExitStack() as stack:
        stack.enter_context(producing(box, made, rate=RATE))
        gateway.revive()
        arrivals = stack.enter_context(Arrivals(made.env["HUB_BOOTSTRAP"], made.target, clusters))
        _flows(gateway, arrivals, time.monotonic())
        for fault in faults:
            world.wait(0.5, 2.5)
            begin = time.monotonic()
            with fault.inject(world):
                healed = time.monotonic()
            _flows(gateway, arrivals, healed)
            end = time.monotonic()
            untouched = [name for name in SOURCES if name not in fault.touches]
            outcome.faults.append(
                Suffered(
                    fault.name,
                    round(healed - begin, 2),
                    round(end - healed, 2),
                    {one: round(arrivals.longest_gap(one, begin, end), 2) for one in untouched},
                )
            )


def _flows(gateway: Gateway, arrivals: Arrivals, since: float) -> None:
    def flows() -> bool:
        gateway.revive()
        return all(arrivals.since(name, since) for name in SOURCES)

    eventually(flows, "records of every source", STUCK_SECONDS)


def _end(made: Case, gateway: Gateway, outcome: Outcome) -> None:
    """Catch up and stop with a savepoint; where that fails, do what the gateway says: start again.

    Another start lets a follower have what its leader wrote last, too.
    """

    def caught_up() -> bool:
        gateway.revive()
        stream = made.status()["streams"][0]
        return all(source["read"] > 0 and source["lag"] == 0 for source in stream["sources"])

    eventually(caught_up, "a stream without lag", STUCK_SECONDS)
    gateway.interrupt()
    if gateway.ended() != 0 or outcome.targets > 1:
        made.run("start", "--until-caught-up")


def _judge(box: Sandbox, made: Case, outcome: Outcome) -> None:
    verdict = made.verdict()
    faults = verdict.faults()
    outcome.words = sorted({WORDS[kind] for kind in faults})
    outcome.counts = dict(sorted(verdict.counts.items()))
    outcome.records = _lines(made.truth)
    outcome.why = repr(faults)[:4000] if faults else ""
    if outcome.targets > 1 and not same(box, made):
        outcome.words.append("COPY")
    _nothing_else(verdict, outcome, made)


def _nothing_else(verdict: Verdict, outcome: Outcome, made: Case) -> None:
    """No transaction is left open that hides what follows; and the judge did see records."""
    assert verdict.counts["record"] > RECORDS / 2, verdict.counts
    with _admin(made.env["HUB_BOOTSTRAP"]) as admin:
        for topic in (made.target, made.dead):
            parts = [
                TopicPartition(topic, n) for n in admin.list_topics(topic).topics[topic].partitions
            ]
            ends = [
                {
                    (one.topic, one.partition): future.result(30).offset
                    for one, future in admin.list_offsets(
                        dict.fromkeys(parts, OffsetSpec.latest()), isolation_level=level
                    ).items()
                }
                for level in (IsolationLevel.READ_COMMITTED, IsolationLevel.READ_UNCOMMITTED)
            ]
            if ends[0] != ends[1]:
                outcome.words.append("STUCK")
                outcome.why += f" open transactions in {topic}: {ends}"


def _lines(truth: Path) -> int:
    with gzip.open(truth, "rt", encoding="utf-8") as file:
        return sum(json.loads(line)["kind"] != "run" for line in file)


def _topics(made: Case) -> dict[str, str]:
    """By cluster the topic that its source reads."""
    with gzip.open(made.truth, "rt", encoding="utf-8") as file:
        fact = next(fact for line in file if (fact := json.loads(line))["kind"] == "run")
    return {cluster: source["topic"] for cluster, source in fact["sources"].items()}


@contextmanager
def _admin(bootstrap: str) -> Iterator[AdminClient]:
    yield AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})


def _forget(box: Sandbox, made: Case, outcome: Outcome) -> None:
    """The brokers keep nothing of a run that is well."""
    for cluster, topics in (
        *((name, [topic]) for name, topic in _topics(made).items()),
        ("hub", [made.target, made.dead]),
        *([("eu", [copy_of(made)])] if outcome.targets > 1 else []),
    ):
        with _admin(box.clusters()[cluster].bootstrap) as admin:
            for future in admin.delete_topics(topics).values():
                future.result(30)
