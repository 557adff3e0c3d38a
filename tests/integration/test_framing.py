"""Topics of every framing become one stream on real clusters, and the stream is proven.

Records are framed by hand here, and the target is judged by hand before ``verify`` is asked.
"""

from __future__ import annotations

import io
import json
import os
import struct
import subprocess
import sys
import zlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

import boto3
import fastavro
import httpx
import pytest
from confluent_kafka.admin import NewTopic
from moto.core.responses import ActionResult
from moto.glue.responses import GlueResponse
from moto.server import ThreadedMotoServer
from small import single
from truth import read

from federation.kafka.clients import producer, reach, wait
from federation.schemas.registry import Access, connect_target

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from federation.sandbox import Sandbox

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

GUID = UUID("89791762-2336-4186-9674-299b90a802e2").bytes
CONTRACT = {
    "type": "record",
    "name": "Order",
    "fields": [
        {"name": "id", "type": "string"},
        {"name": "total", "type": "double"},
        {"name": "note", "type": ["null", "string"], "default": None},
    ],
}
REGISTERED = {**CONTRACT, "fields": CONTRACT["fields"][:2]}
GIVEN = {
    "type": "record",
    "name": "Given",
    "fields": [
        {"name": "total", "type": "float"},
        {"name": "id", "type": "string"},
        {"name": "tags", "type": {"type": "array", "items": "string"}, "default": []},
    ],
}
NUMBERED = {
    "type": "record",
    "name": "Numbered",
    "fields": [{"name": "no", "type": "long"}, {"name": "total", "type": "double"}],
}
RAW = {
    "type": "record",
    "name": "Raw",
    "fields": [
        {"name": "id", "type": "string"},
        {"name": "total", "type": "double"},
        {
            "name": "fee",
            "type": {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2},
            "default": "\u0000",
        },
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}, "default": 0},
        {"name": "note", "type": ["null", "string"], "default": None},
    ],
}
CONFIG = """\
version: 1
federation: framed
clusters:
  eu:
    properties: {bootstrap.servers: "${EU_BOOTSTRAP}"}
    registry: {type: apicurio, url: "${EU_REGISTRY}"}
  us:  # no registry: nothing there needs one
    properties: {bootstrap.servers: "${US_BOOTSTRAP}"}
  hub:
    properties: {bootstrap.servers: "${HUB_BOOTSTRAP}"}
    registry: {url: "${HUB_REGISTRY}"}
streams:
  orders:
    schema: order.avsc
    sources:
      - cluster: eu
        topics: [framed.mixed]
        framing: {type: auto, schema: [raw.avsc, given.avsc]}
        key: {id: .}
      - cluster: us
        topics: [framed.json]
        framing: {type: json, schema: raw.avsc}
        key_framing: string
        key: {id: .}
      - cluster: us
        topics: [framed.bare]
        framing: {type: avro, schema: numbered.avsc}
        key_framing: long
        key: {id: .}
        fields: {id: no}
    target: {cluster: hub, topic: framed.unified, key: [id]}
    errors: {limit: {ratio: 1}}
run: {parallelism: 2, checkpoint: 1s}
"""


def avro(schema: Any, datum: Any) -> bytes:
    """Avro bytes by another library than the product's own."""
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), datum)
    return out.getvalue()


@dataclass
class Written:
    """What was written, and so what must come of it.

    Attributes:
        values: each key's last total; None after a delete marker.
        records: how many records and delete markers there are for the target.
        dead: stage/reason of what cannot be read.
    """

    env: Mapping[str, str]
    values: dict[str, float | None] = field(default_factory=dict)
    records: int = 0
    dead: Counter[str] = field(default_factory=Counter)

    def order(self, name: str, total: float | None) -> None:
        """One record for the target."""
        self.values[name] = total
        self.records += 1


@pytest.fixture(scope="module")
def written(sandbox: Sandbox) -> Written:
    """The three topics."""
    made = Written(sandbox.env())
    _topics(made.env, "eu", "framed.mixed")
    _topics(made.env, "us", "framed.json", "framed.bare")
    _mixed(made)
    _json(made)
    _bare(made)
    return made


def _topics(env: Mapping[str, str], alias: str, *topics: str) -> None:
    cluster = reach(alias, {"bootstrap.servers": env[f"{alias.upper()}_BOOTSTRAP"]})
    for topic in topics:
        new = NewTopic(topic, 2, 1)
        wait(cluster.admin.create_topics([new])[topic], "topic cannot be created", alias)


