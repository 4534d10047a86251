"""The reservation service: a FIFO station of many servers in front of the stock of seats.

A seat is taken when the service is done, atomically and once per session: a client that asks again after a timeout is
told what it already has. Nothing oversells.
"""

from models.engine.agenda import schedule, tell
from models.engine.column_codes import COLUMN_SOLD
from models.engine.network import forward
from models.engine.record import count
from models.engine.world import World
from models.plan.events import event_of
from models.service.state import BACKEND_CAME, BACKEND_WENT
from models.vocabulary.codes import (
    ANSWER_PASS_EXPIRED,
    ANSWER_SOLD,
    ANSWER_SOLD_OUT,
    KIND_BACKEND_DONE,
    NEWS_SOLD_OUT,
    PLACE_GATEWAY,
    PLACE_RESERVATION,
    STREAM_BACKEND,
)
from sim import servers
from sim.draws import from_table
from sim.jit import compiled
from sim.servers import NOBODY, SERVED, UNLIMITED


@compiled
def on_backend_arrive(w: World, now: int, entity: int, number: int, slot: int) -> None:
    """A reservation reaches the backend: it is served now or waits."""
    w.backend.total[BACKEND_CAME] += 1
    taken = servers.arrive(w.backend.servers, 0, w.p.backend.servers, UNLIMITED, w.requests.follower, slot)
    if taken == SERVED:
        _serve(w, now, slot)


@compiled
def _serve(w: World, now: int, slot: int) -> None:
    r = w.requests.slot[slot]
    service = from_table(w.p.backend.service_time, w.p.run.starts[STREAM_BACKEND], r.entity, r.number)
    schedule(w, now + service, KIND_BACKEND_DONE, r.entity, r.number, slot)


@compiled
def on_backend_done(w: World, now: int, entity: int, number: int, slot: int) -> None:
    """A reservation has been worked on: take the seats, answer, go on to the next."""
    r = w.requests.slot[slot]
    r.answer = _reserve(w, now, entity, event_of(w.p.waiting_room.event_cycle, r.token))
    forward(w, now, slot, PLACE_RESERVATION, PLACE_GATEWAY)
    w.backend.total[BACKEND_WENT] += 1
    following = servers.leave(w.backend.servers, 0, w.requests.follower)
    if following != NOBODY:
        _serve(w, now, following)


@compiled
def _reserve(w: World, now: int, s: int, event: int) -> int:
    c = w.clients.session[s]
    if c.holds == 1:
        return ANSWER_SOLD
    if now > c.pass_until:
        return ANSWER_PASS_EXPIRED
    if w.backend.seats[event] - w.backend.sold[event] < w.p.backend.seats_per_order:
        return ANSWER_SOLD_OUT
    c.holds = 1
    w.backend.sold[event] += w.p.backend.seats_per_order
    count(w.record, COLUMN_SOLD, w.p.backend.seats_per_order)
    if w.backend.seats[event] - w.backend.sold[event] < w.p.backend.seats_per_order:
        tell(w, NEWS_SOLD_OUT, event, 0, True)
        w.backend.sold_out_at[event] = now
    return ANSWER_SOLD
