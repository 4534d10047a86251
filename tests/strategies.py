"""Hypothesis strategies for whole scenarios, used wherever a property must hold for every one of them.

They aim at what makes engines differ rather than at what is likely in life: tiny pools, servers and limits, failures of
every kind, runs that end with requests in flight, and time that moves *in steps* (no jitter, constant delays and costs,
of nothing or whole milliseconds), so that many events share a nanosecond. They stay small: some thousand requests each.
"""

from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st

from models.commands import Command
from models.profile import Profile, load_profile
from models.profile_parts import CommandCost, Draws, EngineCosts
from models.scenario import Scenario, scenario_from_mapping

REQUESTS = 5_000
"""Polls, or generated requests, that a scenario makes at most by its own settings; retries come on top."""

pick = st.sampled_from
Draw = st.DrawFn
Section = dict[str, Any]


class Case(NamedTuple):
    """A run: what, on what kind of Redis node, with which seed."""

    scenario: Scenario
    profile: Profile
    seed: int


@st.composite
def cases(draw: Draw, folder: Path) -> Case:
    """Any run. Traces of arrivals are written to *folder*."""
    in_steps = draw(st.booleans())
    return Case(draw(scenarios(folder, in_steps)), draw(profiles(in_steps)), draw(st.integers(0, 2**32)))


@st.composite
def scenarios(draw: Draw, folder: Path, in_steps: bool) -> Scenario:
    """Any valid scenario of up to 2,000 people or users. Traces of arrivals are written to *folder*."""
    events = draw(pick([1, 1, 2, 7]))
    load = draw(pick([*["onsale"] * 6, "open_loop", "closed_loop"]))
    duration_s = draw(pick([1.0, 2.5, 6.000000001, 17.3, 30.0]))
    clients = draw(people(folder, duration_s, in_steps) if load == "onsale" else generated(load, duration_s))
    longest = max([clients.get("poll_interval_s", 5), clients.get("bots", {}).get("poll_interval_s", 5)])
    longest = max([longest, *(line["interval_s"] for line in clients.get("poll_advised", []))])
    gateway = draw(gateways(in_steps))
    scaling, faults = draw(scalings(gateway, duration_s)) if draw(pick([True, False, False])) else (None, [])
    redis = {"shards": draw(pick([1, 2, 5])), "replicas_per_shard": draw(st.integers(1, 3))}
    room = draw(waiting_rooms(events, longest))
    if not room["replica_reads"] and draw(st.booleans()):
        redis["replicas_per_shard"] = draw(pick([0, 1, 1, 2]))
        faults = [*faults, *draw(failovers(redis["shards"], duration_s, in_steps))]
    return scenario_from_mapping(
        {
            "run": {"duration_s": duration_s},
            "event": draw(sales(events, duration_s, in_steps)),
            "clients": clients,
            "network": draw(networks(in_steps)),
            "gateway": gateway,
            "autoscaling": scaling,
            "faults": faults,
            "waiting_room": room,
            "admission": draw(admissions(events)),
            "redis": redis,
            "backend": draw(backends(in_steps)),
        }
    )


@st.composite
def sales(draw: Draw, events: int, duration_s: float, in_steps: bool) -> Section:
    """What is sold: often few seats, so that they run out."""
    per_order = draw(pick([1, 1, 2, 3]))
    return {
        "seats": events * per_order + draw(pick([0, 1, 8, 60, 5000])),
        "opens_at_s": draw(pick([0, 0, 0, 0.25, duration_s * 0.6])),
        "on_sold_out": draw(pick(["keep_line", "announce"])),
        "seats_per_order": per_order,
        "conversion": draw(pick([1.0, 1.0, 1.0, 0.7, 0.0])),
        "choose": draw(durations(in_steps, [0, 0.01, 0.2, 2.0])),
    }


