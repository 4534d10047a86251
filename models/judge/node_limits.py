"""What one Redis node can hold and pass on: connections, network and memory, against what the run put on it.

All are hard: the real node refuses connections beyond its most, answers writes with OOM, and drops packets. Each
evidence rests on sizes in bytes that are settings of the scenario. Refused connections and joins are simulated, and
replies that leave late because the network's credits are used up (see `redis_costs.network_allowance`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.catalogues.redis_nodes import bytes_per_s
from models.judge.apart import line_shares
from models.judge.limit import Limit, share_limit
from models.judge.wording import number
from models.plan.node_network import network_allowance
from models.results.node_use import (
    BURST_LASTS_S,
    FULL_IN_A_ROW_S,
    Use,
    burst,
    bytes_by_node,
    bytes_sent,
    connections_open,
    memory_held,
    node_type,
    sustained,
)
from models.vocabulary.units import SECOND

if TYPE_CHECKING:
    from models.results.result import RunResult
    from models.scenario import Scenario

MEGABYTE = 1_000_000


def connections(result: RunResult, scenario: Scenario) -> Limit:
    """Open connections to the fullest node, also idle ones, against what it accepts."""
    use = connections_open(_series(result), scenario)
    pods = int(result.series["pods_running"].max()) if scenario.autoscaling else scenario.gateway.pods
    pools = pods * scenario.gateway.redis_pool_size
    evidence = (
        f"up to {number(float(use.used.max()))} of {number(use.has)} open to {_words(use.node)}; "
        f"all pools full are {number(pools)}"
    )
    refused = float(result.series["connections_refused"].sum())
    if refused:
        evidence += f"; {number(refused)} refused (max number of clients reached)"
    return _limit(result, "connections", "Redis connections", use, evidence, 1, "connections_refused")


def network(result: RunResult, scenario: Scenario) -> tuple[Limit, Limit]:
    """Bandwidth of the node that has most to pass on: its busiest minutes for long, its busiest second against bursts.

    What it has to pass on may be more than what leaves in the same second. Where its replies leave late for want of
    bandwidth the sustained one is exhausted, however little its busiest minutes come to.
    """
    kind, titles = scenario.redis.node_type, ("Redis sustained bandwidth", "Redis burst bandwidth")
    series = _series(result)
    short, for_long = burst(series, scenario), sustained(series, scenario)
    if short.has is None or for_long.has is None:
        unknown = f"the bandwidth of {kind} is not known"
        return (
            Limit("network_sustained", titles[0], None, None, 0, unknown),
            Limit("network_burst", titles[1], None, None, 0, unknown),
        )
    throttled = result.facts.get("throttled", ())
    waited = _waiting_to_leave(series, scenario, throttled) if throttled else None
    above = int((bytes_sent(series, scenario)[1] >= for_long.has).sum())
    minutes = _in_minutes(for_long, above, throttled, scenario)
    return (
        _limit(result, "network_sustained", titles[0], for_long, minutes, 1, short=waited),
        _limit(result, "network_burst", titles[1], short, _in_burst(short, scenario), FULL_IN_A_ROW_S),
    )


def _in_burst(use: Use, scenario: Scenario) -> str:
    redis = scenario.redis
    amounts = _of_most(use, node_type(scenario).burst_gbps, redis.node_type)
    beyond = "; what is beyond leaves later" if use.used.max() > (use.has or 0.0) else ""
    size = f"{number(redis.reply_bytes)} bytes a reply"
    return f"{_words(use.node)}: {amounts} in the busiest second, at {size}{beyond}"


def _in_minutes(use: Use, above_s: int, throttled: Sequence[Mapping[str, Any]], scenario: Scenario) -> str:
    amounts = _of_most(use, node_type(scenario).baseline_gbps, scenario.redis.node_type)
    text = f"{_words(use.node)}: {amounts} in the busiest {BURST_LASTS_S // 60} min"
    if above_s:
        text += f"; {number(above_s)} s above it" + ("" if throttled else ", on burst credits")
    if not throttled:
        return text
    row = min(throttled, key=lambda each: each["from_s"])
    late = f"{number(row['replies'])} replies leave up to {number(row['late_at_most_s'])} s late"
    return f"{_words(row['node'])} is throttled from second {number(round(row['from_s'], 1))}: {late}; {text}"


def _of_most(use: Use, own_gbps: float | None, kind: str) -> str:
    """What a node had to pass on of the bandwidth there is, which is that of its type or stated by the scenario."""
    stated = own_gbps is None or bytes_per_s(own_gbps) != use.has
    return f"{_mb(use.used.max())} of {_mb(use.has or 0.0)} MB/s {'as set' if stated else f'of {kind}'}"


def _waiting_to_leave(
    series: Mapping[str, NDArray[np.float64]], scenario: Scenario, throttled: Sequence[Mapping[str, Any]]
) -> NDArray[np.bool_]:
    """The seconds in which replies waited to leave any of the *throttled* nodes: from when each began, by whole seconds
    as long as one of the two buckets of `redis_costs.network_allowance` is overdrawn."""
    allowance, sent = network_allowance(scenario), bytes_by_node(series, scenario)
    buckets = ((allowance.baseline_ns, allowance.credit), (allowance.burst_ns, allowance.line))
    waited = np.zeros(len(next(iter(sent.values()))), dtype=bool)
    for row in throttled:
        began = min(int(row["from_s"]), waited.size - 1)
        waited[began] = True
        for byte_ns, depth_ns in buckets:
            left = depth_ns / byte_ns
            for second, size in enumerate(sent[row["node"]].tolist()):
                left = min(depth_ns / byte_ns, left + SECOND / byte_ns - size)
                waited[second] |= left < 0 and second > began
    return waited


def memory(result: RunResult, scenario: Scenario) -> Limit:
    """Memory of the shard whose events have most people."""
    redis = scenario.redis
    use = memory_held(_series(result), scenario, line_shares(result.facts))
    if use.has is None:
        unknown = f"{_mb(use.used.max())} MB; the memory of {redis.node_type} is not known"
        return Limit("memory", "Redis memory", None, None, 0, unknown)
    evidence = (
        f"{_mb(use.used.max())} of {_mb(use.has)} MB of {redis.node_type} "
        f"({number(redis.reserved_memory_percent)} % reserved), at {number(redis.bytes_per_place)} bytes a place"
    )
    refused = float(result.series["failed_out_of_memory"].sum())
    if refused:
        evidence += f"; {number(refused)} joins were refused (OOM)"
    return _limit(result, "memory", "Redis memory", use, evidence, 1, "failed_out_of_memory")


def _limit(
    result: RunResult,
    key: str,
    name: str,
    use: Use,
    evidence: str,
    in_a_row: int,
    refused: str | None = None,
    short: NDArray[np.bool_] | None = None,
) -> Limit:
    """A hard capacity; full in every second in which the column *refused* counts something that it turned away, and
    exhausted in those in which it was seen to be *short* of what was asked."""
    share = use.share
    if share is None:
        raise ValueError(f"{name}: what a node has of it is not known")
    if refused is not None:
        share = np.where(result.series[refused].to_numpy(float) > 0, np.maximum(share, 1.0), share)
    return share_limit(result, key, name, share, evidence, in_a_row, hard=True, short=short)


def _series(result: RunResult) -> dict[str, NDArray[np.float64]]:
    return {str(name): result.series[name].to_numpy(float) for name in result.series}


def _words(node: str) -> str:
    return node.replace("_", " ")


def _mb(size: float) -> str:
    return number(float(size) / MEGABYTE)
