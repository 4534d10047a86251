"""Works a scenario, a profile and a seed out into the plan of a run.

Everything becomes integers of nanoseconds and quantile tables here, once, so that neither engine has a unit or a
distribution of its own.
"""

import math
from typing import assert_never

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from models.catalogues.redis_nodes import redis_nodes
from models.plan.arrivals import lognormal_quantile
from models.plan.event_shares import most_tokens, people_weights, room_rules, seats_of
from models.plan.events import event_cycle, first_tokens
from models.plan.extra_calls import extra_table
from models.plan.failovers import failovers_of
from models.plan.node_network import network_allowance
from models.plan.placement import Placement, place, pods_at_most
from models.plan.plan import (
    CLOSED_LOOP,
    COUNTER,
    NEVER,
    ONSALE,
    OPEN_LOOP,
    POD_CLOCK,
    RANDOM,
    REDIS_TIME,
    ROUND_ROBIN,
    STICKY,
    UNIT,
    Failover,
    Params,
    Plan,
    Tables,
)
from models.plan.population import Population, generated_load, on_sale
from models.redis_costs.commands import Command
from models.redis_costs.profile import Profile
from models.scenario import Scenario
from models.scenario.load_kinds import ClosedLoopLoad, OnsaleLoad, OpenLoopLoad
from models.vocabulary.operations import ENDPOINTS, OPS, Op
from models.vocabulary.streams import Stream
from models.vocabulary.units import FOREVER, ns
from sim.draws import LARGEST, quantile_table, stream_starts, uniforms
from sim.errors import BadInput

JOIN_MARGIN = 1.2
MAX_NEW_TOKENS = 5_000_000
"""A generated load that joins more often than this uses its tokens again (joining twice changes nothing)."""

_LOADS = {"onsale": ONSALE, "open_loop": OPEN_LOOP, "closed_loop": CLOSED_LOOP}
_ROUTINGS = {"round_robin": ROUND_ROBIN, "random": RANDOM, "sticky": STICKY}
_ORDERS = {"pod_clock": POD_CLOCK, "redis_time": REDIS_TIME, "counter": COUNTER}


def make_plan(scenario: Scenario, profile: Profile, seed: int) -> Plan:
    """Work a scenario out into a plan.

    BadInput where a recorded trace of arrivals cannot be used, and for KEYS with a profile that was made without it.
    """
    if scenario.waiting_room.core == "keys" and not profile.commands[Command.KEYS.name].per_key_us:
        told = "has no cost for KEYS, which waiting_room.core = keys calls; name a profile in which it was measured"
        raise BadInput(f"redis.profile: {profile.name} {told}")
    starts = stream_starts(seed, len(Stream))
    network = scenario.network
    base = _lognormal(network.client_one_way.median_ms, network.client_one_way.sigma, 1e6)
    generated = not isinstance(scenario.clients.load, OnsaleLoad)
    population = (generated_load if generated else on_sale)(scenario, starts, base)
    placement = place(scenario, starts)
    failovers = failovers_of(scenario, placement)
    return Plan(
        scenario=scenario,
        profile=profile,
        seed=seed,
        params=_params(scenario, profile, population, placement, failing=bool(failovers)),
        tables=_tables(scenario, profile, starts, base, population, placement, failovers),
        population=population,
        placement=placement,
        rules=room_rules(scenario),
        cost=profile.cost_table(),
        extra_calls=extra_table(scenario.waiting_room.extra_calls),
        seats=seats_of(scenario),
        failovers=failovers,
    )


def _lognormal(median: float, sigma: float, scale: float) -> NDArray[np.int64]:
    """Tabulate a lognormal of *median*; sigma 0 is a constant. What is beyond 39 h is cut: no run is that long."""
    return quantile_table(lambda q: np.minimum(lognormal_quantile(q, median, sigma), LARGEST / scale), scale)


def _with_mean(mean: float, sigma: float) -> NDArray[np.int64]:
    """Tabulate a lognormal by its *mean*."""
    return _lognormal(mean * float(np.exp(-(sigma**2) / 2)), sigma, 1.0)


