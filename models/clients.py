"""The people in front of their browsers: they join, poll, enter, choose a seat and buy; or give up.

Also the generated loads of the ladders: an open loop, which sends whatever happens, and the users of a closed one.
"""

import math

from models.agenda import NOTHING, free_slot, new_slot, schedule
from models.operations import FIRST_FAILURE, Answer, Kind, Op, Stream, code
from models.plan import CLOSED_LOOP, ONSALE
from models.record import WAIT, Column, add_latency, count
from models.units import MILLISECOND, SECOND
from models.world import (
    ACTIVE,
    ANSWERED,
    BOT,
    BUYING,
    CLIENT,
    DONE,
    ENTERING,
    FAILED,
    HAS_TABS,
    JOINING,
    LATE,
    SAYS_LEAVE,
    SENT,
    SOURCE,
    SOURCE_JOINS,
    WAITING,
    World,
)
from sim.compiled import compiled, inlined
from sim.draws import below, from_table, uniform

SHORTEST_THROTTLE_NS = SECOND
"""A page that was told to try again waits at least this long (assumption)."""

_JOIN, _STATUS, _ENTER, _LEAVE = code(Op.JOIN), code(Op.STATUS), code(Op.ENTER), code(Op.LEAVE)
_RESERVE, _STATUS_READ = code(Op.RESERVE), code(Op.STATUS_READ)
_WAITING, _READY, _UNKNOWN, _GRANTED = (
    code(Answer.WAITING),
    code(Answer.READY),
    code(Answer.UNKNOWN),
    code(Answer.GRANTED),
)
_THROTTLED, _NOT_CALLED, _SOLD = code(Answer.THROTTLED), code(Answer.NOT_CALLED), code(Answer.SOLD)
_FIRST_FAILURE, _POOL_TIMEOUT = code(FIRST_FAILURE), code(Answer.POOL_TIMEOUT)
_ARRIVE, _CLIENT_TIMEOUT, _SOURCE = code(Kind.ARRIVE), code(Kind.CLIENT_TIMEOUT), code(Kind.SOURCE)
_OUT, _BACK, _POLL, _BACKOFF = code(Stream.NET_OUT), code(Stream.NET_BACK), code(Stream.POLL), code(Stream.BACKOFF)
_CHOOSE, _CONVERT, _THINK = code(Stream.CHOOSE), code(Stream.CONVERT), code(Stream.THINK)
_BASE, _GAP = code(Stream.NET_BASE), code(Stream.SOURCE_GAP)
_SOURCE_OP, _SOURCE_TOKEN = code(Stream.SOURCE_OP), code(Stream.SOURCE_TOKEN)
_SENT, _ANSWERED = code(Column.SENT), code(Column.ANSWERED)
_FAILED_POOL, _FAILED_CLIENT = code(Column.FAILED_POOL_TIMEOUT), code(Column.FAILED_CLIENT_TIMEOUT)
_FAILED_REFUSED, _ADMITTED = code(Column.FAILED_REFUSED), code(Column.ADMITTED)


@inlined
def spread(u: float, interval: int, fraction: float) -> int:
    """Return a poll interval, uniform in [1 - fraction, 1 + fraction] x `interval`, ns."""
    return interval + math.floor(interval * fraction * (2.0 * u - 1.0) + 0.5)


@inlined
def backoff(u: float, base: int, longest: int, attempt: int) -> int:
    """Return the wait in ns before a retry: exponential with full jitter (uniform from 0), `attempt` from 0."""
    return math.floor(u * min(longest, base << min(attempt, 20)) + 0.5)


@inlined
def exponential(u: float, mean: float) -> int:
    """Return an exponential time of this mean in ns from a uniform draw."""
    return math.floor(-math.log1p(-u) * mean + 0.5)


@inlined
def endpoint_of(op: int) -> int:
    """Return the endpoint of an operation: a read-only status is a status."""
    return _STATUS if op == _STATUS_READ else op


@compiled
def send(w: World, s: int, op: int, at: int) -> None:
    """Let session `s` send its next request at time `at`."""
    c = w.session[s]
    c.number += 1
    c.op = op
    c.sent_at = at
    if op != _STATUS_READ:
        c.contact_at = at
    jitter = from_table(w.x.jitter, w.x.starts[_OUT], s, c.number)
    schedule(w, at + c.base_delay + jitter, _ARRIVE, s, c.number, NOTHING)


