"""What a run of the compiled engine leaves behind."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.clients.state import ANSWERED, DONE, FAILED, LATE, SENT, TOLD
from models.edge.state import REFUSED, TURNED_AWAY, UNHEARD
from models.engine.recording import EdgeRecord, Flow, Recording, Sessions, in_order
from models.engine.requests import SOURCE
from models.engine.world import World
from models.plan.clients import ONSALE
from models.redis import state as redis
from models.service.state import BACKEND_CAME, BACKEND_WENT, CAME, WENT
from models.vocabulary.operations import Op
from models.waiting_room.state import OUT
from sim import batches
from sim.queues import LENGTH
from sim.servers import BUSY


def of_kernel(w: World, now: int) -> Recording:
    """Return the recording of a run of the compiled engine that ended at `now` ns."""
    awaited = np.concatenate([_awaited_by_sessions(w, now), _awaited_of_source(w, now)])
    return Recording(
        end_ns=now,
        record=w.record,
        sent=int(w.clients.total[SENT]),
        answered=int(w.clients.total[ANSWERED]),
        failed=int(w.clients.total[FAILED]),
        awaited=len(awaited),
        late=int(w.clients.total[LATE]),
        in_the_air=in_order(awaited),
        waiting=w.waiting_room.line.members.copy(),
        called=w.waiting_room.room["called"].copy(),
        sold=w.backend.sold.copy(),
        event_sold_out_at=w.backend.sold_out_at.copy(),
        throttled=np.column_stack([w.redis.node[name] for name in ("throttled_at", "latest", "held_up")]),
        sessions=_sessions_of(w),
        edge=_edge_of(w),
        parts=_parts_of(w),
    )


def _edge_of(w: World) -> EdgeRecord:
    return EdgeRecord(
        refused=int(w.edge.total[REFUSED]),
        turned_away=int(w.edge.total[TURNED_AWAY]),
        unheard=int(w.edge.total[UNHEARD]),
        acted=w.edge.acted.copy(),
        asked=w.edge.asked.copy(),
        refusals=w.edge.visitor["refused"].astype(np.int64),
        by_second=w.edge.by_second.copy(),
    )


def _parts_of(w: World) -> dict[str, Flow]:
    """Return the requests of the parts; the pods are `settled` up to the end of the run."""
    inside = {
        "service": w.service.workers[:, [BUSY, LENGTH]],
        "reservation": w.backend.servers[:, [BUSY, LENGTH]],
        "redis": np.column_stack([w.redis.inbox[:, batches.LENGTH], w.redis.in_pass[:, batches.LENGTH]]),
    }
    passed = {
        "service": w.service.total[[CAME, WENT]],
        "reservation": w.backend.total[[BACKEND_CAME, BACKEND_WENT]],
        "redis": w.redis.total[[redis.CAME, redis.WENT]],
    }
    return {part: Flow(int(came), int(went), int(inside[part].sum())) for part, (came, went) in passed.items()}


def _sessions_of(w: World) -> Sessions:
    session, sessions = w.clients.session, w.p.clients.sessions
    # on-sale: a session is the token of its number; the tokens of a generated load belong to nobody
    place = (
        w.waiting_room.place[:sessions]
        if w.p.waiting_room.prejoined == 0
        else np.zeros(sessions, w.waiting_room.place.dtype)
    )
    return Sessions(
        came_at=session["came_at"].copy(),
        call_number=place["call_number"].copy(),
        settled_at=np.where(
            session["admitted"] == 1,
            session["pass_until"] - w.p.clients.pass_ttl,
            np.where(session["traits"] & TOLD, session["pass_until"], -1),
        ),
        admitted=session["admitted"] == 1,
        told=session["traits"] & TOLD != 0,
        bought=session["bought"] == 1,
        holds=session["holds"] == 1,
        in_place=place["where"] != OUT,
        done=session["phase"] == DONE,
    )


def _awaited_by_sessions(w: World, now: int) -> NDArray[np.int64]:
    """Return stage, endpoint and age of the requests that sessions have at the load balancer and still wait for."""
    mine = w.clients.session[w.clients.session["awaiting"] == 1]
    return _rows(_stages(w, mine["sent_at"]), mine["op"], now - mine["sent_at"])


def _stages(w: World, sent_at: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the stages whose figures requests belong to that were sent then, as `clients.loads` does."""
    if w.p.clients.load == ONSALE:
        return np.zeros(sent_at.size, np.int64)
    ends = w.p.clients.stage_end
    stage = np.searchsorted(ends, sent_at, side="right").astype(np.int64)
    begin = np.concatenate([[0], ends])[stage]
    return np.where(sent_at - begin < w.p.clients.settle, ends.size, stage)


def _awaited_of_source(w: World, now: int) -> NDArray[np.int64]:
    """Return the same of an open-loop source."""
    slot = w.requests.slot
    held = (slot["origin"] == SOURCE) & (slot["entity"] >= 0)
    mine = slot[held & (slot["counted"] == 1) & (slot["abandoned"] == 0)]
    return _rows(mine["stage"], mine["op"], now - mine["sent_at"])


def _rows(stages: NDArray[np.int64], ops: NDArray[Any], ages: NDArray[np.int64]) -> NDArray[np.int64]:
    endpoints = np.where(ops == Op.STATUS_READ, Op.STATUS, ops)
    return np.column_stack([stages.astype(np.int64), endpoints.astype(np.int64), ages.astype(np.int64)])
