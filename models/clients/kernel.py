"""The people in front of their browsers: they join, poll, enter, choose a seat and buy; or give up."""

from models.clients.loads import generated_op, generated_token, measured_stage, next_iteration
from models.clients.refused import pause_after
from models.clients.sessions import finish, send
from models.clients.state import (
    ANSWERED,
    BOT,
    BUSY,
    FAILED,
    HAS_TABS,
    HIDDEN,
    LATE,
    SAYS_LEAVE,
    SENT,
    TIMED,
    TOLD,
    WAITING,
)
from models.clients.waits import backoff, spread
from models.edge.state import TURNED_AWAY, UNHEARD
from models.engine.agenda import NOTHING, free_slot, new_request, schedule
from models.engine.column_codes import (
    COLUMN_ADMITTED,
    COLUMN_ANSWERED,
    COLUMN_FAILED_CLIENT_TIMEOUT,
    COLUMN_FAILED_CONNECTION,
    COLUMN_FAILED_MAX_CLIENTS,
    COLUMN_FAILED_OUT_OF_MEMORY,
    COLUMN_FAILED_POOL_TIMEOUT,
    COLUMN_FAILED_REFUSED,
    COLUMN_SENT,
)
from models.engine.record import WAIT, add_latency, count
from models.engine.requests import CLIENT, SOURCE
from models.engine.world import UNKNOWN, World
from models.plan.clients import CLOSED_LOOP, ONSALE
from models.vocabulary.codes import (
    ANSWER_CONNECTION,
    ANSWER_FIRST_FAILURE,
    ANSWER_FIRST_REFUSAL,
    ANSWER_GRANTED,
    ANSWER_MAX_CLIENTS,
    ANSWER_NOT_CALLED,
    ANSWER_OUT_OF_MEMORY,
    ANSWER_POOL_TIMEOUT,
    ANSWER_READY,
    ANSWER_REFUSED,
    ANSWER_SOLD,
    ANSWER_SOLD_OUT,
    ANSWER_THROTTLED,
    ANSWER_UNKNOWN,
    ANSWER_WAITING,
    KIND_CLIENT_TIMEOUT,
    OP_ENTER,
    OP_JOIN,
    OP_LEAVE,
    OP_RESERVE,
    OP_STATUS,
    OP_STATUS_READ,
    STREAM_BACKOFF,
    STREAM_CHOOSE,
    STREAM_CONVERT,
    STREAM_POLL,
)
from models.vocabulary.endpoints import endpoint_of
from models.vocabulary.units import FOREVER, MILLISECOND
from sim.draws import from_table, uniform
from sim.jit import compiled, inlined


@compiled
def next_turn(w: World, s: int, op: int, now: int, at: int) -> None:
    """Join or poll at time `at`, unless the session's patience ends before: then leave, with or without a word."""
    c = w.clients.session[s]
    if at < c.gives_up_at:
        send(w, s, op, at)
    elif c.phase == WAITING and (c.traits & SAYS_LEAVE) != 0:
        send(w, s, OP_LEAVE, max(now, c.gives_up_at))
    else:
        finish(w, s)


@inlined
def slowed(w: World, s: int, wait: int) -> int:
    """Return how long a page waits that wants to wait for `wait` ns: in the background its timers go off seldom."""
    return max(wait, w.p.clients.hidden_interval) if (w.clients.session[s].traits & HIDDEN) != 0 else wait


@inlined
def own_interval(w: World, s: int) -> int:
    """Return the session's poll interval where the server advises none, ns."""
    return slowed(
        w, s, w.p.clients.bot_interval if (w.clients.session[s].traits & BOT) != 0 else w.p.clients.poll_interval
    )


@compiled
def poll_later(w: World, s: int, now: int, position: int) -> None:
    """Ask for the status again after an interval, by the server's advice for this place if it gives any."""
    c = w.clients.session[s]
    interval = own_interval(w, s)
    for line in range(w.p.clients.advice.shape[0]):
        if position <= w.p.clients.advice[line, 0]:
            interval = slowed(w, s, w.p.clients.advice[line, 1])
            break
    u = uniform(w.p.run.starts[STREAM_POLL], s, c.number)
    began = c.sent_at if w.p.clients.poll_from_schedule else now
    at = max(now, began + spread(u, interval, w.p.clients.poll_fraction))
    op = OP_STATUS
    if w.p.waiting_room.replica_reads and at - c.contact_at < w.p.clients.write_every:
        op = OP_STATUS_READ
    next_turn(w, s, op, now, at)