@compiled
def finish(w: World, s: int) -> None:
    """The session does nothing more."""
    w.session[s].phase = DONE
    w.total[ACTIVE] -= 1


@compiled
def next_turn(w: World, s: int, op: int, now: int, at: int) -> None:
    """Join or poll at time `at`, unless the session's patience ends before: then leave, with or without a word."""
    c = w.session[s]
    if at < c.gives_up_at:
        send(w, s, op, at)
    elif c.phase == WAITING and (c.traits & SAYS_LEAVE) != 0:
        send(w, s, _LEAVE, max(now, c.gives_up_at))
    else:
        finish(w, s)


@inlined
def own_interval(w: World, s: int) -> int:
    """Return the session's poll interval where the server advises none, ns."""
    return w.p.bot_interval if (w.session[s].traits & BOT) != 0 else w.p.poll_interval


@compiled
def poll_later(w: World, s: int, now: int, position: int) -> None:
    """Ask for the status again after an interval, by the server's advice for this place if it gives any."""
    c = w.session[s]
    interval = own_interval(w, s)
    for line in range(w.x.advice.shape[0]):
        if position <= w.x.advice[line, 0]:
            interval = w.x.advice[line, 1]
            break
    u = uniform(w.x.starts[_POLL], s, c.number)
    began = c.sent_at if w.p.poll_from_schedule else now
    at = max(now, began + spread(u, interval, w.p.poll_fraction))
    op = _STATUS
    if w.p.replica_reads and at - c.contact_at < w.p.write_every:
        op = _STATUS_READ
    next_turn(w, s, op, now, at)


@compiled
def try_again(w: World, s: int, now: int) -> None:
    """After a failure: retry with backoff; after the last retry wait a poll interval and begin anew."""
    c = w.session[s]
    op = c.op + 0  # a wide integer, as everybody passes it
    if c.attempt < w.p.retries:
        u = uniform(w.x.starts[_BACKOFF], s, c.number)
        at = now + backoff(u, w.p.backoff_base, w.p.backoff_max, c.attempt)
        c.attempt += 1
        if op == _JOIN or endpoint_of(op) == _STATUS:
            next_turn(w, s, op, now, at)
        else:
            send(w, s, op, at)
        return
    c.attempt = 0
    if op == _LEAVE:
        finish(w, s)
    elif op == _RESERVE:
        send(w, s, _RESERVE, now + own_interval(w, s))
    elif op == _JOIN:
        next_turn(w, s, _JOIN, now, now + own_interval(w, s))
    else:
        c.phase = WAITING
        poll_later(w, s, now, 1)


@compiled
def _on_place(w: World, s: int, now: int, answer: int, position: int) -> None:
    """Act on the answer to a join or a status."""
    c = w.session[s]
    if answer == _WAITING:
        c.phase = WAITING
        poll_later(w, s, now, position)
    elif answer == _READY:
        c.phase = ENTERING
        send(w, s, _ENTER, now)
    elif answer == _UNKNOWN:
        c.phase = JOINING
        next_turn(w, s, _JOIN, now, now)
    else:
        finish(w, s)


@compiled
def _on_enter(w: World, s: int, now: int, answer: int, wait_ms: int) -> None:
    """Act on the answer to an enter."""
    c = w.session[s]
    if answer == _GRANTED:
        c.phase = BUYING
        c.pass_until = now + w.p.pass_ttl
        if c.admitted == 0:
            c.admitted = 1
            count(w.record, _ADMITTED, 1)
            add_latency(w.record, 0, WAIT, now - w.x.first_send[s])
        if uniform(w.x.starts[_CONVERT], s, 0) < w.p.conversion:
            send(w, s, _RESERVE, now + from_table(w.x.choose, w.x.starts[_CHOOSE], s, 0))
        else:
            finish(w, s)
    elif answer == _THROTTLED:
        send(w, s, _ENTER, now + max(wait_ms * MILLISECOND, SHORTEST_THROTTLE_NS))
    elif answer == _NOT_CALLED:
        c.phase = WAITING
        poll_later(w, s, now, 1)
    else:
        _on_place(w, s, now, answer, 0)


