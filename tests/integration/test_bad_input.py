"""What a person gets wrong, and what the command line says to it: one clear message, no trace."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from confluent_kafka.admin import NewTopic
from guarded import guarded_broker, login

from federation.kafka.clients import reach, wait
from federation.sandbox.seed import seed
from federation.schemas.registry import Access, connect_target

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from federation.sandbox import Sandbox

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

NOWHERE = "127.0.0.1:1"
FIELDS = [
    {"name": "order_id", "type": "string"},
    {"name": "amount", "type": "double"},
    {"name": "note", "type": "string", "default": ""},
]
CONTRACT = {"type": "record", "name": "Order", "fields": FIELDS}
EU = {"type": "record", "name": "Order", "fields": FIELDS[:2]}
US = {
    "type": "record",
    "name": "Event",
    "fields": [{"name": "id", "type": "long"}, {"name": "total", "type": "float"}],
}
CONFIG = """\
version: 1
federation: wrong
clusters:
  eu:
    properties: {bootstrap.servers: "${EU_BOOTSTRAP}"}
    registry: {url: "${EU_REGISTRY}"}
  us:
    properties: {bootstrap.servers: "${US_BOOTSTRAP}"}
    registry: {url: "${US_REGISTRY}"}
  hub:
    properties: {bootstrap.servers: "${HUB_BOOTSTRAP}"}
    registry: {url: "${HUB_REGISTRY}"}
streams:
  orders:
    schema: order.avsc
    sources:
      - cluster: eu
        topics: [wrong.orders]
      - cluster: us
        topics: [wrong.order_events]
        key: {order_id: id}
        fields: {order_id: id, amount: total}
    target:
      cluster: hub
      topic: wrong.unified
      key: [order_id]
