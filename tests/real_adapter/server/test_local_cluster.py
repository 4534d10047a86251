"""A cluster of our own: formed as asked for, with the slots of the models, and able to lose a primary."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.plan.hash_slots import shard_of, slot_of, slot_ranges
from real_adapter.server import cluster as cluster_module
from real_adapter.server.cluster import LocalCluster, start_cluster
from real_adapter.server.server import LocalServer, start_server
from sim.errors import BadInput

pytestmark = pytest.mark.xdist_group("cluster")
KEYS = st.text(min_size=1, max_size=12) | st.builds("{0}{{{1}}}{2}".format, st.text(max_size=3), st.text(), st.text())


def slots_told(server: LocalServer) -> dict[tuple[int, int], list[int]]:
    """Return the ports of those who have the slots from the first to the last, in the eyes of a server."""
    with server.client() as client:
        return {(first, last): [node[1] for node in nodes] for first, last, *nodes in client.cluster("SLOTS")}


def test_every_node_knows_the_slots_of_the_models(cluster: LocalCluster) -> None:
    expected = {
        (slots[0], slots[-1]): [primary.address.port, *(replica.address.port for replica in replicas)]
        for slots, primary, replicas in zip(slot_ranges(3), cluster.primaries, cluster.replicas, strict=True)
    }
    assert len(cluster.nodes) == 6
    assert [slots_told(server) for server in cluster.nodes] == [expected] * 6


def test_the_server_puts_keys_into_the_slots_of_the_models(cluster: LocalCluster) -> None:
    with cluster.primaries[0].client() as client:

        @settings(max_examples=200)
        @given(KEYS)
        def same_slot(key: str) -> None:
            assert client.cluster("KEYSLOT", key) == slot_of(key)

        same_slot()


def test_the_owner_of_a_key_is_the_one_that_takes_it(cluster: LocalCluster) -> None:
    owners = set()
    for key in map(str, range(30)):
        owner = cluster.owner(key)
        assert owner == cluster.primaries[shard_of(slot_of(key), 3)]
        owners.add(owner)
        with owner.client() as client:
            client.set(key, "here")  # any other would answer MOVED
            client.delete(key)
    assert owners == set(cluster.primaries)


def test_replicas_get_what_their_primary_has(cluster: LocalCluster) -> None:
    with cluster.owner("copied").client() as client:
        client.set("copied", 1)
        assert client.wait(1, 5000) == 1
        client.delete("copied")


def test_a_replica_takes_the_place_of_a_primary_that_is_killed() -> None:
    with start_cluster(3, 1) as cluster:
        shard = shard_of(slot_of("kept"), 3)
        killed, (replica,) = cluster.primaries[shard], cluster.replicas[shard]
        with killed.client() as client:
            client.set("kept", "value")
            assert client.wait(1, 5000) == 1
        cluster.kill(killed)
        assert killed not in cluster.nodes
        with pytest.raises(ValueError, match=f"{killed.address} is not a running node"):
            cluster.kill(killed)
        assert cluster.wait_until_promoted(shard, 30) == replica
        assert cluster.owner("kept") == replica
        assert cluster.replicas[shard] == []
        with cluster.client() as client:
            assert client.get("kept") == b"value"
            assert client.set("kept", "new")
        cluster.kill(replica)
        with pytest.raises(BadInput, match=rf"cluster: after 0\.1 s shard {shard} has no new primary"):
            cluster.wait_until_promoted(shard, 0.1)


def test_each_node_has_its_cores_and_all_have_the_settings() -> None:
    core = max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    with start_cluster(1, 1, cores=[None, core if core is None else [core]], settings={"hz": "20"}) as cluster:
        assert [server.facts.settings["hz"] for server in cluster.nodes] == ["20", "20"]
        assert [server.facts.primary for server in cluster.nodes] == [True, False]
        if core is not None:
            assert os.sched_getaffinity(cluster.primaries[0].pid) == os.sched_getaffinity(0)
            assert os.sched_getaffinity(cluster.replicas[0][0].pid) == {core}


def test_nothing_is_left_when_a_node_cannot_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[LocalServer] = []

    @contextmanager
    def two_and_no_more(**options: Any) -> Iterator[LocalServer]:
        if len(started) == 2:
            raise BadInput("no more")
        with start_server(**options) as server:
            started.append(server)
            yield server

    monkeypatch.setattr(cluster_module, "start_server", two_and_no_more)
    with pytest.raises(BadInput, match="no more"), start_cluster(3, 0):
        pass
    deadline = time.monotonic() + 10
    while any(os.path.exists(f"/proc/{server.pid}") for server in started) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [server.pid for server in started if os.path.exists(f"/proc/{server.pid}")] == []


def test_a_cluster_that_does_not_come_about_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_module, "FORM_S", 0.1)
    with pytest.raises(BadInput, match=r"cluster: after 0\.1 s its nodes do not agree"), start_cluster(1, 0):
        pass


@pytest.mark.parametrize(
    ("primaries", "replicas", "cores", "told"),
    [
        (0, 1, None, "cluster: 0 primaries with 1 replicas is not allowed"),
        (1, -1, None, "cluster: 1 primaries with -1 replicas is not allowed"),
        (2, 1, [[0]], "cores: 1 given for 4 nodes; allowed: one for each"),
    ],
)
def test_what_is_no_cluster_is_refused(primaries: int, replicas: int, cores: list[list[int]], told: str) -> None:
    with pytest.raises(BadInput, match=told), start_cluster(primaries, replicas, cores=cores):
        pass
