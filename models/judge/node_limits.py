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

from models.judge.apart import line_shares
from models.judge.limit import Limit, share_limit
from models.judge.wording import number
from models.results.node_use import (
    BURST_LASTS_S,
    FULL_IN_A_ROW_S,
    Use,
    burst,
    bytes_sent,
    connections_open,
    memory_held,
    sustained,
)

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
    """Bandwidth of the node that passes most on: its busiest second against bursts, its busiest minutes for long."""
    kind, titles = scenario.redis.node_type, ("Redis burst bandwidth", "Redis sustained bandwidth")
    series = _series(result)
    short, for_long = burst(series, scenario), sustained(series, scenario)
    if short.has is None or for_long.has is None:
        unknown = f"the bandwidth of {kind} is not known"
        return (
            Limit("network_burst", titles[0], None, None, 0, unknown),
            Limit("network_sustained", titles[1], None, None, 0, unknown),
        )
    in_burst = (
        f"{_words(short.node)}: {_mb(short.used.max())} of {_mb(short.has)} MB/s of {kind} in the busiest second, "
        f"at {number(scenario.redis.reply_bytes)} bytes a reply"
    )
    minutes = (
        f"{_words(for_long.node)}: {_mb(for_long.used.max())} of {_mb(for_long.has)} MB/s in the busiest "
        f"{BURST_LASTS_S // 60} min"
    )
    above = int((bytes_sent(series, scenario)[1] >= for_long.has).sum())
    if above:
        minutes += f"; {number(above)} s above it, on burst credits"
    throttled = result.facts.get("throttled", ())
    minutes += "".join(f"; {_held_up(row)}" for row in throttled[:1])
    return (
        _limit(result, "network_burst", titles[0], short, in_burst, FULL_IN_A_ROW_S),
        _limit(result, "network_sustained", titles[1], _used_up(for_long, throttled), minutes, 1),
    )


def _held_up(row: Mapping[str, Any]) -> str:
    late = f"{number(row['replies'])} replies leave up to {number(row['late_at_most_s'])} s late"
    return f"{_words(row['node'])} is throttled from second {number(row['from_s'])}: {late}"


def _used_up(use: Use, throttled: Sequence[Mapping[str, Any]]) -> Use:
    """What was used, with all of it where a node began to hold up replies."""
    used = use.used.copy()
    for row in throttled:
        second = min(int(row["from_s"]), used.size - 1)
        used[second] = max(used[second], use.has or 0.0)
    return use._replace(used=used)


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
    result: RunResult, key: str, name: str, use: Use, evidence: str, in_a_row: int, refused: str | None = None
) -> Limit:
    """A hard capacity; full in every second in which the column *refused* counts something that it turned away."""
    share = use.share
    if share is None:
        raise ValueError(f"{name}: what a node has of it is not known")
    if refused is not None:
        share = np.where(result.series[refused].to_numpy(float) > 0, np.maximum(share, 1.0), share)
    return share_limit(result, key, name, share, evidence, in_a_row, hard=True)


def _series(result: RunResult) -> dict[str, NDArray[np.float64]]:
    return {str(name): result.series[name].to_numpy(float) for name in result.series}


def _words(node: str) -> str:
    return node.replace("_", " ")


def _mb(size: float) -> str:
    return number(float(size) / MEGABYTE)
