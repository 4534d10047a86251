"""Removing from the waiting rooms who has fallen silent and who has not taken up a call, compiled.

The deadlines in `seen` and `called` may lie before the true ones, as a sign of life is not worth a change of a heap:
they are put right when they come up.
"""

from models.redis_costs.command_codes import COMMAND_ZRANGEBYSCORE, COMMAND_ZREM
from models.vocabulary.codes import ANSWER_EXPIRED
from models.waiting_room.kernel import call_due
from models.waiting_room.state import (
    CALLED,
    LAPSED,
    OUT,
    REMOVED,
    SILENT,
    Rooms,
    bill_call,
    in_place,
    remove,
)
from sim import deadlines
from sim.jit import compiled


@compiled
def expire(rooms: Rooms, event: int, limit: int, now_ms: int) -> int:
    """Remove at most `limit` silent places, then at most `limit` lapsed calls."""
    call_due(rooms, event, now_ms)
    room = rooms.room[event]
    seen, line, called = in_place(rooms, event), rooms.line.members[event], room.called
    bill_call(rooms, COMMAND_ZRANGEBYSCORE, 1, seen)
    silent = _remove_silent(rooms, event, limit, now_ms - room.heartbeat_ttl_ms)
    if silent > 0:
        bill_call(rooms, COMMAND_ZREM, silent, seen)
        bill_call(rooms, COMMAND_ZREM, line - rooms.line.members[event], line)
        bill_call(rooms, COMMAND_ZREM, called - room.called, called)
    seen, called = in_place(rooms, event), room.called
    bill_call(rooms, COMMAND_ZRANGEBYSCORE, 1, called)
    lapsed = _remove_lapsed(rooms, event, limit, now_ms)
    if lapsed > 0:
        bill_call(rooms, COMMAND_ZREM, lapsed, called)
        bill_call(rooms, COMMAND_ZREM, lapsed, seen)
    rooms.counts[SILENT] += silent
    rooms.counts[LAPSED] += lapsed
    rooms.bill[REMOVED] = silent + lapsed
    return ANSWER_EXPIRED


@compiled
def _remove_silent(rooms: Rooms, event: int, limit: int, cutoff_ms: int) -> int:
    removed = 0
    while removed < limit and rooms.seen.size[event] > 0 and deadlines.first_due(rooms.seen, event) < cutoff_ms:
        token = deadlines.first_owner(rooms.seen, event)
        place = rooms.place[token]
        if place.where != OUT and deadlines.first_due(rooms.seen, event) < place.seen_ms:
            rooms.listed_ms[token] = place.seen_ms
            deadlines.postpone_first(rooms.seen, event, place.seen_ms)
            continue
        place.in_seen = 0
        deadlines.drop_first(rooms.seen, event)
        if place.where != OUT:
            remove(rooms, event, token)
            removed += 1
    return removed


@compiled
def _remove_lapsed(rooms: Rooms, event: int, limit: int, now_ms: int) -> int:
    removed = 0
    while removed < limit and rooms.called.size[event] > 0 and deadlines.first_due(rooms.called, event) <= now_ms:
        token = deadlines.first_owner(rooms.called, event)
        place = rooms.place[token]
        if place.where == CALLED and deadlines.first_due(rooms.called, event) < place.deadline_ms:
            deadlines.postpone_first(rooms.called, event, place.deadline_ms)
            continue
        place.in_called = 0
        deadlines.drop_first(rooms.called, event)
        if place.where == CALLED:
            remove(rooms, event, token)
            removed += 1
    return removed