run: {parallelism: 1, checkpoint: 1s}
"""


@dataclass(frozen=True)
class Answer:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def messages(self) -> list[str]:
        """The lines on stderr that are neither warnings nor log lines."""
        return [
            line for line in self.stderr.splitlines() if not line.startswith(("warning: ", "{"))
        ]


@dataclass(frozen=True)
class Shop:
    """Empty source topics with their schemas, and the addresses of their clusters."""

    env: Mapping[str, str]

    def write(self, folder: Path, text: str = CONFIG) -> Path:
        """A configuration in a folder of its own."""
        (folder / "order.avsc").write_text(json.dumps(CONTRACT))
        (folder / "wrong.yaml").write_text(text)
        return folder / "wrong.yaml"

    def ask(self, *arguments: str | Path, env: Mapping[str, str] | None = None) -> Answer:
        """Run a command as a person does; what it wrote has no stack trace."""
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "federation", *map(str, arguments)],
            env={**os.environ, **self.env, **(env or {})},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        seconds = time.monotonic() - began
        assert "Traceback" not in done.stderr, done.stderr
        return Answer(done.returncode, done.stdout, done.stderr, seconds)

    def made(self) -> set[str]:
        """The topics and subjects of this module at the target."""
        hub = reach("hub", {"bootstrap.servers": self.env["HUB_BOOTSTRAP"]})
        with connect_target(Access(self.env["HUB_REGISTRY"])) as registry:
            names = [*hub.admin.list_topics(timeout=10).topics, *registry.subjects()]
        return {name for name in names if name.startswith("wrong.")}


@pytest.fixture(scope="module")
def shop(sandbox: Sandbox) -> Shop:
    """Sources as they should be."""
    env = sandbox.env()
    for alias, topic, schema, key in (
        ("eu", "wrong.orders", EU, "order_id"),
        ("us", "wrong.order_events", US, "id"),
    ):
        cluster = reach(alias, {"bootstrap.servers": env[f"{alias.upper()}_BOOTSTRAP"]})
        new = NewTopic(topic, 2, 1)
        wait(cluster.admin.create_topics([new])[topic], "topic cannot be created", alias)
        key_schema = {
            "type": "record",
            "name": "Key",
            "fields": [{"name": key, "type": "string"}],
        }
        with connect_target(Access(env[f"{alias.upper()}_REGISTRY"])) as registry:
            registry.register(f"{topic}-value", schema)
            registry.register(f"{topic}-key", key_schema)
    return Shop(env)


@dataclass(frozen=True)
class Mistake:
    """One wrong thing: how the file or the environment differ, and what has to be said."""

    name: str
    said: tuple[str, ...]  # in one line, in this order
    old: str = ""
    new: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    messages: int = 1


FORM = [
    Mistake(
        "an unknown field",
        ("wrong.yaml:18:9: ", "topcs", "did you mean `topics`"),
        old="topics: [wrong.orders]",
        new="topcs: [wrong.orders]",
    ),
    Mistake(
        "a type mismatch",
        ("wrong.yaml:27:20: ", "many"),
        old="parallelism: 1",
        new="parallelism: many",
    ),
    Mistake(
        "an undefined variable",
        ("wrong.yaml:8:37: ", "variable US_BROKERS is not set", "export US_BROKERS="),
        old="US_BOOTSTRAP",
        new="US_BROKERS",
    ),
    Mistake(
        "a key given twice",
        ("wrong.yaml:26:7: ", "duplicate key `topic`", "wrong.yaml:25:7"),
        old="      topic: wrong.unified\n",
        new="      topic: wrong.unified\n      topic: wrong.other\n",
    ),
    Mistake(
        "a list instead of a mapping",
        ("wrong.yaml: ", "not a mapping"),
        old=CONFIG,
        new="- eu\n- us\n",
    ),
    Mistake("an empty file", ("wrong.yaml: ", "empty", "federation init"), old=CONFIG, new=""),
    Mistake(
        "a tab",
        ("wrong.yaml:5:",),
        old='    properties: {bootstrap.servers: "${EU_BOOTSTRAP}"}\n',
        new='\tproperties: {bootstrap.servers: "${EU_BOOTSTRAP}"}\n',
    ),
    Mistake(
        "an unknown cluster",
        ("wrong.yaml:17:18: ", "unknown cluster `ue`", "eu, us, hub"),
        old="- cluster: eu",
        new="- cluster: ue",
    ),
    Mistake(
        "a contract that is not there",
        ("wrong.yaml:15:13: ", "ordr.avsc"),
        old="schema: order.avsc",
        new="schema: ordr.avsc",
    ),
    Mistake(
        "a key that the contract lacks",
        ("wrong.yaml:26:13: ", "order_no", "did you mean `order_id`"),
        old="key: [order_id]",
        new="key: [order_no]",
        messages=2,  # and that the key of a source names a field that the target's has not
    ),
    Mistake(
        "a stream that reads what it writes",
        ("wrong.yaml:18:18: ", "wrong.orders", "both a source and the target"),
        old="cluster: hub\n      topic: wrong.unified",
        new="cluster: eu\n      topic: wrong.orders",
    ),
]

CLUSTERS = [
    Mistake(
        "a closed port",
        ("wrong.yaml:8:5: cluster us (127.0.0.1:1)", "did not answer", "bootstrap.servers"),
        env={"US_BOOTSTRAP": NOWHERE},
    ),
    Mistake(
        "an unknown topic",
        ("wrong.yaml:18:18: cluster eu has no topic wrong.ordres", "wrong.orders"),
        old="[wrong.orders]",
        new="[wrong.ordres]",
    ),
    Mistake(
        "no registry",
        ("wrong.yaml:", "us", "registry"),
        old='    registry: {url: "${US_REGISTRY}"}\n',
        new="",
    ),
    Mistake(
        "a registry that is down",
        ("wrong.yaml:9:5: http://127.0.0.1:1", "does not answer", "check"),
        env={"US_REGISTRY": f"http://{NOWHERE}/apis/ccompat/v7"},
    ),
    Mistake(
        "a registry's wrong path",
        ("wrong.yaml:9:5: ", "/apis/nothing", "path"),
        old="${US_REGISTRY}",
        new="${US_REGISTRY}/apis/nothing",
    ),
    Mistake(
        "a contract that a source cannot meet",
        ("wrong.yaml:", "wrong.order_events-value version 1", "field amount"),
        old="fields: {order_id: id, amount: total}",
        new="fields: {order_id: id}",
    ),
    Mistake(
        "a path that no schema has",
        ("wrong.yaml:22:", "amount", "totla", "total"),
        old="amount: total",
        new="amount: totla",
    ),
    Mistake(
        "one cluster by two names",
        ("wrong.yaml:19:18: us and eu are one cluster", "one alias"),
        env={"US_BOOTSTRAP": "", "US_REGISTRY": ""},  # those of eu: see below
        messages=-1,  # the other cluster's topic is not there either
    ),
]


@pytest.mark.parametrize("command", ["lint", "plan", "start"])
@pytest.mark.parametrize("wrong", FORM, ids=lambda one: one.name)
def test_a_mistake_of_the_file(shop: Shop, tmp_path: Path, wrong: Mistake, command: str) -> None:
    """What is wrong in the file is told by line and column, by every command alike."""
    _refused(shop, tmp_path, wrong, command)


@pytest.mark.parametrize("command", ["plan", "start"])
@pytest.mark.parametrize("wrong", CLUSTERS, ids=lambda one: one.name)
def test_what_the_clusters_do_not_have(
    shop: Shop, tmp_path: Path, wrong: Mistake, command: str
) -> None:
    """What clusters and registries refuse is told with its place, and nothing is created."""
    _refused(shop, tmp_path, wrong, command)


def _refused(shop: Shop, folder: Path, wrong: Mistake, command: str) -> None:
    assert not wrong.old or wrong.old in CONFIG
    text = CONFIG.replace(wrong.old, wrong.new) if wrong.old else CONFIG
    file = shop.write(folder, text)
    same = {name: value or shop.env[name.replace("US", "EU")] for name, value in wrong.env.items()}
    answer = shop.ask(command, "-c", file, env=same)
    assert (answer.code, answer.stdout) == (1, "")
    pattern = ".*".join(map(re.escape, wrong.said))
    assert any(re.search(pattern, line) for line in answer.messages), answer.stderr
    assert wrong.messages < 0 or len(answer.messages) == wrong.messages, answer.stderr
    assert answer.seconds < 15
    assert shop.made() == set()
    assert not (folder / ".federation").exists()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a broker that asks for a login."""
    with guarded_broker(tmp_path_factory.mktemp("guarded")) as bootstrap:
        yield bootstrap


