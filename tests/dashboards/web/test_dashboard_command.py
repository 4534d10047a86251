"""`breakwater dashboard` from outside."""

import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

PROGRAM = [sys.executable, "-c", "from dashboards.cli import main; main()", "dashboard"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def refused(*arguments: str) -> str:
    done = subprocess.run([*PROGRAM, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    return done.stderr


@pytest.mark.parametrize("port", ["0", "65536", "-1", "eighty"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    assert "--port" in refused("--port", port)


def test_a_port_that_is_taken_is_refused() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"--port: {port} cannot be used: Address already in use" in refused("--port", str(port))


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
