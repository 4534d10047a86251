"""What one Redis node can hold and pass on: connections, network and memory, against what the run put on it.

The twin refuses nothing here: it has no node that runs out of memory, drops packets or turns a connection away. So each
evidence says what the real node would have met, and rests on sizes in bytes that are settings of the scenario.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.judge.limit import Limit, per_second, share_limit, trailing_means
from models.judge.wording import number
from models.redis_nodes import RedisNode, bytes_per_s, redis_catalogue, redis_nodes

if TYPE_CHECKING:
    from models.results.result import RunResult
    from models.scenario import Scenario

MEGABYTE = 1_000_000

BURST_LASTS_S = 300
"""Seconds a node may exceed its sustained bandwidth for certain (Amazon EC2 user guide, network bandwidth: "typically
from 5 to 60 minutes, depending on the instance size"; the credits of ElastiCache nodes are not published)."""


def connections(result: RunResult, scenario: Scenario) -> Limit:
    """Connections to the fullest node: those that a request is waiting on."""
    most = redis_catalogue().max_connections.value
    name = max(_nodes(result), key=lambda node: float(per_second(result, f"{node}_queue").max()))
    held = per_second(result, f"{name}_queue")
    pods = int(result.series["pods_running"].max()) if scenario.autoscaling else scenario.gateway.pods
    pools = pods * scenario.gateway.redis_pool_size
    evidence = (
        f"up to {number(held.max())} of {number(most)} had a request waiting on {_words(name)}; "
        f"all pools full are {number(pools)}"
    )
    return share_limit(result, "connections", "Redis connections", held / most, evidence)


def network(result: RunResult, scenario: Scenario) -> tuple[Limit, Limit]:
    """Bandwidth of the node that passes most on: its busiest second against bursts, its busiest minutes for long."""
    node, kind = _node(scenario), scenario.redis.node_type
    name, sent = _busiest_network(result, scenario)
    titles = ("network_burst", "Redis burst bandwidth"), ("network_sustained", "Redis sustained bandwidth")
    if node.burst_gbps is None or node.baseline_gbps is None:
        unknown = f"the bandwidth of {kind} is not known"
        return Limit(*titles[0], None, None, 0, unknown), Limit(*titles[1], None, None, 0, unknown)
    burst, baseline = bytes_per_s(node.burst_gbps), bytes_per_s(node.baseline_gbps)
    means = trailing_means(sent, BURST_LASTS_S)
    above = int((sent >= baseline).sum())
    sizes = f"at {number(scenario.redis.reply_bytes)} bytes a reply"
    in_burst = f"{_words(name)}: {_mb(sent.max())} of {_mb(burst)} MB/s of {kind} in the busiest second, {sizes}"
    for_long = f"{_words(name)}: {_mb(means.max())} of {_mb(baseline)} MB/s in the busiest {BURST_LASTS_S // 60} min"
    if above:
        for_long += f"; {number(above)} s above it, on burst credits"
    return (
        share_limit(result, *titles[0], sent / burst, in_burst),
        share_limit(result, *titles[1], means / baseline, for_long, in_a_row=1),
    )


def memory(result: RunResult, scenario: Scenario) -> Limit:
    """Memory of the shard that holds most events: places in line, evenly split over the events."""
    node, kind, redis = _node(scenario), scenario.redis.node_type, scenario.redis
    usable = node.usable_bytes(redis.reserved_memory_percent)
    held = result.facts["events_per_shard"]
    share = max(held) / sum(held)
    used = share * redis.bytes_per_place * (per_second(result, "waiting") + per_second(result, "called"))
    if usable is None:
        return Limit(
            "memory", "Redis memory", None, None, 0, f"{_mb(used.max())} MB; the memory of {kind} is not known"
        )
    evidence = (
        f"{_mb(used.max())} of {_mb(usable)} MB of {kind} ({number(redis.reserved_memory_percent)} % reserved), "
        f"at {number(redis.bytes_per_place)} bytes a place"
    )
    return share_limit(result, "memory", "Redis memory", used / usable, evidence)


def _node(scenario: Scenario) -> RedisNode:
    return redis_nodes()[scenario.redis.node_type]


def _nodes(result: RunResult) -> list[str]:
    """Beginnings of the columns of every modelled node: shard_0, ..., shard_0_replica_0, ..."""
    return [found[1] for column in result.series if (found := re.fullmatch(r"(shard_.*)_requests", str(column)))]


def _busiest_network(result: RunResult, scenario: Scenario) -> tuple[str, NDArray[np.float64]]:
    """The node that moves most bytes, and how many in each second, in the fuller direction (each has the full rate)."""
    redis = scenario.redis
    found = {}
    for name in _nodes(result):
        copies = 0 if "replica" in name else redis.replicas_per_shard
        out = redis.reply_bytes + copies * redis.replicated_bytes
        found[name] = max(out, redis.request_bytes) * per_second(result, f"{name}_requests")
    most = max(found, key=lambda name: float(found[name].sum()))
    return most, found[most]


def _words(node: str) -> str:
    return node.replace("_", " ")


def _mb(size: float) -> str:
    return number(size / MEGABYTE)