@pytest.mark.parametrize("command", ["plan", "start"])
def test_wrong_credentials(shop: Shop, tmp_path: Path, guarded: str, command: str) -> None:
    """A refused login is told at once, with the cluster's place, and the password never shows."""
    properties = json.dumps(login(guarded, word="wrongpassword"))
    line = '    properties: {bootstrap.servers: "${US_BOOTSTRAP}"}\n'
    text = CONFIG.replace(line, f"    properties: {properties}\n")
    answer = shop.ask(command, "-c", shop.write(tmp_path, text))
    assert answer.code == 1
    (message,) = answer.messages
    assert f"wrong.yaml:8:5: cluster us ({guarded}): the cluster refuses the credentials" in message
    assert "sasl.jaas.config" in message
    assert "wrongpassword" not in answer.stderr
    assert answer.seconds < 15
    assert shop.made() == set()


@pytest.mark.parametrize("command", ["plan", "start"])
def test_a_registry_that_refuses_the_contract(shop: Shop, tmp_path: Path, command: str) -> None:
    """An incompatible subject at the target is a refusal that names subject and reason."""
    text = CONFIG.replace("wrong.unified", "taken.unified")
    other = {**CONTRACT, "fields": [{"name": "order_id", "type": "int"}]}
    with connect_target(Access(shop.env["HUB_REGISTRY"])) as registry:
        registry.register("taken.unified-value", other)
    answer = shop.ask(command, "-c", shop.write(tmp_path, text))
    assert answer.code == 1
    (message,) = answer.messages
    assert "wrong.yaml:" in message
    assert "refuses the schema for taken.unified-value" in message
    hub = reach("hub", {"bootstrap.servers": shop.env["HUB_BOOTSTRAP"]})
    assert "taken.unified" not in hub.admin.list_topics(timeout=10).topics


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("plan", "-c", "nowhere.yaml"), "'nowhere.yaml' does not exist"),
        (("start", "-c", "nowhere.yaml"), "'nowhere.yaml' does not exist"),
        (("plan", "-c", "."), "is a directory"),
        (("plan",), "Missing option '-c' / '--config'"),
        (("start", "--detatch"), "Did you mean '--detach'?"),
        (("strat",), "Did you mean 'start'?"),
        (("plan", "-o", "yaml"), "'table', 'json', 'jsonl'"),
        (("trace", "-c", __file__, "orders"), "topic-partition@offset"),
        (("sandbox", "seed", "--records", "none"), "not a valid integer"),
        (("sandbox", "seed", "--truth", "nowhere/t.gz"), "there is no folder nowhere"),
        (("verify", "-c", __file__, "--report", "nowhere/r.html"), "there is no folder nowhere"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else "",
)
def test_wrong_usage(shop: Shop, arguments: tuple[str, ...], said: str) -> None:
    """A wrong option, command or file is usage: exit code 2, with what is allowed or nearest."""
    answer = shop.ask(*arguments)
    assert (answer.code, answer.stdout) == (2, "")
    assert said in " ".join(answer.stderr.split())
    assert answer.seconds < 15


