"""The state of the compiled engine: what is due, requests under way, and what each part remembers.

A part states its arrays, their dtypes and how they begin in a file of its own; this one puts them together.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.clients import state as clients
from models.clients.state import ClientState
from models.edge import state as edge
from models.edge.state import EdgeState
from models.engine import calendar, requests
from models.engine.record import Record, new_record
from models.engine.requests import Requests
from models.plan.params import Params
from models.plan.plan import Plan
from models.plan.sizes import Sizes
from models.redis import state as redis
from models.redis.state import RedisState
from models.service import state as service
from models.service.state import BackendState, ServiceState
from models.waiting_room import state as rooms
from models.waiting_room.state import Rooms
from sim.ladder import Ladder

MOST_NEWS = 8
"""News that one event can be; two are the most so far: a probe answered by a pod that was waiting to end. The engine
stops behind every event that is news."""

(
    ACTIVE,  # sessions that may still do something, and sources that may still send
    IN_FLIGHT,  # slots in use
    NEWS,
    NOW,
    FREE_SLOTS,
    BUCKET_NEEDS,
    TRACED,
    UNTIL,  # to what time the engine is being advanced
    LATEST,  # the latest answer that has been taken for known
    ASKED,  # pods that are ending, and probes under way that can end pods: there can be news of them at any time
    VOID,  # events that nothing comes of (see `service.early`)
    UNKNOWN,  # events, operations and answers that nothing is known of: there are none (see `run.compiled`)
    TOTALS,
) = range(13)
"""Entries of `World.total`."""


class World(NamedTuple):
    """Everything the compiled engine reads and writes.

    `total` int64[12] counts what concerns the engine as a whole; each part has totals of its own. `news` int64[8, 4] is
    what control is to be told, of which `total[NEWS]`. `trace` int64[T, 2] takes time and key of the first T events,
    for comparison with the reference (T = 0: none).
    """

    p: Params
    total: NDArray[np.int64]
    calendar: Ladder
    requests: Requests
    clients: ClientState
    edge: EdgeState
    service: ServiceState
    backend: BackendState
    waiting_room: Rooms
    redis: RedisState
    record: Record
    news: NDArray[np.int64]
    trace: NDArray[np.int64]


def new_world(plan: Plan, arrival: NDArray[np.int64], traced: int, sizes: Sizes) -> World:
    """Return the state before the first event, with a trace of the first *traced* ones.

    `arrival` int64[S] is when each session's first request reaches the balancer.
    """
    p = plan.params
    total = np.zeros(TOTALS, np.int64)
    total[FREE_SLOTS] = sizes.slots
    total[ACTIVE] = p.clients.sessions
    record = new_record(p.run.end, p.redis.nodes, p.clients.stage_end.size)
    return World(
        p=p,
        total=total,
        calendar=calendar.new(p, sizes),
        requests=requests.new(sizes, 2 * p.redis.nodes),
        clients=clients.new(plan, arrival),
        edge=edge.new(p.edge, record.series.shape[0]),
        service=service.new(plan),
        backend=service.new_backend(plan),
        waiting_room=rooms.new(plan, sizes),
        redis=redis.new(p),
        record=record,
        news=np.zeros((MOST_NEWS, 4), np.int64),
        trace=np.zeros((traced, 2), np.int64),
    )
