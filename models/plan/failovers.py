"""The failovers of a scenario as times: who dies when, what its successor has, and from when on it serves."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.plan.event_shares import people_weights
from models.plan.placement import Placement
from models.scenario import Scenario
from models.scenario.faults import RedisFailover
from models.vocabulary.units import MILLISECOND, ns

NEVER = -1
"""Of a time in a plan: there is none."""


class Failover(NamedTuple):
    """One failover, times in ns: the primary of `shard` dies `at`; its successor has what passes had written that
    ended by `copied_until` (NEVER: nothing), serves from `back_at`, and is known to a pod at most `refresh` later.
    Requests to the dead node fail `give_up` after they were sent (NEVER: the connection is reset at once)."""

    shard: int
    at: int
    copied_until: int
    back_at: int
    refresh: int
    give_up: int


class FailoverParams(NamedTuple):
    """Whether any primary is `failing`; `copied_until` and `give_up` int64[nodes] ns by node, see `Failover`."""

    failing: bool
    copied_until: NDArray[np.int64]
    give_up: NDArray[np.int64]


def failover_params(failovers: tuple[Failover, ...], nodes: int) -> FailoverParams:
    """Return by node until when what it writes is copied, where that matters, and how long a dead one is waited for."""
    copied_until, give_up = np.full((2, nodes), NEVER, np.int64)
    for failover in failovers:
        copied_until[failover.shard], give_up[failover.shard] = failover.copied_until, failover.give_up
    return FailoverParams(bool(failovers), copied_until, give_up)


def failovers_of(scenario: Scenario, placement: Placement) -> tuple[Failover, ...]:
    """Return the failovers of a scenario."""
    copied = scenario.redis.replicas_per_shard > 0
    return tuple(
        Failover(
            shard=hot_shard(placement, scenario) if fault.shard is None else fault.shard,
            at=ns(fault.at_s),
            copied_until=max(0, ns(fault.at_s) - round(fault.replication_lag_ms * MILLISECOND)) if copied else NEVER,
            back_at=ns(fault.at_s) + ns(fault.detection_s + fault.promotion_s if copied else fault.replacement_s),
            refresh=ns(fault.topology_refresh_s),
            give_up=ns(fault.read_timeout_s) if fault.lost == "host" else NEVER,
        )
        for fault in scenario.faults
        if isinstance(fault, RedisFailover)
    )


def hot_shard(placement: Placement, scenario: Scenario) -> int:
    """Return the shard whose events have most people, the first of those that do."""
    weights = people_weights(scenario)
    return int(np.argmax(np.bincount(placement.event_node, weights=weights, minlength=scenario.redis.shards)))
