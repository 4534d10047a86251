"""What is due, the slots of requests under way, and what control is to be told."""

from models.engine.world import FREE_SLOTS, IN_FLIGHT, MOST_NEWS, NEWS, World
from models.vocabulary.instants import ENTITY_BITS, NUMBER_BITS
from sim import ladder
from sim.jit import compiled, inlined
from sim.memory import prefetch

NOTHING = -1
"""The item of an event that concerns no slot."""
_KIND_SHIFT = ENTITY_BITS + NUMBER_BITS


@compiled
def schedule(w: World, time: int, kind: int, entity: int, number: int, item: int) -> None:
    """Let an event happen at `time`, which is not in the past."""
    key = (kind << _KIND_SHIFT) | (entity << NUMBER_BITS) | number
    ladder.insert(w.calendar, time, key, item)


@inlined
def new_request(w: World, sent_at: int, origin: int, entity: int, number: int, op: int, token: int) -> int:
    """Return the slot of a new request, of which nothing else is known yet: all other fields are 0.

    The loop has made sure that a slot is free. Its last user left its fields as they were.
    """
    free = w.total[FREE_SLOTS] - 1
    w.total[FREE_SLOTS] = free
    w.total[IN_FLIGHT] += 1
    slot = w.requests.free[free]
    prefetch(w.requests.slot, w.requests.free[max(free - 1, 0)])  # the next one's: a long pass frees many at once
    r = w.requests.slot[slot]
    r.sent_at, r.origin, r.entity, r.number, r.op, r.token = sent_at, origin, entity, number, op, token
    r.stamp, r.queued_at, r.detail, r.stage = 0, 0, 0, 0
    r.pod, r.life, r.node, r.node_life = 0, 0, 0, 0
    r.answer, r.abandoned, r.dials, r.void = 0, 0, 0, 0
    r.service, r.step, r.counted, r.room = 0, 0, 0, 0
    return slot


@inlined
def free_slot(w: World, slot: int) -> None:
    """Give a slot back."""
    w.requests.slot[slot].entity = NOTHING
    w.requests.free[w.total[FREE_SLOTS]] = slot
    w.total[FREE_SLOTS] += 1
    w.total[IN_FLIGHT] -= 1


@inlined
def tell(w: World, what: int, whose: int, number: int, succeeded: bool) -> None:
    """Stop the engine after this event, and let control know why (see `models.vocabulary.news.News`)."""
    news = w.total[NEWS]
    if news < MOST_NEWS:
        w.news[news, 0], w.news[news, 1], w.news[news, 2], w.news[news, 3] = what, whose, number, succeeded
    w.total[NEWS] = news + 1
