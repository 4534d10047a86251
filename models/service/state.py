"""What the compiled engine remembers of the gateway and of the reservation service behind it.

Pods have cores, backlogs and pools of connections; the service has servers and seats.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.plan.plan import Plan
from sim.servers import new_stations

POD = np.dtype(
    [
        ("given_ns", "i8"),  # CPU time asked of it in this life
        ("most", "i4"),  # requests in it at most, since that was last read
        ("connecting", "i4"),  # pools that are not open yet
        ("first", "i4"),  # of the rows in `returns` that are in use, and
        ("coming", "i4"),  # how many these are
        ("state", "i2"),
        ("life", "i2"),  # the process in it: another one after it has been killed
        ("next_early", "i4"),  # the row of `early` that is used next
        ("early_until", "i8"),  # what counts of them counts until then, at most
    ]
)
assert POD.itemsize == 40
NOT_YET = -1
"""When a proxy is connected to which nobody has come."""
OFF, SERVING, ENDING = range(3)
"""States of a pod's process: not there, or not listening yet; taking requests; only finishing those it has."""
POOL = np.dtype(
    [
        ("open", "i4"),
        ("accepted", "i4"),  # by the node, of those open
        ("owed", "i4"),  # answers on their way back to it that are events
        ("armed", "i2"),
        ("node_life", "i2"),
    ]
)
assert POOL.itemsize == 16
RETURN = np.dtype([("time", "i8"), ("node", "i4"), ("workers", "i4"), ("connections", "i4"), ("spare", "i4")])
"""What comes back to a pod at one time (see `models.service.returns`)."""
assert RETURN.itemsize == 24
EARLY = np.dtype([("done", "i8"), ("slot", "i8")])
"""A request on the CPU of a pod that has its connection already (see `models.service.early`)."""
NEVER = -1
"""As `done`: of a row that counts for nothing."""
AHEAD = 32
"""Times that a pod can note, a power of two: about so many passes end while an answer is on its way to a pod."""

ROUND_ROBIN_AT, PODS_KNOWN, POOL_WAITING, CAME, WENT, TOTALS = range(6)
"""Entries of `ServiceState.total`: where the balancer is in its round, pods it knows, requests in all pools' lines,
those that pods have taken in, and those that they have let go."""


class ServiceState(NamedTuple):
    """Of P pods and K nodes: `pod` POD[P], `core_free` int64[P, cores] ns.

    `workers` int64[P, 4] are stations (see `sim.servers`) whose line is the backlog of a pod, `connections`
    int64[P * K, 4] those in whose line requests wait for a connection; `pool` POOL[P * K] is what else there is to know
    of that. `returns` RETURN[P * AHEAD] are what each pod has noted, a ring of AHEAD rows (see
    `models.service.returns`); `early` EARLY[P * AHEAD] is another (see `models.service.early`).

    `endpoint` int64[P] are the pods that the load balancer knows, of which `total[PODS_KNOWN]` count. `announced`
    int8[E]: pods know that the event is sold out. `connected_at` int64[P] ns: when a mesh's proxy before a pod has its
    first connection, or NOT_YET. `total` int64[5].
    """

    pod: NDArray[np.void]
    returns: NDArray[np.void]
    early: NDArray[np.void]
    core_free: NDArray[np.int64]
    workers: NDArray[np.int64]
    pool: NDArray[np.void]
    connections: NDArray[np.int64]
    endpoint: NDArray[np.int64]
    announced: NDArray[np.int8]
    connected_at: NDArray[np.int64]
    total: NDArray[np.int64]


def new(plan: Plan) -> ServiceState:
    """Return the pods of before the run: those that are warm serve, with their connections open."""
    p, nodes = plan.params.service, plan.params.redis.nodes
    pod, pool = np.zeros(p.pods, POD), np.zeros(p.pods * nodes, POOL)
    pod["state"][: p.warm_pods] = SERVING
    pod["early_until"] = NEVER
    early = np.zeros(p.pods * AHEAD, EARLY)
    early["done"] = NEVER
    pool["open"][: p.warm_pods * nodes] = pool["accepted"][: p.warm_pods * nodes] = p.warm_connections
    total = np.zeros(TOTALS, np.int64)
    total[PODS_KNOWN] = p.warm_pods
    return ServiceState(
        pod=pod,
        returns=np.zeros(p.pods * AHEAD, RETURN),
        early=early,
        core_free=np.zeros((p.pods, p.cores), np.int64),
        workers=new_stations(p.pods),
        pool=pool,
        connections=new_stations(p.pods * nodes),
        endpoint=np.arange(p.pods, dtype=np.int64),
        announced=np.zeros(plan.params.waiting_room.events, np.int8),
        connected_at=np.where(np.arange(p.pods) < p.warm_pods, 0, NOT_YET).astype(np.int64),
        total=total,
    )


BACKEND_CAME, BACKEND_WENT, BACKEND_TOTALS = range(3)
"""Entries of `BackendState.total`: reservations taken in, and let go."""


class BackendState(NamedTuple):
    """`servers` int64[1, 4], one station; by event, int64[E], `seats`, `sold` and `sold_out_at` ns, -1 before.

    `total` int64[2].
    """

    servers: NDArray[np.int64]
    seats: NDArray[np.int64]
    sold: NDArray[np.int64]
    sold_out_at: NDArray[np.int64]
    total: NDArray[np.int64]


def new_backend(plan: Plan) -> BackendState:
    """Return a service that nobody has asked yet."""
    return BackendState(
        servers=new_stations(1),
        seats=plan.seats.copy(),
        sold=np.zeros_like(plan.seats),
        sold_out_at=np.full_like(plan.seats, -1),
        total=np.zeros(BACKEND_TOTALS, np.int64),
    )
