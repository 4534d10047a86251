"""What binds first: every capacity on a request's way, when it was reached, and how that shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.judge.gateway_load import pods_by_second
from models.judge.limit import FULL, Limit, first_sustained, per_second, second_at, share_limit, within_reach
from models.judge.node_limits import connections, memory, network
from models.judge.outages import outages
from models.judge.wording import clock, number, plural

if TYPE_CHECKING:
    from models.results.result import RunResult
    from models.scenario import Scenario


def limits_of(result: RunResult, scenario: Scenario) -> tuple[Limit, ...]:
    """Every capacity on the way, the one reached first leading; those never reached follow, fullest first.

    What is reached within SUSTAINED_S of the first is one event, seen in whole seconds: there the cause leads, in the
    order dead primary, engine thread, network, connections, pool, gateway, backend. (A full engine thread keeps
    connections, and so does a throttled node, so the pools behind them run dry at once; a pool that runs dry keeps load
    off both.)
    """
    found = [
        *_dead_primaries(result),
        _engine(result),
        *network(result, scenario),
        connections(result, scenario),
        _pool(result, scenario),
        _gateway_cpu(result, scenario),
        *_workers(result, scenario),
        _backend(result, scenario),
        memory(result, scenario),
    ]
    bound = [limit for limit in found if limit.bound]
    earliest = min(bound, key=lambda limit: limit.first_s or 0, default=None)
    reached = [limit for limit in bound if earliest and within_reach(limit, earliest)]
    reached += sorted((limit for limit in bound if limit not in reached), key=lambda limit: limit.first_s or 0)
    spare = sorted((limit for limit in found if not limit.bound), key=lambda limit: -(limit.used_percent or 0))
    return (*reached, *spare)


def busy_by_shard(result: RunResult) -> NDArray[np.float64]:
    """Busy fraction of every shard's engine thread, shape (seconds, shards)."""
    return np.column_stack([result.series[name].to_numpy(float) for name in _shard_columns(result)])


def mean_busy(result: RunResult) -> NDArray[np.float64]:
    """Busy fraction of every shard's engine thread over the time the run took, whose last second is not a whole one."""
    return np.minimum(1.0, busy_by_shard(result).sum(axis=0) / float(result.manifest["end_s"]))


def _shard_columns(result: RunResult) -> Iterator[str]:
    shard = 0
    while f"shard_{shard}_busy" in result.series:
        yield f"shard_{shard}_busy"
        shard += 1


def _engine(result: RunResult) -> Limit:
    engine, name = _telling_engine(result)
    busy = per_second(result, f"{engine}_busy")
    evidence = f"ceiling about {number(result.facts['ceiling_rps'])} status RPS"
    if first_sustained(busy >= FULL) is None:
        evidence = f"{number(100 * busy.max())} % in its busiest second{_higher(result, engine)}; {evidence}"
    else:
        evidence += f"; up to {number(per_second(result, f'{engine}_queue').max())} requests queued"
    return share_limit(result, "engine", name, busy, evidence)


def _telling_engine(result: RunResult) -> tuple[str, str]:
    """Start of its columns and name of the engine thread to tell of, a primary's or a replica's: the first to be full.

    Where none is full for SUSTAINED_S it is the one that worked most in the whole run.
    """
    shard = int(result.facts["hot_shard"])
    nodes = [f"shard_{shard}", *(node for node in _nodes(result) if "replica" in node)]
    full = {node: first_sustained(per_second(result, f"{node}_busy") >= FULL) for node in _nodes(result)}
    since = {node: first for node, first in full.items() if first is not None}
    if since:
        earliest = min(since.values())
        nodes = [node for node, first in since.items() if first == earliest]
    node = max(nodes, key=lambda node: per_second(result, f"{node}_busy").sum())
    return node, f"engine thread of {_node_words(node) if 'replica' in node else node.replace('_', ' ')}"


def _higher(result: RunResult, engine: str) -> str:
    """Name the node that has a busier second than the one that worked most, if another has."""
    peaks = {node: 100 * float(per_second(result, f"{node}_busy").max()) for node in _nodes(result)}
    highest = max(peaks, key=peaks.__getitem__)
    if number(peaks[highest]) == number(peaks[engine]):
        return ""
    return f" ({number(peaks[highest])} % of the {_node_words(highest)} is the highest)"


