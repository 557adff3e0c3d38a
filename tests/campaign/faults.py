"""The faults of a campaign; each makes sure that it bites, and heals what it broke."""

from __future__ import annotations

import os
import signal
import socket
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psutil
from confluent_kafka import Producer
from streams import eventually, frozen
from window import fence, in_the_window, pending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from random import Random

    from streams import Case
    from supervisor import Gateway

    from federation.sandbox import Sandbox

SOURCES = ("eu", "us")


@dataclass
class World:
    """What a fault may lay hands on."""

    box: Sandbox
    made: Case
    gateway: Gateway
    topics: Mapping[str, str]
    random: Random

    def wait(self, least: float, most: float) -> None:
        """Let a fault last; its length belongs to the schedule."""
        time.sleep(self.random.uniform(least, most))

    def node(self, name: str) -> int:
        """The process of a node, as ``eu/broker``."""
        (found,) = (one.pid for one in self.box.status() if one.node == name)
        assert found is not None, f"{name} is down already"
        return found


@dataclass(frozen=True)
class Fault:
    """One kind of fault.

    Attributes:
        name: as in the ledger.
        touches: source clusters whose records may be late because of it.
        inject: does it; the block is the time in which it lasts, its end heals it.
    """

    name: str
    touches: tuple[str, ...]
    inject: Callable[[World], AbstractContextManager[None]]


def _gone(pid: int) -> None:
    """The fault bites: the process is there no more."""

    def ended() -> bool:
        return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE

    with suppress(psutil.NoSuchProcess):
        eventually(ended, f"the end of process {pid}", 30)


