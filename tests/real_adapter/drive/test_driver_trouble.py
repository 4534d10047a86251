"""The load driver against servers that fail: no drive hangs, none counts that should not, and the next one works."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import real_adapter.drive.connections
from real_adapter.drive.connections import Connections
from real_adapter.drive.driver import MOST_LATE_US, drive_open
from real_adapter.drive.requests import encode_each
from sim.errors import BadInput
from tests.real_adapter.drive.loads import MS, SLEEPS, at_once, bytes_of, numbered
from tests.real_adapter.drive.resp_server import CLOSE, Arguments, RespServer, echo_number


def test_a_connection_closed_on_the_way_is_one_line_and_the_next_drive_has_a_new_one() -> None:
    def close_at_three(arguments: Arguments) -> bytes:
        return CLOSE if arguments[-1] == b"3" else echo_number(arguments)

    with RespServer(close_at_three) as server, Connections([server.url], 1) as connections:
        with pytest.raises(BadInput) as lost:
            drive_open(connections, numbered(9), np.arange(9) * MS, **SLEEPS)
        assert "after 3 of 9 replies" in str(lost.value)
        assert "\n" not in str(lost.value)
        assert (drive_open(connections, numbered(2), at_once(2), **SLEEPS).replied_ns >= 0).all()


def twice(arguments: Arguments) -> bytes:
    return echo_number(arguments) * (1 if arguments == [b"PING"] else 2)


def test_a_reply_to_nothing_is_one_line() -> None:
    says = pytest.raises(BadInput, match="sent a reply that nothing had asked for")
    with RespServer(twice) as server, Connections([server.url], 1) as connections, says:
        drive_open(connections, numbered(2), np.array([0, 300 * MS]), **SLEEPS)


@pytest.mark.usefixtures("small_buffers")
def test_a_reply_to_what_is_still_being_sent_is_one_line() -> None:
    requests = encode_each([["GET", 0], ["SET", "x" * 3_000_000, 1]])
    says = pytest.raises(BadInput, match="sent a reply that nothing had asked for, after 1 of 2 replies")
    with RespServer(twice, room=4096) as server, Connections([server.url], 1) as connections, says:
        drive_open(connections, requests, at_once(2), **SLEEPS)


@pytest.mark.parametrize("busy_wait", [True, False])
def test_a_server_that_never_answers_is_given_up_at_the_deadline(busy_wait: bool) -> None:
    def silent(arguments: Arguments) -> bytes | None:
        return b"+PONG\r\n" if arguments == [b"PING"] else None

    with RespServer(silent) as server, Connections([server.url], 2) as connections:
        driven = drive_open(connections, numbered(5), at_once(5), patience_s=0.2, busy_wait=busy_wait)
    assert driven.replied_ns.tolist() == [-1] * 5
    assert (driven.sent_ns >= 0).all()
    assert driven.fell_behind
    assert driven.seconds >= 0.2


@pytest.fixture
def small_buffers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections whose system takes few bytes at a time."""
    connected = real_adapter.drive.connections._connected

    def small(address: real_adapter.drive.connections.Address, timeout_s: float) -> socket.socket:
        made = connected(address, timeout_s)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        return made

    monkeypatch.setattr(real_adapter.drive.connections, "_connected", small)


@pytest.mark.usefixtures("small_buffers")
def test_a_request_larger_than_all_buffers_arrives_whole() -> None:
    with RespServer(room=4096) as server, Connections([server.url], 2) as connections:
        requests = encode_each([["SET", os.urandom(3_000_000), 0], ["GET", 1], ["GET", 2], ["GET", 3]])
        on = np.array([0, 1, 1, 0])
        driven = drive_open(connections, requests, at_once(4), on, patience_s=20, keep_integers=True, **SLEEPS)
    assert driven.integers.tolist() == [0, 1, 2, 3]
    assert b"".join(server.received[0][0][1:2]) in bytes_of(requests, 0)
    assert driven.sent_ns[1] < driven.sent_ns[0]  # the other connection was not held up
    assert driven.replied_ns[2] < driven.replied_ns[0]


@pytest.mark.usefixtures("small_buffers")
def test_a_server_that_does_not_read_is_given_up_and_others_are_served() -> None:
    with (
        RespServer(room=4096) as reading,
        RespServer(room=4096) as full,
        Connections([reading.url, full.url], 2) as connections,
    ):
        full.reads.clear()
        requests = encode_each([["SET", "x" * 200_000 if k % 2 else "", k] for k in range(40)])
        driven = drive_open(connections, requests, at_once(40), patience_s=1, **SLEEPS)
    assert (driven.replied_ns[::2] >= 0).all()
    assert (driven.replied_ns[1::2] == -1).all()
    assert driven.sent_ns[-1] == -1
    assert driven.fell_behind
    assert driven.send_calls < 200  # it slept while there was no room


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    """A server in a process of its own; its port is its first line."""
    command = [sys.executable, "-m", "tests.real_adapter.drive.resp_server"]
    root = Path(real_adapter.drive.connections.__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as started:
        yield started
        started.send_signal(signal.SIGCONT)
        started.kill()


def test_a_server_that_is_stopped_makes_the_window_void(process: subprocess.Popen[str]) -> None:
    url = f"redis://127.0.0.1:{int(process.stdout.readline())}"
    with Connections([url], 4) as connections:
        process.send_signal(signal.SIGSTOP)
        stopped = drive_open(connections, numbered(100), np.arange(100) * MS, patience_s=0.2, **SLEEPS)
        process.send_signal(signal.SIGCONT)
        going = drive_open(connections, numbered(10), at_once(10), patience_s=20, **SLEEPS)
    assert stopped.fell_behind
    assert (stopped.replied_ns == -1).all()
    assert (going.replied_ns >= 0).all()


def test_a_schedule_that_nobody_can_keep_makes_the_window_void() -> None:
    due = np.arange(30_000)  # a request each nanosecond
    with RespServer() as server, Connections([server.url], 4) as connections:
        driven = drive_open(connections, numbered(30_000), due, patience_s=20, **SLEEPS)
    assert (driven.replied_ns >= 0).all()
    assert driven.late_p99_us > MOST_LATE_US
    assert driven.fell_behind