@compiled
def try_again(w: World, s: int, now: int) -> None:
    """After a failure: retry with backoff; after the last retry wait a poll interval and begin anew."""
    c = w.clients.session[s]
    op = c.op
    if c.attempt < w.p.clients.retries:
        u = uniform(w.p.run.starts[STREAM_BACKOFF], s, c.number)
        at = now + slowed(w, s, backoff(u, w.p.clients.backoff_base, w.p.clients.backoff_max, c.attempt))
        c.attempt += 1
        if op == OP_JOIN or endpoint_of(op) == OP_STATUS:
            next_turn(w, s, op, now, at)
        else:
            send(w, s, op, at)
        return
    c.attempt = 0
    if op == OP_LEAVE:
        finish(w, s)
    elif op == OP_RESERVE:
        send(w, s, OP_RESERVE, now + own_interval(w, s))
    elif op == OP_JOIN:
        next_turn(w, s, OP_JOIN, now, now + own_interval(w, s))
    elif op == OP_ENTER or endpoint_of(op) == OP_STATUS:
        c.phase = WAITING
        poll_later(w, s, now, 1)
    else:
        w.total[UNKNOWN] += 1


@compiled
def _after_refusal(w: World, s: int, now: int, answer: int) -> None:
    """The edge has refused: pause and ask the same again, or give up."""
    c = w.clients.session[s]
    op = c.op
    w.edge.visitor[s].refused += 1
    if op == OP_LEAVE:
        finish(w, s)
        return
    waits = op != OP_RESERVE
    pause = pause_after(w, s, now, answer, c.gives_up_at if waits else FOREVER)
    if pause == NOTHING:
        finish(w, s)
    elif waits:
        next_turn(w, s, op, now, now + pause)
    else:
        send(w, s, op, now + pause)


@compiled
def _on_place(w: World, s: int, now: int, answer: int, position: int) -> None:
    """Act on the answer to a join or a status."""
    c = w.clients.session[s]
    if answer == ANSWER_WAITING:
        c.phase = WAITING
        poll_later(w, s, now, position)
    elif answer == ANSWER_READY:
        c.phase = BUSY
        send(w, s, OP_ENTER, now)
    elif answer == ANSWER_UNKNOWN:
        c.phase = BUSY
        next_turn(w, s, OP_JOIN, now, now)
    elif answer == ANSWER_SOLD_OUT:
        c.traits |= TOLD
        c.pass_until = now
        finish(w, s)
    else:
        w.total[UNKNOWN] += 1


@compiled
def _on_enter(w: World, s: int, now: int, answer: int, wait_ms: int) -> None:
    """Act on the answer to an enter."""
    c = w.clients.session[s]
    if answer == ANSWER_GRANTED:
        c.phase = BUSY
        c.pass_until = now + w.p.clients.pass_ttl
        if c.admitted == 0:
            c.admitted = 1
            count(w.record, COLUMN_ADMITTED, 1)
            add_latency(w.record, 0, WAIT, now - w.p.clients.first_send[s])
        if uniform(w.p.run.starts[STREAM_CONVERT], s, 0) < w.p.clients.conversion:
            choose = w.p.clients.bot_choose if (c.traits & BOT) != 0 else w.p.clients.choose
            send(w, s, OP_RESERVE, now + from_table(choose, w.p.run.starts[STREAM_CHOOSE], s, 0))
        else:
            finish(w, s)
    elif answer == ANSWER_THROTTLED:
        send(w, s, OP_ENTER, now + slowed(w, s, max(wait_ms * MILLISECOND, w.p.clients.refused_wait)))
    elif answer == ANSWER_NOT_CALLED:
        c.phase = WAITING
        poll_later(w, s, now, 1)
    else:
        _on_place(w, s, now, answer, 0)


@compiled
def _on_answer(w: World, s: int, now: int, answer: int, detail: int) -> None:
    """Act on an answer in an on-sale."""
    c = w.clients.session[s]
    c.attempt = 0
    if c.op == OP_ENTER:
        _on_enter(w, s, now, answer, detail)
    elif c.op == OP_LEAVE:
        finish(w, s)
    elif c.op == OP_RESERVE:
        if answer == ANSWER_SOLD:
            c.bought = 1
            w.clients.bought_at[c.person] = now
        finish(w, s)
    elif c.op == OP_JOIN or endpoint_of(c.op) == OP_STATUS:
        _on_place(w, s, now, answer, detail)
    else:
        w.total[UNKNOWN] += 1


@inlined
def _cause(w: World, answer: int) -> int:
    """Return the column of a failure that a client is told of."""
    if answer == ANSWER_POOL_TIMEOUT:
        return COLUMN_FAILED_POOL_TIMEOUT
    if answer == ANSWER_MAX_CLIENTS:
        return COLUMN_FAILED_MAX_CLIENTS
    if answer == ANSWER_OUT_OF_MEMORY:
        return COLUMN_FAILED_OUT_OF_MEMORY
    if answer == ANSWER_CONNECTION:
        return COLUMN_FAILED_CONNECTION
    if answer != ANSWER_REFUSED:
        w.total[UNKNOWN] += 1
    return COLUMN_FAILED_REFUSED