@compiled
def _on_answer(w: World, s: int, now: int, answer: int, detail: int) -> None:
    """Act on an answer in an on-sale."""
    c = w.session[s]
    c.attempt = 0
    if c.op == _ENTER:
        _on_enter(w, s, now, answer, detail)
    elif c.op == _LEAVE:
        finish(w, s)
    elif c.op == _RESERVE:
        if answer == _SOLD:
            c.bought = 1
            w.bought_at[c.person] = now
        finish(w, s)
    else:
        _on_place(w, s, now, answer, detail)


@compiled
def on_client_reply(w: World, now: int, slot: int) -> None:
    """The answer is at the client, which may have given up on it."""
    r = w.slot[slot]
    s, number, answer, detail = r.entity, r.number, r.answer, r.detail
    if r.origin == CLIENT:
        abandoned = w.session[s].number != number or w.session[s].awaiting == 0
    else:
        abandoned = r.abandoned == 1
    sent_at, stage, endpoint, origin = r.sent_at, r.stage, endpoint_of(r.op), r.origin
    free_slot(w, slot)
    if abandoned:
        w.total[LATE] += 1
        return
    failed = answer >= _FIRST_FAILURE
    if failed:
        w.total[FAILED] += 1
        count(w.record, _FAILED_POOL if answer == _POOL_TIMEOUT else _FAILED_REFUSED, 1)
    else:
        w.total[ANSWERED] += 1
        count(w.record, _ANSWERED + endpoint, 1)
        add_latency(w.record, stage, endpoint, now - sent_at)
    if origin == CLIENT:
        w.session[s].awaiting = 0
        if w.p.load == CLOSED_LOOP:
            _next_iteration(w, s, now)
        elif failed:
            try_again(w, s, now)
        else:
            _on_answer(w, s, now, answer, detail)


@compiled
def on_client_timeout(w: World, now: int, s: int, slot: int) -> None:
    """A client that still waits for an answer stops waiting."""
    w.total[FAILED] += 1
    count(w.record, _FAILED_CLIENT, 1)
    if s >= w.p.sessions:
        w.slot[slot].abandoned = 1
        return
    w.session[s].awaiting = 0
    if w.p.load == CLOSED_LOOP:
        _next_iteration(w, s, now)
    else:
        try_again(w, s, now)


@inlined
def waits_still(w: World, entity: int, number: int, slot: int) -> bool:
    """Tell whether anybody still waits for the answer to request `number` of `entity`."""
    if entity < w.p.sessions:
        return w.session[entity].number == number and w.session[entity].awaiting == 1
    return w.slot[slot].entity == entity and w.slot[slot].abandoned == 0


@compiled
def stage_at(w: World, now: int) -> int:
    """Return the stage that holds `now`, or the number of stages after the last."""
    stage = 0
    while stage < w.x.stage_end.size and now >= w.x.stage_end[stage]:
        stage += 1
    return stage


@compiled
def measured_stage(w: World, sent_at: int) -> int:
    """Return the stage whose figures a request sent now belongs to; the last row is for those of none."""
    stage = stage_at(w, sent_at)
    if w.p.load == ONSALE:
        return 0
    begin = 0 if stage == 0 else w.x.stage_end[stage - 1]
    return w.x.stage_end.size if sent_at - begin < w.p.settle else stage


@compiled
def _next_iteration(w: World, s: int, now: int) -> None:
    """Let a closed-loop user think and send again, or pause until a stage has room for it."""
    c = w.session[s]
    at = now + exponential(uniform(w.x.starts[_THINK], s, c.number), w.p.think)
    stage = stage_at(w, at)
    while stage < w.x.stage_end.size and w.x.stage_rate[stage] <= s:
        at = w.x.stage_end[stage]
        stage += 1
    if stage == w.x.stage_end.size:
        finish(w, s)
    else:
        send(w, s, _STATUS, at)  # what it is for is drawn when it arrives


