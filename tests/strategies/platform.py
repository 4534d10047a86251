"""What serves them: network, pods, the waiting room, admission and the backend."""

from hypothesis import strategies as st

from models.redis_costs.commands import Command
from tests.strategies.base import Draw, Section, durations, pick
from tests.strategies.scaling import disruption_budgets, probes, rollouts


@st.composite
def networks(draw: Draw, in_steps: bool) -> Section:
    """Delays, none of them or the same for everybody if all is to happen at once."""
    return {
        "client_one_way": draw(durations(in_steps, [0, 1, 15], "ms")),
        "client_jitter": draw(durations(in_steps, [0] if in_steps else [0, 2, 40], "ms")),
        "zones": draw(st.integers(1, 3)),
        "same_zone_one_way_us": draw(pick([0, 1000] if in_steps else [0, 100])),
        "cross_zone_one_way_us": draw(pick([0, 1000] if in_steps else [0, 400])),
    }


@st.composite
def gateways(draw: Draw, in_steps: bool) -> Section:
    """Pods, often with so few workers and connections that requests wait, time out or are refused."""
    cpu_us = draw(pick([0, 0, 1000, 20_000] if in_steps else [130, 130, 5_000]))
    scarce = draw(pick(["workers", "connections", "connections", "nothing"]))
    endpoints = ("join", "status", "enter", "leave", "reserve")
    return {
        "pods": draw(st.integers(1, 4)),
        "cpu_cores": draw(pick([1, 3, 40] if in_steps else [0.5, 1, 1.2, 3])),
        "cpu_us": dict.fromkeys(endpoints, cpu_us) if in_steps else {"status": cpu_us},
        "cpu_sigma": 0 if in_steps else 0.5,
        "worker_slots": draw(pick([1, 2, 6, 20])) if scarce == "workers" else 262_144,
        "backlog": draw(pick([0, 3, 16_384])),
        "routing": draw(pick(["round_robin", "random", "sticky"])),
        "redis_pool_size": draw(pick([1, 2, 3])) if scarce == "connections" else 1000,
        "redis_pool_timeout_s": draw(pick([0.001, 0.002, 0.05, 10])),
        "clock_skew_ms": 0 if in_steps else draw(pick([0, 2, 300])),
        "cpu_request_cores": draw(pick([0.05, 0.5])),
        "redis_min_idle": draw(pick([0, 1, 4])),
        "redis_connect_s": draw(pick([0, 0.3])),
        "redis_connect_factor": draw(pick([0, 13, 1000])),
        "probes": draw(probes()),
        "heap": {"madvdontneed": draw(st.booleans()), "request_kib": 4000},
        "rollout": draw(rollouts()),
        "disruption_budget": draw(disruption_budgets()),
    }


@st.composite
def meshes(draw: Draw) -> Section:
    """A mesh of any sort, or none; daemons beside it or without one."""
    mode = draw(pick(["none", "sidecar", "ambient"]))
    figures = draw(pick(["istio", "talk"]))
    return {
        "mode": mode,
        "figures": figures,
        "waypoint": mode == "ambient" and figures == "istio" and draw(st.booleans()),
        "waypoint_pods": draw(pick([1, 2, 40])),
        "captures_clients": figures == "talk" or draw(st.booleans()),
        "first_connection_ms": draw(pick([0, 1, 500, 3000])),
        "falco": draw(st.booleans()),
        "syscalls_per_request": draw(pick([0, 12, 400])),
        "log_agent": draw(st.booleans()),
    }


@st.composite
def waiting_rooms(draw: Draw, events: int, longest_poll_s: float) -> Section:
    """The line; a heartbeat hardly longer than two polls, or shorter, so that whoever is held up is expired."""
    core = draw(pick(["index", "index", "index", "keys"]))
    return {
        "core": core,
        "events": events,
        "event_tags_drawn": draw(st.booleans()),
        "ticket_order": draw(pick(["pod_clock", "redis_time", "counter"])),
        "replica_reads": draw(st.booleans()),
        "heartbeat_ttl_s": max(1, longest_poll_s * draw(pick([0.7, 2.002, 4]))),
        "expire_every_s": draw(pick([0.1, 0.5, 1])),
        "expire_limit": draw(pick([1, 5, 500])),
        "extra_calls": draw(st.just([]) | st.lists(extra_calls(), max_size=5)),
    }


@st.composite
def extra_calls(draw: Draw) -> Section:
    """What a changed script calls more or fewer, also of commands that it does not call or of sets it does not walk."""
    return {
        "operation": draw(pick(["join", "status", "status", "enter", "leave", "expire"])),
        "command": draw(pick([command.name for command in Command if command != Command.KEYS])),
        "on": draw(pick(["none", "line", "called", "seen"])),
        "elements": draw(pick([1, 1, 7])),
        "calls": draw(pick([-3, -1, -1, 1, 2, 10])),
    }


@st.composite
def admissions(draw: Draw, events: int) -> Section:
    """The token bucket and the calls, totals over all events."""
    rate_rps = draw(pick([0.5, 9, 80, 400.7]))
    return {
        "rate_rps": rate_rps,
        "burst": events * draw(pick([1, 2, 10, 100])),
        "call_window": max(events, int(rate_rps) + 1) + draw(pick([0, 3, 1000])),
        "call_ttl_s": draw(pick([0.1, 0.7, 5, 30, 30])),
        "pass_ttl_s": draw(pick([1, 600])),
    }


@st.composite
def backends(draw: Draw, in_steps: bool) -> Section:
    """The reservation service, from one slow server to many."""
    return {
        "reservation_capacity_rps": draw(pick([2, 30, 3000])),
        "reservation_service_ms": draw(pick([1, 20, 400])),
        "reservation_sigma": 0 if in_steps else 0.5,
    }


@st.composite
def node_limits(draw: Draw) -> Section:
    """What a Redis node takes: mostly enough of both; or so few connections, or so little memory, that it refuses,
    or so little network that its replies wait.

    A cache.m7g.xlarge has 13.9 GB, of which 99 % are reserved here: 138 MB, for 1, 13 or 138 places.
    """
    scarce = draw(pick(["nothing", "nothing", "nothing", "clients", "memory", "network"]))
    if scarce == "clients":
        return {"max_clients": draw(pick([1, 3, 7, 40]))}
    if scarce == "memory":
        return {"reserved_memory_percent": 99, "bytes_per_place": draw(pick([1_000_000, 10_000_000, 100_000_000]))}
    if scarce == "network":
        baseline = draw(pick([0.001, 0.004, 0.1]))
        return {
            "network_baseline_gbps": baseline,
            "network_burst_gbps": baseline * draw(pick([1, 4])),
            "network_credit_s": draw(pick([0, 0.5, 300])),
            "reply_bytes": draw(pick([1000, 100_000])),
        }
    return {}
