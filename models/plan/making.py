"""Works a scenario, a profile and a seed out into the plan of a run.

Everything becomes integers of nanoseconds and quantile tables here, once, so that neither engine has a unit or a
distribution of its own.
"""

from models.plan.backend import backend_params
from models.plan.clients import client_params
from models.plan.edge import edge_params
from models.plan.event_shares import room_rules, seats_of
from models.plan.failovers import failover_params, failovers_of
from models.plan.network import base_delays, network_params
from models.plan.params import Params
from models.plan.placement import place
from models.plan.plan import Plan
from models.plan.population import generated_load, on_sale
from models.plan.redis import redis_params
from models.plan.run import RunParams
from models.plan.service import service_params
from models.plan.waiting_room import waiting_room_params
from models.redis_costs.commands import Command
from models.redis_costs.profile import Profile
from models.scenario import Scenario
from models.scenario.load_kinds import OnsaleLoad
from models.vocabulary.streams import Stream
from models.vocabulary.units import ns
from sim.draws import stream_starts
from sim.errors import BadInput


def make_plan(scenario: Scenario, profile: Profile, seed: int) -> Plan:
    """Work a scenario out into a plan.

    BadInput where a recorded trace of arrivals cannot be used, and for KEYS with a profile that was made without it.
    """
    if scenario.waiting_room.core == "keys" and not profile.commands[Command.KEYS.name].per_key_us:
        told = "has no cost for KEYS, which waiting_room.core = keys calls; name a profile in which it was measured"
        raise BadInput(f"redis.profile: {profile.name} {told}")
    run = RunParams(ns(scenario.run.duration_s), stream_starts(seed, len(Stream)))
    base = base_delays(scenario)
    generated = not isinstance(scenario.clients.load, OnsaleLoad)
    population = (generated_load if generated else on_sale)(scenario, run.starts, base)
    placement = place(scenario, run.starts)
    failovers = failovers_of(scenario, placement)
    waiting_room = waiting_room_params(scenario, population)
    params = Params(
        run=run,
        edge=edge_params(scenario, run.starts, population),
        network=network_params(scenario, base, placement, population),
        clients=client_params(scenario, population),
        service=service_params(scenario, run.starts),
        backend=backend_params(scenario),
        waiting_room=waiting_room,
        redis=redis_params(scenario, profile, placement, waiting_room.tokens),
        failover=failover_params(failovers, placement.delay.shape[1]),
    )
    return Plan(
        scenario=scenario,
        profile=profile,
        seed=seed,
        params=params,
        population=population,
        placement=placement,
        rules=room_rules(scenario),
        seats=seats_of(scenario),
        failovers=failovers,
    )