def _mixed(made: Written) -> None:
    with connect_target(Access(made.env["EU_REGISTRY"])) as registry:
        value_id = registry.register("framed.mixed-value", REGISTERED)
        key_id = registry.register("framed.mixed-key", {"type": "string"})
    native = made.env["EU_REGISTRY"].replace("/ccompat/v7", "/registry/v3")
    version = httpx.get(f"{native}/groups/default/artifacts/framed.mixed-value/versions/1").json()
    ids = {kind: struct.pack(">q", version[f"{kind}Id"]) for kind in ("global", "content")}
    out = producer("eu", {"bootstrap.servers": made.env["EU_BOOTSTRAP"]})

    def send(key: str, value: bytes | None, *headers: tuple[str, bytes]) -> None:
        framed = b"\0" + struct.pack(">i", key_id) + avro("string", key)
        out.produce("framed.mixed", value, framed, headers=list(headers))

    framed_id, kept = b"\0" + struct.pack(">i", value_id), ("trace", b"kept")
    for n in range(800):
        name, total = f"m-{n % 199}", n / 4
        body = avro(REGISTERED, {"id": name, "total": total})
        given = avro(GIVEN, {"id": name, "total": total, "tags": []})
        at = "2026-01-31T08:00:00Z"
        text = json.dumps({"total": total, "id": name, "at": at, "fee": 2.5, "z": [1]})
        forms: list[tuple[Any, ...]] = [
            (framed_id + body, kept),
            (body, ("__value_schema_id", framed_id), kept),
            (body, ("apicurio.value.globalId", ids["global"]), kept),
            (body, ("apicurio.value.contentId", ids["content"])),
            (single(GIVEN, given),),
            (single(REGISTERED, body),),
            (text.encode(),),
            (None,),
        ]
        form = forms[n % len(forms)]
        send(name, *form)
        made.order(name, None if form == (None,) else total)
    for value, reason, *headers in _broken(value_id):
        send("x", value, *headers)
        made.dead[reason] += 1
    assert out.flush(30) == 0


def _broken(value_id: int) -> list[tuple[Any, ...]]:
    """Values that are no records, why, and their headers."""
    bomb = zlib.compress(bytes(2_000_000), 9)
    return [
        (b"", "frame/empty"),
        (b"\1\2\3", "frame/magic"),
        (b"\0\0\0", "frame/short"),
        (b"[1]", "frame/magic"),
        (b"\xc3\x01" + bytes(8), "schema/unknown_id"),
        (b"\x03\x00" + GUID + b"?", "schema/unknown_id"),
        (b"\x03\x05" + GUID + b"junk", "frame/compression"),
        (b"\x03\x05" + GUID + bomb, "frame/inflated"),
        (b"\x03\x07" + GUID, "frame/compression"),
        (b"\0" + struct.pack(">i", value_id), "frame/header", ("__value_schema_id", b"\2")),
        (b'{"id": "x", "id": "y"}', "decode/duplicate"),
        (b'{"id": "x", "total": NaN}', "decode/json"),
        (b'{"id": "x"}', "decode/missing"),
        (b"{" + b'"a":{' * 100, "decode/depth"),
        (b'{"id": "x", "total": 1, "fee": 1.234}', "decode/lossy"),
    ]


def _json(made: Written) -> None:
    out = producer("us", {"bootstrap.servers": made.env["US_BOOTSTRAP"]})
    for n in range(300):
        name = f"jü-{n % 100}"
        value = None if n % 10 == 9 else json.dumps({"id": name, "total": n / 4, "note": "☃"})
        out.produce("framed.json", value, name.encode())
        made.order(name, None if value is None else n / 4)
    out.produce("framed.json", b"\0\0\0\0\1\2", b"x")
    out.produce("framed.json", None, b"\xff")
    made.dead += Counter(["decode/json", "key/utf8"])
    assert out.flush(30) == 0


def _bare(made: Written) -> None:
    out = producer("us", {"bootstrap.servers": made.env["US_BOOTSTRAP"]})
    for n in range(300):
        number = (n % 100) - 50
        value = None if n % 10 == 9 else avro(NUMBERED, {"no": number, "total": n / 4})
        out.produce("framed.bare", value, struct.pack(">q", number))
        made.order(str(number), None if value is None else n / 4)
    out.produce("framed.bare", b"\2", b"x")
    out.produce("framed.bare", None, b"\0\0\0\1")
    made.dead += Counter(["decode/truncated", "key/size"])
    assert out.flush(30) == 0


def test_every_framing_comes_through_and_is_proven(written: Written, tmp_path: Path) -> None:
    """What three topics hold in nine framings arrives as it was meant, and `verify` agrees."""
    _walk(tmp_path, CONFIG, {**written.env, "US_REGISTRY": ""})
    _judge(written, "framed.unified")


