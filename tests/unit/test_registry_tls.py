"""Registries behind TLS, with certificates that the test makes."""

from __future__ import annotations

import ssl

import pytest
import trustme
from registry_server import server

from federation.errors import ClusterError
from federation.schemas.registry import Access, connect


@pytest.fixture
def tls(tmp_path):
    """An authority, a server that asks everybody for its certificates, and files for clients."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    ca, certificate, key = (str(tmp_path / f"{name}.pem") for name in ("ca", "own", "key"))
    authority.cert_pem.write_to_path(ca)
    own = authority.issue_cert("client.invalid")
    own.cert_chain_pems[0].write_to_path(certificate)
    own.private_key_pem.write_to_path(key)
    with server({}, context=context) as (url, _):
        yield context, {"url": url, "ca": ca}, {"certificate": certificate, "key": key}


def ask(**access):
    with connect(Access(**access), deadline=0.5) as client:
        return client.subjects()


def test_a_trusted_authority(tls):
    """A server whose authority is given is asked; without it, it is not."""
    _, trusted, _ = tls
    assert ask(**trusted) == []
    with pytest.raises(ClusterError, match="CERTIFICATE_VERIFY_FAILED"):
        ask(url=trusted["url"])


def test_a_client_certificate(tls):
    """A server that demands a certificate is shown ours, and answers nobody without one."""
    context, trusted, own = tls
    context.verify_mode = ssl.CERT_REQUIRED
    assert ask(**trusted, **own) == []
    with pytest.raises(ClusterError, match="does not answer"):
        ask(**trusted)


@pytest.mark.parametrize("which", ["ca", "certificate"])
def test_files_that_hold_nothing(tls, tmp_path, which):
    """A file without a certificate in it is named."""
    _, trusted, own = tls
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing")
    with pytest.raises(ClusterError, match=r"empty\.pem"):
        ask(**trusted | own | {which: str(empty)})
