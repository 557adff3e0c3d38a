"""Which open transactions hold back the readers of a target, and whose they are."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from federation.errors import JobError
from federation.flink.transactions import Open, Transactions, in_own_jvm
from federation.plan import naming
from federation.plan.uids import transactional_prefix
from federation.run.settlement import orphans

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from federation.config.load import Loaded
    from federation.run.store import Store

HANGING = "hanging"
ORPHAN = "orphan"


@dataclass(frozen=True, slots=True)
class Held:
    """An open transaction of a stream.

    Attributes:
        owner: ``gateway``, which runs; ``checkpoint``, from which the next start commits it;
            ``orphan``, which the next start aborts; ``hanging``, which nobody will ever end.
    """

    stream: str
    owner: str
    transaction: Open

    @property
    def name(self) -> str:
        """What it is called on the command line: its id, or the producer's where it hangs."""
        return self.transaction.id or str(self.transaction.producer)

    def plain(self) -> dict[str, Any]:
        """Plain values."""
        return {"stream": self.stream, "owner": self.owner, **asdict(self.transaction)}


def held(loaded: Loaded, store: Store) -> Iterator[tuple[Held, Transactions]]:
    """Every open transaction of the configuration's streams, with what can end it.

    Raises:
        ClusterError: a target does not answer.
    """
    owner = store.owner()
    running = owner is not None and owner.alive
    for name, stream in loaded.config.streams.items():
        there = Transactions(
            transactional_prefix(loaded.config.federation, name),
            (stream.target.topic, naming.dead_letter(stream)),
            {
                k: str(v)
                for k, v in loaded.config.clusters[stream.target.cluster].properties.items()
            },
            in_own_jvm,
        )
        opened = there.open()
        point = None if running or not opened else store.restore_point(name)
        nobodys = orphans(opened, there.pending(point.resolve()) if point else ())
        for one in opened:
            whose = "gateway" if running else ORPHAN if one in nobodys else "checkpoint"
            yield Held(name, whose, one), there
        for one in there.hanging():
            yield Held(name, HANGING, one), there


def abort(loaded: Loaded, store: Store, names: Collection[str]) -> list[Held]:
    """End those of these names, or all that are orphaned or hang if none is given.

    Raises:
        JobError: a name is not that of an orphaned or hanging transaction.
        ClusterError: a target does not answer.
    """
    found = list(held(loaded, store))
    free = {one.name: (one, there) for one, there in found if one.owner in {ORPHAN, HANGING}}
    if unknown := sorted(set(names) - set(free)):
        owners = {one.name: one.owner for one, _ in found}
        whose = owners.get(unknown[0])
        raise JobError(
            f"{unknown[0]} is the {whose}'s" if whose else f"no open transaction {unknown[0]}",
            hint="see federation transactions list; only what is orphaned or hanging is aborted",
        )
    ended = [free[name] for name in names or free]
    for one, there in ended:
        if one.owner == HANGING:
            there.abort_hanging(one.transaction.producer, one.transaction.partitions)
        else:
            there.abort([one.name])
    return [one for one, _ in ended]
