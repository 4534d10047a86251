"""Room in the arrays of the compiled engine: whether the next events could take more than there is, and larger arrays.

Compiled code does not look whether an array has room: `is_short` looks for it, every `dispatch.CHECK_EVERY` events and
before whatever control does. So its bounds must hold for anything that can happen in between, a pass over 30,000
requests included. Each part states its own, once, as how much may be *short*: `models.engine.requests`,
`models.engine.calendar`, `models.waiting_room.state`, `models.redis.state`. Deadlines need none: a token has one entry
of each kind, so they are as long as there are tokens.
"""

from models.engine import calendar, requests
from models.engine.world import BUCKET_NEEDS, FREE_SLOTS, IN_FLIGHT, VOID, World
from models.plan.sizes import SPARE
from models.redis import state as redis
from models.waiting_room import state as rooms
from sim.jit import compiled
from sim.views import seen_compiled


@compiled
def is_short(w: World) -> bool:
    """Tell whether some array could be too small for the next events: it must be made `roomy` first."""
    in_flight = w.total[IN_FLIGHT] + w.total[VOID]
    return (
        requests.short(w.total[FREE_SLOTS])
        or calendar.short(w.calendar, in_flight, w.total[BUCKET_NEEDS])
        or rooms.short(w.waiting_room, in_flight + SPARE, w.p.waiting_room.largest_event)
        or redis.changes_short(w.redis, w.p, w.waiting_room) > 0
    )


@compiled
def _shortages(w: World) -> tuple[int, int, int, int, int, int]:
    """Return what is missing: late events, chunks and a run of the calendar, chunks of all lines and one, a log."""
    in_flight, coming = w.total[IN_FLIGHT] + w.total[VOID], w.total[BUCKET_NEEDS]
    return (
        calendar.late_short(w.calendar, in_flight, coming),
        calendar.chunks_short(w.calendar, in_flight, coming),
        calendar.run_short(w.calendar),
        rooms.chunks_short(w.waiting_room, in_flight + SPARE),
        rooms.longest_short(w.waiting_room, in_flight + SPARE, w.p.waiting_room.largest_event),
        redis.changes_short(w.redis, w.p, w.waiting_room),
    )


def roomy(w: World) -> tuple[World, World]:
    """Return the same state with room for the next events everywhere, and as compiled code sees it.

    The arrays that have enough stay the same.
    """
    view = seen_compiled(w)
    while is_short(view):
        late, due, run, chunks, longest, changes = _shortages(view)
        free = int(w.total[FREE_SLOTS])
        if requests.short(free):
            more = requests.grown(w.requests, free)
            w.total[FREE_SLOTS] += more.slot.size - w.requests.slot.size
            w = w._replace(requests=more)
        line = rooms.grown(w.waiting_room, chunks, longest)
        w = w._replace(
            calendar=calendar.grown(w.calendar, late, due, run),
            waiting_room=rooms.grown_log(line, changes) if changes > 0 else line,
        )
        view = seen_compiled(w)
    return w, view


def with_line_to_refill(w: World) -> World:
    """Return the same state with room for any line to be written anew."""
    return w._replace(waiting_room=rooms.with_line_to_refill(w.waiting_room))
