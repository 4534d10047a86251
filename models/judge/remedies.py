"""What one could do about a verdict: settings that answer what was found, as commands to run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.catalogues.redis_nodes import redis_nodes
from models.judge.apart import line_shares
from models.judge.asked import asked_in
from models.judge.limit import Limit
from models.judge.sale import KEPT_SHARE, achieved_admissions_rps, is_onsale
from models.judge.wording import clock, number

if TYPE_CHECKING:
    from models.results.result import RunResult
    from models.scenario import Scenario

SAFE_SHARE = 0.9
"""Share of an engine thread's ceiling to plan for (AWS: alarm at 90 % EngineCPUUtilization)."""


@dataclass(frozen=True, slots=True)
class Action:
    """Something to try: the settings it changes, by path, and the command that tries it."""

    text: str
    settings: tuple[tuple[str, object], ...]
    command: str


def actions_for(result: RunResult, scenario: Scenario, limits: tuple[Limit, ...]) -> tuple[Action, ...]:
    """What to try, in order of effect: only settings that answer a limit reached or a finding."""
    first = limits[0].key if limits[0].bound else None
    tried: list[Action | None] = []
    if first == "engine":
        tried += [_use_index(result, scenario), _spread(result, scenario), _poll_less(result, scenario)]
    elif first == "gateway_cpu" or first == "workers":
        tried.append(_more_pods(result, scenario))
    elif first == "pool":
        size = 2 * scenario.gateway.redis_pool_size
        tried.append(_set(result, {"gateway.redis_pool_size": size}, "Widen the Redis pools"))
    elif first == "connections":
        size = max(1, math.floor(scenario.redis.max_clients / scenario.gateway.pods))
        tried.append(_set(result, {"gateway.redis_pool_size": size}, "Let all pools together fit one Redis node"))
    elif first in ("network_burst", "network_sustained"):
        tried.append(_more_bandwidth(result, scenario, first))
    elif first == "memory":
        tried.append(_larger_node(result, scenario))
    elif first == "backend":
        rate = math.floor(SAFE_SHARE * scenario.backend.reservation_capacity_rps)
        tried.append(_set(result, {"admission.rate_rps": rate}, "Admit only what the Reservation API takes"))
    if is_onsale(scenario):
        tried += [_shorter_wait(result, scenario), _announce(result, scenario)]
    return tuple(action for action in tried if action is not None)


def _set(result: RunResult, settings: dict[str, object], why: str) -> Action:
    """The command is the one that was given, its own settings kept, with *settings* changed."""
    manifest, options = result.manifest, []
    for name, usual in (("seed", 1), ("replications", 1), ("engine", "kernel")):
        if manifest[name] != usual:
            options += [f"--{name}", str(manifest[name])]
    asked = asked_in(manifest).with_changes(settings)
    return Action(why, tuple(settings.items()), asked.command(options))


def _more_bandwidth(result: RunResult, scenario: Scenario, exhausted: str) -> Action | None:
    """A larger node; where the scenario states less of what is *exhausted* than its nodes' type has, what that has."""
    redis = scenario.redis
    kind = redis_nodes()[redis.node_type]
    stated = {
        "network_sustained": ("redis.network_baseline_gbps", redis.network_baseline_gbps, kind.baseline_gbps),
        "network_burst": ("redis.network_burst_gbps", redis.network_burst_gbps, kind.burst_gbps),
    }
    less = {key: path for key, (path, has, own) in stated.items() if has is not None and own is not None and has < own}
    if exhausted in less:
        why = f"Give the nodes the bandwidth of {redis.node_type}, or find why they lack it"
        return _set(result, dict.fromkeys(less.values()), why)
    return _larger_node(result, scenario)


def _larger_node(result: RunResult, scenario: Scenario) -> Action | None:
    """The next size of the same family; None if there is none."""
    kind = scenario.redis.node_type
    family, nodes = kind.rpartition(".")[0], redis_nodes()
    larger = [name for name in nodes if name.startswith(f"{family}.") and nodes[name].vcpu > nodes[kind].vcpu]
    if not larger:
        return None
    smallest = min(larger, key=lambda name: nodes[name].vcpu)
    return _set(result, {"redis.node_type": smallest}, "Take the next larger Redis node")