@st.composite
def people(draw: Draw, folder: Path, duration_s: float, in_steps: bool) -> Section:
    """The people of an on-sale."""
    count = draw(pick([1, 2, 3, 17, 90, 300]) | st.integers(1, 2000))
    slowest = max(0.1, count * duration_s / REQUESTS)
    intervals = st.builds(lambda drawn: max(drawn, slowest), pick([0.1, 0.5, 1.0, 5.0]))
    backoff_s = draw(pick([0, 0.005, 0.05, 1]))
    return {
        "count": count,
        "arrival": draw(arrivals(folder, count, duration_s, in_steps)),
        "poll_interval_s": draw(intervals),
        "poll_jitter_fraction": 0 if in_steps else draw(pick([0, 0.1, 1.0])),
        "poll_from": draw(pick(["reply", "schedule"])),
        "poll_advised": draw(st.just([]) | advice(intervals)),
        "timeout_s": draw(pick([0.001, 0.03, 0.1, 1, 30, 30, 30, 30])),
        "retries": draw(pick([0, 1, 3])),
        "backoff_base_s": backoff_s,
        "backoff_max_s": backoff_s * draw(pick([1, 4])),
        "patience": draw(st.none() | durations(in_steps, [0.4, 2.0, 10.0])),
        "leave_share": draw(pick([0, 0.5, 1])),
        "tabs": draw(pick([{1: 1.0}, {1: 0.5, 3: 0.5}, {2: 0.9, 8: 0.1}] if count <= 300 else [{1: 1.0}])),
        "bots": {
            "share": draw(pick([0, 0.2, 1])),
            "reaction_median_s": draw(pick([0, 0.05])),
            "reaction_sigma": 0 if in_steps else draw(pick([0, 0.5])),
            "poll_interval_s": draw(intervals),
        },
    }


@st.composite
def advice(draw: Draw, intervals: st.SearchStrategy[float]) -> list[Section]:
    """Poll intervals advised by place in line, the last line perhaps open."""
    last = sorted(draw(st.sets(st.integers(1, 500), min_size=1, max_size=3)))
    lines: list[Section] = [{"up_to_position": position, "interval_s": draw(intervals)} for position in last]
    return lines + draw(st.just([]) | st.builds(lambda interval: [{"interval_s": interval}], intervals))


@st.composite
def arrivals(draw: Draw, folder: Path, count: int, duration_s: float, in_steps: bool) -> Section:
    """A profile of arrivals within the run, mostly; a trace has its times in whole tenths, so that many coincide."""
    profiles = ["rush", "trace"] if in_steps else ["rush", "uniform", "exponential", "weibull", "piecewise", "trace"]
    profile = draw(pick(profiles))
    over_s = draw(pick([0, 0.3, duration_s / 2]))
    if profile == "rush":
        waiting, sigma = draw(pick([1.0, 0.5, 0.0])), 0 if in_steps else draw(pick([0, 0.6]))
        return {
            "profile": "rush",
            "waiting_share": waiting,
            "reaction_median_s": over_s,
            "reaction_sigma": sigma,
            "late_mean_s": 1,
        }
    if profile == "uniform":
        return {"profile": "uniform", "over_s": over_s}
    if profile == "exponential":
        return {"profile": "exponential", "mean_s": over_s}
    if profile == "weibull":
        return {"profile": "weibull", "shape": draw(pick([0.5, 2.0])), "scale_s": over_s}
    if profile == "piecewise":
        return {"profile": "piecewise", "points": [[0, draw(pick([0, 5]))], [over_s + 0.1, 3], [over_s + 0.4, 0]]}
    tenths = draw(st.lists(st.integers(0, int(duration_s * 10)), min_size=1, max_size=20))
    rows = "\n".join(str(tenths[k % len(tenths)] / 10) for k in range(count))
    file = folder / f"{sha256(rows.encode()).hexdigest()[:16]}.csv"
    file.write_text(f"arrival_s\n{rows}\n", encoding="utf-8")
    return {"profile": "trace", "file": str(file)}


@st.composite
def generated(draw: Draw, mode: str, duration_s: float) -> Section:
    """A load of up to three stages, pauses included, on tokens in line; it may end before the run or with it."""
    count = draw(st.integers(1, 2000))
    stages = draw(st.integers(1, 3))
    lasts_s = duration_s / stages * draw(pick([1, 0.6]))
    mix = draw(pick([(0.95, 0.04, 0.01), (0, 1, 0), (0.2, 0.3, 0.5)]))
    load: Section = {"mode": mode, "mix": dict(zip(("status", "join", "enter"), mix, strict=True))}
    load["settle_s"] = draw(pick([0, lasts_s / 2]))
    most = REQUESTS / duration_s
    if mode == "open_loop":
        rates = [most, *draw(st.lists(pick([0, 3.5, most / 2]), min_size=stages - 1, max_size=stages - 1))]
        load["stages"] = [{"rate_rps": rate, "duration_s": lasts_s} for rate in draw(st.permutations(rates))]
    else:
        think_s = draw(pick([0.02, 0.3]))
        users = [int(most * think_s) + 1, *draw(st.lists(pick([0, 1, 20]), min_size=stages - 1, max_size=stages - 1))]
        load |= {"think_s": think_s}
        load["stages"] = [{"users": many, "duration_s": lasts_s} for many in draw(st.permutations(users))]
    return {"count": count, "timeout_s": draw(pick([0.001, 0.03, 1, 30])), "load": load}


