"""Registries as they are: Apicurio's own ids, references, and one that is away."""

from __future__ import annotations

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import httpx
import pytest
from glue_server import CREDENTIALS, REGION, Owner, glue_server
from small import Cluster, avro, configured, confluent, record

from federation.config.connections import Registry
from federation.plan.registries import access
from federation.schemas import codec
from federation.schemas.ids import SchemaId
from federation.schemas.refusal import UnknownSchemaId
from federation.schemas.registry import Access, Referred, connect, connect_target

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.integration

MONEY = record("shop.Money", cents="long", currency="string")
LINE = record("shop.Line", price="shop.Money")
ORDER = record("shop.Order", id="string", total="shop.Money", line="shop.Line")
SALE = record(
    "eu.Sale",
    id="string",
    total=record("eu.Amount", cents="long", currency="string"),
    line=record("eu.Item", price="eu.Amount"),
)


@pytest.fixture
def diamond(sandbox_env, unique):
    """A schema that draws in Money twice, in a real Apicurio: its subjects and its id."""
    url, names = sandbox_env["EU_REGISTRY"], [unique(one) for one in ("money", "line", "order")]
    with connect_target(Access(url)) as registry:
        registry.register(names[0], MONEY)
        money = Referred("shop.Money", names[0], 1)
        registry.register(names[1], LINE, [money])
        line = Referred("shop.Line", names[1], 1)
        return url, names, registry.register(names[2], ORDER, [line, money])


@pytest.mark.parametrize("api", ["", "/apis/ccompat/v7", "/apis/registry/v3", "/apis/registry/v2"])
def test_apicurios_own_ids(diamond, api):
    """Global and content ids find the schema that Confluent's number means, references inlined."""
    url, names, number = diamond
    server = url.partition("/apis/")[0]
    about = f"{server}/apis/registry/v3/groups/default/artifacts/{names[2]}/versions/1"
    said = httpx.get(about).json()
    with connect(access(Registry(type="apicurio", url=server + api))) as registry:
        wanted = registry.schema_by_id(number).fingerprint
        assert registry.schema(SchemaId("global", said["globalId"])).fingerprint == wanted
        assert registry.schema(SchemaId("content", said["contentId"])).fingerprint == wanted
        for kind in ("global", "content", "id"):
            with pytest.raises(UnknownSchemaId):
                registry.schema(SchemaId(kind, 2_000_000_000))
        with pytest.raises(UnknownSchemaId):  # Apicurio has no such names
            registry.schema(SchemaId("guid", uuid4()))


CONTRACT = {"file": "schemas/order.avsc", "references": ["schemas/line.avsc", "schemas/money.avsc"]}
FILES = {"order.avsc": ORDER, "line.avsc": LINE, "money.avsc": MONEY}


def stream(eu, hub, **more):
    """A stream of orders from the cluster eu."""
    return {
        "schema": CONTRACT,
        "sources": [{"cluster": "eu", "topics": [eu]}],
        "target": {"cluster": "hub", "topic": hub, "key": ["id"], "subjects": "topic-record"},
        **more,
    }


def sales(cluster, topic, *names):
    """Write sales, each with its name for an id; the schema's number."""
    number = cluster.schema(f"{topic}-value", SALE)
    amount = {"cents": 5, "currency": "EUR"}
    for name in names:
        datum = {"id": name, "total": amount, "line": {"price": amount}}
        cluster.produce(topic, confluent(number, SALE, datum), key=name.encode())
    return number


def test_a_contract_in_several_files(sandbox, sandbox_env, unique, tmp_path):
    """Referenced types are registered under their names and referred to; the proof holds."""
    eu, hub = (Cluster(sandbox_env, alias) for alias in ("eu", "hub"))
    topic, target = eu.topic(unique("sales")), unique("orders")
    sales(eu, topic, "a", "b", "c")
    made = configured(sandbox, tmp_path, "parted", {"orders": stream(topic, target)}, FILES)
    assert "registers" in made.run("plan")
    made.run("start", "--until-caught-up")
    made.run("verify")
    assert "registers" not in made.run("plan")
    with connect(Access(hub.registry)) as registry:
        ids = {int.from_bytes(message.value()[1:5], "big") for message in hub.read(target)}
        (number,) = ids
        schema = registry.schema_by_id(number)
        orders = [codec.decode(schema, m.value()[5:])["id"] for m in hub.read(target)]
    assert sorted(orders) == ["a", "b", "c"]
    text = httpx.get(f"{hub.registry}/schemas/ids/{number}").json()
    assert {one["subject"] for one in text["references"]} == {"shop.Line", "shop.Money"}
    assert f"{target}-shop.Order" in httpx.get(f"{hub.registry}/subjects").json()


