"""Secrets of a configuration are seen nowhere else: canaries in its fields, and a search for them."""

from __future__ import annotations

import signal
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import psutil
import pytest
from small import Cluster, configured, confluent, record
from streams import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from streams import Case

    from federation.sandbox import Sandbox

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

ORDER = record("Order", id="string", n="long")
CANARIES = tuple(f"canary-{bird}-7d1f" for bird in ("jaas", "key", "basic", "bearer", "file"))
JAAS, KEY, BASIC, BEARER, FILE = CANARIES
ANSWERS = (
    *("/config", "/overview", "/jobs/overview", "/taskmanagers", "/jobmanager/config"),
    *("/jobmanager/environment", "/jobmanager/metrics", "/jobmanager/logs", "/jobmanager/log"),
    *(f"/jobs/{{job}}{what}" for what in ("", "/config", "/plan", "/exceptions", "/checkpoints")),
)


def _with_secrets(box: Sandbox, folder: Path, topic: str, target: str) -> Case:
    """Clusters that ask for no credentials, and a configuration that gives them some all the same."""
    (folder / "password.txt").write_text(FILE)
    login = "org.apache.kafka.common.security.plain.PlainLoginModule required"
    stream = {
        "schema": "schemas/order.avsc",
        "sources": [{"cluster": "eu", "topics": [topic]}],
        "target": {"cluster": "hub", "topic": target, "key": ["id"]},
    }
    clusters: dict[str, Any] = {
        "eu": {
            "properties": {
                "bootstrap.servers": "${EU_BOOTSTRAP}",
                "security.protocol": "PLAINTEXT",
                "sasl.mechanism": "PLAIN",
                "sasl.jaas.config": f'{login} username="reader" password="{JAAS}";',
                "ssl.key.password": KEY,
            },
            "registry": {"url": "${EU_REGISTRY}", "username": "reader", "password": BASIC},
        },
        "hub": {
            "properties": {
                "bootstrap.servers": "${HUB_BOOTSTRAP}",
                "ssl.key.password": "${file:password.txt}",
            },
            "registry": {"url": "${HUB_REGISTRY}", "token": BEARER},
        },
    }
    made = configured(
        box, folder, "secrets", {"orders": stream}, {"order.avsc": ORDER}, clusters=clusters
    )
    return replace(made, cli=(*made.cli, "--verbose"))


def _answers(status: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    (stream,) = status["streams"]
    with httpx.Client(base_url=f"http://127.0.0.1:{stream['rest_port']}", timeout=30) as rest:
        for path in ANSWERS:
            where = path.format(job=stream["job_id"])
            yield where, rest.get(where).content


def test_canaries_are_seen_nowhere(
    sandbox: Sandbox, sandbox_env: Mapping[str, str], unique: Callable[[str], str], tmp_path: Path
) -> None:
    """No log, report, REST answer, argument list, checkpoint or other file of state has a secret."""
    eu = Cluster(sandbox_env, "eu")
    topic, target = eu.topic(unique("secret")), unique("all")
    number = eu.schema(f"{topic}-value", ORDER)
    eu.produce(topic, confluent(number, ORDER, {"id": "a", "n": 1}))
    eu.produce(topic, b"no record")
    made = _with_secrets(sandbox, tmp_path, topic, target)
    seen: dict[str, bytes] = {"plan": made.run("plan", "-o", "json").encode()}
    with made.running() as process:
        eventually(made.checkpoint, "a checkpoint", 120)
        seen |= dict(_answers(made.status()))
        seen["status"] = made.run("status", "-o", "json").encode()
        seen["verify"] = made.run("verify", "-o", "json").encode()
        me = psutil.Process(process.pid)
        for one in (me, *me.children(recursive=True)):
            seen[f"arguments of {one.pid}"] = " ".join(one.cmdline()).encode()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=120) == 0, made.log()
    seen["start"] = made.log().encode()
    files = [file for file in made.state.rglob("*") if file.is_file()]
    seen |= {str(file): file.read_bytes() for file in files}
    assert any("checkpoints/" in name or "savepoint/" in name for name in seen)
    assert any(name.endswith("flink.log") for name in seen)
    assert seen["/jobmanager/environment"].startswith(b"{")
    found = [(name, c) for name, text in seen.items() for c in CANARIES if c.encode() in text]
    assert found == []