def _nodes(result: RunResult) -> list[str]:
    """The beginnings of the columns of every engine thread."""
    return [found[1] for name in result.series if (found := re.fullmatch(r"(shard_.*)_busy", str(name)))]


def _node_words(node: str) -> str:
    """`primary of shard 2`, `replica 0 of shard 2`."""
    _, shard, *replica = node.split("_")
    return f"replica {replica[1]} of shard {shard}" if replica else f"primary of shard {shard}"


def _dead_primaries(result: RunResult) -> Iterator[Limit]:
    """A shard whose primary has died can take nothing until a pod knows its successor."""
    for outage in outages(result):
        until_s = result.manifest["end_s"] if outage.seconds is None else outage.at_s + outage.seconds
        known = clock(outage.known_to_all_s - outage.at_s)
        evidence = f"{number(outage.failed)} requests failed; all pods know its successor {known} later"
        shards = ", ".join(map(str, outage.shards))
        name = f"primary of {'shard' if len(outage.shards) == 1 else 'shards'} {shards}"
        yield Limit("failover", name, None, int(outage.at_s), round(until_s - outage.at_s), evidence)


def _pool(result: RunResult, scenario: Scenario) -> Limit:
    waiting, timeouts = per_second(result, "pool_waiting"), per_second(result, "failed_pool_timeout")
    held = (waiting > 0) | (timeouts > 0)
    first = _first_of(first_sustained(waiting > 0), first_sustained(timeouts > 0, 1))
    size = f"{number(scenario.gateway.redis_pool_size)} connections per pod and node"
    if first is None:
        return Limit("pool", "Redis connection pool", None, None, 0, f"{size}: nobody waited for one")
    evidence = f"{size}: up to {number(waiting.max())} requests waited for one, {number(timeouts.sum())} timed out"
    return Limit("pool", "Redis connection pool", None, second_at(result, first), int(held.sum()), evidence)


def _gateway_cpu(result: RunResult, scenario: Scenario) -> Limit:
    pods = pods_by_second(result, scenario)
    used = per_second(result, "gateway_cpu_cores") / (pods * scenario.gateway.cpu_cores)
    at = int(used.argmax())
    cores = number(pods[at] * scenario.gateway.cpu_cores)
    evidence = f"{number(100 * used.max())} % of {cores} cores in the busiest second"
    return share_limit(result, "gateway_cpu", f"CPU of {plural(pods[at], 'gateway pod')}", used, evidence)


def _workers(result: RunResult, scenario: Scenario) -> Iterator[Limit]:
    """Room for requests in the pods; and, if any request found none that would take it, pods that serve.

    A pod refuses if it is full. What else is refused found no pod ready, or one that was ending, or was in one that
    was killed.
    """
    full, refused = per_second(result, "backlog_full"), per_second(result, "failed_refused")
    first = second_at(result, first_sustained(full > 0, 1))
    room = pods_by_second(result, scenario).max() * (scenario.gateway.worker_slots + scenario.gateway.backlog)
    outcome = "none refused" if first is None else f"{number(full.sum())} requests refused with 503"
    evidence = f"room for {number(room)} requests at a time: {outcome}"
    yield Limit("workers", "backlog of the gateway", None, first, int((full > 0).sum()), evidence)
    others = refused.sum() - full.sum()
    if others >= 1:
        without = (refused > 0) & (full == 0)
        first = second_at(result, first_sustained(without, 1))
        evidence = f"{number(others)} requests found no pod ready, or were in one that ended"
        if scenario.autoscaling is not None:
            nobody = int(((per_second(result, "pods_ready") == 0) & without).sum())
            evidence += f"; nobody was ready for {clock(nobody)} of that" if nobody else ""
        yield Limit("pods", "pods that serve", None, first, int(without.sum()), evidence)


def _backend(result: RunResult, scenario: Scenario) -> Limit:
    capacity = scenario.backend.reservation_capacity_rps
    used = per_second(result, "answered_reserve") / capacity
    evidence = f"busiest second {number(capacity * used.max())} of {number(capacity)} reservations/s"
    return share_limit(result, "backend", "Reservation API", used, evidence)


def _first_of(*indices: int | None) -> int | None:
    given = [index for index in indices if index is not None]
    return min(given) if given else None
