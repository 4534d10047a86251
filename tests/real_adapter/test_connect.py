"""Connecting to somebody's Redis: what is refused and how that is told, that nothing is left, no password shown."""

import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st

from real_adapter import server as server_module
from real_adapter.cluster import LocalCluster
from real_adapter.connect import Connection, connect
from real_adapter.server import LocalServer, start_server
from sim.errors import BadInput

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


def told(url: str, **options: Any) -> str:
    """Return the one line with which a URL is refused."""
    with pytest.raises(BadInput) as error, connect(url, **options):
        pass
    line = str(error.value)
    assert "\n" not in line
    return line


@pytest.fixture
def user(server: LocalServer) -> Iterator[Callable[..., str]]:
    """Make users with permissions and return the URL of each."""
    names = []
    with server.client() as client:

        def make(name: str, *permissions: str) -> str:
            names.append(name)
            client.execute_command("ACL", "SETUSER", name, "reset", "on", ">geheim", *permissions)
            return f"redis://{name}:geheim@{server.address}"

        yield make
        client.execute_command("ACL", "DELUSER", *names)


def keys_of(server: LocalServer) -> set[bytes]:
    with server.client() as client:
        return set(client.scan_iter(count=1000))


# -- what works, and what is left of it --------------------------------------------------------------------------------


def test_what_is_written_under_the_prefix_is_removed_and_nothing_else(server: LocalServer) -> None:
    with server.client() as client:
        theirs = {b"theirs", b"breakwater:", b"breakwater:000000000000:key"}
        client.mset(dict.fromkeys(theirs, "kept"))
        known = client.script_load("return 'theirs'")
        before = keys_of(server)
        with connect(f"redis://{server.address}") as connection:
            assert str(connection.server) == str(server.facts)
            connection.client.mset({f"{connection.prefix}{k}": k for k in range(1200)})
            assert connection.cleanup() >= 1200
            connection.client.set(f"{connection.prefix}last", 1)
        assert keys_of(server) == before
        assert client.script_exists(known) == [True]
        client.delete(*theirs)


def test_every_connection_has_a_prefix_of_its_own(server: LocalServer) -> None:
    url = f"redis://{server.address}"
    with connect(url) as one, connect(url) as other:
        one.client.set(f"{one.prefix}key", 1)
        other.cleanup()
        assert one.client.get(f"{one.prefix}key") == b"1"


def test_another_database_is_left_alone(server: LocalServer) -> None:
    before = keys_of(server)
    with connect(f"redis://{server.address}/3") as connection:
        connection.client.set(f"{connection.prefix}key", 1)
        assert keys_of(server) == before
    with server.client(db=3) as client:
        assert client.dbsize() == 0


def test_a_socket_of_this_machine(tmp_path: Path) -> None:
    path = tmp_path / "redis.sock"
    with start_server(settings={"unixsocket": str(path)}), connect(f"unix://{path}") as connection:
        assert connection.client.ping()
    assert told(f"unix://{tmp_path}/other.sock") == f"redis at {tmp_path}/other.sock: there is no such socket"


@pytest.mark.xdist_group("cluster")
def test_a_cluster_is_found_from_any_node_and_left_empty(cluster: LocalCluster) -> None:
    for server in cluster.nodes:
        with connect(f"redis://{server.address}?cluster=true") as connection:
            assert isinstance(connection.client, redis.RedisCluster)
            for k in range(30):
                connection.client.set(f"{connection.prefix}{k}", k)
            assert {len(keys_of(primary)) > 0 for primary in cluster.primaries} == {True}
        assert [keys_of(primary) for primary in cluster.primaries] == [set()] * 3
    assert told(f"redis://{cluster.primaries[0].address}/1").endswith(
        "has no database of this number; a cluster has 0 only"
    )


