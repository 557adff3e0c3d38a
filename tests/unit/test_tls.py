"""The key that Flink's processes and their gateway share: whoever has another one is not heard."""

from __future__ import annotations

import socket
import ssl
import threading
from typing import TYPE_CHECKING

import pytest

from federation.flink.tls import Identity

if TYPE_CHECKING:
    from pathlib import Path


def _identity(folder: Path) -> Identity:
    folder.mkdir()
    return Identity(folder)


def _handshake(server: Identity, client: ssl.SSLContext) -> None:
    """One connection over loopback, with both sides' certificates looked at; their errors."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=server._pem)
    context.load_cert_chain(server._pem, password=server._password)
    context.verify_mode = ssl.CERT_REQUIRED
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, context.wrap_socket(connection, server_side=True) as safe:
                safe.sendall(b"hello")

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            with (
                socket.create_connection(listener.getsockname(), timeout=10) as plain,
                client.wrap_socket(plain, server_hostname="127.0.0.1") as safe,
            ):
                assert safe.recv(5) == b"hello"
        finally:
            thread.join(10)


def test_the_same_key_is_heard(tmp_path: Path) -> None:
    """Both sides show the one certificate and take it."""
    one = _identity(tmp_path / "one")
    _handshake(one, one.context())


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_another_runs_key_is_not(tmp_path: Path) -> None:
    """Neither by the server, however much the client trusts, nor by the client."""
    one, other = _identity(tmp_path / "one"), _identity(tmp_path / "other")
    with pytest.raises(ssl.SSLCertVerificationError):
        _handshake(one, other.context())
    trusting = other.context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    with pytest.raises((ssl.SSLError, ConnectionError)):
        _handshake(one, trusting)


def test_nobody_else_reads_its_files(tmp_path: Path) -> None:
    """Key store and key are the owner's alone, and not readable without the run's password."""
    one = _identity(tmp_path / "one")
    assert [path.stat().st_mode & 0o777 for path in (one._store, one._pem)] == [0o600] * 2
    assert b"ENCRYPTED PRIVATE KEY" in one._pem.read_bytes()


def test_scopes_have_their_own_settings(tmp_path: Path) -> None:
    """Whoever only asks by REST is not told how to speak RPC; clients show who they are."""
    rest = _identity(tmp_path / "one").options("rest")
    assert rest["security.ssl.rest.authentication-enabled"] == "true"
    assert not [name for name in rest if ".internal." in name]
