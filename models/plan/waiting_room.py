"""The waiting rooms: how many, for how many places, and by which scripts."""

from typing import NamedTuple, assert_never

import numpy as np
from numpy.typing import NDArray

from models.plan.event_shares import most_tokens, people_weights, room_rules
from models.plan.events import event_cycle, first_tokens
from models.plan.population import Population
from models.scenario import Scenario
from models.scenario.load_kinds import ClosedLoopLoad, OnsaleLoad, OpenLoopLoad

POD_CLOCK, REDIS_TIME, COUNTER = range(3)
JOIN_MARGIN = 1.2
MAX_NEW_TOKENS = 5_000_000
"""A generated load that joins more often than this uses its tokens again (joining twice changes nothing)."""
_ORDERS = {"pod_clock": POD_CLOCK, "redis_time": REDIS_TIME, "counter": COUNTER}


class WaitingRoomParams(NamedTuple):
    """`tokens` is how many places can be held in the lines of all `events`, of which `prejoined` are from the start.

    One event has `largest_event` of them at most; all events together may have `call_windows` calls open. `event_cycle`
    int64[L] are the events of the first L tokens and of each L after them, `first_token` int64[E] the first of every
    event (see `models.plan.events`).

    `key_scan`: a status lists all keys first, as the talk's first version did. `replica_reads`: some only read, and a
    replica may answer them. `expire_limit` places are removed in one pass of expiry at most.
    """

    tokens: int
    prejoined: int
    events: int
    largest_event: int
    call_windows: int
    event_cycle: NDArray[np.int64]
    first_token: NDArray[np.int64]
    key_scan: bool
    ticket_order: int
    replica_reads: bool
    expire_limit: int


def waiting_room_params(scenario: Scenario, population: Population) -> WaitingRoomParams:
    """Return the waiting rooms of a scenario."""
    room, clients = scenario.waiting_room, scenario.clients
    generated = not isinstance(clients.load, OnsaleLoad)
    tokens = clients.count + _new_tokens(clients.load) if generated else population.first_send.size
    weights = people_weights(scenario)
    cycle = event_cycle(weights)
    return WaitingRoomParams(
        tokens=tokens,
        prejoined=clients.count if generated else 0,
        events=room.events,
        largest_event=most_tokens(weights, tokens),
        call_windows=sum(rules.call_window for rules in room_rules(scenario)),
        event_cycle=cycle,
        first_token=first_tokens(cycle),
        key_scan=room.core == "keys",
        ticket_order=_ORDERS[room.ticket_order],
        replica_reads=scenario.reads_replicas,
        expire_limit=room.expire_limit,
    )


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
