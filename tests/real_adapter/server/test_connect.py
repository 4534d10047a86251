"""Connecting to somebody's Redis: what is written is removed, and only what may be written to is."""

import os
import signal
from pathlib import Path

import pytest
import redis

from real_adapter.server import server as server_module
from real_adapter.server.cluster import LocalCluster
from real_adapter.server.connect import Connection, connect
from real_adapter.server.server import LocalServer, start_server
from sim.errors import BadInput
from tests.real_adapter.server.connecting import keys_of, told

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
