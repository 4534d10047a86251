"""The Redis nodes: how many, which of them has what, what they accept, and what their work costs."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.catalogues.redis_nodes import redis_nodes
from models.plan.extra_calls import extra_table
from models.plan.node_network import network_allowance
from models.plan.placement import Placement
from models.redis_costs.costs import RedisCosts, redis_costs
from models.redis_costs.network_allowance import NetworkAllowance
from models.redis_costs.profile import Profile
from models.scenario import Scenario
from models.vocabulary.units import FOREVER


class RedisParams(NamedTuple):
    """`nodes` are the primaries of all `shards` and, where replicas are read, so many `replicas` of each.

    A node accepts `max_clients` connections and has memory for `most_places` (at most as many as there are tokens).
    `event_node` int64[E] is an event's primary, `read_node` int64[P, shards] where a pod reads a shard. What their work
    costs is `costs`, what they may send is `network`.
    """

    nodes: int
    shards: int
    replicas: int
    max_clients: int
    most_places: int
    event_node: NDArray[np.int64]
    read_node: NDArray[np.int64]
    costs: RedisCosts
    network: NetworkAllowance


def redis_params(scenario: Scenario, profile: Profile, placement: Placement, tokens: int) -> RedisParams:
    """Return the nodes of a scenario, whose work costs what a *profile* says."""
    redis = scenario.redis
    changes = extra_table(scenario.waiting_room.extra_calls)
    return RedisParams(
        nodes=placement.delay.shape[1],
        shards=redis.shards,
        replicas=placement.replicas,
        max_clients=redis.max_clients,
        most_places=min(tokens, most_places(scenario)),
        event_node=placement.event_node,
        read_node=placement.read_node,
        costs=redis_costs(profile, redis.replicas_per_shard, scenario.gateway.redis_connect_factor, changes),
        network=network_allowance(scenario),
    )


def most_places(scenario: Scenario) -> int:
    """Return for how many places in line a primary has memory; as many as anybody could want where nobody knows."""
    redis = scenario.redis
    usable = redis_nodes()[redis.node_type].usable_bytes(redis.reserved_memory_percent)
    if usable is None or redis.bytes_per_place == 0:
        return FOREVER
    return math.floor(usable / redis.bytes_per_place)
