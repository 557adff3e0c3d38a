"""Streams with a Python function between mapping and deduplication, on real brokers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from small import Cluster, configured, confluent, record
from streams import case, eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from streams import Case

    from federation.sandbox import Sandbox

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

WRITTEN = record("Sale", id="string", land="string", cents="int")
ORDER = record("Order", id="string", country="string", cents="int", title=("string", ""))
FUNCTIONS = '''\
import pyarrow as pa

NAMES = {"de": "Germany", "fr": "France"}


def named(order):
    """Names the country; test orders are left out."""
    if order["country"] == "test":
        return None
    return {**order, "title": NAMES[order["country"]]}


def named_batch(orders: pa.RecordBatch) -> pa.RecordBatch:
    """The same for batches, which keep their rows."""
    names = [NAMES[one.as_py()] for one in orders["country"]]
    at = orders.schema.get_field_index("title")
    return orders.set_column(at, orders.schema.field(at), pa.array(names, pa.string()))
'''


def test_a_function_enriches_and_what_it_fails_on_is_a_dead_letter(
    sandbox: Sandbox, sandbox_env: Mapping[str, str], unique: Callable[[str], str], tmp_path: Path
) -> None:
    """Records and batches come out changed, in order, once; failures are dead letters; verify agrees.

    A second start goes on where the first one ended.
    """
    eu, hub = (Cluster(sandbox_env, alias) for alias in ("eu", "hub"))
    topic = eu.topic(unique("sales"))
    number = eu.schema(f"{topic}-value", WRITTEN)

    def sale(name: str, land: str, cents: int) -> bytes:
        value = confluent(number, WRITTEN, {"id": name, "land": land, "cents": cents})
        eu.produce(topic, value, key=name.encode(), partition=0, headers=[("trace", b"1")])
        return value

    for n in range(40):
        sale(f"o{n % 4}", "de" if n % 2 else "fr", n)
    unknown = sale("x", "atlantis", 1)
    sale("t", "test", 1)
    sale("o1", "de", 1)  # again: a duplicate
    eu.produce(topic, None, key=b"o0", partition=0)
    sale("o2", "fr", 100)
    streams: dict[str, Any] = {}
    for name, function in (("single", "named"), ("batch", "named_batch")):
        streams[name] = {
            "schema": "schemas/order.avsc",
            "sources": [
                {"cluster": "eu", "topics": [topic], "key_framing": "string",
                 "key": {"id": "."}, "fields": {"country": "land"}}
            ],
            "transform": {"python": f"countries:{function}"},
            "deduplicate": {"key": ["id", "cents"]},
            "target": {"cluster": "hub", "topic": unique(name), "key": ["id"]},
        }  # fmt: skip
    (tmp_path / "countries.py").write_text(FUNCTIONS)
    made = configured(sandbox, tmp_path, "countries", streams, {"order.avsc": ORDER})
    made = replace(made, env={**made.env, "SHOP_TOKEN": "of-nobody's-business"})
    planned = json.loads(made.run("plan", "-o", "json"))["streams"]
    assert [one["transform"]["takes"] for one in planned] == ["records", "batches"]
    assert all(one["transform"]["cost"]["microseconds_per_record"] > 0 for one in planned)

    made.run("start", "--until-caught-up")
    for name, left_out in (("single", "test"), ("batch", "")):
        target = streams[name]["target"]["topic"]
        found = hub.values(target)
        orders: dict[str, list[int]] = {}
        for one in found:
            if one is not None:
                assert one["title"] == {"de": "Germany", "fr": "France"}[one["country"]]
                orders.setdefault(one["id"], []).append(one["cents"])
        assert orders == {
            f"o{n}": [*range(n, 40, 4), *([100] if n == 2 else [])] for n in range(4)
        }  # fmt: skip
        assert found.count(None) == 1
        assert {name for name, _ in hub.read(target)[0].headers()} == {"trace", "fed.origin"}
        dead = {m.value(): dict(m.headers()) for m in hub.read(f"{target}.dead")}
        headers = dead[unknown]
        assert headers["fed.dead.stage"] == b"transform"
        assert headers["fed.dead.reason"] == b"raised"
        assert headers["fed.dead.error"] == b"KeyError: 'atlantis'"
        assert headers["fed.dead.offset"] == b"40"
        assert headers["fed.dead.schema_id"] == str(number).encode()
        assert len(dead) == (1 if left_out else 2)
    (single, batch) = sorted(
        made.status()["streams"], key=lambda one: -one["sources"][0]["filtered"]
    )
    assert [s["sources"][0]["filtered"] for s in (single, batch)] == [1, 0]
    assert [s["sources"][0]["dead_letters"] for s in (single, batch)] == [1, 2]
    assert json.loads(made.run("verify", "--all", "-o", "json"))["verdict"] == "equal"

    sale("o3", "de", 101)
    made.run("start", "--until-caught-up")
    assert hub.values(streams["single"]["target"]["topic"])[-1]["cents"] in (100, 101)
    assert json.loads(made.run("verify", "--all", "-o", "json"))["verdict"] == "equal"

    logs = "".join(one.read_text() for one in (made.state / "logs").iterdir())
    assert "named" in logs
    assert made.env["SHOP_TOKEN"] not in logs  # workers have it, and nobody says so

    # verify calls the function itself: with another one the target is not what it should be
    (tmp_path / "countries.py").write_text(FUNCTIONS.replace("Germany", "Deutschland"))
    said = json.loads(made.run("verify", "--all", "-o", "json", code=3))
    assert "Deutschland" in json.dumps(said)


def test_a_function_comes_and_goes(
    sandbox: Sandbox, sandbox_env: Mapping[str, str], unique: Callable[[str], str], tmp_path: Path
) -> None:
    """A stream that has run goes on from where it was with a function, and without it again."""
    eu, hub = (Cluster(sandbox_env, alias) for alias in ("eu", "hub"))
    topic, target = eu.topic(unique("sales")), unique("all")
    number = eu.schema(f"{topic}-value", ORDER)
    (tmp_path / "naming.py").write_text("def name(order):\n    return {**order, 'title': 'x'}\n")
    stream: dict[str, Any] = {
        "schema": "schemas/order.avsc",
        "sources": [{"cluster": "eu", "topics": [topic]}],
        "target": {"cluster": "hub", "topic": target, "key": ["id"]},
    }
    for cents, transform in enumerate(({}, {"transform": {"python": "naming:name"}}, {})):
        order = {"id": "a", "country": "de", "cents": cents, "title": ""}
        eu.produce(topic, confluent(number, ORDER, order), partition=0)
        streams = {"orders": stream | transform}
        made = configured(sandbox, tmp_path, "going", streams, {"order.avsc": ORDER})
        made.run("start", "--until-caught-up")
    found = [(one["cents"], one["title"]) for one in hub.values(target)]
    assert found == [(0, ""), (1, "x"), (2, "")]


def test_killed_in_mid_stream_with_a_function(sandbox: Sandbox, tmp_path: Path) -> None:
    """A kill -9 loses nothing and doubles nothing behind Python, and leaves no worker running."""
    (tmp_path / "nothing.py").write_text("def nothing(order):\n    return order\n")

    def edit(config: dict[str, Any]) -> None:
        config["run"] = {"checkpoint": "1s"}
        config["streams"]["orders"]["transform"] = {"python": "nothing:nothing"}

    made = case(sandbox, tmp_path, "python", records=60_000, edit=edit)
    with made.running() as process:
        eventually(lambda: _checkpoints(made) > 0 or process.poll() is not None, "a checkpoint")
        assert process.poll() is None, made.log()
        family = psutil.Process(process.pid).children(recursive=True)
        jvms = [one for one in family if one.name() == "java"]
        workers = [one for one in family if "pyflink" in " ".join(one.cmdline())]
        assert workers
        for jvm in jvms:
            jvm.kill()
        process.kill()
        process.wait(timeout=30)
        gone, alive = psutil.wait_procs(workers, timeout=60)
        assert (len(gone), alive) == (len(workers), [])
    made.becomes_true()
    assert json.loads(made.run("verify", "--all", "-o", "json"))["verdict"] == "equal"


def _checkpoints(made: Case) -> int:
    numbers = [s["checkpoint"]["number"] for s in made.status()["streams"] if s["checkpoint"]]
    return max(numbers, default=0)