@st.composite
def durations(draw: Draw, constant: bool, medians: list[float], unit: str = "s") -> Section:
    """A lognormal duration, without spread if it must be *constant*."""
    return {f"median_{unit}": draw(pick(medians)), "sigma": 0 if constant else draw(pick([0, 0.6]))}


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
        "worker_slots": draw(pick([1, 2, 6, 20])) if scarce == "workers" else 4096,
        "backlog": draw(pick([0, 3, 16_384, 16_384])),
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
    }


@st.composite
def probes(draw: Draw) -> Section:
    """Probes that come often and fail easily."""
    often = st.fixed_dictionaries(
        {
            "initial_delay_s": pick([0, 0.5]),
            "period_s": pick([1, 2.5]),
            "timeout_s": pick([0.01, 0.2, 1, 3]),
            "failure_threshold": pick([1, 2]),
            "success_threshold": pick([1, 2]),
        }
    )
    return {
        "readiness": draw(often),
        "liveness": draw(st.none() | often),
        "startup": draw(st.none() | often),
        "redis_ping": draw(pick(["random_shard", "every_shard"])),
        "cpu_us": draw(pick([0, 50, 5000])),
    }


@st.composite
def rollouts(draw: Draw) -> Section:
    """Ends of a pod, from at once to longer than the run."""
    grace_s = draw(pick([0.1, 1, 30]))
    return {
        "max_surge_percent": draw(pick([25, 100])),
        "max_unavailable_percent": draw(pick([0, 50])),
        "pre_stop_s": grace_s * draw(pick([0, 0.5])),
        "grace_s": grace_s,
    }


@st.composite
def scalings(draw: Draw, gateway: Section, duration_s: float) -> tuple[Section, list[Section]]:
    """An autoscaler in a hurry, on nodes that come and go, with faults."""
    low, high = draw(st.integers(1, gateway["pods"])), gateway["pods"] + draw(st.integers(0, 4))
    rules: Section = {"policies": [{"type": "Percent", "value": 100, "period_s": 1}]}
    moments = st.floats(0, duration_s * 0.9).map(lambda second: round(second, 1))
    spot_waves = st.builds(lambda at: {"kind": "spot_wave", "at_s": at, "share_percent": 60}, moments)
    deploys = st.builds(lambda at: {"kind": "deploy", "at_s": at}, moments)
    scaling = {
        "min_pods": low,
        "max_pods": high,
        "cpu_percent": draw(pick([1, 20, 60])),
        "memory_percent": draw(st.none() | pick([5, 80])),
        "sync_s": 1,
        "metrics_s": draw(pick([1, 2])),
        "metrics_lag_s": draw(pick([0, 0.3])),
        "cpu_initialization_s": draw(pick([0, 3])),
        "up": rules,
        "down": {**rules, "stabilization_s": draw(pick([0, 3]))},
        "endpoints_delay_s": draw(pick([0, 0.2, 1])),
        "nodes": {
            "provisioner": draw(pick(["karpenter", "karpenter", "cluster_autoscaler"])),
            "instance_types": draw(pick([["c7g.large"], ["m7g.large", "c7g.large"]])),
            "spot_percent": draw(pick([0, 70, 100])),
            "spare_nodes": draw(pick([0, 1])),
            "batch_idle_s": draw(pick([0, 0.5])),
            "batch_max_s": 1,
            "scan_s": 1,
            "launch_median_s": draw(pick([0, 1])),
            "launch_p95_s": 2,
            "image_pull_s": draw(pick([0, 1])),
            "start_s": draw(pick([0, 0.2])),
            "consolidate_after_s": draw(pick([0, 3])),
            "budget_percent": 100,
            "interruptions_percent_per_month": draw(pick([5, 1e6])),
        },
    }
    return scaling, draw(st.lists(spot_waves | deploys, max_size=2))


