"""Java client properties in librdkafka's words."""

from __future__ import annotations

from pathlib import Path

import pytest

from federation.errors import ClusterError
from federation.kafka import clients
from federation.kafka.security import parse_jaas, translate

PEM = Path(__file__).parent / "data" / "client.pem"  # self-signed, made for this test alone
PACKAGE = "org.apache.kafka.common.security"
PLAIN = f"{PACKAGE}.plain.PlainLoginModule"
SCRAM = f"{PACKAGE}.scram.ScramLoginModule"
OAUTH = f"{PACKAGE}.oauthbearer.OAuthBearerLoginModule"
OIDC = f"{PACKAGE}.oauthbearer.OAuthBearerLoginCallbackHandler"

TRANSLATIONS = {
    "plaintext": (
        {"client.id": "x", "request.timeout.ms": 1000, "enable.idempotence": True},
        {"client.id": "x", "request.timeout.ms": "1000", "enable.idempotence": "true"},
    ),
    "renamed": (
        {"max.request.size": "2000000", "fetch.max.wait.ms": "100"},
        {"message.max.bytes": "2000000", "fetch.wait.max.ms": "100"},
    ),
    "plain": (
        {
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "PLAIN",
            "sasl.jaas.config": f'{PLAIN} required username="key" password="s3 \\"cret;";',
        },
        {
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "PLAIN",
            "sasl.username": "key",
            "sasl.password": 's3 "cret;',
        },
    ),
    "event hubs": (
        {
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "PLAIN",
            "sasl.jaas.config": f'{PLAIN} required username="$ConnectionString" '
            'password="Endpoint=sb://x.servicebus.windows.net/;SharedAccessKey=abc=";',
        },
        {
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "PLAIN",
            "sasl.username": "$ConnectionString",
            "sasl.password": "Endpoint=sb://x.servicebus.windows.net/;SharedAccessKey=abc=",
        },
    ),
    "scram, single quotes, no semicolon": (
        {
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.jaas.config": f"{SCRAM} required username='u' password='p'",
        },
        {
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": "u",
            "sasl.password": "p",
        },
    ),
    "oauth": (
        {
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "OAUTHBEARER",
            "sasl.login.callback.handler.class": OIDC,
            "sasl.oauthbearer.token.endpoint.url": "https://idp.example/token",
            "sasl.jaas.config": f'{OAUTH} required clientId="id" clientSecret="secret" scope="s" '
            'extension_logicalCluster="lkc-1" extension_identityPoolId="pool-1";',
        },
        {
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "OAUTHBEARER",
            "sasl.oauthbearer.method": "oidc",
            "sasl.oauthbearer.token.endpoint.url": "https://idp.example/token",
            "sasl.oauthbearer.client.id": "id",
            "sasl.oauthbearer.client.secret": "secret",
            "sasl.oauthbearer.scope": "s",
            "sasl.oauthbearer.extensions": "logicalCluster=lkc-1,identityPoolId=pool-1",
        },
    ),
    "mutual tls": (
        {
            "security.protocol": "SSL",
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(PEM),
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(PEM),
            "ssl.endpoint.identification.algorithm": "",
        },
        {
            "security.protocol": "SSL",
            "ssl.ca.location": str(PEM),
            "ssl.certificate.location": str(PEM),
            "ssl.key.location": str(PEM),
            "ssl.endpoint.identification.algorithm": "none",
        },
    ),
    "tls inline": (
        {
            "security.protocol": "SSL",
            "ssl.truststore.type": "PEM",
            "ssl.truststore.certificates": PEM.read_text(),
            "ssl.keystore.type": "PEM",
            "ssl.keystore.certificate.chain": PEM.read_text(),
            "ssl.keystore.key": PEM.read_text(),
        },
        {
            "security.protocol": "SSL",
            "ssl.ca.pem": PEM.read_text(),
            "ssl.certificate.pem": PEM.read_text(),
            "ssl.key.pem": PEM.read_text(),
        },
    ),
    "a login that no protocol asks for": (
        {"sasl.mechanism": "PLAIN", "sasl.jaas.config": f'{PLAIN} required username="u";'},
        {},
    ),
}

