"""Fixed sequences that stand on every edge of the scripts: the millisecond of a deadline and those beside it, a full
window, a clock behind another's, the last call of an operation.

Random sequences meet such moments only now and then; here each is met at once, however few operations are asked for.
"""

import time
from collections.abc import Iterator

import redis

from models.plan.room_rules import MICRO, RoomRules
from models.vocabulary.script_limits import CALLS_PER_OPERATION
from real_adapter.conformance.operations import START_MS, Operation, Settings
from real_adapter.conformance.report import Case
from real_adapter.conformance.trial import Site, Trial, clock_us, described

CROWD = CALLS_PER_OPERATION + 8
PASS_TTL_MS = 1000
TTL_MS, SILENCE_MS = 40, 80
EARLY_US = 90_000
"""Before so many microseconds of a second, the digits of the server's clock begin with a 0."""


def edge_sequences(name: str, site: Site, keys: bool = True) -> Case:
    """Compare every fixed sequence, each in a room of its own. The server's clock is waited for, up to a second.

    *keys* False leaves out `status_keys`, which would hold up other users of a server.
    """
    began = time.monotonic()
    site.prepare()
    played, differences = 0, []
    for rules, everything in sequences():
        operations = [operation for operation in everything if keys or operation.name != "status_keys"]
        settings = Settings((rules,), 0, CROWD, PASS_TTL_MS, 0.0, len(operations))
        if any(operation.order == "time" for operation in operations):
            _wait_for_an_early_microsecond(site)
        with Trial(site, settings) as trial:
            found = trial.play(operations)
        played += len(operations)
        if found is not None:
            differences.append(described(settings, operations[: found[0] + 1], found[1]))
    return Case(name, played, tuple(differences), time.monotonic() - began)


