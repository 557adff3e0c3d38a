"""A key of its own for each run: only this gateway and its processes talk to each other.

Flink's REST takes jobs, and its RPC takes Java objects, from whoever can connect: that is everyone
with an account on the machine. So both ask for a certificate, and there is only one.
"""

from __future__ import annotations

import ipaddress
import secrets
import socket
import ssl
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_NAME = "federation"
_LOOPBACK = "127.0.0.1"
_YEARS = timedelta(days=3650)  # a gateway may run for long; its key ends with it anyway


class Identity:
    """A private key and its certificate, for the loopback address."""

    def __init__(self, folder: Path) -> None:
        """Make a new one.

        Args:
            folder: where its files go; nobody else should be able to read it.
        """
        self._store, self._pem = folder / "identity.p12", folder / "identity.pem"
        self._password = secrets.token_urlsafe(32)
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _signed(key)
        protected = serialization.BestAvailableEncryption(self._password.encode())
        _write(
            self._store,
            pkcs12.serialize_key_and_certificates(
                _NAME.encode(), key, certificate, None, protected
            ),
        )
        _write(
            self._pem,
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protected
            )
            + certificate.public_bytes(serialization.Encoding.PEM),
        )

    def options(self, *scopes: str) -> Mapping[str, str]:
        """Flink's settings for ``rest`` or ``internal``: TLS, and both sides show who they are."""
        found = {
            "security.ssl.protocol": "TLSv1.3",
            "security.ssl.algorithms": "TLS_AES_128_GCM_SHA256",
        }
        for scope in scopes:
            prefix = f"security.ssl.{scope}"
            found |= {
                f"{prefix}.enabled": "true",
                # A key store whose own certificate Java trusts as well.
                f"{prefix}.keystore": str(self._store),
                f"{prefix}.truststore": str(self._store),
                f"{prefix}.keystore-password": self._password,
                f"{prefix}.key-password": self._password,
                f"{prefix}.truststore-password": self._password,
            }
        if "rest" in scopes:
            found["security.ssl.rest.authentication-enabled"] = "true"
        return found

    def context(self) -> ssl.SSLContext:
        """For a client of Flink's REST in Python."""
        context = ssl.create_default_context(cafile=str(self._pem))
        context.load_cert_chain(self._pem, password=self._password)
        return context


def _names() -> set[str]:
    """What this machine calls its loopback: Flink looks for the address's name in a certificate."""
    with suppress(OSError):
        name, aliases, _ = socket.gethostbyaddr(_LOOPBACK)
        return {"localhost", name, *aliases}
    return {"localhost"}


def _write(file: Path, content: bytes) -> None:
    file.touch(mode=0o600)
    file.write_bytes(content)


def _signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, _NAME)])
    address = x509.IPAddress(ipaddress.ip_address(_LOOPBACK))
    names = [x509.DNSName(one) for one in _names()]
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # clocks are set back, too
        .not_valid_after(now + _YEARS)
        .add_extension(x509.SubjectAlternativeName([address, *names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
