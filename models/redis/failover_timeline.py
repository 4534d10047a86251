"""The timeline of a failover: a primary dies, is missed, has a successor, and pod after pod learns of that."""

from collections.abc import Generator
from typing import Any

import numpy as np
import simpy

from models.engine.plane import Plane
from models.plan.event_shares import people_weights
from models.plan.placement import Placement
from models.plan.plan import NEVER, Failover, Plan
from models.scenario import Scenario
from models.scenario.faults import RedisFailover
from models.vocabulary.streams import Stream
from models.vocabulary.units import MILLISECOND, ns
from sim.draws import uniform


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


def fail_over(
    env: simpy.Environment, plane: Plane, plan: Plan, failover: Failover
) -> Generator[simpy.Event, Any, None]:
    """Let it happen, as a process of control."""
    yield env.timeout(failover.at)
    plane.kill_node(failover.shard)
    yield env.timeout(failover.back_at - failover.at)
    plane.revive_node(failover.shard)
    for after, pod in learning(plan, failover):
        yield env.timeout(failover.back_at + after - int(env.now))
        plane.learn(pod, failover.shard)


def learning(plan: Plan, failover: Failover) -> list[tuple[int, int]]:
    """Return in how many ns after the successor's coming each pod learns of it, and the pod, in order."""
    start = plan.tables.starts[Stream.TOPOLOGY]
    pods = range(plan.params.pods)
    return sorted((int(uniform(start, pod, failover.shard) * failover.refresh), pod) for pod in pods)