def test_errors_are_json_where_json_is_asked_for(shop: Shop, tmp_path: Path) -> None:
    """With -o json a refusal is one JSON line on stderr, and stdout stays empty."""
    file = shop.write(tmp_path, CONFIG.replace("US_BOOTSTRAP", "US_BROKERS"))
    answer = shop.ask("plan", "-c", file, "-o", "json")
    assert (answer.code, answer.stdout) == (1, "")
    (finding,) = (json.loads(line) for line in answer.stderr.splitlines())
    assert set(finding) == {"what", "where", "hint", "severity"}


@pytest.mark.parametrize("options", [(), ("--detach",)], ids=["foreground", "detached"])
def test_a_state_folder_that_cannot_be(
    shop: Shop, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """Where state cannot be kept nothing starts and nothing is created; the folder is named."""
    (tmp_path / "file").write_text("in the way")
    file = shop.write(tmp_path, CONFIG.replace("run: {", "run: {state: file/state, "))
    answer = shop.ask("start", "-c", file, *options)
    assert answer.code == 1
    (message,) = answer.messages
    assert f"{tmp_path}/file/state: the state folder cannot be written" in message
    assert "run.state" in message
    assert shop.made() == set()


def test_empty_topics_start_wait_and_are_caught_up(shop: Shop, tmp_path: Path) -> None:
    """A stream of empty topics is no error: it says so, runs, and is caught up with nothing."""
    file = shop.write(tmp_path, CONFIG.replace("wrong.unified", "empty.unified"))
    answer = shop.ask("start", "-c", file, "--until-caught-up", "-o", "json")
    assert answer.code == 0, answer.stderr
    warnings = [json.loads(line) for line in answer.stderr.splitlines()]
    assert sum("is empty" in one.get("what", "") for one in warnings) == 2
    (stream,) = json.loads(answer.stdout)["streams"]
    assert [source["lag"] for source in stream["sources"]] == [0, 0]
    assert stream["savepoint"]


def test_a_strangers_walk(sandbox: Sandbox, shop: Shop, tmp_path: Path) -> None:
    """What init writes runs on a seeded sandbox as it stands, and verify agrees."""
    seed(sandbox, "orders", records=2_000, truth=tmp_path / "truth.gz", prefix="walk.")
    assert shop.ask("init", tmp_path).code == 0
    file = tmp_path / "federation.yaml"
    for topic in ("orders]", "order_events]", "orders.unified", "orders.dead"):
        file.write_text(re.sub(rf"(?<=[ \[]){re.escape(topic)}", f"walk.{topic}", file.read_text()))
    for command in (("lint",), ("plan",), ("start", "--until-caught-up"), ("verify", "--all")):
        answer = shop.ask(command[0], "-c", file, *command[1:])
        assert answer.code == 0, f"{command}: {answer.stderr}"
        assert answer.messages == []
    without = dict.fromkeys(shop.env, "")
    assert "STOPPED" in shop.ask("status", "-c", file, env=without).stdout