@st.composite
def failovers(draw: Draw, shards: int, duration_s: float, in_steps: bool) -> list[Section]:
    """The death of the hot primary, or of some, in a run that perhaps ends before the successor is there."""
    which = draw(st.just([None]) | st.lists(st.integers(0, shards - 1), min_size=1, max_size=2, unique=True))
    part_s = st.just(0) | pick([0.001, 0.2, duration_s / 5])
    return [
        {
            "kind": "redis_failover",
            "at_s": duration_s * draw(pick([0, 0.1, 0.3, 0.6])),
            "shard": shard,
            "lost": draw(pick(["process", "host"])),
            "read_timeout_s": draw(pick([0.001, 0.1, 1, 30])),
            "replication_lag_ms": draw(pick([0, 1, 40, 100_000] if not in_steps else [0, 1, 1000])),
            "detection_s": draw(part_s),
            "promotion_s": draw(part_s),
            "topology_refresh_s": draw(part_s),
            "replacement_s": draw(part_s),
        }
        for shard in which
    ]


@st.composite
def waiting_rooms(draw: Draw, events: int, longest_poll_s: float) -> Section:
    """The line; a heartbeat hardly longer than two polls, so that whoever is held up is expired."""
    core = draw(pick(["index", "index", "index", "keys"]))
    return {
        "core": core,
        "events": events,
        "ticket_order": draw(pick(["pod_clock", "redis_time", "counter"])),
        "replica_reads": core == "index" and draw(st.booleans()),
        "heartbeat_ttl_s": max(1, 2 * longest_poll_s * draw(pick([1.001, 2]))),
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
def profiles(draw: Draw, in_steps: bool) -> Profile:
    """A shipped profile, or one with extreme costs: engine threads that cost next to nothing, or saturate at once."""
    shipped = load_profile(draw(pick(["talk-m7g", "x86-measured"])))
    if not in_steps and draw(st.booleans()):
        return shipped
    warm_us = draw(pick([0.0, 50.0 if not in_steps else 1000.0]))
    engine = EngineCosts(
        wake_warm_us=warm_us,
        wake_cold_us=warm_us + draw(pick([0.0] if in_steps else [0.0, 1000.0])),
        wake_tau_ms=draw(pick([0.001, 2.0])),
        io_us=draw(pick([0.0, 1000.0] if in_steps else [0.0, 10.0, 500.0])),
        replica_feed_us=draw(pick([0.0, 1000.0])),
        wake_delay_us=draw(pick([0.0, 1000.0] if in_steps else [0.0, 20.0])),
        pass_us=draw(pick([0.0, 1000.0] if in_steps else [0.0, 2.0])),
        near_slow=0.0 if in_steps else draw(pick([0.0, 2.0])),
        near_lost_us=draw(pick([1.0, 500.0])),
        far_slow=0.0 if in_steps else draw(pick([0.0, 20.0])),
        far_lost_us=draw(pick([1.0, 80_000.0])),
        rewarm_us=draw(pick([1.0, 100.0])),
    )
    script_us = draw(pick([0.0, 0.0, 1000.0] if in_steps else [10.0, 100.0]))
    call_us = draw(pick([0.0, 0.0, 0.0, 1000.0] if in_steps else [0.0, 1.0, 100.0]))
    depth_us = 0.0 if in_steps else draw(pick([0.0, 0.1]))
    cost = CommandCost(call_us=call_us, element_us=0.0 if in_steps else 0.5, depth_us=depth_us)
    commands = {command.name: cost for command in Command}
    return shipped.model_copy(update={"engine": engine, "script_overhead_us": script_us, "commands": commands})


@st.composite
def drawable(draw: Draw, profile: Profile) -> Profile:
    """*profile* with up to 200 draws of its wake-up, of one command and of all together."""
    cost_us = st.floats(0, 500)
    row = st.tuples(cost_us, cost_us, st.floats(0, 100), st.floats(0, 50)).map(
        lambda costs: (min(costs[:2]), max(costs[:2]), *costs[2:])
    )
    rows = draw(st.lists(row, min_size=1, max_size=5).flatmap(lambda few: st.sampled_from([few, few * 40])))
    names = ("engine.wake_warm_us", "engine.wake_cold_us", "commands.ZADD.element_us", "commands.*")
    document = profile.model_copy(update={"draws": Draws(parameters=names, values=tuple(rows))})
    return Profile.model_validate(document.model_dump())
