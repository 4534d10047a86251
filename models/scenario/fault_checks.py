"""Faults that cannot happen in their scenario; each line names a field and a remedy, or what is not modelled."""

from collections.abc import Iterator

from models.scenario.faults import RedisFailover
from models.scenario.sections import Sections


def fault_contradictions(s: Sections) -> Iterator[str]:
    """Yield one line for every fault that cannot be."""
    for k, fault in enumerate(s.faults):
        if s.autoscaling is None and not isinstance(fault, RedisFailover):
            yield f"faults.{k}: {fault.kind} is not allowed without autoscaling; it happens to its pods and nodes"
        if fault.at_s >= s.run.duration_s:
            yield (
                f"faults.{k}.at_s: {fault.at_s:g} is not allowed; "
                f"must be before the end of the run (run.duration_s = {s.run.duration_s:g})"
            )
    yield from _failovers(s)


def _failovers(s: Sections) -> Iterator[str]:
    failing = [(k, fault) for k, fault in enumerate(s.faults) if isinstance(fault, RedisFailover)]
    for k, fault in failing:
        if fault.shard is not None and fault.shard >= s.redis.shards:
            yield (
                f"faults.{k}.shard: {fault.shard} is not allowed; "
                f"must be below redis.shards = {s.redis.shards}, as shards are numbered from 0"
            )
    shards = [fault.shard for _, fault in failing]
    if len(failing) > 1 and (None in shards or len(set(shards)) < len(shards)):
        yield (
            "faults: several redis_failover must each name a shard of its own; "
            "that the successor of a primary dies, too, is not modelled"
        )
