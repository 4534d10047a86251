"""A real cluster of our own on this machine, formed by CLUSTER commands alone, as no command-line tool comes along.

Its slots are split as `models.plan.hash_slots.slot_ranges` says, so a key lives on the shard that the simulation puts
it on.
"""

import os
import re
import signal
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain
from typing import Any, TypeVar

import redis

from models.plan.hash_slots import shard_of, slot_of, slot_ranges
from real_adapter.server.server import PLAIN, Address, LocalServer, start_server
from sim.errors import BadInput

NODE_TIMEOUT_MS = 2000
"""So long a node is silent before it is suspected of being dead. The server's own default of 15 s is for networks."""
FORM_S = 60.0
"""A cluster takes little more than the 2 s that a node waits before it works (CLUSTER_WRITABLE_DELAY, cluster.c)."""
PAUSE_S = 0.05

Reached = TypeVar("Reached")
View = dict[tuple[int, int], tuple[Address, frozenset[Address]]]
"""Who has the slots from the first to the last of a range: a primary and its replicas."""


class LocalCluster:
    """A cluster that this process has started: its primaries by shard, and of each shard the replicas.

    A primary that has been killed stays in `primaries` until another has been promoted in its place.
    """

    def __init__(self, primaries: Sequence[LocalServer], replicas: Sequence[Sequence[LocalServer]]) -> None:
        self.primaries = list(primaries)
        self.replicas = [list(those) for those in replicas]
        self.shards = len(self.primaries)
        self._killed: set[LocalServer] = set()

    @property
    def nodes(self) -> list[LocalServer]:
        """All servers that run: the primaries by shard, then the replicas of each."""
        return [server for server in chain(self.primaries, *self.replicas) if server not in self._killed]

    def client(self, **options: Any) -> "redis.RedisCluster":
        """Return a new client of the cluster, which sends everything once; *options* are those of redis-py."""
        return redis.RedisCluster(*self.nodes[0].address, **{**PLAIN, **options})

    def owner(self, key: str) -> LocalServer:
        """Return the primary that has *key*."""
        return self.primaries[shard_of(slot_of(key), self.shards)]

    def kill(self, server: LocalServer) -> None:
        """Kill one of the nodes, as a power cut would."""
        if server not in self.nodes:
            raise ValueError(f"{server.address} is not a running node of this cluster")
        os.kill(server.pid, signal.SIGKILL)
        self._killed.add(server)
        self.replicas = [[replica for replica in those if replica != server] for those in self.replicas]

    def wait_until_promoted(self, shard: int, seconds: float) -> LocalServer:
        """Wait until a replica has become the primary of *shard* and every node knows it; return it.

        BadInput if that takes longer than *seconds*.
        """
        slots = slot_ranges(self.shards)[shard]
        held = slots[0], slots[-1]

        def leader() -> LocalServer | None:
            views = [_view(server) or {} for server in self.nodes]
            seen = {view[held][0] if held in view else None for view in views}
            return next((replica for replica in self.replicas[shard] if seen == {replica.address}), None)

        promoted = _await(leader, seconds, f"shard {shard} has no new primary")
        self.replicas[shard].remove(promoted)
        self.primaries[shard] = promoted
        return promoted


@contextmanager
def start_cluster(
    primaries: int,
    replicas: int,
    *,
    node_timeout_ms: int = NODE_TIMEOUT_MS,
    cores: Sequence[Collection[int] | None] | None = None,
    settings: Mapping[str, str] | None = None,
) -> Iterator[LocalCluster]:
    """Start *primaries* with *replicas* each on 127.0.0.1, and end them with the context or with this process.

    It begins when every node knows all others and every replica has what its primary has. *cores* are the processors
    of each node, None for any: the primaries by shard, then the replicas of shard 0, of shard 1 and so on. *settings*
    are those of all nodes. BadInput as `start_server`, and if the cluster is not formed in time.
    """
    count = primaries * (1 + replicas)
    if primaries < 1 or replicas < 0:
        raise BadInput(
            f"cluster: {primaries} primaries with {replicas} replicas is not allowed; allowed: from 1 with 0"
        )
    if cores is not None and len(cores) != count:
        raise BadInput(f"cores: {len(cores)} given for {count} nodes; allowed: one for each")
    told = {
        "cluster-enabled": "yes",
        "cluster-node-timeout": str(node_timeout_ms),
        "cluster-announce-ip": "127.0.0.1",
        # by default a primary waits 5 s for more replicas before it gives the first one its data
        "repl-diskless-sync-delay": "0",
        **(settings or {}),
    }
    with ExitStack() as stack:
        pins = cores or [None] * count
        servers = [stack.enter_context(start_server(cores=pinned, settings=told)) for pinned in pins]
        chiefs, others = servers[:primaries], servers[primaries:]
        cluster = LocalCluster(chiefs, [others[k * replicas : (k + 1) * replicas] for k in range(primaries)])
        _form(cluster)
        yield cluster