def _params(
    scenario: Scenario, profile: Profile, population: Population, placement: Placement, failing: bool
) -> Params:
    clients, gateway, load = scenario.clients, scenario.gateway, scenario.clients.load
    sessions = population.first_send.size
    generated = not isinstance(load, OnsaleLoad)
    io, script, feed = (int(value) for value in profile.request_ns())
    min_idle = min(gateway.redis_min_idle, gateway.redis_pool_size)
    warm = min_idle if scenario.autoscaling else gateway.redis_pool_size
    tokens = clients.count + _new_tokens(load) if generated else sessions
    return Params(
        load=_LOADS[load.mode],
        end=ns(scenario.run.duration_s),
        sessions=sessions,
        tokens=tokens,
        prejoined=clients.count if generated else 0,
        events=scenario.waiting_room.events,
        largest_event=most_tokens(people_weights(scenario), tokens),
        call_windows=sum(rules.call_window for rules in room_rules(scenario)),
        pods=pods_at_most(scenario),
        warm_pods=gateway.pods,
        nodes=placement.delay.shape[1],
        shards=scenario.redis.shards,
        replicas=placement.replicas,
        poll_interval=ns(clients.poll_interval_s),
        bot_interval=ns(clients.bots.poll_interval_s),
        hidden_interval=ns(clients.hidden.poll_interval_s) if clients.hidden.share else 0,
        poll_fraction=clients.poll_jitter_fraction,
        poll_from_schedule=clients.poll_from == "schedule",
        timeout=ns(clients.timeout_s),
        retries=clients.retries if not generated else 0,
        backoff_base=ns(clients.backoff_base_s),
        backoff_max=ns(clients.backoff_max_s),
        refused_wait=ns(clients.refused_wait_s),
        think=ns(load.think_s) if isinstance(load, ClosedLoopLoad) else 0,
        settle=0 if isinstance(load, OnsaleLoad) else ns(load.settle_s),
        mix_join=0.0 if isinstance(load, OnsaleLoad) else load.mix.join,
        mix_enter=0.0 if isinstance(load, OnsaleLoad) else load.mix.enter,
        seats_per_order=scenario.event.seats_per_order,
        conversion=scenario.event.conversion,
        pass_ttl=ns(scenario.admission.pass_ttl_s),
        cores=_cores(scenario),
        worker_slots=gateway.worker_slots,
        backlog=gateway.backlog,
        routing=_ROUTINGS[gateway.routing],
        pool_size=gateway.redis_pool_size,
        warm_connections=min(warm, scenario.redis.max_clients // gateway.pods),
        min_idle=min_idle,
        connect_gap=ns(gateway.redis_connect_s) // max(min_idle, 1),
        connect=round(gateway.redis_connect_factor * (io + script)),
        max_clients=scenario.redis.max_clients,
        most_places=min(tokens, most_places(scenario)),
        pool_timeout=ns(gateway.redis_pool_timeout_s),
        ping_all=gateway.probes.redis_ping == "every_shard",
        key_scan=scenario.waiting_room.core == "keys",
        listing_swing=round(1024 * profile.engine.listing_swing),
        ticket_order=_ORDERS[scenario.waiting_room.ticket_order],
        replica_reads=scenario.reads_replicas,
        write_every=ns(scenario.waiting_room.heartbeat_ttl_s) // 3,
        expire_limit=scenario.waiting_room.expire_limit,
        engine=profile.engine_thread(),
        io=io,
        feed=feed * scenario.redis.replicas_per_shard,
        failing=failing,
        network=network_allowance(scenario),
        servers=scenario.backend.servers,
        to_backend=round(scenario.network.same_zone_one_way_us * 1000),
    )


def most_places(scenario: Scenario) -> int:
    """Return for how many places in line a primary has memory; as many as anybody could want where nobody knows."""
    redis = scenario.redis
    usable = redis_nodes()[redis.node_type].usable_bytes(redis.reserved_memory_percent)
    if usable is None or redis.bytes_per_place == 0:
        return FOREVER
    return math.floor(usable / redis.bytes_per_place)


def _cores(scenario: Scenario) -> int:
    """Return on how many cores a pod runs at once. A limit of 1.2 is two cores at 0.6 of their speed each."""
    return math.ceil(scenario.gateway.cpu_cores)


def _new_tokens(load: OpenLoopLoad | ClosedLoopLoad | OnsaleLoad) -> int:
    """Return how many tokens to keep ready for the joins of a generated load."""
    if isinstance(load, OpenLoopLoad):
        requests = sum(stage.rate_rps * stage.duration_s for stage in load.stages)
    elif isinstance(load, ClosedLoopLoad):
        requests = sum(stage.users * stage.duration_s for stage in load.stages) / max(load.think_s, 0.01)
    elif isinstance(load, OnsaleLoad):
        return 0
    else:
        assert_never(load)
    return min(round(requests * load.mix.join * JOIN_MARGIN) + 1000, MAX_NEW_TOKENS)


def _tables(
    scenario: Scenario,
    profile: Profile,
    starts: NDArray[np.uint64],
    base: NDArray[np.int64],
    population: Population,
    placement: Placement,
    failovers: tuple[Failover, ...],
) -> Tables:
    network, gateway, backend = scenario.network, scenario.gateway, scenario.backend
    choose, bot_choose = scenario.event.choose, scenario.clients.bots.choose
    advice = [(a.up_to_position or FOREVER, ns(a.interval_s)) for a in scenario.clients.poll_advised]
    u = np.clip(uniforms(starts[Stream.SKEW], pods_at_most(scenario)), 2.0**-53, None)
    stage_end, stage_rate = _stages(scenario)
    copied_until, give_up = _failing(failovers, placement.delay.shape[1])
    cycle = event_cycle(people_weights(scenario))
    return Tables(
        starts=starts,
        base=base,
        jitter=_lognormal(network.client_jitter.median_ms, network.client_jitter.sigma, 1e6),
        choose=_lognormal(choose.median_s, choose.sigma, 1e9),
        bot_choose=_lognormal(bot_choose.median_s, bot_choose.sigma, 1e9),
        service=_with_mean(backend.reservation_service_ms * 1e6, backend.reservation_sigma),
        cpu_unit=_with_mean(float(UNIT), gateway.cpu_sigma),
        cpu_mean=_cpu_means(scenario),
        script=profile.script_ns(),
        first_send=population.first_send,
        event_cycle=cycle,
        first_token=first_tokens(cycle),
        advice=np.array(advice, np.int64).reshape(-1, 2),
        skew=np.rint(ndtri(u) * gateway.clock_skew_ms * 1e6).astype(np.int64),
        event_node=placement.event_node,
        read_node=placement.read_node,
        delay=placement.delay,
        feed_delay=placement.feed_delay,
        copied_until=copied_until,
        give_up=give_up,
        stage_end=stage_end,
        stage_rate=stage_rate,
    )


def _cpu_means(scenario: Scenario) -> NDArray[np.int64]:
    """Return the mean CPU time of every operation in ns on one core, int64[OPS]; 0 for what never is at a pod."""
    gateway = scenario.gateway
    mean_us = [0.0] * OPS
    mean_us[: len(ENDPOINTS)] = [getattr(gateway.cpu_us, name) for name in ENDPOINTS]
    mean_us[Op.STATUS_READ] = gateway.cpu_us.status
    mean_us[Op.READINESS] = mean_us[Op.LIVENESS] = gateway.probes.cpu_us
    slowdown = _cores(scenario) / gateway.cpu_cores * 1000
    return np.array([round(mean * slowdown) for mean in mean_us], np.int64)


def _failing(failovers: tuple[Failover, ...], nodes: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return by node until when what it writes is copied, where that matters, and how long a dead one is waited for."""
    copied_until, give_up = np.full((2, nodes), NEVER, np.int64)
    for failover in failovers:
        copied_until[failover.shard], give_up[failover.shard] = failover.copied_until, failover.give_up
    return copied_until, give_up


def _stages(scenario: Scenario) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    load = scenario.clients.load
    if isinstance(load, OnsaleLoad):
        return np.array([FOREVER], np.int64), np.zeros(1)
    ends = np.cumsum([stage.duration_s for stage in load.stages])
    rates = [s.rate_rps for s in load.stages] if isinstance(load, OpenLoopLoad) else [s.users for s in load.stages]
    return np.array([ns(end) for end in ends], np.int64), np.array(rates, np.float64)