def _more_pods(result: RunResult, scenario: Scenario) -> Action:
    """More pods from the start: an autoscaler that may run that many does not change when they are needed."""
    pods = 2 * scenario.gateway.pods
    scaling = scenario.autoscaling
    if scaling is None:
        return _set(result, {"gateway.pods": pods}, "Add gateway pods")
    settings: dict[str, object] = {"gateway.pods": pods, "autoscaling.max_pods": max(pods, scaling.max_pods)}
    return _set(result, settings, "Have more pods warm at the opening")


def _use_index(result: RunResult, scenario: Scenario) -> Action | None:
    if scenario.waiting_room.core == "index":
        return None
    return _set(result, {"waiting_room.core": "index"}, "Ask for the rank instead of scanning the keys")


def _spread(result: RunResult, scenario: Scenario) -> Action | None:
    shards, events = scenario.redis.shards, scenario.waiting_room.events
    if events > 1 or shards == 1 or not is_onsale(scenario):
        return None
    why = (
        f"More shards change nothing: all keys of the event carry one hash tag, so one of {shards} serves "
        "it. Split the line over several tags"
    )
    return _set(result, {"waiting_room.events": 2 * shards}, why)


def _poll_less(result: RunResult, scenario: Scenario) -> Action | None:
    """The poll interval that keeps the hot shard under its safe share, bots polling as they do."""
    if not is_onsale(scenario) or scenario.waiting_room.core != "index":
        return None
    needed, ceiling = safe_poll_s(result, scenario), result.facts["ceiling_rps"]
    if needed is None or math.ceil(needed) <= scenario.clients.poll_interval_s:
        return None
    needed, tabs = math.ceil(needed), tabs_on_hot_shard(result)
    settings: dict[str, object] = {"clients.poll_interval_s": needed}
    # a person must be heard of between two expiry deadlines, and calls must reach people who ask less often
    if scenario.waiting_room.heartbeat_ttl_s <= 3 * needed:
        settings["waiting_room.heartbeat_ttl_s"] = 4 * needed
    if scenario.admission.call_window < 2 * scenario.admission.rate_rps * needed:
        settings["admission.call_window"] = math.ceil(2 * scenario.admission.rate_rps * needed)
    why = (
        f"Poll every {needed} s: {number(tabs)} tabs then stay under {number(100 * SAFE_SHARE)} % of the "
        f"{number(ceiling)} RPS one engine thread can answer"
    )
    return _set(result, settings, why)


def tabs_on_hot_shard(result: RunResult) -> float:
    """How many tabs, bots included, have their line on the hottest shard."""
    facts = result.facts
    return float(facts["sessions"] * line_shares(facts)[int(facts["hot_shard"])])


def safe_poll_s(result: RunResult, scenario: Scenario) -> float | None:
    """Seconds between people's polls that fill the hot engine thread to SAFE_SHARE of its ceiling, if all poll.

    Bots poll as they do; None if they alone are too many.
    """
    clients, tabs = scenario.clients, tabs_on_hot_shard(result)
    bots_rps = tabs * clients.bots.share / clients.bots.poll_interval_s
    left_rps = SAFE_SHARE * float(result.facts["ceiling_rps"]) - bots_rps
    return None if left_rps <= 0 else tabs * (1 - clients.bots.share) / left_rps


def _shorter_wait(result: RunResult, scenario: Scenario) -> Action | None:
    mean, limit = result.best("wait.mean_s"), scenario.slo.mean_wait_s
    reached = achieved_admissions_rps(result, scenario)
    if mean is None or mean <= limit or reached is None or reached < KEPT_SHARE * scenario.admission.rate_rps:
        return None
    rate = math.ceil(scenario.admission.rate_rps * mean / limit)
    return _set(
        result,
        {"admission.rate_rps": rate},
        f"Admit faster: the mean wait is {clock(mean)}, allowed {clock(limit)}",
    )


def _announce(result: RunResult, scenario: Scenario) -> Action | None:
    vain = result.facts["waited_in_vain"]
    if result.facts["sold_out_s"] is None or not vain or scenario.event.on_sold_out == "announce":
        return None
    why = f"Tell the line when the seats are gone: {number(vain)} people stop waiting, and polling"
    return _set(result, {"event.on_sold_out": "announce"}, why)
