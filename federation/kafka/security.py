"""Java client properties, as the configuration has them, in the words of librdkafka.

The configuration speaks one language (Kafka's Java names, which Flink takes word for word);
planning and verifying use librdkafka, which shares most names. The tables say what differs. What
librdkafka cannot do is refused with a way out, never silently weakened: a cluster that is asked for
TLS or a login gets it, or an error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from federation.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Mapping

_RENAMED = {
    "max.request.size": "message.max.bytes",
    "fetch.max.wait.ms": "fetch.wait.max.ms",
}

# Names of the Java client (or of Flink) that mean nothing to librdkafka and change nothing in what
# is read, written or trusted.
_JAVA_ONLY = frozenset({
    "allow.auto.create.topics", "auto.include.jmx.reporter", "buffer.memory",
    "config.providers", "default.api.timeout.ms", "enable.metrics.push", "exclude.internal.topics",
    "interceptor.classes", "internal.leave.group.on.close", "key.deserializer", "key.serializer",
    "max.block.ms", "max.poll.records", "metadata.max.idle.ms",
    "metadata.recovery.rebootstrap.trigger.ms", "metric.reporters", "metrics.num.samples",
    "metrics.recording.level", "metrics.sample.window.ms", "partition.discovery.interval.ms",
    "partitioner.adaptive.partitioning.enable", "partitioner.availability.timeout.ms",
    "partitioner.class", "partitioner.ignore.keys", "receive.buffer.bytes",
    "sasl.login.refresh.buffer.seconds", "sasl.login.refresh.min.period.seconds",
    "sasl.login.refresh.window.factor", "sasl.login.refresh.window.jitter",
    "security.providers", "send.buffer.bytes", "ssl.cipher.suites", "ssl.enabled.protocols",
    "ssl.keymanager.algorithm", "ssl.protocol", "ssl.provider", "ssl.secure.random.implementation",
    "ssl.trustmanager.algorithm", "transaction.two.phase.commit.enable", "value.deserializer",
    "value.serializer",
})  # fmt: skip

_OIDC_HANDLER = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler"
_PASSWORD_MECHANISMS = {
    "PLAIN": "PlainLoginModule",
    "SCRAM-SHA-256": "ScramLoginModule",
    "SCRAM-SHA-512": "ScramLoginModule",
}
_OIDC_OPTIONS = {  # older Java clients take these from the JAAS line, newer ones as properties
    "clientId": "sasl.oauthbearer.client.id",
    "clientSecret": "sasl.oauthbearer.client.secret",
    "scope": "sasl.oauthbearer.scope",
}
_PEM_HINT = "give PEM files: ssl.{store}.type: PEM and ssl.{store}.location: <file>.pem"

_JAAS = re.compile(r"\s*(?P<module>[\w.$]+)\s+(?P<flag>\w+)(?P<options>.*?);?\s*", re.DOTALL)
_OPTION = re.compile(r"""([\w.]+)\s*=\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s;"']+)""")


@dataclass(frozen=True, slots=True)
class Jaas:
    """One login module line: the class without its package, and its options."""

    module: str
    options: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Translated:
    """Properties for librdkafka, and what of the Java properties has no counterpart there."""

    properties: Mapping[str, str]
    notes: tuple[str, ...]


def parse_jaas(line: str) -> Jaas | None:
    """Read ``package.Module required name="value" …;``; None if it is not such a line."""
    match = _JAAS.fullmatch(line)
    if not match or _OPTION.sub("", match["options"]).strip():
        return None
    options = {}
    for name, value in _OPTION.findall(match["options"]):
        quoted = value[0] in "\"'"
        options[name] = re.sub(r"\\(.)", r"\1", value[1:-1]) if quoted else value
    return Jaas(match["module"].rpartition(".")[2], options)


