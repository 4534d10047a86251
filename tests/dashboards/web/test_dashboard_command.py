"""`breakwater dashboard` from outside."""

import signal
import socket
import subprocess
import urllib.request

import pytest

from tests.dashboards.conftest import Refused
from tests.dashboards.web.servers import PROGRAM, free_port


@pytest.mark.parametrize("port", ["0", "65536", "-1", "eighty"])
def test_a_port_that_is_none_is_refused(refused: Refused, port: str) -> None:
    assert "--port" in refused("dashboard", "--port", port)


def test_a_port_that_is_taken_is_refused(refused: Refused) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"--port: {port} cannot be used: Address already in use" in refused("dashboard", "--port", str(port))


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_tells_where_it_is_and_ends_cleanly(how: signal.Signals) -> None:
    port = free_port()
    with subprocess.Popen(
        [*PROGRAM, "--port", str(port)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == f"Breakwater is at http://127.0.0.1:{port} (Ctrl-C ends it)\n"
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60) as answer:
                assert answer.status == 200
            server.send_signal(how)
            _, complaints = server.communicate(timeout=60)
        finally:
            server.kill()
    assert server.returncode == 0
    assert "Traceback" not in complaints