def _refuses(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@contextmanager
def _gateway_killed(world: World) -> Iterator[None]:
    pid = world.gateway.pid
    world.gateway.kill()
    _gone(pid)
    yield


@contextmanager
def _python_killed(world: World) -> Iterator[None]:
    """The JVM of the streams is left to itself and has to end by itself."""
    pid, jvm = world.gateway.pid, world.gateway.jvm
    os.kill(pid, signal.SIGKILL)
    world.gateway.ended()
    _gone(jvm)
    yield


@contextmanager
def _jvm_killed(world: World) -> Iterator[None]:
    jvm = world.gateway.jvm
    os.kill(jvm, signal.SIGKILL)
    _gone(jvm)
    yield


@contextmanager
def _jvm_paused(world: World) -> Iterator[None]:
    with frozen(world.gateway.jvm):
        world.wait(2, 8)
    yield


@contextmanager
def _killed_in_window(world: World) -> Iterator[None]:
    """Killed between a checkpoint and its commit; the brokers abort none, some or all of it."""
    with in_the_window(world.made) as transactions:
        world.gateway.kill()
    lost = [one for one in transactions if world.random.random() < 0.6]
    fence(world.made, *lost)
    fates = pending(world.made)
    assert all(fates[one] == "aborted" for one in lost), fates
    yield


@contextmanager
def _zombie(world: World) -> Iterator[None]:
    """Frozen in the commit window for longer than its transactions live; then it wakes up."""
    with in_the_window(world.made) as transactions:
        fence(world.made, *transactions)
        assert set(pending(world.made).values()) == {"aborted"}
    yield


@contextmanager
def _restarted(world: World) -> Iterator[None]:
    world.gateway.interrupt()
    world.gateway.ended()
    yield


def _other_tasks(config: dict[str, Any]) -> None:
    """One task becomes two, and two one."""
    config["run"]["parallelism"] = 3 - config["run"]["parallelism"]


@contextmanager
def _rescaled(world: World) -> Iterator[None]:
    with _restarted(world):
        world.made.edit(_other_tasks)
    yield


def _in_processes(config: dict[str, Any]) -> None:
    config["run"]["task_managers"] = 2


def _in_one_jvm(config: dict[str, Any]) -> None:
    del config["run"]["task_managers"]


def _process_killed(name: str) -> Callable[[World], AbstractContextManager[None]]:
    """Started again as a cluster of processes, one of which is killed; in one JVM thereafter."""

    @contextmanager
    def block(world: World) -> Iterator[None]:
        with _restarted(world):
            world.made.edit(_in_processes)
        try:
            world.gateway.revive()
            pid = world.made.status()["processes"][name]
            world.wait(0, 3)
            os.kill(pid, signal.SIGKILL)
            _gone(pid)
            world.gateway.revive()
            world.wait(0, 8)
            with _restarted(world):
                pass
        finally:
            world.made.edit(_in_one_jvm)
        yield

    return block


@contextmanager
def _killed_in_savepoint(world: World) -> Iterator[None]:
    world.gateway.interrupt()
    world.wait(0, 1)
    world.gateway.kill()
    yield


@contextmanager
def _killed_while_starting(world: World) -> Iterator[None]:
    """Killed, and killed again at any moment of its way back."""
    world.gateway.kill()
    world.gateway.launch()
    world.wait(0.5, 8)
    world.gateway.kill()
    yield


@contextmanager
def _without(world: World, node: str) -> Iterator[None]:
    """A node is killed; the block is the time in which it is away."""
    pid = world.node(node)
    cluster, kind = node.split("/")
    port = world.box.clusters()[cluster].ports[kind]
    os.kill(pid, signal.SIGKILL)
    try:
        _gone(pid)
        eventually(lambda: _refuses(port), f"{node} to answer no more", 10)
        yield
    finally:
        world.box.up(())


def _down(node: str) -> Callable[[World], AbstractContextManager[None]]:
    @contextmanager
    def inject(world: World) -> Iterator[None]:
        with _without(world, node):
            world.wait(1, 6)
        yield

    return inject


def _hangs(node: str) -> Callable[[World], AbstractContextManager[None]]:
    @contextmanager
    def inject(world: World) -> Iterator[None]:
        with frozen(world.node(node)):
            world.wait(2, 8)
        yield

    return inject


@contextmanager
def _target_and_gateway_killed(world: World) -> Iterator[None]:
    with _without(world, "hub/broker"):
        world.gateway.kill()
        world.wait(1, 6)
    yield


@contextmanager
def _gateway_killed_while_source_is_down(world: World) -> Iterator[None]:
    """It comes back without one of its sources, which follows later."""
    with _without(world, "us/broker"):
        world.gateway.kill()
        world.gateway.revive()
    yield


def _aborted(cluster: str) -> Callable[[World], AbstractContextManager[None]]:
    @contextmanager
    def inject(world: World) -> Iterator[None]:
        """A transaction in a source topic that is aborted: nothing of it may be seen anywhere."""
        name = f"upstream.{world.made.state.name}.{time.monotonic_ns()}"
        producer = _begun(world, cluster, world.topics[cluster], name)
        world.wait(0, 2)
        producer.abort_transaction(30)
        yield

    return inject


@contextmanager
def _orphaned(world: World) -> Iterator[None]:
    """A transaction with the gateway's prefix is left open at the target: it hides what follows."""
    world.gateway.kill()
    orphan = _begun(world, "hub", world.made.target, f"fed.{world.made.state.name}.orders.orphan")
    yield
    del orphan  # it lives until records flow again


def _begun(world: World, cluster: str, topic: str, name: str) -> Producer:
    """An open transaction of that id with some records that never happened."""
    producer = Producer(
        {
            "bootstrap.servers": world.made.env[f"{cluster.upper()}_BOOTSTRAP"],
            "transactional.id": name,
            "log_level": 0,
        }
    )
    producer.init_transactions(30)
    producer.begin_transaction()
    for n in range(50):
        producer.produce(topic, b"never happened", b"%d" % n)
    assert producer.flush(30) == 0
    return producer


ALL = (
    Fault("gateway killed", SOURCES, _gateway_killed),
    Fault("Python killed", SOURCES, _python_killed),
    Fault("JVM killed", SOURCES, _jvm_killed),
    Fault("JVM paused", SOURCES, _jvm_paused),
    Fault("killed in the commit window", SOURCES, _killed_in_window),
    Fault("zombie", SOURCES, _zombie),
    Fault("restarted", SOURCES, _restarted),
    Fault("rescaled", SOURCES, _rescaled),
    Fault("killed in a savepoint", SOURCES, _killed_in_savepoint),
    Fault("killed while starting", SOURCES, _killed_while_starting),
    Fault("TaskManager killed", SOURCES, _process_killed("taskmanager-1")),
    Fault("JobManager killed", SOURCES, _process_killed("jobmanager")),
    Fault("orphaned transaction", SOURCES, _orphaned),
    *(Fault(f"source {name} killed", (name,), _down(f"{name}/broker")) for name in SOURCES),
    *(Fault(f"source {name} hangs", (name,), _hangs(f"{name}/broker")) for name in SOURCES),
    *(Fault(f"registry {name} killed", (), _down(f"{name}/registry")) for name in SOURCES),
    *(Fault(f"upstream abort {name}", (name,), _aborted(name)) for name in SOURCES),
    Fault("target killed", SOURCES, _down("hub/broker")),
    Fault("target hangs", SOURCES, _hangs("hub/broker")),
    Fault("target and gateway killed", SOURCES, _target_and_gateway_killed),
    Fault("gateway killed while us is down", SOURCES, _gateway_killed_while_source_is_down),
)


def by_name(name: str) -> Fault:
    """The fault of that name."""
    return next(fault for fault in ALL if fault.name == name)
