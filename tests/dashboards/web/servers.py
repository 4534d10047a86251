"""Servers of the pages, as the command starts them."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.dashboards.test_cli import ENTRY

PROGRAM = [sys.executable, "-c", ENTRY, "dashboard"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served() -> Iterator[tuple[str, int]]:
    """A server of the pages: its address and its process."""
    port = free_port()
    with subprocess.Popen([*PROGRAM, "--port", str(port)], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            assert "Breakwater is at" in server.stdout.readline()
            yield f"http://127.0.0.1:{port}", server.pid
        finally:
            server.terminate()
            server.wait(60)


def workers_of(server: int) -> list[int]:
    """The worker processes that a server has."""
    children = Path(f"/proc/{server}/task").glob("*/children")
    pids = [int(pid) for listed in children for pid in listed.read_text().split()]
    return [pid for pid in pids if b"dashboards.web.simulating" in _command_line(pid)]


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