@pytest.mark.xdist_group("cluster")
def test_reads_go_to_replicas_if_asked_for(cluster: LocalCluster) -> None:
    (replica,) = cluster.replicas[cluster.primaries.index(cluster.owner("read"))]

    def reads() -> int:
        return int(replica.client().info("commandstats").get("cmdstat_get", {"calls": 0})["calls"])

    for option, expected in (("true", 5), ("false", 0)):
        before = reads()
        with connect(f"redis://{cluster.primaries[0].address}?read_from_replicas={option}") as connection:
            for _ in range(5):
                connection.client.get("read")
        assert reads() - before == expected


# -- whose it is -------------------------------------------------------------------------------------------------------


def test_a_server_of_somebody_else_is_written_to_only_if_that_is_allowed(
    server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"redis://{server.address}"
    monkeypatch.setattr(server_module, "_OURS", set())
    before = keys_of(server)
    with server.client() as client:
        client.config_resetstat()
        assert told(url) == (
            f"redis at {server.address}: was not started by this program, so nothing is written to it; "
            "--allow-remote-writes permits it, with keys of its own only, which are removed"
        )
        assert set(client.info("commandstats")) <= {
            f"cmdstat_{name}" for name in ("ping", "info", "config|get", "config|resetstat")
        }
    with connect(url, allow_remote_writes=True) as connection:
        connection.client.set(f"{connection.prefix}key", 1)
    assert keys_of(server) == before


@pytest.mark.xdist_group("cluster")
def test_a_cluster_is_ours_only_if_all_primaries_are(cluster: LocalCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"redis://{cluster.primaries[0].address}"
    with connect(url):
        pass
    with cluster.primaries[2].client() as client:
        theirs = client.info("server")["run_id"]
    monkeypatch.setattr(server_module, "_OURS", server_module._OURS - {theirs})
    assert "was not started by this program" in told(url)


# -- what cannot be reached, or is something else ----------------------------------------------------------------------


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


# -- who may do what ---------------------------------------------------------------------------------------------------


def test_a_wrong_password_and_none(server: LocalServer, user: Callable[..., str]) -> None:
    url = user("ann", "~*", "+@all")
    line = told(url.replace("geheim", "falsch"))
    assert line == f"redis at {server.address}: does not let user ann in with this password; check both"
    with start_server(settings={"requirepass": "geheim"}) as locked:
        line = told(f"redis://{locked.address}")
        assert line == (
            f"redis at {locked.address}: wants a password; allowed: //USER:PASSWORD@ before the host, or //:PASSWORD@"
        )
        with connect(f"redis://:geheim@{locked.address}") as connection:
            assert connection.client.ping()


@pytest.mark.parametrize(
    ("permissions", "reason"),
    [
        (("~*", "+@all", "-ping"), "user ann may not run PING; permit it (ACL SETUSER ann +ping)"),
        (("~*", "+@all", "-info"), "user ann may not run INFO; permit it (ACL SETUSER ann +info)"),
        (("~*", "+@all", "-scan"), "user ann may not run SCAN; permit it (ACL SETUSER ann +scan)"),
        (("~*", "+@all", "-unlink"), "user ann may not run UNLINK; permit it (ACL SETUSER ann +unlink)"),
        (("~*", "+@all", "-script|load"), "user ann may not run SCRIPT|LOAD; permit it (ACL SETUSER ann +script|load)"),
        (("~*", "+@all", "-evalsha"), "user ann may not run EVALSHA; permit it (ACL SETUSER ann +evalsha)"),
        (("~*", "+@all", "-evalsha_ro"), "user ann may not run EVALSHA_RO; permit it (ACL SETUSER ann +evalsha_ro)"),
        (("~*", "+@all", "-zrange"), "user ann may not run ZRANGE; permit it (ACL SETUSER ann +zrange)"),
        (("~app:*", "+@all"), "user ann may not use the keys needed; permit them (ACL SETUSER ann ~breakwater:*)"),
    ],
)
def test_a_permission_that_is_missing(
    server: LocalServer, user: Callable[..., str], permissions: tuple[str, ...], reason: str
) -> None:
    before = keys_of(server)
    assert told(user("ann", *permissions)) == f"redis at {server.address}: {reason}"
    assert keys_of(server) == before


@pytest.mark.parametrize("command", ["zadd", "zpopmin", "hincrby", "time", "set"])
def test_a_permission_that_is_missing_inside_a_script(
    server: LocalServer, user: Callable[..., str], command: str
) -> None:
    before = keys_of(server)
    line = told(user("ann", "~*", "+@all", f"-{command}"))
    # Redis 7.0 does not say which of the commands it was
    assert line.startswith(f"redis at {server.address}: user ann may not run ")
    assert command.upper() in line
    assert keys_of(server) == before


def test_no_more_is_needed_than_is_said(user: Callable[..., str]) -> None:
    needed = ("ping", "info", "scan", "unlink", "script|load", "evalsha", "evalsha_ro", "time", "mget", "select")
    in_rooms = ("hsetnx", "hmget", "hset", "hincrby", "hgetall", "zadd", "zrem", "zrank", "zscore", "zcard", "zpopmin")
    rest = ("zrangebyscore", "zrange", "set")
    with connect(user("ann", "~breakwater:*", *(f"+{name}" for name in needed + in_rooms + rest))) as connection:
        assert connection.server.settings == {}


# -- what happens later ------------------------------------------------------------------------------------------------


def test_a_server_that_dies_leaves_a_line_about_it_and_about_the_keys() -> None:
    def use(connection: Connection, server: LocalServer) -> None:
        os.kill(server.pid, signal.SIGKILL)
        connection.client.get("key")

    with start_server() as server, pytest.raises(BadInput) as error, connect(f"redis://{server.address}") as connection:
        use(connection, server)
    first, then = str(error.value).split("; remove ")
    place, reason = first.removeprefix("redis at ").split(": ")
    assert place == str(server.address)
    assert reason.split(";")[0] in ("closes the connection", "nothing listens there")  # as far as its dying has come
    assert then == f"the keys that begin with {connection.prefix} by hand"


def test_what_others_raise_is_passed_on_and_the_keys_are_removed(server: LocalServer) -> None:
    before = keys_of(server)
    with pytest.raises(ZeroDivisionError), connect(f"redis://{server.address}") as connection:
        connection.client.set(f"{connection.prefix}key", 1 // len(connection.prefix[:0]))
    assert keys_of(server) == before


# -- TLS ---------------------------------------------------------------------------------------------------------------


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


# -- passwords ---------------------------------------------------------------------------------------------------------

SECRETS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)


@contextmanager
def echoing() -> Iterator[str]:
    """Listen, and answer everything with an error that repeats it, as servers do with commands they do not know."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    taken, _ = listener.accept()
                except OSError:
                    return
                with taken:
                    said = taken.recv(4096).replace(b"\r\n", b" ")
                    taken.sendall(b"-ERR unknown command, with args beginning with: %b\r\n" % said)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_no_line_depends_on_the_password(server: LocalServer) -> None:
    with echoing() as echo, server.client() as client:
        client.execute_command("ACL", "SETUSER", "ann", "reset", "on", ">the one", "~*", "+@all")

        @settings(max_examples=40)
        @given(SECRETS)
        def is_silent(secret: str) -> None:
            encoded = quote(secret, safe="")
            for place in (echo, str(server.address), "127.0.0.1:1", "a..b"):
                for url in (
                    "redis://ann:{}@{}",
                    "rediss://ann:{}@{}?ssl_cert_reqs=no",
                    "redis://{1}?username=ann&password={0}",
                ):
                    assert told(url.format(encoded, place)) == told(url.format("another", place))

        is_silent()
        client.execute_command("ACL", "DELUSER", "ann")


def test_neither_a_connection_nor_what_goes_wrong_holds_the_password(
    server: LocalServer, user: Callable[..., str]
) -> None:
    with connect(user("ann", "~*", "+@all")) as connection:
        assert "geheim" not in repr(connection)
    with pytest.raises(BadInput) as error, connect(user("ann", "+ping")):
        pass
    assert error.value.__suppress_context__
