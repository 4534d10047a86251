"""Scenarios in which one part of the system does anything and the others next to nothing: what fails names the part.

Next to nothing: nothing takes time but ways that are all the same, nobody waits for a server, and nobody is refused.
"""

from pathlib import Path

from hypothesis import strategies as st

from models.plan.node_costs import node_costs
from models.plan.sizes import SMALLEST
from models.redis_costs.commands import Command
from models.redis_costs.parts import CommandCost, EngineCosts
from models.redis_costs.profile import Profile
from models.scenario import scenario_from_mapping
from models.scenario.redis import Redis
from models.vocabulary.operations import ENDPOINTS
from tests.strategies.base import Draw, Section, pick
from tests.strategies.demand import generated, people, sales
from tests.strategies.faults import failovers
from tests.strategies.platform import admissions, backends, gateways, networks, node_limits, waiting_rooms
from tests.strategies.profiles import profiles
from tests.strategies.scenarios import Case

LASTS_S = 6.0
SIZES = pick([None, SMALLEST])
"""Of the compiled engine's arrays at first: the usual ones, or such that everything must grow."""


def quiet(**sections: Section) -> Section:
    """A scenario in which nothing is remarkable but, perhaps, what these sections change."""
    mapping: dict[str, Section] = {
        "run": {"duration_s": LASTS_S},
        "event": {"seats": 5000, "choose": {"median_s": 0.1, "sigma": 0}},
        "clients": {
            "count": 60,
            "arrival": {"profile": "uniform", "over_s": 0.5},
            "poll_interval_s": 0.5,
            "poll_jitter_fraction": 0,
        },
        "network": {
            "client_one_way": {"median_ms": 4, "sigma": 0},
            "client_jitter": {"median_ms": 0, "sigma": 0},
            "zones": 1,
            "same_zone_one_way_us": 500,
        },
        "gateway": {"pods": 1, "cpu_cores": 40, "cpu_us": dict.fromkeys(ENDPOINTS, 0), "cpu_sigma": 0},
        "waiting_room": {"events": 1, "replica_reads": False, "heartbeat_ttl_s": 600},
        "admission": {"rate_rps": 30, "burst": 1000, "call_window": 1000},
        "redis": {"shards": 1, "replicas_per_shard": 0},
        "backend": {"reservation_capacity_rps": 3000, "reservation_service_ms": 1, "reservation_sigma": 0},
    }
    return {name: mapping.get(name, {}) | sections.get(name, {}) for name in mapping | sections}


def free() -> Profile:
    """A profile of nodes to which all work is nothing."""
    nothing = dict.fromkeys(("wake_warm_us", "wake_cold_us", "io_us", "io_warm_us", "replica_feed_us", "pass_us"), 0.0)
    nothing |= dict.fromkeys(("near_slow", "far_slow", "garbage_us", "wake_delay_us", "listing_swing"), 0.0)
    engine = EngineCosts(**nothing, wake_tau_ms=1.0, near_lost_us=1.0, far_lost_us=1.0, rewarm_us=1.0)
    commands = {command.name: CommandCost(call_us=0, element_us=0, depth_us=0) for command in Command}
    # less than a nanosecond, but measured: without any cost KEYS is refused
    commands[Command.KEYS.name] = commands[Command.KEYS.name].model_copy(update={"per_key_us": 0.0001})
    costs = {"engine": engine, "script_overhead_us": 0.0, "scripts": {}, "commands": commands}
    return node_costs(Redis()).model_copy(update=costs)


def case_of(profile: Profile | None = None, seed: int = 1, **sections: Section) -> Case:
    """A quiet run but for these sections, and but for what nodes cost if that is another *profile*."""
    return Case(scenario_from_mapping(quiet(**sections)), profile or free(), seed)


seeds = st.integers(0, 2**32)


@st.composite
def clients_alone(draw: Draw, folder: Path) -> Case:
    """People who do anything, or a generated load, far from or close to pods. Traces are written to *folder*."""
    in_steps, load = draw(st.booleans()), draw(pick(["onsale", "onsale", "onsale", "open_loop", "closed_loop"]))
    clients = draw(people(folder, LASTS_S, in_steps) if load == "onsale" else generated(load, LASTS_S))
    clients["timeout_s"] = draw(pick([0.001, 0.01, 0.04, 30]))
    sale = draw(sales(1, LASTS_S, in_steps))
    return case_of(seed=draw(seeds), clients=clients, event=sale, network=draw(networks(in_steps)))


@st.composite
def service_alone(draw: Draw) -> Case:
    """Pods and a backend of any size, which up to 300 people come to at once."""
    in_steps = draw(st.booleans())
    crowd = {"count": draw(st.integers(1, 300)), "arrival": {"profile": "uniform", "over_s": draw(pick([0, 0.5]))}}
    crowd["timeout_s"] = draw(pick([0.03, 30, 30]))
    return case_of(
        seed=draw(seeds), clients=crowd, gateway=draw(gateways(in_steps)), backend=draw(backends(in_steps))
    )  # fmt: skip


@st.composite
def waiting_room_alone(draw: Draw) -> Case:
    """Rooms of any rules, of which people lose patience: some say so, some fall silent."""
    events = draw(pick([1, 1, 2, 7]))
    room = draw(waiting_rooms(events, longest_poll_s=0.5)) | {"replica_reads": False}
    crowd = {"count": draw(st.integers(1, 200)), "leave_share": draw(pick([0, 0.5, 1]))}
    crowd["patience"] = draw(st.none() | st.just({"median_s": 2, "sigma": 0.7}))
    return case_of(seed=draw(seeds), clients=crowd, waiting_room=room, admission=draw(admissions(events)))


@st.composite
def redis_alone(draw: Draw) -> Case:
    """Nodes that cost anything, refuse, hold up, are read as replicas, and die."""
    in_steps, shards = draw(st.booleans()), draw(pick([1, 2, 5]))
    nodes = {"shards": shards, "replicas_per_shard": draw(pick([0, 1, 1, 2])), **draw(node_limits())}
    faults = draw(st.just([]) | failovers(shards, LASTS_S, in_steps))
    mapping = quiet(redis=nodes, waiting_room={"replica_reads": draw(st.booleans())}) | {"faults": faults}
    return Case(scenario_from_mapping(mapping), draw(profiles(in_steps)), draw(seeds))
