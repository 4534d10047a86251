"""What is due, the slots of requests under way, and what control is to be told."""

from models.entities import ENTITY_BITS, NUMBER_BITS
from models.world import FREE_SLOTS, IN_FLIGHT, MOST_NEWS, NEWS, World
from sim import heap, wheel
from sim.compiled import compiled, inlined

NOTHING = -1
"""The item of an event that concerns no slot."""
_KIND_SHIFT = ENTITY_BITS + NUMBER_BITS


@compiled
def schedule(w: World, time: int, kind: int, entity: int, number: int, item: int) -> None:
    """Let an event happen at `time`, which is not in the past."""
    key = (kind << _KIND_SHIFT) | (entity << NUMBER_BITS) | number
    if time < wheel.emptied_until(w.wheel):
        heap.push(w.heap, time, key, item)
    else:
        wheel.insert(w.wheel, time, key, item)


@inlined
def new_slot(w: World) -> int:
    """Return a free slot, marked as used; the loop has made sure that there is one."""
    free = w.total[FREE_SLOTS] - 1
    w.total[FREE_SLOTS] = free
    w.total[IN_FLIGHT] += 1
    return w.free[free]


@inlined
def free_slot(w: World, slot: int) -> None:
    """Give a slot back; its next user writes all its fields."""
    w.slot[slot].entity = NOTHING
    w.free[w.total[FREE_SLOTS]] = slot
    w.total[FREE_SLOTS] += 1
    w.total[IN_FLIGHT] -= 1


@inlined
def tell(w: World, what: int, whose: int, number: int, succeeded: bool) -> None:
    """Stop the engine after this event, and let control know why (see `models.operations.News`)."""
    news = w.total[NEWS]
    if news < MOST_NEWS:
        w.news[news, 0], w.news[news, 1], w.news[news, 2], w.news[news, 3] = what, whose, number, succeeded
    w.total[NEWS] = news + 1
