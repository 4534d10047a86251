"""How much of what a Redis node can hold and pass on a run took: connections, memory, bandwidth, second by second.

Sizes in bytes are settings of the scenario. Each function returns the fullest node and its use in every second.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.catalogues.redis_nodes import RedisNode, bytes_per_s, redis_nodes
from models.plan.node_network import network_gbps

if TYPE_CHECKING:
    from models.scenario import Scenario

Series = Mapping[str, NDArray[np.float64]]
"""Columns of the series of a run by name, a value for each second (see `results.series`)."""

BURST_LASTS_S = 300
"""Seconds a node may exceed its sustained bandwidth for certain (Amazon EC2 user guide, network bandwidth: "typically
from 5 to 60 minutes, depending on the instance size"; the credits of ElastiCache nodes are not published)."""
FULL_IN_A_ROW_S = 3
"""Seconds in a row that bandwidth must be full to be called full: one busy second is only buffered."""


class Use(NamedTuple):
    """Of the fullest node, by the beginning of its columns: what it used in each second, and what it has, in the unit
    of the function that returns it; None where that is not known."""

    node: str
    used: NDArray[np.float64]
    has: float | None

    @property
    def share(self) -> NDArray[np.float64] | None:
        """What was used as a share of what there is."""
        return None if self.has is None else self.used / self.has


def nodes_in(columns: Iterable[object]) -> list[str]:
    """Return the beginnings of the columns of every modelled node: shard_0, ..., shard_0_replica_0, ..."""
    return [found[1] for column in columns if (found := re.fullmatch(r"(shard_.*)_requests", str(column)))]


def connections_open(series: Series, scenario: Scenario) -> Use:
    """Connections that the node has accepted and that stand, also those nobody waits on."""
    most = max(nodes_in(series), key=lambda node: float(series[f"{node}_connections"].max()))
    return Use(most, series[f"{most}_connections"], float(scenario.redis.max_clients))


def memory_held(series: Series, scenario: Scenario, line_shares: Sequence[float]) -> Use:
    """Bytes of the places in line on the shard whose events have most people; each holds its share of all places."""
    redis = scenario.redis
    most = max(range(len(line_shares)), key=line_shares.__getitem__)
    used = line_shares[most] * redis.bytes_per_place * (series["waiting"] + series["called"])
    return Use(f"shard_{most}", used, node_type(scenario).usable_bytes(redis.reserved_memory_percent))


def bytes_by_node(series: Series, scenario: Scenario) -> dict[str, NDArray[np.float64]]:
    """What every node has to move in each second, bytes in the fuller direction (each has the full rate)."""
    redis = scenario.redis
    found = {}
    for name in nodes_in(series):
        copies = 0 if "replica" in name else redis.replicas_per_shard
        out = redis.reply_bytes + copies * redis.replicated_bytes
        found[name] = max(out, redis.request_bytes) * series[f"{name}_requests"]
    return found


def bytes_sent(series: Series, scenario: Scenario) -> tuple[str, NDArray[np.float64]]:
    """The node that moves most bytes, and how many in each second."""
    found = bytes_by_node(series, scenario)
    most = max(found, key=lambda name: float(found[name].sum()))
    return most, found[most]


def burst(series: Series, scenario: Scenario) -> Use:
    """Bytes in each second, of what the node passes on in bursts."""
    node, sent = bytes_sent(series, scenario)
    known = network_gbps(scenario)
    return Use(node, sent, None if known is None else bytes_per_s(known[1]))


def sustained(series: Series, scenario: Scenario) -> Use:
    """Bytes a second over the last BURST_LASTS_S, of what the node passes on for good."""
    node, sent = bytes_sent(series, scenario)
    known = network_gbps(scenario)
    return Use(node, trailing_means(sent, BURST_LASTS_S), None if known is None else bytes_per_s(known[0]))


def node_type(scenario: Scenario) -> RedisNode:
    """The catalogue's entry of the scenario's nodes."""
    return redis_nodes()[scenario.redis.node_type]


def trailing_means(values: NDArray[np.float64], rows: int) -> NDArray[np.float64]:
    """Mean of the last *rows* values up to each one, with nothing before the first."""
    sums = np.cumsum(np.concatenate([np.zeros(rows), values]))
    return (sums[rows:] - sums[:-rows]) / rows


def kept_up(values: NDArray[np.float64], rows: int) -> float:
    """The highest value that *rows* in a row reach; the lowest of all if there are fewer."""
    windows = np.lib.stride_tricks.sliding_window_view(values, min(rows, values.size))
    return float(windows.min(axis=1).max())
