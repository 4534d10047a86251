"""Connections: greeted, kept, renewed; whatever is wrong with a server is one line without a secret."""

import re
import select
import socket

import numpy as np
import pytest

from real_adapter.drive.connections import Connections
from real_adapter.drive.driver import drive_open
from real_adapter.drive.requests import encode_each
from sim.errors import BadInput
from tests.real_adapter.drive.resp_server import CLOSE, Arguments, RespServer, echo_number

PASSWORD = "hunter2"


def refusal(urls: list[str], **settings) -> str:
    with pytest.raises(BadInput) as refused, Connections(urls, 2, **settings):
        pass
    text = str(refused.value)
    assert "\n" not in text
    assert PASSWORD not in text
    return text


def test_each_connection_is_greeted_in_order() -> None:
    with RespServer(lambda arguments: b"+OK\r\n") as server:
        url = server.url.replace("://", f"://me%40home:{PASSWORD}@") + "/3"
        with Connections([url], 3, preamble=[("READONLY",), ("CLIENT", "NO-EVICT", "ON")]) as connections:
            assert len(connections.descriptors()) == 3
            assert all(each.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for each in connections.sockets)
        greeting = [[b"AUTH", b"me@home", PASSWORD.encode()], [b"SELECT", b"3"], [b"READONLY"]]
        assert server.received == [[*greeting, [b"CLIENT", b"NO-EVICT", b"ON"]]] * 3


def test_connections_are_spread_over_servers() -> None:
    requests = encode_each([["GET", k] for k in range(6)])
    with RespServer() as first, RespServer() as second, Connections([first.url, second.url], 4) as connections:
        driven = drive_open(connections, requests, np.zeros(6, np.int64), keep_integers=True, busy_wait=False)
        assert driven.integers.tolist() == list(range(6))
        assert first.received == [[[b"GET", b"0"], [b"GET", b"4"]], [[b"GET", b"2"]]]
        assert second.received == [[[b"GET", b"1"], [b"GET", b"5"]], [[b"GET", b"3"]]]


@pytest.mark.parametrize(
    ("url", "says"),
    [
        (f"rediss://:{PASSWORD}@host:6379", "redis at host:6379: the load driver speaks neither TLS nor"),
        (f"unix://:{PASSWORD}@/run/redis.sock", "redis at /run/redis.sock: the load driver speaks neither TLS nor"),
        (f"http://:{PASSWORD}@host", "redis URL: does not begin as it must"),
        (f"redis://:{PASSWORD}@host:99999", "redis URL: has no host and port that can be read"),
        (f"redis://:{PASSWORD}@host:1?speed=2", "redis URL: has an option that there is not"),
        (PASSWORD, "redis URL: does not begin as it must"),
        (f"redis://:{PASSWORD}@no.host.invalid:1", "no.host.invalid:1: cannot connect: "),
    ],
)
def test_a_url_that_cannot_be_used_is_one_line(url: str, says: str) -> None:
    assert says in refusal([url])


def test_a_refused_connection_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert refusal([f"redis://127.0.0.1:{port}"]) == f"127.0.0.1:{port}: cannot connect: Connection refused"


def test_a_refused_password_is_said_without_what_the_server_repeats() -> None:
    def repeat(arguments: Arguments) -> bytes:
        return b"-ERR unknown command with args beginning with: '%b'\r\n" % arguments[-1]

    with RespServer(repeat) as server:
        says = refusal([server.url.replace("://", f"://:{PASSWORD}@")])
    assert says.endswith("AUTH was refused (ERR); check user and password of the URL")


def test_a_server_that_repeats_a_password_and_hangs_up_is_not_quoted() -> None:
    def repeat_and_close(arguments: Arguments) -> bytes:
        return CLOSE if arguments == [b"PING"] else b"-ERR no such thing as %b\r\n" % arguments[-1]

    with RespServer(repeat_and_close) as server:
        says = refusal([server.url.replace("://", f"://:{PASSWORD}@")])
    assert says.endswith("(it said: ERR)")


def test_a_refused_preamble_is_said_with_the_servers_words() -> None:
    def no_cluster(arguments: Arguments) -> bytes:
        return b"+PONG\r\n" if arguments == [b"PING"] else b"-ERR This instance has cluster support disabled\r\n"

    with RespServer(no_cluster) as server:
        says = refusal([server.url], preamble=[("READONLY",)])
    assert says.endswith("READONLY was refused: ERR This instance has cluster support disabled")


def test_a_server_that_is_loading_is_said_to_be() -> None:
    with RespServer(lambda _: b"-LOADING Redis is loading the dataset in memory\r\n") as server:
        assert refusal([server.url]).endswith("PING was refused: LOADING Redis is loading the dataset in memory")


def test_a_server_of_something_else_is_one_line() -> None:
    with RespServer(lambda _: b"HTTP/1.1 400 Bad Request\r\n") as server:
        assert refusal([server.url]).endswith("what came is not the Redis protocol, after 0 of 2 replies; "
                                              "is this a Redis server?")  # fmt: skip


def test_a_silent_server_is_given_up() -> None:
    with RespServer(lambda _: None) as server:
        says = refusal([server.url], timeout_s=0.2)
    assert says.endswith("no answer to PING within 0.2 s; is this a Redis server?")


def test_a_server_that_hangs_up_is_quoted() -> None:
    with RespServer(lambda _: CLOSE) as server:
        assert re.search(r"the (server closed the connection|connection was lost) after 0 of 2", refusal([server.url]))


def test_a_system_without_epoll_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(select, "epoll")
    assert refusal(["redis://h"]) == "the load driver needs Linux: this system has no epoll"


def test_connections_that_are_not_open_carry_nothing() -> None:
    with pytest.raises(ValueError, match="not open"):
        drive_open(Connections(["redis://h"], 1), encode_each([["PING"]]), np.zeros(1, np.int64))


def test_too_many_connections_for_the_system_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> socket.socket:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(socket, "create_connection", full)
    assert refusal(["redis://h:1"]) == "h:1: cannot connect: Too many open files"


def test_connections_with_a_reply_to_come_are_made_anew() -> None:
    answers = [None, b":1\r\n"]

    def late(arguments: Arguments) -> bytes | None:
        return echo_number(arguments) if arguments == [b"PING"] else answers.pop(0)

    one = encode_each([["GET", 1]])
    with RespServer(late) as server, Connections([server.url], 1) as connections:
        first = drive_open(connections, one, np.zeros(1, np.int64), patience_s=0.1, busy_wait=False)
        second = drive_open(connections, one, np.zeros(1, np.int64), keep_integers=True, busy_wait=False)
        assert first.replied_ns.tolist() == [-1]
        assert second.integers.tolist() == [1]
        assert server.received == [[[b"GET", b"1"]], [[b"GET", b"1"]]]