@compiled
def on_client_reply(w: World, now: int, entity: int, number: int, slot: int) -> None:
    """The answer is at the client, which may have given up on it."""
    r = w.requests.slot[slot]
    answer, detail = r.answer, r.detail
    if r.origin == CLIENT:
        abandoned = w.clients.session[entity].number != number or w.clients.session[entity].awaiting == 0
    else:
        abandoned = r.abandoned == 1
    sent_at, stage, endpoint, origin = r.sent_at, r.stage, endpoint_of(r.op), r.origin
    free_slot(w, slot)
    refused = answer >= ANSWER_FIRST_REFUSAL
    if abandoned:
        w.clients.total[LATE] += 1
        if refused:
            w.edge.total[UNHEARD] += 1
        return
    failed = answer >= ANSWER_FIRST_FAILURE and not refused
    if refused:
        w.edge.total[TURNED_AWAY] += 1
    elif failed:
        w.clients.total[FAILED] += 1
        count(w.record, _cause(w, answer), 1)
        w.record.failed[stage, endpoint] += 1
    else:
        w.clients.total[ANSWERED] += 1
        count(w.record, COLUMN_ANSWERED + endpoint, 1)
        add_latency(w.record, stage, endpoint, now - sent_at)
    if origin == CLIENT:
        w.clients.session[entity].awaiting = 0
        if w.p.clients.load == CLOSED_LOOP:
            next_iteration(w, entity, now)
        elif refused:
            _after_refusal(w, entity, now, answer)
        elif failed:
            try_again(w, entity, now)
        else:
            _on_answer(w, entity, now, answer, detail)


@compiled
def on_client_timeout(w: World, now: int, entity: int, number: int, slot: int) -> None:
    """A client that still waits for an answer stops waiting."""
    w.clients.total[FAILED] += 1
    count(w.record, COLUMN_FAILED_CLIENT_TIMEOUT, 1)
    if entity >= w.p.clients.sessions:
        w.requests.slot[slot].abandoned = 1
        w.record.failed[w.requests.slot[slot].stage, endpoint_of(w.requests.slot[slot].op)] += 1
        return
    c = w.clients.session[entity]
    w.record.failed[measured_stage(w, c.sent_at), endpoint_of(c.op)] += 1
    c.awaiting = 0
    c.traits &= ~TIMED
    if w.p.clients.load == CLOSED_LOOP:
        next_iteration(w, entity, now)
    else:
        try_again(w, entity, now)


@inlined
def gives_up_waiting_at(w: World, time: int, entity: int, slot: int) -> int:
    """Return when the client that a timer of this `time` is for stops waiting for its answer, or NOTHING: it has it.

    A session has one timer for all its requests: it goes off for the first of them, and finds out here that by now
    another one is awaited. Each request of a source has its own, which finds the slot that was the request's: that may
    have gone to another one meanwhile, or to something else with a number that is a source's in its own right.
    """
    if entity >= w.p.clients.sessions:
        r = w.requests.slot[slot]
        return time if r.entity == entity and r.origin == SOURCE and r.abandoned == 0 else NOTHING
    c = w.clients.session[entity]
    if c.awaiting == 0:
        c.traits &= ~TIMED
        return NOTHING
    return max(c.sent_at + w.p.clients.timeout, time)


@compiled
def slot_of_next(w: World, now: int, s: int) -> int:
    """A session's request reaches the load balancer: give it a slot, or return NOTHING if its tab has been closed."""
    c = w.clients.session[s]
    if (c.traits & HAS_TABS) != 0 and w.clients.bought_at[c.person] < c.sent_at:
        finish(w, s)
        return NOTHING
    if c.came_at < 0:
        c.came_at = now
    if w.p.clients.load == CLOSED_LOOP:
        c.op = generated_op(w, s, c.number)
    token = s if w.p.clients.load == ONSALE else generated_token(w, s, c.number, c.op)
    slot = new_request(w, c.sent_at, CLIENT, s, c.number, c.op, token)
    if w.p.clients.load != ONSALE:
        w.requests.slot[slot].stage = measured_stage(w, c.sent_at)
    c.awaiting = 1
    return slot


@compiled
def count_sent(w: World, now: int, slot: int) -> None:
    """Count a request that has reached the load balancer and start its client's clock."""
    r = w.requests.slot[slot]
    w.clients.total[SENT] += 1
    r.counted = 1
    count(w.record, COLUMN_SENT + endpoint_of(r.op), 1)
    at = max(r.sent_at + w.p.clients.timeout, now)
    if r.origin == CLIENT:
        c = w.clients.session[r.entity]
        if (c.traits & TIMED) != 0 and at > now:
            return
        c.traits |= TIMED
    schedule(w, at, KIND_CLIENT_TIMEOUT, r.entity, r.number, slot)
