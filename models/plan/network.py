"""How far things are from each other: the one-way delays of a run."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.plan.placement import Placement
from models.plan.population import Population
from models.plan.quantiles import lognormal
from models.scenario import Scenario


class NetworkParams(NamedTuple):
    """Delays one way, in ns.

    Between a client and the load balancer: quantile tables int64[2050], of which `base` is drawn once for a person and
    `jitter` for each way. Inside: `delay` int64[P, nodes] from a pod to a Redis node and `feed_delay` int64[nodes] from
    its primary, see `placement.Placement`; `to_backend` from anywhere to the backend, or from control to a node.
    `takes_time`: no way of anybody takes 0 ns, between people and pods, pods and nodes, primaries and replicas.
    """

    base: NDArray[np.int64]
    jitter: NDArray[np.int64]
    delay: NDArray[np.int64]
    feed_delay: NDArray[np.int64]
    to_backend: int
    takes_time: bool


def network_params(
    scenario: Scenario, base: NDArray[np.int64], placement: Placement, population: Population
) -> NetworkParams:
    """Return the delays of a scenario; *base* is `base_delays` of it."""
    network = scenario.network
    jitter = lognormal(network.client_jitter.median_ms, network.client_jitter.sigma, 1e6)
    of_people = population.base_delay if population.base_delay.size else base[:1] + jitter[:1]
    ways = (of_people, placement.delay, placement.feed_delay[scenario.redis.shards :])
    return NetworkParams(
        base=base,
        jitter=jitter,
        delay=placement.delay,
        feed_delay=placement.feed_delay,
        to_backend=round(network.same_zone_one_way_us * 1000),
        takes_time=all(bool((way > 0).all()) for way in ways),
    )


def base_delays(scenario: Scenario) -> NDArray[np.int64]:
    """Tabulate how far people are from the load balancer, ns one way."""
    return lognormal(scenario.network.client_one_way.median_ms, scenario.network.client_one_way.sigma, 1e6)