def test_a_reference_that_the_registry_refuses(sandbox, sandbox_env, unique, tmp_path):
    """A referenced type is held to its own subject's level before anything is registered."""
    eu, hub = (Cluster(sandbox_env, alias) for alias in ("eu", "hub"))
    name = f"T{uuid4().hex[:8]}"
    hub.schema(f"shop.{name}", record(f"shop.{name}", cents="long"))
    topic, target = eu.topic(unique("sales")), unique("orders")
    sales(eu, topic, "a")
    more = {"schema": {"file": "schemas/order.avsc", "references": ["schemas/part.avsc"]}}
    files = {
        "order.avsc": record("shop.Order", id="string", part=f"shop.{name}"),
        "part.avsc": record(f"shop.{name}", cents="string"),
    }
    made = configured(sandbox, tmp_path, "refused", {"o": stream(topic, target, **more)}, files)
    made.run("plan", code=1)
    assert target not in "".join(httpx.get(f"{hub.registry}/subjects").json())


class Door:
    """A way to a registry that can be shut, at one address."""

    def __init__(self, to: str) -> None:
        self.to = to
        self.port = 0
        self.asked: list[str] = []

    @contextmanager
    def open(self) -> Iterator[str]:
        """The address, until the end of the block."""
        to, asked = self.to, self.asked

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                asked.append(self.path)
                given = {"Content-Type": "application/json"}
                answer = httpx.request(self.command, to + self.path, content=body, headers=given)
                self.send_response(answer.status_code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            do_POST = do_GET  # noqa: N815 - the name that http.server calls

            def log_message(self, *_: object) -> None:
                """Nothing: the test asserts what came of it."""

        with ThreadingHTTPServer(("127.0.0.1", self.port), Handler) as server:
            self.port = server.server_port
            thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
            thread.start()
            try:
                yield f"http://127.0.0.1:{self.port}"
            finally:
                server.shutdown()
                thread.join()


def test_a_registry_that_is_away_at_a_restart(sandbox, sandbox_env, unique, tmp_path):
    """After a first run, streams start and go on without their registries, for known schemas."""
    eu, hub = (Cluster(sandbox_env, alias) for alias in ("eu", "hub"))
    topic, target = eu.topic(unique("sales")), unique("orders")
    number = sales(eu, topic, "a", "b", "c")
    made = configured(sandbox, tmp_path, "away", {"orders": stream(topic, target)}, FILES)
    doors = {alias: Door(one.registry) for alias, one in (("eu", eu), ("hub", hub))}

    def reach(**urls: str) -> None:
        made.env.update({f"{alias.upper()}_REGISTRY": url for alias, url in urls.items()})

    with doors["eu"].open() as one, doors["hub"].open() as other:
        reach(eu=one, hub=other)
        made.run("plan")
        assert not made.state.joinpath("registries.json").exists()
        made.run("start", "--until-caught-up")
    assert doors["eu"].asked.count(f"/schemas/ids/{number}") == 1  # for all tasks together
    sales(eu, topic, "d", "e")
    made.run("start", "--until-caught-up")
    assert {m.key() for m in hub.read(target)} == {b"a", b"b", b"c", b"d", b"e"}
    text = made.config.read_text()
    made.config.write_text(text.replace("topic-record", "record"))
    made.run("start", "--until-caught-up", code=1)  # another subject: it has to be registered
    made.config.write_text(text)
    with doors["eu"].open(), doors["hub"].open():
        made.run("verify")


def test_a_first_start_needs_its_registries(sandbox, sandbox_env, unique, tmp_path):
    """Where nothing is remembered, a registry that is away is a reason not to start."""
    eu = Cluster(sandbox_env, "eu")
    topic = eu.topic(unique("sales"))
    made = configured(
        sandbox, tmp_path, "first", {"orders": stream(topic, unique("orders"))}, FILES
    )
    made.env["EU_REGISTRY"] = "http://127.0.0.1:1"
    made.run("start", "--until-caught-up", code=1)
    assert not made.state.joinpath("streams").exists()


def test_a_source_in_glue(sandbox, sandbox_env, unique, tmp_path):
    """Records framed by Glue's serializer are read by schemas that only Glue has, and proven."""
    eu, hub = (Cluster(sandbox_env, alias) for alias in ("eu", "hub"))
    topic, target = eu.topic(unique("sales")), unique("orders")
    amount = {"cents": 5, "currency": "EUR"}
    with glue_server() as endpoint:
        owner = Owner(endpoint, "sales-registry")
        (version,) = owner.add(topic, SALE)
        for name, number in (("a", version), ("b", version), ("c", str(uuid4()))):
            body = avro(SALE, {"id": name, "total": amount, "line": {"price": amount}})
            eu.produce(topic, b"\3\0" + UUID(number).bytes + body, key=name.encode())
        wanted = stream(topic, target, tombstones="drop")
        made = configured(sandbox, tmp_path, "glued", {"orders": wanted}, FILES)
        config = json.loads(made.config.read_text())
        glue = {"type": "glue", "region": REGION, "name": "sales-registry", "url": endpoint}
        config["clusters"]["eu"]["registry"] = glue
        made.config.write_text(json.dumps(config))
        made.env.update(CREDENTIALS)
        assert version in made.run("plan", "-o", "json")
        made.run("start", "--until-caught-up")
        made.run("verify")
    assert {m.key() for m in hub.read(target)} == {b"a", b"b"}
    (dead,) = hub.read(f"{target}.dead")
    said = dict(dead.headers())
    assert said["fed.dead.reason"] == b"unknown_id"
    assert said["fed.dead.schema_id"].startswith(b"glue ")
