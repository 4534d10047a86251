"""Connecting with TLS: certificates are checked, and a server that speaks without is told from one with."""

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from real_adapter.server.connect import connect
from real_adapter.server.server import LocalServer
from tests.real_adapter.server.connecting import told


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost that is its own authority, and its key."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("making a certificate takes the program openssl")
    folder = tmp_path_factory.mktemp("tls")
    made, key = folder / "certificate.pem", folder / "key.pem"
    asked = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    subprocess.run([program, *asked.split(), "-out", made, "-keyout", key], check=True, capture_output=True)
    return made, key


@pytest.fixture
def tls_port(server: LocalServer, certificate: tuple[Path, Path]) -> Iterator[int]:
    """A port that takes TLS off and passes on what is said to the server, which may be built without."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_relay, args=(listener, context, server), daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def _relay(listener: socket.socket, context: ssl.SSLContext, server: LocalServer) -> None:
    while True:
        try:
            taken, _ = listener.accept()
        except OSError:
            return
        with taken, socket.create_connection(server.address) as behind:
            try:
                with context.wrap_socket(taken, server_side=True) as outside:
                    back = threading.Thread(target=_pass_on, args=(behind, outside))
                    back.start()
                    _pass_on(outside, behind)
                    behind.shutdown(socket.SHUT_RDWR)
                    back.join()
            except OSError:
                continue


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    try:
        while words := one.recv(65536):
            other.sendall(words)
    except OSError:
        return


def test_a_server_with_tls(tls_port: int, certificate: tuple[Path, Path], server: LocalServer) -> None:
    with connect(f"rediss://localhost:{tls_port}?ssl_ca_certs={certificate[0]}") as connection:
        assert connection.client.info()["process_id"] == server.pid


def test_a_certificate_that_is_not_known_or_is_of_another(tls_port: int, certificate: tuple[Path, Path]) -> None:
    place = f"localhost:{tls_port}"
    line = told(f"rediss://:geheim@{place}")
    assert line.startswith(f"redis at {place}: its certificate is not accepted: self")
    assert line.endswith("; name its issuer (ssl_ca_certs=FILE)")
    assert "mismatch" in told(f"rediss://127.0.0.1:{tls_port}?ssl_ca_certs={certificate[0]}")
    with connect(f"rediss://{place}?ssl_cert_reqs=none&ssl_check_hostname=false"):
        pass


def test_tls_and_none_are_told_apart(tls_port: int, certificate: tuple[Path, Path], server: LocalServer) -> None:
    assert "use rediss:// if it speaks TLS" in told(f"redis://localhost:{tls_port}")
    line = told(f"rediss://{server.address}?socket_timeout=0.2&socket_connect_timeout=0.2")
    assert line.endswith("does not answer in time; check host, port and firewall, and that it speaks TLS")
    line = told(f"rediss://localhost:{tls_port}?ssl_ca_certs={certificate[1]}")
    assert "TLS fails; check the files that the URL names" in line