@compiled
def generated_op(w: World, entity: int, number: int) -> int:
    """Return the operation of a generated request, by the mix."""
    u = uniform(w.x.starts[_SOURCE_OP], entity, number)
    if u < w.p.mix_join:
        return _JOIN
    return _ENTER if u < w.p.mix_join + w.p.mix_enter else _STATUS


@compiled
def generated_token(w: World, entity: int, number: int, op: int) -> int:
    """Return whose place a generated request is about: a new one's for a join, else one in line."""
    if op == _JOIN:
        joins = w.total[SOURCE_JOINS]
        w.total[SOURCE_JOINS] += 1
        return w.p.prejoined + joins % (w.p.tokens - w.p.prejoined)
    return below(w.x.starts[_SOURCE_TOKEN], entity, number, w.p.prejoined)


@compiled
def next_source_time(stage_end, stage_rate, now: int, u: float) -> int:  # type: ignore[no-untyped-def]
    """Return when a Poisson source with these stages sends after `now`, or -1: never again."""
    left = -math.log1p(-u)
    begin = now
    for stage in range(stage_end.size):
        if begin >= stage_end[stage]:
            continue
        inside = stage_rate[stage] * (stage_end[stage] - begin) * 1e-9
        if left < inside:
            return begin + math.floor(left / stage_rate[stage] * 1e9 + 0.5)
        left -= inside
        begin = stage_end[stage]
    return -1


@compiled
def on_source(w: World, now: int, entity: int) -> None:
    """An open-loop source sends a request and goes on to the next."""
    op = generated_op(w, entity, 0)
    slot = new_slot(w)
    r = w.slot[slot]
    r.sent_at, r.queued_at, r.detail = now, 0, 0
    r.entity, r.number, r.op = entity, 0, op
    r.token = generated_token(w, entity, 0, op)
    r.origin, r.abandoned, r.answer = SOURCE, 0, 0
    r.stage = measured_stage(w, now)
    base = from_table(w.x.base, w.x.starts[_BASE], entity, 0)
    schedule(w, now + base + from_table(w.x.jitter, w.x.starts[_OUT], entity, 0), _ARRIVE, entity, 0, slot)
    at = next_source_time(w.x.stage_end, w.x.stage_rate, now, uniform(w.x.starts[_GAP], entity + 1, 0))
    if at >= 0:
        schedule(w, at, _SOURCE, entity + 1, 0, NOTHING)
    else:
        w.total[ACTIVE] -= 1


@compiled
def way_back(w: World, slot: int) -> int:
    """Return the one-way delay in ns of the answer to its client."""
    r = w.slot[slot]
    jitter = from_table(w.x.jitter, w.x.starts[_BACK], r.entity, r.number)
    if r.origin == CLIENT:
        return w.session[r.entity].base_delay + jitter
    return from_table(w.x.base, w.x.starts[_BASE], r.entity, 0) + jitter


@compiled
def on_request(w: World, now: int, s: int) -> int:
    """A session's request reaches the load balancer: give it a slot, or return NOTHING if its tab has been closed."""
    c = w.session[s]
    if (c.traits & HAS_TABS) != 0 and w.bought_at[c.person] < c.sent_at:
        finish(w, s)
        return NOTHING
    if c.came_at < 0:
        c.came_at = now
    if w.p.load == CLOSED_LOOP:
        c.op = generated_op(w, s, c.number)
    slot = new_slot(w)
    r = w.slot[slot]
    r.sent_at, r.queued_at, r.detail = c.sent_at, 0, 0
    r.entity, r.number, r.op = s, c.number, c.op
    r.token = s if w.p.load == ONSALE else generated_token(w, s, c.number, c.op)
    r.origin, r.abandoned, r.answer = CLIENT, 0, 0
    r.stage = 0 if w.p.load == ONSALE else measured_stage(w, c.sent_at)
    c.awaiting = 1
    return slot


@compiled
def count_sent(w: World, now: int, slot: int) -> None:
    """Count a request that has reached the load balancer and start its client's clock."""
    r = w.slot[slot]
    w.total[SENT] += 1
    count(w.record, _SENT + endpoint_of(r.op), 1)
    schedule(w, max(r.sent_at + w.p.timeout, now), _CLIENT_TIMEOUT, r.entity, r.number, slot)