def translate(alias: str, properties: Mapping[str, object]) -> Translated:
    """Say Java client properties in librdkafka's words.

    Args:
        alias: the cluster's alias, for errors.
        properties: Java names to values (booleans and numbers are written as Java writes them).

    Returns:
        Translated: properties, and notes on those that were left out.

    Raises:
        ClusterError: librdkafka cannot do what the properties ask for.
    """
    java = {name: _text(value) for name, value in properties.items()}
    where = f"clusters.{alias}.properties"
    out: dict[str, str] = {}
    notes: list[str] = []
    _stores(java, out, where)
    _login(java, out, where)
    for name, value in java.items():
        if name in _JAVA_ONLY:
            notes.append(f"{name} is a setting of the Java client alone and is left out here")
        elif name == "ssl.endpoint.identification.algorithm":
            out[name] = value or "none"  # Java turns the check off with an empty text
        else:
            out[_RENAMED.get(name, name)] = value
    return Translated(out, tuple(notes))


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _stores(java: dict[str, str], out: dict[str, str], where: str) -> None:
    """Move trust and key stores from ``java`` to ``out``."""
    trust, key = java.pop("ssl.truststore.type", "JKS"), java.pop("ssl.keystore.type", "JKS")
    java.pop("ssl.truststore.password", None)  # PEM has none; other stores are refused below
    location = java.pop("ssl.truststore.location", "")
    if location and trust.upper() != "PEM":
        raise ClusterError(
            f"a trust store of type {trust} cannot be read",
            where=where,
            hint=_PEM_HINT.format(store="truststore"),
        )
    if location:
        out["ssl.ca.location"] = location
    if certificates := java.pop("ssl.truststore.certificates", ""):
        out["ssl.ca.pem"] = certificates

    location, password = (
        java.pop("ssl.keystore.location", ""),
        java.pop("ssl.keystore.password", ""),
    )
    if location and key.upper() == "PEM":
        out["ssl.certificate.location"] = out["ssl.key.location"] = location
    elif location and key.upper() == "PKCS12":
        out["ssl.keystore.location"], out["ssl.keystore.password"] = location, password
    elif location:
        raise ClusterError(
            f"a key store of type {key} cannot be read",
            where=where,
            hint=_PEM_HINT.format(store="keystore"),
        )
    if chain := java.pop("ssl.keystore.certificate.chain", ""):
        out["ssl.certificate.pem"] = chain
    if private := java.pop("ssl.keystore.key", ""):
        out["ssl.key.pem"] = private


def _login(java: dict[str, str], out: dict[str, str], where: str) -> None:
    """Move the login from ``java`` to ``out``; passwords never enter a message."""
    line, handler = (
        java.pop("sasl.jaas.config", ""),
        java.pop("sasl.login.callback.handler.class", ""),
    )
    client_handler = java.pop("sasl.client.callback.handler.class", "")
    if not java.get("security.protocol", "PLAINTEXT").upper().startswith("SASL_"):
        java.pop("sasl.mechanism", None)
        return
    mechanism = java.pop("sasl.mechanism", "GSSAPI").upper()  # Java's default
    jaas = parse_jaas(line) if line else Jaas("", {})
    if jaas is None:
        raise ClusterError(
            "sasl.jaas.config cannot be read",
            where=where,
            hint='it is written: <class> required username="…" password="…";',
        )
    if mechanism in _PASSWORD_MECHANISMS:
        module = _PASSWORD_MECHANISMS[mechanism]
        missing = [name for name in ("username", "password") if name not in jaas.options]
        if jaas.module != module or missing:
            package = "plain" if mechanism == "PLAIN" else "scram"
            raise ClusterError(
                f"sasl.mechanism {mechanism} needs {module} with username and password",
                where=f"{where}.sasl.jaas.config",
                hint=f"org.apache.kafka.common.security.{package}.{module} required "
                'username="…" password="…";',
            )
        out["sasl.username"] = jaas.options["username"]
        out["sasl.password"] = jaas.options["password"]
    elif mechanism == "OAUTHBEARER" and handler == _OIDC_HANDLER and not client_handler:
        out["sasl.oauthbearer.method"] = "oidc"
        extensions = []
        for name, value in jaas.options.items():
            if name.startswith("extension_"):
                extensions.append(f"{name.removeprefix('extension_')}={value}")
            elif name in _OIDC_OPTIONS:
                out[_OIDC_OPTIONS[name]] = value
        if extensions:
            out["sasl.oauthbearer.extensions"] = ",".join(extensions)
    else:
        by = f"{mechanism} with {handler}" if handler else mechanism
        raise ClusterError(
            f"a login by {by} is not supported", where=where, hint=_login_hint(mechanism)
        )
    out["sasl.mechanism"] = mechanism


def _login_hint(mechanism: str) -> str:
    if mechanism == "OAUTHBEARER":
        return f"set sasl.login.callback.handler.class: {_OIDC_HANDLER}"
    if mechanism == "AWS_MSK_IAM":
        return "use the cluster's SASL/SCRAM listener (port 9096) or its mutual TLS listener (9094)"
    return "set sasl.mechanism to PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER, or use SSL"
