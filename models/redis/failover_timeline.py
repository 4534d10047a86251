"""The timeline of a failover: a primary dies, is missed, has a successor, and pod after pod learns of that."""

from collections.abc import Generator
from typing import Any

import simpy

from models.engine.plane import Plane
from models.plan.failovers import Failover
from models.plan.plan import Plan
from models.vocabulary.streams import Stream
from sim.draws import uniform


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
    start = plan.params.run.starts[Stream.TOPOLOGY]
    pods = range(plan.params.service.pods)
    return sorted((int(uniform(start, pod, failover.shard) * failover.refresh), pod) for pod in pods)
