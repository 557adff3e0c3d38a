"""MirrorMaker 2 with exactly-once on, under the faults of a campaign that concern a copy.

The same brokers, the same records, the same rate. A mirror keeps partitions, so the judgement is
plain: each partition of the copy has to be the partition of the source.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))
sys.path.insert(0, str(Path(__file__).parents[1] / "bench"))

from random import Random

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from faults import Fault, World, by_name
from programs import mirrormaker
from streams import case, clusters, eventually, producing
from supervisor import Gateway
from truth import read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confluent_kafka import Message
    from streams import Case

    from federation.sandbox import Sandbox

Copy = tuple[bytes | None, bytes | None, int]  # key, value, timestamp
RECORDS, RATE = 3_000, 400
EXACTLY_ONCE = {
    "exactly.once.source.support": "enabled",
    "hub.exactly.once.source.support": "enabled",
    # The nodes of a dedicated cluster fence each other's producers over REST.
    "dedicated.mode.enable.internal.rest": "true",
    "listeners": "http://127.0.0.1:0",
    # A node that died is expected back for five minutes unless told otherwise.
    "scheduled.rebalance.max.delay.ms": "0",
    "tasks.max": "2",
}
CAUGHT_UP_SECONDS, QUIET_SECONDS = 400.0, 120.0


class Mirror(Gateway):
    """MirrorMaker, started again whenever it ends."""

    def __init__(self, made: Case) -> None:
        super().__init__(made)
        self.sources = Sources(made)

    def revive(self) -> None:
        """Start it where it does not run."""
        if self._process is None or self._process.poll() is not None:
            self.launch()

    def launch(self) -> None:
        """Start it, and wait for nothing."""
        self.starts += 1
        made = self.made
        command = mirrormaker(made.config.parent, made.env, topics_of(made), EXACTLY_ONCE)
        with (self.made.config.parent / "mirror.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)


def topics_of(made: Case) -> dict[str, str]:
    """By cluster the topic that is mirrored."""
    return {"eu": f"{made.state.name}.orders", "us": f"{made.state.name}.order_events"}


class Sources:
    """What the sources ever held: asked again before retention takes something."""

    def __init__(self, made: Case) -> None:
        self._made = made
        self.held: dict[tuple[str, int], dict[int, Copy]] = defaultdict(dict)

    def look(self) -> None:
        """Remember what is there now."""
        for cluster, topic in topics_of(self._made).items():
            for message in read(self._made.env[f"{cluster.upper()}_BOOTSTRAP"], topic):
                place = cluster, message.partition()
                self.held[place][message.offset()] = _copy(message)

    def differences(self) -> Counter[str]:
        """How the copies differ: records lost, copied twice, partitions out of order."""
        self.look()
        copies: dict[tuple[str, int], list[Copy]] = defaultdict(list)
        for cluster, topic in topics_of(self._made).items():
            for message in read(self._made.env["HUB_BOOTSTRAP"], f"{cluster}.{topic}"):
                copies[cluster, message.partition()].append(_copy(message))
        found: Counter[str] = Counter(records=0, lost=0, twice=0, disordered=0)
        for place, by_offset in self.held.items():
            source, copied = [by_offset[offset] for offset in sorted(by_offset)], copies[place]
            found["records"] += len(source)
            found["lost"] += (Counter(source) - Counter(copied)).total()
            found["twice"] += (Counter(copied) - Counter(source)).total()
            found["disordered"] += Counter(source) == Counter(copied) and source != copied
        return found


def _copy(message: Message) -> Copy:
    return message.key(), message.value(), message.timestamp()[1]


def _settled(sources: Sources) -> Counter[str]:
    """The differences once the copy grows no further."""
    last: list[Any] = [None, time.monotonic()]

    def quiet() -> bool:
        now = sources.differences()
        if now["lost"] == 0:
            return True
        if now != last[0]:
            last[:] = [now, time.monotonic()]
        return time.monotonic() - last[1] > 30.0

    eventually(quiet, "a copy that is complete, or grows no further", CAUGHT_UP_SECONDS)
    return sources.differences()


@contextmanager
def _retention(world: World) -> Iterator[None]:
    """Records are deleted that the mirror, which is down, has not copied."""
    assert isinstance(world.gateway, Mirror)
    world.gateway.kill()
    world.wait(3, 4)
    world.gateway.sources.look()
    topic = world.topics["eu"]
    admin = AdminClient({"bootstrap.servers": world.made.env["EU_BOOTSTRAP"]})
    parts = [TopicPartition(topic, n) for n in admin.list_topics(topic).topics[topic].partitions]
    cut = [TopicPartition(one.topic, one.partition, -1) for one in parts]
    for future in admin.delete_records(cut).values():
        future.result(30)
    yield


FAULTS = (
    by_name("gateway killed"),
    by_name("source eu killed"),
    by_name("source eu hangs"),
    by_name("target killed"),
    by_name("target hangs"),
    Fault("retention", ("eu",), _retention),
)


@click.command()
@click.option("--rounds", default=1, show_default=True, help="How often each fault.")
def main(rounds: int) -> None:
    """Say, fault by fault, what became of the records."""
    folder = Path(tempfile.mkdtemp(prefix="mirror-"))
    with clusters(folder / "sandbox") as box:
        for number, fault in enumerate(FAULTS * rounds):
            name = f"m{number}"
            (folder / name).mkdir()
            made = case(box, folder / name, name, records=RECORDS, number=number)
            click.echo(json.dumps({"fault": fault.name, **_one(box, made, fault, number)}))


def _one(box: Sandbox, made: Case, fault: Fault, number: int) -> dict[str, int]:
    mirror = Mirror(made)
    world = World(box, made, mirror, topics_of(made), Random(number))
    try:
        with producing(box, made, rate=RATE):
            mirror.revive()
            eventually(lambda: _copies(made), "the first copies", 120)
            for _ in range(3):
                world.wait(2, 4)
                with fault.inject(world):
                    pass
                mirror.revive()
            world.wait(5, 6)
        mirror.revive()
        found = _settled(mirror.sources)
        if found["lost"]:  # lost, or stalled until someone starts it again?
            mirror.kill()
            mirror.revive()
            stalled = found["lost"]
            found = _settled(mirror.sources)
            found["stalled"] = max(0, stalled - found["lost"])
        return dict(found)
    finally:
        mirror.kill()
        box.up(())


def _copies(made: Case) -> bool:
    admin = AdminClient({"bootstrap.servers": made.env["HUB_BOOTSTRAP"]})
    there = admin.list_topics(timeout=10).topics
    wanted = [f"{cluster}.{topic}" for cluster, topic in topics_of(made).items()]
    return all(topic in there for topic in wanted) and any(
        True for _ in read(made.env["HUB_BOOTSTRAP"], wanted[0])
    )


if __name__ == "__main__":
    main()