GLUED = """\
version: 1
federation: glued
clusters:
  us:
    properties: {bootstrap.servers: "${US_BOOTSTRAP}"}
    registry: {type: glue, region: eu-central-1, url: "${GLUE}"}
  hub:
    properties: {bootstrap.servers: "${HUB_BOOTSTRAP}"}
    registry: {url: "${HUB_REGISTRY}"}
streams:
  orders:
    schema: order.avsc
    sources: [{cluster: us, topics: [glued.orders], key_framing: string, key: {id: .}}]
    target: {cluster: hub, topic: glued.unified, key: [id]}
    errors: {limit: {ratio: 1}}
run: {parallelism: 1, checkpoint: 1s}
"""


@pytest.fixture
def glue(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Glue's API on loopback, and the environment that reaches it."""
    nothing = lambda _self: ActionResult({"Schemas": []})  # noqa: E731 - moto lacks ListSchemas
    monkeypatch.setattr(GlueResponse, "list_schemas", nothing, raising=False)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    env = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "word"}
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    yield {"GLUE": f"http://{host}:{port}", "AWS_EC2_METADATA_DISABLED": "true", **env}
    server.stop()


def test_records_of_glue(sandbox: Sandbox, glue: dict[str, str], tmp_path: Path) -> None:
    """Versions of AWS Glue, stored and compressed, arrive by the ids of the target's registry."""
    made = Written({**sandbox.env(), **glue})
    _topics(made.env, "us", "glued.orders")
    client = boto3.client("glue", region_name="eu-central-1", endpoint_url=glue["GLUE"])
    client.create_registry(RegistryName="default-registry")
    version = client.create_schema(
        RegistryId={"RegistryName": "default-registry"}, SchemaName="orders", DataFormat="AVRO",
        Compatibility="NONE", SchemaDefinition=json.dumps(REGISTERED),
    )["SchemaVersionId"]  # fmt: skip
    out = producer("us", {"bootstrap.servers": made.env["US_BOOTSTRAP"]})
    for n in range(200):
        name = f"g-{n % 50}"
        body = avro(REGISTERED, {"id": name, "total": n / 4})
        framed = b"\x03\x05" if n % 2 else b"\x03\x00"
        framed += UUID(version).bytes + (zlib.compress(body) if n % 2 else body)
        out.produce("glued.orders", None if n % 10 == 9 else framed, name.encode())
        made.order(name, None if n % 10 == 9 else n / 4)
    out.produce("glued.orders", b"\x03\x05" + GUID + zlib.compress(b"?"), b"x")
    made.dead["schema/unknown_id"] += 1
    assert out.flush(30) == 0
    _walk(tmp_path, GLUED, made.env)
    _judge(made, "glued.unified")


def _walk(folder: Path, text: str, env: Mapping[str, str]) -> None:
    """Lint, run to the end and verify, as a person does."""
    config = folder / "framed.yaml"
    config.write_text(text)
    schemas = {"order": CONTRACT, "raw": RAW, "given": GIVEN, "numbered": NUMBERED}
    for name, schema in schemas.items():
        (folder / f"{name}.avsc").write_text(json.dumps(schema))
    for command in (("lint",), ("start", "--until-caught-up"), ("verify", "--all")):
        done = subprocess.run(
            [sys.executable, "-m", "federation", command[0], "-c", str(config), *command[1:]],
            env={**os.environ, **env},
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}\n{done.stderr}"


def _judge(made: Written, topic: str) -> None:
    found: dict[str, float | None] = {}
    records = 0
    with connect_target(Access(made.env["HUB_REGISTRY"])) as registry:
        (version,) = registry.versions(f"{topic}-value")
    for message in read(made.env["HUB_BOOTSTRAP"], topic):
        names = [name for name, _ in message.headers() or []]
        assert set(names) <= {"trace", "fed.origin"}
        datum, value = None, message.value()
        if value is not None:
            assert value[:5] == b"\0" + struct.pack(">i", version.id)
            datum = fastavro.schemaless_reader(io.BytesIO(value[5:]), CONTRACT, None)["total"]
        found[message.key().decode()] = datum
        records += 1
    assert records == made.records
    assert found == made.values
    dead: Counter[str] = Counter()
    for message in read(made.env["HUB_BOOTSTRAP"], f"{topic}.dead"):
        said = dict(message.headers())
        dead[f"{said['fed.dead.stage'].decode()}/{said['fed.dead.reason'].decode()}"] += 1
    assert dead == made.dead
