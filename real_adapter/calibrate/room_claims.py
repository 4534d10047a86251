"""What claims say of a waiting room's behaviour, tried on a real Redis: order, expiry and passes.

The times are the callers' (`now_ms`), so a minute of silence takes none, and no other load on the machine matters.
"""

import random
from collections.abc import Iterator

import redis

from models.ledger.measured import Quantity
from models.plan.room_rules import MICRO, RoomRules
from models.vocabulary.operations import Answer
from real_adapter.room.redis_room import RedisRoom
from sim.estimate import Estimate

START_MS = 1_760_000_000_000
PODS, SKEW_MS, APART_US = 30, 2.0, 17
"""Pods whose clocks differ, with the scenarios' default skew; people who come so far apart, 60,000 in a second."""
CROWD = 2_000
CALLING_MS = 100
"""Between two polls of the last in line, each of which calls as many as may be called at once."""
ASKING = 8
"""People who ask to enter in each ms, of whom the rate lets one in."""
RULES = RoomRules(
    rate_micro_per_ms=MICRO, burst_micro=100 * MICRO, call_window=10_000, call_ttl_ms=30_000, heartbeat_ttl_ms=60_000
)

Found = tuple[str, Quantity]


def order(client: "redis.Redis", chance: random.Random) -> Iterator[Found]:
    """Let people join through pods whose clocks differ, and see how many places the unluckiest has lost."""
    skew_ns = [chance.gauss(0, SKEW_MS * 1e6) for _ in range(PODS)]
    for by in ("pod_clock", "counter"):
        room = RedisRoom(client, f"order-{by}", RULES)
        for person in range(CROWD):
            true_ns = START_MS * 1_000_000 + person * APART_US * 1000
            score = true_ns + skew_ns[person % PODS] if by == "pod_clock" else None
            room.join(person, true_ns // 1_000_000, score)
        line = [token for _, token in room.state(()).line]
        lost = max(place - person for place, person in enumerate(line))
        room.delete(range(CROWD))
        how = f"{CROWD:,} joins {APART_US} us apart through {PODS} pods, clocks apart by {SKEW_MS:g} ms (normal)"
        yield f"order.places_lost_{by}", Quantity.of(Estimate.of([float(lost)]), "places", how)


def expiry(client: "redis.Redis") -> Iterator[Found]:
    """Let every other person fall silent, and see who is left after the heartbeat's time."""
    room = RedisRoom(client, "expiry", RULES)
    for person in range(CROWD):
        room.join(person, START_MS, float(person))
    later = START_MS + RULES.heartbeat_ttl_ms // 2
    for person in range(0, CROWD, 2):
        room.status(person, later)
    while room.expire(500, START_MS + RULES.heartbeat_ttl_ms + 1).removed:
        pass
    left = [token for _, token in room.state(()).line]
    room.delete(range(CROWD))
    silent = 200 * sum(person % 2 for person in left) / CROWD
    alive = 200 * sum(1 - person % 2 for person in left) / CROWD
    how = f"{CROWD:,} people, half of them silent for the heartbeat's {RULES.heartbeat_ttl_ms // 1000} s"
    yield "expiry.silent_left_percent", Quantity.of(Estimate.of([silent]), "percent", how)
    yield "expiry.alive_left_percent", Quantity.of(Estimate.of([alive]), "percent", how)


def passes(client: "redis.Redis") -> Iterator[Found]:
    """Call everybody, then let them ask to enter in turn, far more than the rate lets in.

    Counted are passes given twice, and those above the rate and the burst.
    """
    room = RedisRoom(client, "passes", RULES)
    room.open(START_MS)
    for person in range(CROWD):
        room.join(person, START_MS, float(person))
    begin_ms = START_MS
    while room.status(CROWD - 1, begin_ms).answer is Answer.WAITING:
        begin_ms += CALLING_MS
    given: dict[int, int] = {}
    most = 0.0
    for ms in range(500):
        now = begin_ms + ms
        for person in (ASKING * ms % CROWD + k for k in range(ASKING)):
            given[person] = given.get(person, 0) + (room.enter(person, now).answer is Answer.GRANTED)
        allowed = RULES.burst_micro / MICRO + RULES.rate_micro_per_ms * ms / MICRO
        most = max(most, sum(given.values()) - allowed)
    room.delete(range(CROWD))
    how = f"{CROWD:,} people, all called, ask again and again, {ASKING:,} in every ms"
    twice = float(sum(count > 1 for count in given.values()))
    yield "passes.given", Quantity.of(Estimate.of([float(sum(given.values()))]), "passes", how)
    yield "passes.repeated", Quantity.of(Estimate.of([twice]), "passes", how)
    yield "passes.too_many", Quantity.of(Estimate.of([max(0.0, most)]), "passes", how)
