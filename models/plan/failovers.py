"""The failovers of a scenario as times: who dies when, what its successor has, and from when on it serves."""

import numpy as np

from models.plan.event_shares import people_weights
from models.plan.placement import Placement
from models.plan.plan import NEVER, Failover
from models.scenario import Scenario
from models.scenario.faults import RedisFailover
from models.vocabulary.units import MILLISECOND, ns


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
