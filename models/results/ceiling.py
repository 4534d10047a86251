"""What a status costs the engine thread that answers it: one over it is the most that a primary answers in a second."""

from typing import Any

from models.plan.plan import Plan
from models.redis_costs.engine_thread import GARBAGE_EVERY, garbage_ns
from models.vocabulary.operations import Op
from models.waiting_room.reference_cost import Bill
from models.waiting_room.specification import KEYS_PER_EVENT, WaitingRoom


class Everybody(dict[int, Any]):
    """A sorted set of so many members that whoever is asked about is one of them, with the score 0."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def __contains__(self, member: object) -> bool:
        return True

    def __len__(self) -> int:
        return self.size

    def __missing__(self, member: int) -> Any:
        return 0


def status_request_ns(plan: Plan, line: int) -> int:
    """Return what one status poll of somebody in a line of this length costs a primary that is always busy, ns.

    The calls are those of the specification, in the room with the widest call window, in which nobody's turn comes. A
    nanosecond at least, the finest time there is, for a profile in which it costs nothing.
    """
    p, bill = plan.params, Bill(plan.params.redis.costs.calls)
    rules = max(plan.rules, key=lambda its: its.call_window)
    room = WaitingRoom(rules, bill.call, lambda token, answer, deadline_ms: None)
    room.score, room.seen = Everybody(line), Everybody(line)
    if p.waiting_room.key_scan:
        room.status_keys(0, 0, line + KEYS_PER_EVENT)
    else:
        room.status(0, 0)
    sizes = {"none": 0, "line": line, "called": min(line, rules.call_window), "seen": line}
    for entry in plan.scenario.waiting_room.extra_calls:
        if entry.operation == "status":
            bill.change(entry, sizes[entry.on])
    request_ns = (
        p.redis.costs.io
        + int(plan.params.redis.costs.script[Op.STATUS])
        + (p.redis.costs.feed if bill.write_ns else 0)
        + bill.cost_ns
    )
    return max(1, request_ns + garbage_ns(p.redis.costs.thread, GARBAGE_EVERY * request_ns) // GARBAGE_EVERY)
