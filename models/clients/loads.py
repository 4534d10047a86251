"""The generated loads of the ladders: an open loop, which sends whatever happens, and the users of a closed one."""

from models.clients.sessions import finish, send
from models.clients.state import SOURCE_JOINS
from models.clients.waits import exponential, next_source_time
from models.engine.agenda import NOTHING, new_request, schedule
from models.engine.network import forward
from models.engine.requests import SOURCE
from models.engine.world import ACTIVE, World
from models.plan.clients import ONSALE
from models.vocabulary.codes import (
    KIND_SOURCE,
    OP_ENTER,
    OP_JOIN,
    OP_STATUS,
    PLACE_CLIENT,
    PLACE_GATEWAY,
    STREAM_SOURCE_GAP,
    STREAM_SOURCE_OP,
    STREAM_SOURCE_TOKEN,
    STREAM_THINK,
)
from sim.draws import below, uniform
from sim.jit import compiled


@compiled
def stage_at(w: World, now: int) -> int:
    """Return the stage that holds `now`, or the number of stages after the last."""
    stage = 0
    while stage < w.p.clients.stage_end.size and now >= w.p.clients.stage_end[stage]:
        stage += 1
    return stage


@compiled
def measured_stage(w: World, sent_at: int) -> int:
    """Return the stage whose figures a request sent now belongs to; the last row is for those of none."""
    stage = stage_at(w, sent_at)
    if w.p.clients.load == ONSALE:
        return 0
    begin = 0 if stage == 0 else w.p.clients.stage_end[stage - 1]
    return w.p.clients.stage_end.size if sent_at - begin < w.p.clients.settle else stage


@compiled
def next_iteration(w: World, s: int, now: int) -> None:
    """Let a closed-loop user think and send again, or pause until a stage has room for it."""
    c = w.clients.session[s]
    at = now + exponential(uniform(w.p.run.starts[STREAM_THINK], s, c.number), w.p.clients.think)
    stage = stage_at(w, at)
    while stage < w.p.clients.stage_end.size and w.p.clients.stage_rate[stage] <= s:
        at = w.p.clients.stage_end[stage]
        stage += 1
    if stage == w.p.clients.stage_end.size:
        finish(w, s)
    else:
        send(w, s, OP_STATUS, at)  # what it is for is drawn when it arrives


@compiled
def generated_op(w: World, entity: int, number: int) -> int:
    """Return the operation of a generated request, by the mix."""
    u = uniform(w.p.run.starts[STREAM_SOURCE_OP], entity, number)
    if u < w.p.clients.mix_join:
        return OP_JOIN
    return OP_ENTER if u < w.p.clients.mix_join + w.p.clients.mix_enter else OP_STATUS


@compiled
def generated_token(w: World, entity: int, number: int, op: int) -> int:
    """Return whose place a generated request is about: a new one's for a join, else one in line."""
    if op == OP_JOIN:
        joins = w.clients.total[SOURCE_JOINS]
        w.clients.total[SOURCE_JOINS] += 1
        return w.p.waiting_room.prejoined + joins % (w.p.waiting_room.tokens - w.p.waiting_room.prejoined)
    return below(w.p.run.starts[STREAM_SOURCE_TOKEN], entity, number, w.p.waiting_room.prejoined)


@compiled
def on_source(w: World, now: int, entity: int, number: int, slot: int) -> None:
    """An open-loop source sends a request and goes on to the next."""
    op = generated_op(w, entity, 0)
    sent = new_request(w, now, SOURCE, entity, 0, op, generated_token(w, entity, 0, op))
    w.requests.slot[sent].stage = measured_stage(w, now)
    forward(w, now, sent, PLACE_CLIENT, PLACE_GATEWAY)
    at = next_source_time(
        w.p.clients.stage_end, w.p.clients.stage_rate, now, uniform(w.p.run.starts[STREAM_SOURCE_GAP], entity + 1, 0)
    )
    if at >= 0:
        schedule(w, at, KIND_SOURCE, entity + 1, 0, NOTHING)
    else:
        w.total[ACTIVE] -= 1
