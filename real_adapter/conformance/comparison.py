"""The Lua core on a real server against its specification: all cases, one report.

Random sequences compare every reply and, every few hundred operations, the whole state. That the commands are the
specification's own is what lets the cost of a script be predicted. Two clients at once must look like some order of
their operations, and no place or admission that WAIT has confirmed may be lost or repeated when a primary dies.
"""

from collections.abc import Callable, Iterator

import redis

from real_adapter.conformance.clients import two_clients
from real_adapter.conformance.edges import edge_sequences
from real_adapter.conformance.failover import failover
from real_adapter.conformance.report import Case, ConformanceReport, Progress
from real_adapter.conformance.sequences import commands_run, random_sequences
from real_adapter.conformance.trial import Site, tag_on
from real_adapter.server.cluster import LocalCluster, start_cluster
from real_adapter.server.connect import Connection
from real_adapter.server.headroom import LEASE_S
from real_adapter.server.server import start_server
from sim.errors import BadInput

SHARDS = 3
"""Fewer primaries have no majority to promote a replica once one of them is dead."""
EDGES, RANDOM, COMMANDS, CLUSTER, CLIENTS = (
    "edges of the scripts",
    "random sequences",
    "commands of each operation",
    "random sequences on a cluster, events on different shards",
    "two clients at once",
)
FAILOVER = "primary killed, replica promoted"
CUT_OFF = "primary killed after its replica was cut off"


def check_conformance(
    connection: Connection | None, operations: int, seed: int, progress: Progress = lambda fraction, note: None
) -> ConformanceReport:
    """Compare *operations* random operations on a server of our own, and some more in the other cases.

    With a *connection* only the random sequences and their commands, under the connection's own prefix, and without
    `status_keys`, whose KEYS would hold up other users. BadInput unless *operations* is at least 100, and if the
    connection reads from replicas.
    """
    if operations < 100:
        raise BadInput(f"operations: {operations} is not allowed; allowed: 100 or more")
    if connection is not None:
        return _check_there(connection, operations, seed, progress)
    with start_server() as server:
        site = Site(server.client())
        cases = [edge_sequences(EDGES, site)]
        cases.append(random_sequences(RANDOM, site, operations, seed, _part(progress, RANDOM, operations, 0.0, 0.4)))
        counted = operations // 10
        cases.append(commands_run(COMMANDS, site, counted, seed, _part(progress, COMMANDS, counted, 0.4, 0.1)))
        progress(0.5, CLIENTS)
        cases.append(two_clients(CLIENTS, site, server, operations // 5, seed))
        told = str(server.facts)
    progress(0.65, "starting a cluster")
    with start_cluster(SHARDS, 1) as cluster:
        cases += _check_cluster(cluster, operations // 5, seed, progress)
    return ConformanceReport(told, seed, tuple(cases))


def _check_cluster(cluster: LocalCluster, operations: int, seed: int, progress: Progress) -> Iterator[Case]:
    with cluster.client() as client:
        site = Site(client, tags=[tag_on(shard, SHARDS) for shard in range(SHARDS)])
        yield random_sequences(CLUSTER, site, operations, seed, _part(progress, CLUSTER, operations, 0.7, 0.1))
    # enough to be in full swing; more would only take longer
    attempts = min(max(operations // 2, 200), 1000)
    progress(0.8, FAILOVER)
    yield failover(FAILOVER, cluster, 0, attempts, cut_off=False)
    progress(0.9, CUT_OFF)
    yield failover(CUT_OFF, cluster, 1, attempts, cut_off=True)


def _check_there(connection: Connection, operations: int, seed: int, progress: Progress) -> ConformanceReport:
    client = connection.client
    if isinstance(client, redis.RedisCluster) and client.load_balancing_strategy is not None:
        raise BadInput("redis URL: read_from_replicas=true is not for conformance: replicas lag behind; leave it out")
    site = Site(client, connection.prefix, lease_s=LEASE_S, watch=connection.watch)
    done = _part(progress, RANDOM, operations, 0.0, 0.8)
    cases = [
        edge_sequences(EDGES, site, keys=False),
        random_sequences(RANDOM, site, operations, seed, done, keys=False),
    ]
    if isinstance(client, redis.RedisCluster):
        cases.append(Case(COMMANDS, 0, (), 0.0, not_run="commands are counted on single servers only"))
    else:
        counted = operations // 10
        done = _part(progress, COMMANDS, counted, 0.8, 0.2)
        cases.append(commands_run(COMMANDS, site, counted, seed, done, keys=False))
    return ConformanceReport(str(connection.server), seed, tuple(cases))


def _part(progress: Progress, note: str, operations: int, begin: float, share: float) -> Callable[[int], None]:
    return lambda done: progress(begin + share * done / max(operations, 1), note)