def _form(cluster: LocalCluster) -> None:
    """Make a cluster of nodes that do not know of each other yet."""
    nodes = cluster.nodes
    ids = {server.address: _ask(server, "MYID") for server in nodes}
    for shard, slots in enumerate(slot_ranges(cluster.shards)):
        # each its own epoch: else they settle between themselves whose word counts, which takes time
        _ask(cluster.primaries[shard], "SET-CONFIG-EPOCH", shard + 1)
        _ask(cluster.primaries[shard], "ADDSLOTSRANGE", slots[0], slots[-1])
    for k, server in enumerate(nodes):
        for other in nodes[:k]:  # each with each, so that nobody waits for gossip
            _ask(server, "MEET", *other.address, other.bus_port)
    _await(lambda: all(_knows_all(server, len(nodes)) for server in nodes), FORM_S, "its nodes do not find each other")
    for primary, replicas in zip(cluster.primaries, cluster.replicas, strict=True):
        for replica in replicas:
            _ask(replica, "REPLICATE", ids[primary.address])
    _await(lambda: all(map(_is_fed, cluster.primaries, cluster.replicas)), FORM_S, "its replicas have no data")
    for primary in cluster.primaries:
        # Redis 7 counts a replica in only when something has been replicated to it, be it the emptiness there is
        with primary.client() as client:
            client.flushall()
    _await(lambda: _is_formed(cluster), FORM_S, "its nodes do not agree")


def _is_formed(cluster: LocalCluster) -> bool:
    """Tell whether all nodes have the same view, and it is the right one."""
    expected: View = {
        (slots[0], slots[-1]): (primary.address, frozenset(replica.address for replica in replicas))
        for slots, primary, replicas in zip(
            slot_ranges(cluster.shards), cluster.primaries, cluster.replicas, strict=True
        )
    }
    return all(_view(server) == expected for server in cluster.nodes)


def _is_fed(primary: LocalServer, replicas: Sequence[LocalServer]) -> bool:
    with primary.client() as client:
        told = client.info("replication")
    fed = [value for name, value in told.items() if re.fullmatch(r"slave\d+", name) and value["state"] == "online"]
    return len(fed) == len(replicas)


def _knows_all(server: LocalServer, count: int) -> bool:
    known = _ask(server, "NODES").values()
    return len(known) == count and all(node["connected"] and "handshake" not in node["flags"] for node in known)


def _view(server: LocalServer) -> View | None:
    """Return who has which slots in the eyes of *server*; None if in its eyes the cluster does not work."""
    if _ask(server, "INFO")["cluster_state"] != "ok":
        return None
    view: View = {}
    for first, last, *nodes in _ask(server, "SLOTS"):
        primary, *replicas = (Address(node[0].decode(), node[1]) for node in nodes)
        view[first, last] = primary, frozenset(replicas)
    return view


def _ask(server: LocalServer, *words: str | int) -> Any:
    """Send a CLUSTER command."""
    with server.client() as client:
        return client.cluster(*words)


def _await(reached: Callable[[], Reached | None], seconds: float, failure: str) -> Reached:
    """Ask again and again until *reached* returns something true, and return that; BadInput if it never does."""
    deadline = time.monotonic() + seconds
    while True:
        found = reached()
        if found:
            return found
        if time.monotonic() > deadline:
            raise BadInput(f"cluster: after {seconds:g} s {failure}")
        time.sleep(PAUSE_S)
