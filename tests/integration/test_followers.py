"""Several targets: every follower holds what the primary holds, and one that is away delays nobody."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest
from followers import copy_of, followed, held, same
from small import Cluster
from streams import case, eventually, kill, producing, quick

if TYPE_CHECKING:
    from pathlib import Path

    from federation.sandbox import Sandbox

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]


def _quickly(config: dict[str, Any]) -> None:
    quick()(config)
    followed(config)


def test_every_target_holds_the_same(sandbox: Sandbox, tmp_path: Path) -> None:
    """A follower gets every record, once, in its key's order, with all that it carries.

    That is so of records that its own cluster had before, of delete markers, and after a
    ``kill -9`` of the gateway; ``verify`` says it of both.
    """
    made = case(sandbox, tmp_path, "followed", records=5_000, edit=_quickly)
    made.run("start", "--until-caught-up")
    assert same(sandbox, made)
    with producing(sandbox, made, rate=400), made.running() as process:
        eventually(lambda: made.checkpoint(process.pid), "a checkpoint")
        before = len(held(made, "eu", copy_of(made)))
        eventually(lambda: len(held(made, "eu", copy_of(made))) > before, "new records")
        kill(process.pid)
    made.run("start", "--until-caught-up")
    assert made.verdict().faults() == {}
    assert same(sandbox, made)
    found = json.loads(made.run("verify", "--all", "-o", "json"))
    assert found["verdict"] == "equal"


def test_a_follower_that_is_away_delays_nobody(fragile: Sandbox, tmp_path: Path) -> None:
    """The primary's records keep arriving, status says which stream waits for what within 10 s.

    It is so at a start, too; when the follower's cluster is back, it gets what it lacks.
    """

    def from_us_alone(config: dict[str, Any]) -> None:
        _quickly(config)
        (stream,) = config["streams"].values()
        stream["sources"] = [one for one in stream["sources"] if one["cluster"] == "us"]

    made = case(fragile, tmp_path, "away", records=2_000, edit=from_us_alone)
    made.run("start", "--until-caught-up")

    hub = Cluster(made.env, "hub")
    broker = next(one.pid for one in fragile.status() if one.node == "eu/broker")
    assert broker is not None

    def primary_flows() -> None:
        before = len(hub.read(made.target))
        eventually(lambda: len(hub.read(made.target)) > before, "records at the primary", 10)

    def follower() -> dict[str, Any]:
        primary, found = made.status()["streams"]
        assert (primary["state"], primary["restarts"]) == ("RUNNING", 0)
        return found

    with producing(fragile, made, rate=100):
        with made.running() as process:
            eventually(lambda: made.checkpoint(process.pid), "both run")
            eventually(lambda: follower()["state"] == "RUNNING", "both run")
            os.kill(broker, signal.SIGKILL)
            eventually(lambda: follower()["state"] != "RUNNING", "said", 10)
            assert follower()["target"]["error"].startswith("cluster eu ")
            primary_flows()
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=240) == 0, made.log()
        with made.running() as process:
            eventually(lambda: made.checkpoint(process.pid), "the primary's stream starts")
            primary_flows()
            assert follower()["state"] == "DEGRADED"
            fragile.up(())
            eventually(lambda: follower()["state"] == "RUNNING", "the follower's stream starts")
    made.run("start", "--until-caught-up")
    assert same(fragile, made)
