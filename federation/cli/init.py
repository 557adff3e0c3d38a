"""``federation init``: a configuration to start from, with the files that it names."""

from __future__ import annotations

import json
from pathlib import Path
from string import Template
from typing import Any

import click

from federation.errors import ConfigError, Finding

_MILLIS = {"type": "long", "logicalType": "timestamp-millis"}

# what differs between the domains: names, contract, and what one event is
_DOMAINS: dict[str, dict[str, Any]] = {
    "orders": {
        "stream": "orders",
        "file": "order",
        "key": "order_id",
        "same": "order_id",
        "topics": ("orders", "order_events"),
        "by_key": "id",
        "fields": (
            {},
            {
                "order_id": "id",
                "customer": "client.name",
                "amount": "total",
                "created_at": "{from: ts, unit: ms}",
            },
        ),
        "contract": {
            "type": "record",
            "name": "Order",
            "namespace": "shop",
            "fields": [
                {"name": "order_id", "type": "string"},
                {"name": "customer", "type": "string"},
                {"name": "amount", "type": "double"},
                {"name": "channel", "type": "string", "default": "web"},
                {"name": "created_at", "type": _MILLIS},
                {"name": "note", "type": ["null", "string"], "default": None},
            ],
        },
    },
    "telemetry": {
        "stream": "telemetry",
        "file": "reading",
        "key": "device_id",
        "same": "device_id, sequence",
        "topics": ("telemetry", "device_readings"),
        "by_key": "deviceId",
        "fields": (
            {"sequence": "seq", "celsius": "reading"},
            {
                "device_id": "deviceId",
                "sequence": "counter",
                "celsius": "values.temperature",
                "humidity": "values.humidity",
                "at": "{from: measured_at, lossy: true}",
            },
        ),
        "contract": {
            "type": "record",
            "name": "Reading",
            "namespace": "iot",
            "fields": [
                {"name": "device_id", "type": "string"},
                {"name": "sequence", "type": "long"},
                {"name": "celsius", "type": "double"},
                {"name": "at", "type": _MILLIS},
                {"name": "humidity", "type": ["null", "double"], "default": None},
            ],
        },
    },
}

_TEMPLATE = """\
# yaml-language-server: $$schema=federation.schema.json
#
# Which topics of which clusters make one stream, and what a record of it looks like.
# Check it with `federation lint -c federation.yaml`; `federation plan` shows what it would do.
# It fits the sandbox as it stands: `federation init --help` says how to try it.
version: 1
federation: $stream          # the name under which state is kept

clusters:
  # Properties are those of the Java Kafka clients, word for word. $${NAME} is a variable, with a
  # default after a colon; passwords come from variables or $${file:/path}, and never print.
  eu:
    properties: {bootstrap.servers: "$${EU_BOOTSTRAP:localhost:19092}"}
    registry: {url: "$${EU_REGISTRY:http://localhost:18081/apis/ccompat/v7}"}
  us:
    properties: {bootstrap.servers: "$${US_BOOTSTRAP:localhost:29092}"}
    registry: {url: "$${US_REGISTRY:http://localhost:28081/apis/ccompat/v7}"}
  hub:
    properties: {bootstrap.servers: "$${HUB_BOOTSTRAP:localhost:39092}"}
    registry: {url: "$${HUB_REGISTRY:http://localhost:38081/apis/ccompat/v7}"}

streams:
  $stream:
    schema: schemas/$file.avsc      # the contract: every source is mapped to it
    sources:                        # fields are found by name, or where `fields` says
      - cluster: eu
        topics: [$eu_topic]
        # start: latest             # or {timestamp: 2026-01-31T08:00:00Z}; earliest if not said
$eu_fields      - cluster: us
        topics: [$us_topic]
        key: {$key: $by_key}        # for delete markers: where the record's key has it
$us_fields    deduplicate: {key: [$same], window: 24h}   # what makes two records the same event
    target:
      cluster: hub
      topic: $stream.unified
      key: [$key]
    errors: {dead_letter: $stream.dead}   # records that cannot be decoded or mapped
"""


_EXAMPLES = """\b
Examples:
  federation init shop && cd shop
  federation sandbox up && federation sandbox seed
  eval "$(federation sandbox env)"
  federation start -c federation.yaml --until-caught-up
"""


@click.command(epilog=_EXAMPLES)
@click.argument(
    "folder", type=click.Path(file_okay=False, path_type=Path), default=".", metavar="[FOLDER]"
)
@click.option(
    "--domain",
    type=click.Choice(list(_DOMAINS)),
    default="orders",
    show_default=True,
    help="What the records are about.",
)
def init(folder: Path, domain: str) -> None:
    """Write a commented configuration, its contract and the schema for editors.

    Nothing that exists is overwritten.
    """
    from federation.config.reference import json_schema

    about = _DOMAINS[domain]
    files = {
        folder / "federation.yaml": _config(about),
        folder / "schemas" / f"{about['file']}.avsc": _json(about["contract"]),
        folder / "federation.schema.json": _json(json_schema()),
    }
    there = [path for path in files if path.exists()]
    if there:
        hint = "choose another folder, or move it away"
        raise ConfigError.of(
            [Finding("exists and is not overwritten", str(p), hint) for p in there]
        )
    for path, content in files.items():
        _write(path, content)
        click.echo(f"wrote {path}")
    click.echo(f"next: federation lint --config {folder / 'federation.yaml'}", err=True)


def _config(about: dict[str, Any]) -> str:
    rules = [
        "        fields:                     # contract field: path in the source's record\n"
        + "".join(f"          {field}: {path}\n" for field, path in given.items())
        if given
        else ""
        for given in about["fields"]
    ]
    return Template(_TEMPLATE).substitute(
        about,
        eu_topic=about["topics"][0],
        us_topic=about["topics"][1],
        eu_fields=rules[0],
        us_fields=rules[1],
    )


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _write(path: Path, content: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(content)
    except OSError as error:
        what = f"cannot be written: {error.strerror}"
        raise ConfigError(what, where=str(path), hint="check the folder") from error