REFUSALS = {
    "java key store": ({"ssl.keystore.location": "x.jks"}, "key store of type JKS", "PEM"),
    "java trust store": (
        {"ssl.truststore.type": "PKCS12", "ssl.truststore.location": "x.p12"},
        "trust store of type PKCS12",
        "PEM",
    ),
    "msk iam": (
        {"security.protocol": "SASL_SSL", "sasl.mechanism": "AWS_MSK_IAM"},
        "AWS_MSK_IAM is not supported",
        "9096",
    ),
    "kerberos, Java's default": (
        {"security.protocol": "SASL_PLAINTEXT"},
        "GSSAPI is not supported",
        "SCRAM-SHA-512",
    ),
    "oauth without handler": (
        {"security.protocol": "SASL_SSL", "sasl.mechanism": "OAUTHBEARER"},
        "OAUTHBEARER is not supported",
        OIDC,
    ),
    "foreign handler": (
        {
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "OAUTHBEARER",
            "sasl.login.callback.handler.class": "com.example.Handler",
        },
        "OAUTHBEARER with com.example.Handler is not supported",
        OIDC,
    ),
    "no password": (
        {
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "PLAIN",
            "sasl.jaas.config": f'{PLAIN} required username="secretuser";',
        },
        "PLAIN needs PlainLoginModule with username and password",
        PLAIN,
    ),
    "wrong module": (
        {
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "SCRAM-SHA-256",
            "sasl.jaas.config": f'{PLAIN} required username="secretuser" password="secret";',
        },
        "SCRAM-SHA-256 needs ScramLoginModule",
        SCRAM,
    ),
    "torn line": (
        {
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "PLAIN",
            "sasl.jaas.config": f'{PLAIN} required username="secretuser password=secret";x',
        },
        "sasl.jaas.config cannot be read",
        "required username",
    ),
}


@pytest.mark.parametrize("case", TRANSLATIONS)
def test_java_properties_are_said_in_librdkafkas_words(case):
    """Every row of the table comes out exactly as written, without notes."""
    java, expected = TRANSLATIONS[case]
    found = translate("eu", java)
    assert dict(found.properties) == expected
    assert found.notes == ()


@pytest.mark.parametrize("make", [clients.admin, clients.consumer, clients.producer])
@pytest.mark.parametrize("case", TRANSLATIONS)
def test_librdkafka_accepts_what_comes_out(case, make):
    """A real client can be made from every row."""
    java, _ = TRANSLATIONS[case]
    assert make("eu", {"bootstrap.servers": "127.0.0.1:1", **java}) is not None


@pytest.mark.parametrize("case", REFUSALS)
def test_what_librdkafka_cannot_do_is_refused_with_a_way_out(case):
    """A refusal names the cluster's properties and what to do, and holds no secret."""
    java, what, hint = REFUSALS[case]
    with pytest.raises(ClusterError) as caught:
        translate("eu", java)
    (finding,) = caught.value.findings
    assert what in finding.what
    assert hint in finding.hint
    assert finding.where.startswith("clusters.eu.properties")
    assert "secret" not in str(finding)


def test_settings_of_the_java_client_alone_are_left_out_with_a_note():
    """What changes nothing that is read or trusted is dropped, and said."""
    found = translate("eu", {"max.poll.records": 5, "client.id": "x"})
    assert dict(found.properties) == {"client.id": "x"}
    assert len(found.notes) == 1
    assert "max.poll.records" in found.notes[0]


def test_names_that_nobody_knows_do_not_stop_a_client():
    """Like Java's, the client ignores what it does not know."""
    properties = {"bootstrap.servers": "127.0.0.1:1", "my.interceptor.url": "x", "foo": "y"}
    assert clients.admin("eu", properties) is not None


def test_a_value_that_librdkafka_refuses_is_one_error():
    """A property with a senseless value is an error of the cluster's properties."""
    with pytest.raises(
        ClusterError, match=r"client properties are not accepted: .*security.protocol"
    ):
        clients.admin("eu", {"bootstrap.servers": "127.0.0.1:1", "security.protocol": "TELEPATHY"})


def test_a_jaas_line_is_read_with_quotes_escapes_and_newlines():
    """Options keep what quotes and backslashes protect."""
    line = 'a.b.PlainLoginModule required\n  username="u\\\\x"\n  password="p=;\' q";'
    found = parse_jaas(line)
    assert found is not None
    assert found.module == "PlainLoginModule"
    assert dict(found.options) == {"username": "u\\x", "password": "p=;' q"}
