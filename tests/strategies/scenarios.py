"""Whole scenarios, used wherever a property must hold for every one of them; their sections are in the files beside.

They aim at what makes engines differ rather than at what is likely in life: tiny pools, servers and limits, failures of
every kind, runs that end with requests in flight, and time that moves *in steps* (no jitter, constant delays and costs,
of nothing or whole milliseconds), so that many events share a nanosecond. Where it does not, some settings are at the
bounds of what they may be. They stay small: some thousand requests each.
"""

from pathlib import Path
from typing import NamedTuple

from hypothesis import strategies as st

from models.redis_costs.profile import Profile
from models.scenario import Scenario, scenario_from_mapping
from tests.strategies.base import Draw, pick
from tests.strategies.demand import REQUESTS, generated, people, sales
from tests.strategies.edge import edges
from tests.strategies.extremes import pushed
from tests.strategies.faults import failovers, pod_faults
from tests.strategies.platform import admissions, backends, gateways, meshes, networks, node_limits, waiting_rooms
from tests.strategies.profiles import profiles
from tests.strategies.scaling import scalings
from tests.strategies.uneven import uneven


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
    load = draw(pick([*["onsale"] * 6, "open_loop", "open_loop", "closed_loop"]))
    duration_s = draw(pick([1.0, 2.5, 6.000000001, 17.3, 30.0]))
    clients = draw(people(folder, duration_s, in_steps) if load == "onsale" else generated(load, duration_s))
    longest = max([clients.get("poll_interval_s", 5), clients.get("bots", {}).get("poll_interval_s", 5)])
    longest = max([longest, *(line["interval_s"] for line in clients.get("poll_advised", []))])
    gateway = draw(gateways(in_steps))
    scaling, faults = None, []
    if draw(pick([True, False, False])):
        scaling, faults = draw(scalings(gateway)), draw(pod_faults(duration_s))
    redis = {"shards": draw(pick([1, 2, 5, 40])), "replicas_per_shard": draw(pick([0, 1, 1, 2, 3, 5]))}
    redis |= draw(node_limits())
    room = draw(waiting_rooms(events, longest))
    if draw(st.booleans()):
        redis["replicas_per_shard"] = draw(pick([0, 1, 1, 2]))
        faults = [*faults, *draw(failovers(redis["shards"], duration_s, in_steps))]
    edge = None
    if load == "onsale" and draw(pick([True, False, False])):
        edge = draw(edges(in_steps, max(0.1, clients["count"] * duration_s / REQUESTS)))
    mapping = {
        "run": {"duration_s": duration_s},
        "event": draw(sales(events, duration_s, in_steps)),
        "clients": clients,
        "edge": edge,
        "network": draw(networks(in_steps)),
        "gateway": gateway,
        "mesh": draw(meshes()),
        "autoscaling": scaling,
        "faults": faults,
        "waiting_room": room,
        "admission": draw(admissions(events)),
        "redis": redis,
        "backend": draw(backends(in_steps)),
    }
    if events > 1 and draw(st.booleans()):
        draw(uneven(events, mapping))
    return scenario_from_mapping(mapping) if in_steps else draw(pushed(mapping))