def sequences() -> Iterator[tuple[RoomRules, list[Operation]]]:
    """Yield the rules of a room and what is done in it, from START_MS on."""
    fast = _rules(200 * MICRO, 100 * MICRO, 1000)
    yield fast, [*_crowd(), _at("open", 0), _at("status", 1)]
    yield fast, [*_crowd(), _at("open", 0), _at("status", 10), _at("status", 5, CROWD - 1)]  # a clock behind calls too
    yield fast, [*_crowd(), _at("status_keys", 1, CROWD + 1), _at("open", 0), _at("status_keys", 1, 1)]
    for window in (1, 3):
        yield _rules(200 * MICRO, 100 * MICRO, window), [*_crowd(), _at("open", 0), *_twice("status", 1)]
    yield _rules(MICRO, 5 * MICRO, 1000), [*_crowd(), _at("open", 0), *_twice("status", 1), _at("status", 100, 9)]
    # a third of a call each millisecond: one is due after 3 ms, not after 2
    yield _rules(MICRO // 3 + 1, 5 * MICRO, 9), [*_crowd(), _at("open", 0), *(_at("status", t, 9) for t in range(5))]
    yield fast, [*_crowd(), *_twice("status", -1), _at("expire", -1, limit=5), *_twice("enter", -1), _at("open", 0)]
    yield fast, list(_deadlines())
    yield fast, list(_lapses_expire())
    yield fast, list(_silence())
    yield fast, list(_clocks_disagree())
    yield _rules(300_007, MICRO, 1000), list(_waits(300_007))
    yield _rules(MICRO, MICRO, 1000), list(_waits(MICRO))
    yield _rules(37, 3 * MICRO, 1000), list(_waits(37, called_after_ms=27_100))
    yield fast, list(_again_and_away())
    yield fast, list(_orders())
    # nobody is called, so all are told their place: the clock of each join shows
    yield fast, [_at("join", k, k, order="time") for k in range(4)]


def _rules(rate_micro_per_ms: int, burst_micro: int, call_window: int) -> RoomRules:
    return RoomRules(rate_micro_per_ms, burst_micro, call_window, call_ttl_ms=TTL_MS, heartbeat_ttl_ms=SILENCE_MS)


def _at(name: str, after_ms: int, token: int = 0, *, order: str = "score", limit: int = 0) -> Operation:
    """Return an operation so many ms after START_MS; a join's score is that of its token's number."""
    score = float(START_MS * 1_000_000 + 256 * token) if name == "join" and order == "score" else 0.0
    return Operation(name, 0, START_MS + after_ms, token, order, score, limit)


def _twice(name: str, after_ms: int) -> tuple[Operation, Operation]:
    return _at(name, after_ms, 0), _at(name, after_ms, 1)


def _crowd() -> Iterator[Operation]:
    """More people than one operation calls, in line before the opening."""
    return (_at("join", 0, token) for token in range(CROWD))


def _called() -> Iterator[Operation]:
    """All but the last have been called at 1 ms, by two operations, and so until 41 ms."""
    yield from _crowd()
    yield _at("open", 0)
    yield from _twice("status", 1)


def _deadlines() -> Iterator[Operation]:
    """Everything that asks whether a call still holds, a millisecond before its deadline, at it, and behind it."""
    yield from _called()
    deadline_ms = 1 + TTL_MS
    for after_ms in (-1, 0, 1):
        for k, name in enumerate(("status_read", "status", "enter", "join")):
            yield _at(name, deadline_ms + after_ms, 10 + 4 * (after_ms + 1) + k)


def _lapses_expire() -> Iterator[Operation]:
    """Calls go at their deadline, as many as the limit allows; those behind it stay."""
    yield from _called()
    deadline_ms = 1 + TTL_MS
    for after_ms, limit in ((-1, 5000), (0, 3), (0, 5000), (1, 5000)):
        yield _at("expire", deadline_ms + after_ms, limit=limit)
    yield _at("status", deadline_ms + 1, 2)


def _silence() -> Iterator[Operation]:
    """Places go when they have been silent for longer than the TTL, the oldest first, wherever they are."""
    yield from (_at("join", token, token) for token in range(6))
    yield _at("status", 50, 1)
    yield _at("expire", SILENCE_MS, limit=5)  # the first is silent for just the TTL
    yield _at("expire", SILENCE_MS + 3, limit=1)
    yield _at("expire", SILENCE_MS + 3, limit=5000)
    yield _at("open", SILENCE_MS + 3)
    yield _at("status", SILENCE_MS + 4, 4)
    yield _at("expire", SILENCE_MS + 6, limit=5000)  # by now those who are left are called
    yield _at("expire", 50 + SILENCE_MS + 1, limit=5000)


def _clocks_disagree() -> Iterator[Operation]:
    """Signs of life, calls and admissions by a clock that is behind, which take nothing back."""
    yield from (_at("join", 0, token) for token in range(4))
    yield _at("status", 60, 0)  # a clock ahead
    yield _at("status", 20, 0)
    yield _at("open", 0)
    yield _at("status", 2, 3)  # calls all
    yield _at("status", 1, 2)
    yield _at("enter", 30, 3)
    yield _at("enter", 10, 2)
    # the call has lapsed by this clock; the sign of life that is known is of a later one
    yield _at("join", 2 + TTL_MS, 0)
    yield _at("expire", 2 + TTL_MS + SILENCE_MS, limit=5000)
    yield _at("status", 55, 1)
    yield _at("status", 3, 0)


def _waits(rate_micro_per_ms: int, called_after_ms: int = 10) -> Iterator[Operation]:
    """A bucket for one: who is told to wait is let in at that very millisecond and not before."""
    yield from (_at("join", 0, token) for token in range(4))
    yield _at("open", 0)
    full = called_after_ms
    yield from (_at("status", full, token) for token in range(4))
    wait = -(-MICRO // rate_micro_per_ms)
    yield _at("enter", full, 0)
    yield _at("enter", full, 1)
    for after_ms in (full + wait - 1, full + wait):
        yield from (_at("status", after_ms, 1), _at("join", after_ms, 1), _at("status", after_ms + 1, 1))
        yield _at("enter", after_ms, 1)
    yield _at("enter", full + wait + 1, 2)


def _again_and_away() -> Iterator[Operation]:
    """A token that comes, goes in and comes again; one that leaves from each place; one that nobody knows."""
    yield from _called()
    yield _at("enter", 2, 0)
    yield _at("enter", 3, 0)
    yield _at("status", 3, 0)
    yield _at("status_read", 3, 0)
    yield _at("join", 4, 0)
    yield _at("leave", 5, 0)
    yield _at("leave", 5, 1)  # called
    yield _at("leave", 5, CROWD - 1)
    yield _at("leave", 5, CROWD - 1)
    yield _at("expire", 5 + SILENCE_MS, limit=1)
    yield _at("expire", 6 + SILENCE_MS, limit=5000)


def _orders() -> Iterator[Operation]:
    """Tied scores go by token, numbers count up, and a place that is held is told and not taken anew."""
    tied = float(START_MS * 1_000_000)
    for token in (3, 1, 2):
        yield Operation("join", 0, START_MS, token, "score", tied)
    yield from (_at("join", 1, token, order="counter") for token in (7, 5, 7, 6, 1))
    yield from (_at("status_read", 1, token) for token in (1, 2, 3, 5, 6, 7))


def _wait_for_an_early_microsecond(site: Site) -> None:
    """Sleep until the server's second has just begun, so that its microseconds have fewer digits than six."""
    if isinstance(site.client, redis.RedisCluster):
        return
    micros = clock_us(site.client) % 1_000_000
    if micros > EARLY_US:
        time.sleep((1_000_000 - micros + 5_000) / 1e6)
