"""How far things are from each other: a table of hops, from each place to the next, that both engines read."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.plan.mesh import ADDED_STREAMS, added_delays, added_on
from models.plan.placement import Placement
from models.plan.population import Population
from models.plan.quantiles import lognormal
from models.scenario import Scenario
from models.vocabulary.instants import KIND_BITS, Kind
from models.vocabulary.places import Place
from models.vocabulary.streams import Stream

HOP = np.dtype(
    [
        ("kind", "i8"),  # of the event when it is over
        ("first", "i8"),  # its delay is that of this row, and so many further by the number of the pod
        ("by_pod", "i8"),
        ("by_node", "i8"),  # and by that of the Redis node
        ("stream", "i8"),  # of the draws of how much longer it takes; NOT_DRAWN
        ("added", "i8"),  # the row of the table of what proxies on it add; NOT_DRAWN: they add nothing
    ]
)
"""A hop, as compiled code reads it."""
NOT_DRAWN = -1
NOWHERE = (1 << KIND_BITS) - 1
"""The kind of event of a hop that nobody takes: the engine stops at one that it does not know."""


class NetworkParams(NamedTuple):
    """Delays one way, in ns.

    `hop` HOP[from, to] by `Place`, and `delay` int64[D], which it says where to read. A hop of people's takes the base
    delay of whose it is and a draw: quantile tables int64[2050], of which `base` is drawn once for a person and
    `jitter` for each way. What the proxies of a mesh add to a hop is drawn from its row of `added` int64[2, 2050], by
    the stream `added_stream` int64[2] of that row.
    `takes_time`: no way of anybody takes 0 ns, between people and pods, pods and nodes, primaries and replicas.
    `straight`: see `is_straight`.
    """

    hop: NDArray[np.void]
    delay: NDArray[np.int64]
    base: NDArray[np.int64]
    jitter: NDArray[np.int64]
    added: NDArray[np.int64]
    added_stream: NDArray[np.int64]
    takes_time: bool
    straight: bool


def network_params(
    scenario: Scenario, base: NDArray[np.int64], placement: Placement, population: Population
) -> NetworkParams:
    """Return the hops of a scenario; *base* is `base_delays` of it."""
    network = scenario.network
    jitter = lognormal(network.client_jitter.median_ms, network.client_jitter.sigma, 1e6)
    of_people = population.base_delay if population.base_delay.size else base[:1] + jitter[:1]
    ways = (of_people, placement.delay, placement.feed_delay[scenario.redis.shards :])
    hop, delay = _hops(placement, round(network.same_zone_one_way_us * 1000))
    for way, row in added_on(scenario).items():
        hop[way]["added"] = row
    return NetworkParams(
        hop=hop,
        delay=delay,
        base=base,
        jitter=jitter,
        added=added_delays(scenario),
        added_stream=np.array(ADDED_STREAMS, np.int64),
        takes_time=all(bool((way > 0).all()) for way in ways),
        straight=is_straight(hop),
    )


def _hops(placement: Placement, same_zone: int) -> tuple[NDArray[np.void], NDArray[np.int64]]:
    """Return the table of hops and that of delays: none, that of a zone, from pod to node, to a replica, ns."""
    nodes = placement.feed_delay.size
    nothing, zone, to_node = 0, 1, 2
    to_replica = to_node + placement.delay.size
    delay = np.concatenate([[0, same_zone], placement.delay.ravel(), placement.feed_delay]).astype(np.int64)
    hop = np.full((len(Place), len(Place)), np.array((NOWHERE, 0, 0, 0, NOT_DRAWN, NOT_DRAWN), HOP))
    way = hop[["kind", "first", "by_pod", "by_node", "stream"]]
    way[Place.CLIENT, Place.GATEWAY] = (Kind.ARRIVE, nothing, 0, 0, Stream.NET_OUT)
    way[Place.GATEWAY, Place.CLIENT] = (Kind.CLIENT_REPLY, nothing, 0, 0, Stream.NET_BACK)
    way[Place.GATEWAY, Place.REDIS] = (Kind.NODE_ARRIVE, to_node, nodes, 1, NOT_DRAWN)
    way[Place.REDIS, Place.GATEWAY] = (Kind.POD_REPLY, to_node, nodes, 1, NOT_DRAWN)
    way[Place.REDIS, Place.REDIS] = (Kind.NODE_ARRIVE, to_replica, 0, 1, NOT_DRAWN)
    way[Place.GATEWAY, Place.RESERVATION] = (Kind.BACKEND_ARRIVE, zone, 0, 0, NOT_DRAWN)
    way[Place.RESERVATION, Place.GATEWAY] = (Kind.POD_REPLY, zone, 0, 0, NOT_DRAWN)
    way[Place.CONTROL, Place.REDIS] = (Kind.NODE_ARRIVE, zone, 0, 0, NOT_DRAWN)
    way[Place.CONTROL, Place.GATEWAY] = (Kind.ARRIVE, nothing, 0, 0, NOT_DRAWN)  # the kubelet is on the pod's machine
    return hop, delay


def is_straight(hop: NDArray[np.void]) -> bool:
    """Tell whether no part stops an answer between its node and its pod, or its pod and its client."""
    kinds = hop["kind"]
    return bool(
        kinds[Place.REDIS, Place.GATEWAY] == Kind.POD_REPLY and kinds[Place.GATEWAY, Place.CLIENT] == Kind.CLIENT_REPLY
    )


def base_delays(scenario: Scenario) -> NDArray[np.int64]:
    """Tabulate how far people are from the load balancer, ns one way."""
    return lognormal(scenario.network.client_one_way.median_ms, scenario.network.client_one_way.sigma, 1e6)
