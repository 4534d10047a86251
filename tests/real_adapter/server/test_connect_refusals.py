"""What cannot be reached, or is something else than a Redis that will do: one line that says so."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import pytest

from real_adapter.server.server import LocalServer, start_server
from tests.real_adapter.server.connecting import told

# (what a server sends) for every time that something is received; None: nothing more, b"": it closes the connection
Script = Sequence[bytes | None]
PONG = b"+PONG\r\n"


def info(**told: object) -> bytes:
    text = "".join(f"{name}:{value}\r\n" for name, value in told.items()).encode()
    return b"$%d\r\n%b\r\n" % (len(text), text)


@contextmanager
def speaking(*script: bytes | None) -> Iterator[str]:
    """Listen on a port of this machine and speak by *script*; yield host and port."""
    with socket.create_server(("127.0.0.1", 0)) as listener, ExitStack() as stack:
        stop = threading.Event()

        def serve() -> None:
            taken, _ = listener.accept()
            with taken:
                for words in script:
                    if words is None:
                        stop.wait(10)
                    elif not taken.recv(4096) or not words:
                        return
                    else:
                        taken.sendall(words)
                taken.recv(4096)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        stack.callback(thread.join)
        stack.callback(stop.set)
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("127.0.0.1:1", "nothing listens there; start it, or check host and port"),
        ("no.such.host.invalid:6379", "there is no host of this name"),
        ("a..b:6379", "this is not the name of a host"),
    ],
)
def test_where_nothing_is(place: str, reason: str) -> None:
    assert told(f"redis://:geheim@{place}") == f"redis at {place}: {reason}"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ([b"HTTP/1.1 400 Bad Request\r\n\r\n"], "does not answer as a Redis does; check host and port"),
        ([b"$4\r\nwhat\r\n"], "does not answer as a Redis does; check host and port"),
        ([b""], "closes the connection; check that it is a Redis, and use rediss:// if it speaks TLS"),
        ([None], "does not answer in time; check host, port and firewall"),
        ([b"-DENIED Redis is running in protected mode\r\n"], "is in protected mode and takes no clients from other"),
        ([b"-ERR max number of clients reached\r\n"], "has as many clients as it takes (maxclients)"),
        ([b"-LOADING Redis is loading the dataset in memory\r\n"], "is loading its data; try again when it has"),
        ([PONG, b"-LOADING Redis is loading the dataset in memory\r\n"], "is loading its data; try again when it has"),
        ([PONG, b"-ERR unknown command 'INFO'\r\n"], "refuses a command; its own log or manual says why"),
    ],
)
def test_what_is_there_is_not_what_it_should_be(script: Script, reason: str) -> None:
    with speaking(*script) as place:
        patience_s = 0.2 if None in script else 20
        assert told(f"redis://{place}?socket_timeout={patience_s}").startswith(f"redis at {place}: {reason}")


def test_what_is_too_old_or_something_else() -> None:
    with speaking(PONG, info(redis_version="6.2.14", redis_mode="standalone", role="master")) as place:
        assert told(f"redis://{place}") == "server: redis 6.2.14 is too old; allowed: Redis 7.0 or newer, or Valkey"
    with speaking(PONG, info(redis_version="7.4.0", dragonfly_version="df-v1.2")) as place:
        assert told(f"redis://{place}") == "server: this is dragonfly; allowed: Redis or Valkey"


def test_a_replica_takes_no_writes(server: LocalServer) -> None:
    with start_server(settings={"replicaof": f"{server.address.host} {server.address.port}"}) as replica:
        assert told(f"redis://{replica.address}").endswith(
            "is a replica, which takes no writes; connect to its primary"
        )


def test_a_cluster_without_slots_serves_nothing() -> None:
    with start_server(settings={"cluster-enabled": "yes"}) as node:
        assert told(f"redis://{node.address}") == (
            f"redis at {node.address}: its cluster serves 0 of 16384 slots and is in the state fail; "
            "give every slot a primary that works"
        )


@pytest.mark.parametrize("option", ["cluster", "read_from_replicas"])
def test_a_single_server_is_no_cluster(server: LocalServer, option: str) -> None:
    line = told(f"redis://{server.address}?{option}=true")
    assert line == f"redis at {server.address}: is no cluster; leave out cluster and read_from_replicas"


def test_a_database_that_there_is_not(server: LocalServer) -> None:
    assert "has no database of this number" in told(f"redis://{server.address}/99")
