"""AWS Glue's schema registry, by way of boto3 (the extra ``federation[glue]``).

Credentials come from where AWS's own tools take them: environment, profile, container, instance.
boto3 repeats what may pass, with back-off. A schema in Glue refers to no other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from federation.errors import ClusterError, SetupError
from federation.schemas.refusal import UnknownSchemaId
from federation.schemas.registry.assembly import Reference, Text, assemble
from federation.schemas.registry.base import NotAvro, RegisteredVersion, SchemaRegistry
from federation.schemas.registry.http import DEADLINE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from federation.schemas.avro import Schema
    from federation.schemas.ids import SchemaId

_ATTEMPTS = 4
_CONNECT = 5.0  # seconds
_ANSWER = 10.0  # seconds


class GlueRegistry(SchemaRegistry):
    """A client of one registry in one region.

    Args:
        region: such as ``eu-central-1``.
        name: the registry's, for its subjects; schemas are found by version id wherever they are.
        endpoint: another address than the region's own.
        deadline: seconds for an answer.

    Raises:
        SetupError: boto3 is not installed.
        ClusterError: the region or the endpoint is of no use.
    """

    def __init__(
        self, region: str, name: str, endpoint: str | None = None, deadline: float = DEADLINE
    ) -> None:
        super().__init__()
        try:
            import boto3  # noqa: PLC0415 - an extra, and slow to import
            from botocore import config, exceptions  # noqa: PLC0415 - as above
        except ImportError:
            raise SetupError(
                "a registry of type glue needs boto3",
                where=f"glue {region}",
                hint="pip install 'federation[glue]'",
            ) from None
        self.where = f"{endpoint or f'glue {region}'} registry {name}"
        self._name = name
        self._client_error, self._any_error = exceptions.ClientError, exceptions.BotoCoreError
        try:
            self._glue = boto3.client(
                "glue",
                region_name=region,
                endpoint_url=endpoint,
                config=config.Config(
                    connect_timeout=min(_CONNECT, deadline),
                    read_timeout=min(_ANSWER, deadline),
                    retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
                ),
            )
        except (exceptions.BotoCoreError, ValueError) as error:
            raise ClusterError(f"Glue cannot be asked: {error}", where=self.where) from None

    def close(self) -> None:
        """Close the connections."""
        self._glue.close()

    def subjects(self) -> list[str]:
        """The names of the registry's schemas."""
        asked: dict[str, Any] = {"RegistryId": {"RegistryName": self._name}}
        names = []
        while True:
            answer = self._ask("list_schemas", **asked)
            if answer is None:
                raise ClusterError(
                    f"Glue has no registry {self._name}",
                    where=self.where,
                    hint="name it with `name`, or leave that out for default-registry",
                )
            names += [one["SchemaName"] for one in answer.get("Schemas", ())]
            if not answer.get("NextToken"):
                return names
            asked["NextToken"] = answer["NextToken"]

    def versions(self, subject: str) -> list[RegisteredVersion]:
        """All versions of a schema, oldest first; none if there is no such schema."""
        return list(self._versions({"RegistryName": self._name, "SchemaName": subject}))

    def _versions(self, schema: dict[str, str]) -> Iterator[RegisteredVersion]:
        found = self._ask("get_schema", SchemaId=schema)
        for number in range(1, int(found["LatestSchemaVersion"]) + 1 if found else 0):
            wanted = {"VersionNumber": number}
            answer = self._ask("get_schema_version", SchemaId=schema, SchemaVersionNumber=wanted)
            if answer is not None and answer.get("Status", "AVAILABLE") == "AVAILABLE":
                what = f"{schema['SchemaName']} version {number}"
                parsed = self._parse(answer, what)
                yield RegisteredVersion(
                    schema["SchemaName"], number, str(answer["SchemaVersionId"]), parsed
                )

    def _find(self, name: SchemaId) -> Schema:
        what = f"schema {name}"
        if name.kind != "glue":
            raise UnknownSchemaId("unknown_id", f"{self.where} has no {name.kind} ids")
        answer = self._ask("get_schema_version", SchemaVersionId=str(name.value))
        if answer is None:
            raise UnknownSchemaId("unknown_id", f"{self.where} has no {what}")
        return self._parse(answer, what)

    def _parse(self, answer: dict[str, Any], what: str) -> Schema:
        kind = answer.get("DataFormat", "AVRO")
        if kind != "AVRO":
            raise NotAvro(f"{what} is {kind}, not Avro", where=self.where)
        return assemble(Text(str(answer.get("SchemaDefinition")), ()), _none, self.where, what)

    def _ask(self, operation: str, **asked: Any) -> dict[str, Any] | None:
        """Glue's answer; None where it says that there is no such entity."""
        try:
            answer: dict[str, Any] = getattr(self._glue, operation)(**asked)
        except self._client_error as error:
            code = error.response["Error"]["Code"]
            if code == "EntityNotFoundException":
                return None
            said = error.response["Error"].get("Message", "")
            raise ClusterError(
                f"Glue refuses {operation}: {code} {said[:500]}".rstrip(),
                where=self.where,
                hint="it takes the permissions glue:GetSchema, GetSchemaVersion and ListSchemas",
            ) from None
        except self._any_error as error:
            raise ClusterError(
                f"Glue does not answer: {error}",
                where=self.where,
                hint="check the network, the region and the AWS credentials",
            ) from None
        return answer


def _none(reference: Reference) -> Text:
    raise AssertionError(f"a schema in Glue refers to nothing, not to {reference}")
