"""AWS Glue's registry on loopback: moto's server, with what it lacks."""

from __future__ import annotations

import json
from contextlib import contextmanager

import boto3
import pytest
from moto.core.responses import ActionResult
from moto.glue.models import glue_backends
from moto.glue.responses import GlueResponse
from moto.server import ThreadedMotoServer

REGION = "eu-central-1"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "hunter2-secret",
    "AWS_EC2_METADATA_DISABLED": "true",
}


def _list_schemas(self):
    """What moto lacks: ListSchemas, two names a page."""
    name = self.parameters["RegistryId"]["RegistryName"]
    backend = glue_backends[self.current_account][self.region]
    backend.get_registry(self.parameters["RegistryId"])  # raises where there is none
    first = int(self.parameters.get("NextToken", 0))
    names = sorted(backend.registries[name].schemas)
    page = {"Schemas": [{"SchemaName": one} for one in names[first : first + 2]]}
    if first + 2 < len(names):
        page["NextToken"] = str(first + 2)
    return ActionResult(page)


@contextmanager
def glue_server():
    """The address of a server, with credentials for it in this process's environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(GlueResponse, "list_schemas", _list_schemas, raising=False)
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        moto.start()
        try:
            host, port = moto.get_host_and_port()
            yield f"http://{host}:{port}"
        finally:
            moto.stop()


class Owner:
    """Whoever fills a registry, with AWS's own client."""

    def __init__(self, endpoint, name):
        self.glue = boto3.client("glue", region_name=REGION, endpoint_url=endpoint)
        self.name = name
        self.glue.create_registry(RegistryName=name)

    def add(self, schema, *definitions, kind="AVRO"):
        """A schema of these versions; their ids."""
        at = {"RegistryName": self.name, "SchemaName": schema}
        first, *others = [d if isinstance(d, str) else json.dumps(d) for d in definitions]
        ids = [
            self.glue.create_schema(
                RegistryId={"RegistryName": self.name}, SchemaName=schema, DataFormat=kind,
                Compatibility="NONE", SchemaDefinition=first,
            )["SchemaVersionId"]
        ]  # fmt: skip
        ids += [
            self.glue.register_schema_version(SchemaId=at, SchemaDefinition=one)["SchemaVersionId"]
            for one in others
        ]
        return ids
