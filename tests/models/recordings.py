"""Recordings without an engine, for whoever fills in what a test is about."""

import numpy as np

from models.engine.record import new_record
from models.engine.recording import EdgeRecord, Recording, Sessions
from models.plan.making import make_plan
from models.plan.node_costs import node_costs
from models.plan.plan import Plan
from models.scenario import load_scenario
from models.vocabulary.units import SECOND


def planned(*settings: str, name: str = "onsale-small", seed: int = 1, script_us: float | None = None) -> Plan:
    """The plan of a shipped scenario with some settings changed, and perhaps another overhead of its scripts."""
    scenario = load_scenario(name, settings)
    profile = node_costs(scenario.redis)
    if script_us is not None:
        profile = profile.model_copy(update={"script_overhead_us": script_us})
    return make_plan(scenario, profile, seed)


def blank(plan: Plan, end_s: float) -> Recording:
    """A run in which nothing happened until it ended."""
    p = plan.params
    nothing = np.zeros(p.clients.sessions, np.bool_)
    return Recording(
        end_ns=round(end_s * SECOND),
        record=new_record(p.run.end, p.redis.nodes, plan.params.clients.stage_end.size),
        sent=0,
        answered=0,
        failed=0,
        awaited=0,
        late=0,
        in_the_air=np.zeros((0, 3), np.int64),
        waiting=np.zeros(p.waiting_room.events, np.int64),
        called=np.zeros(p.waiting_room.events, np.int64),
        sold=np.zeros(p.waiting_room.events, np.int64),
        event_sold_out_at=np.full(p.waiting_room.events, -1, np.int64),
        throttled=np.full((p.redis.nodes, 3), [-1, 0, 0], np.int64),
        sessions=Sessions(
            came_at=np.full(p.clients.sessions, -1, np.int64),
            call_number=np.zeros(p.clients.sessions, np.int32),
            settled_at=np.full(p.clients.sessions, -1, np.int64),
            admitted=nothing.copy(),
            told=nothing.copy(),
            bought=nothing.copy(),
            holds=nothing.copy(),
            in_place=nothing.copy(),
            done=nothing.copy(),
        ),
        edge=EdgeRecord(
            *[0] * 3,
            acted=np.zeros((p.edge.rules.shape[0], p.edge.again.size), np.int64),
            asked=np.zeros((5, p.edge.again.size), np.int64),
            refusals=np.zeros(p.edge.kind.size, np.int64),
            by_second=np.zeros((0, 5), np.int64),
        ),
        parts={},
    )
