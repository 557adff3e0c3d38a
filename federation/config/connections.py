"""The part of a configuration that says how clusters and registries are reached."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr, model_validator

from federation.config.values import URL, LocalPath, Model, Property

_REST_ONLY = ("username", "password", "token", "oauth", "headers", "ca", "certificate", "key")
_GLUE_ONLY = ("region", "name")


class OAuth(Model):
    """A bearer token by OAuth 2.0's client credentials grant, renewed in time."""

    url: str = Field(
        pattern=URL,
        description="The token endpoint.",
        examples=["https://login.example/realms/kafka/protocol/openid-connect/token"],
    )
    client_id: str = Field(description="Who asks.")
    client_secret: SecretStr = Field(description="Its secret.")
    scope: str = Field("", description="What is asked for; several words by blanks.")


class Registry(Model):
    """A schema registry: one that speaks Confluent's REST API, Apicurio, or AWS Glue."""

    type: Literal["confluent", "apicurio", "glue"] = Field(
        "confluent",
        description="Whose API it speaks. `confluent` is spoken by Confluent, Karapace, Redpanda "
        "and, below `/apis/ccompat/v7`, Apicurio; `apicurio` adds Apicurio's own global and "
        "content ids; `glue` is for sources only.",
    )
    url: str | None = Field(
        None,
        pattern=URL,
        description="Base URL, with its path if it has one. Of Apicurio: the server's address, or "
        "that of one of its APIs. Of Glue: another endpoint than the region's own.",
        examples=["http://127.0.0.1:8081", "http://127.0.0.1:8080/apis/ccompat/v7"],
    )
    region: str | None = Field(None, description="AWS region of Glue.", examples=["eu-central-1"])
    name: str | None = Field(
        None, description="The registry's name in Glue; default: `default-registry`."
    )
    username: str | None = Field(None, description="User name for basic authentication.")
    password: SecretStr | None = Field(None, description="Password for basic authentication.")
    token: SecretStr | None = Field(None, description="Bearer token.")
    oauth: OAuth | None = Field(None, description="Where a bearer token is to be had.")
    headers: dict[str, Property] = Field(
        default_factory=dict,
        description="Further headers of each question.",
        examples=[{"target-sr-cluster": "lsrc-123", "Confluent-Identity-Pool-Id": "pool-1"}],
    )
    ca: LocalPath | None = Field(
        None, description="PEM file of the authority that signed the server."
    )
    certificate: LocalPath | None = Field(
        None, description="PEM file of the client's own certificate, where the server asks for one."
    )
    key: LocalPath | None = Field(
        None, description="PEM file of the certificate's private key, without a passphrase."
    )

    @model_validator(mode="after")
    def _fits(self) -> Registry:
        glue = self.type == "glue"
        needed = "region" if glue else "url"
        if getattr(self, needed) is None:
            message = f"a registry of type {self.type} needs `{needed}`"
            raise ValueError(message)
        for name in _REST_ONLY if glue else _GLUE_ONLY:
            if getattr(self, name):
                message = f"`{name}` is of no use to a registry of type {self.type}"
                raise ValueError(message)
        if (self.certificate is None) != (self.key is None):
            message = "`certificate` and `key` go together"
            raise ValueError(message)
        if sum(one is not None for one in (self.username, self.token, self.oauth)) > 1:
            message = "one of `username`, `token` and `oauth`"
            raise ValueError(message)
        return self


class Cluster(Model):
    """One Kafka cluster and the registry that its records refer to."""

    properties: dict[str, Property] = Field(
        description="Kafka client properties by their Java names, word for word.",
        examples=[{"bootstrap.servers": "broker-1:9092,broker-2:9092"}],
    )
    registry: Registry | None = Field(None, description="The cluster's schema registry.")

    @model_validator(mode="after")
    def _bootstrap(self) -> Cluster:
        if not self.properties.get("bootstrap.servers", "").strip():
            message = "properties need bootstrap.servers (host:port, several by comma)"
            raise ValueError(message)
        return self
