"""A primary is killed and its replica promoted: what WAIT has confirmed is there exactly once, the rest is counted.

Every primary has one replica here. `WAIT 1` after an operation then says that this very replica has it, and it is this
one that is promoted; with more replicas than WAIT asks for, another might be. An operation without that confirmation
promises nothing: it may be kept or lost, and one that got no answer at all may even have been executed.
"""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import redis

from models.plan.room_rules import MICRO, RoomRules
from models.vocabulary.operations import Answer, Reply
from real_adapter.conformance.report import Case
from real_adapter.conformance.trial import tag_on
from real_adapter.room.redis_room import Call, RedisRoom, answer_of
from real_adapter.room.state import RoomState
from real_adapter.server.cluster import LocalCluster
from real_adapter.server.server import LocalServer
from sim.errors import BadInput

HOUR_MS = 3_600_000
RULES = RoomRules(
    rate_micro_per_ms=5 * MICRO,
    burst_micro=1000 * MICRO,
    call_window=100_000,
    call_ttl_ms=HOUR_MS,
    heartbeat_ttl_ms=HOUR_MS,
)
CLIENTS = 2
BEHIND = 5
"""A client asks to go in with the token that joined so many operations ago."""
WAIT_MS = 30
UNCONFIRMED_SHARE = 0.1
PROMOTION_S = 30.0
STALLED_S = 60.0


@dataclass(frozen=True)
class Attempt:
    """A join or enter of *token* (a join with its score): the reply, None if none came; whether WAIT confirmed it."""

    name: str
    token: int
    score: float
    reply: Reply | None
    confirmed: bool

    @property
    def fate(self) -> str:
        """What its client knows of it."""
        return "confirmed" if self.confirmed else "unconfirmed" if self.reply is not None else "unanswered"

    @property
    def gone(self) -> str:
        """What can be said of it if nothing of it is there."""
        return "not there" if self.reply is None else "lost"


class Visitor(threading.Thread):
    """A client that joins with one token after the other and goes in with earlier ones, until the server dies."""

    def __init__(self, server: LocalServer, room: RedisRoom, number: int) -> None:
        super().__init__()
        self.client, self.room, self.number = server.client(max_connections=1), room, number
        self.attempts: list[Attempt] = []
        self.failure: Exception | None = None

    def run(self) -> None:
        """Join and enter; an end of the connection is what this is waiting for, anything else is a failure."""
        try:
            for k in range(10**6):
                token, now_ms = CLIENTS * k + self.number, _now_ms()
                score = float(time.time_ns())
                self._attempt(self.room.calls.join(token, now_ms, score, asks_time=False), token, score)
                if k >= BEHIND:
                    token -= CLIENTS * BEHIND
                    self._attempt(self.room.calls.enter(token, now_ms), token, 0.0)
        except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError):
            return
        except Exception as error:  # told to the thread that waits for this one
            self.failure = error
        finally:
            self.client.close()

    def _attempt(self, call: Call, token: int, score: float) -> None:
        """Run an operation and WAIT on the same connection."""
        reply, confirmed = None, False
        try:
            reply, confirmed = self._send(call)
        finally:
            self.attempts.append(Attempt(call.script.name, token, score, reply, confirmed))

    def _send(self, call: Call) -> tuple[Reply, bool]:
        pipeline = self.client.pipeline(transaction=False)
        pipeline.evalsha(call.script.sha1, len(call.keys), *call.keys, *call.arguments)
        pipeline.wait(1, WAIT_MS)
        raw, copies = pipeline.execute()
        return answer_of(call, raw).reply, copies >= 1


def failover(name: str, cluster: LocalCluster, shard: int, operations: int, *, cut_off: bool) -> Case:
    """Kill the primary of *shard* while two clients use it, after about so many *operations*.

    `cut_off`: the replica loses its connection first, so that the last tenth is not confirmed, and is lost.
    """
    began = time.monotonic()
    primary, replica = cluster.primaries[shard], cluster.replicas[shard][0]
    tag = tag_on(shard, len(cluster.primaries))
    room = RedisRoom(primary.client(), tag, RULES)
    for script in room.calls.scripts.values():
        room.client.script_load(script.source)
    room.open(_now_ms())
    visitors = [Visitor(primary, room, number) for number in range(CLIENTS)]
    _use_until_killed(cluster, primary, replica, visitors, operations, cut_off)
    cluster.wait_until_promoted(shard, PROMOTION_S)
    client = cluster.client()
    promoted = RedisRoom(client, tag, RULES)
    attempts = [attempt for visitor in visitors for attempt in visitor.attempts]
    state = promoted.state({attempt.token for attempt in attempts})
    differences = list(broken_promises(attempts, state))
    counts = what_became(attempts, state)
    told, again = _finish(promoted, attempts, state)
    differences += told
    counts["admitted twice, the first time unconfirmed"] = again
    client.close()
    return Case(name, len(attempts), tuple(differences), time.monotonic() - began, counts)


def broken_promises(attempts: Sequence[Attempt], state: RoomState) -> Iterator[str]:
    """Tell each place or admission that was confirmed and is not there exactly once, and each that nobody asked for."""
    held = _held(state)
    joins = {a.token: a for a in attempts if a.name == "join"}
    asked = {a.token for a in attempts if a.name == "enter"}
    scores = {token: score for score, token in state.line}
    for token, join in joins.items():
        if join.confirmed and held[token] != 1:
            yield f"the confirmed place of token {token} is held {held[token]} times"
        if token in state.passes and token not in asked:
            yield f"token {token} has been admitted and never asked to be"
        if token in scores and scores[token] != join.score:
            yield f"token {token} joined with score {join.score:.0f} and stands in line with {scores[token]:.0f}"
    for token in _granted(attempts, confirmed=True):
        if token not in state.passes:
            yield f"the confirmed admission of token {token} is lost"
    for token in held.keys() - joins.keys():
        yield f"token {token} is there and never joined"
    waiting = scores.keys() | state.called.keys()
    for token in state.seen.keys() ^ waiting:
        has = "a sign of life and no place" if token in state.seen else "a place and no sign of life"
        yield f"token {token} has {has}"


def what_became(attempts: Iterable[Attempt], state: RoomState) -> dict[str, int]:
    """Count the places and admissions by what their clients know of them and by whether they are still there.

    What was not answered and is not there may have been lost, or never executed.
    """
    held, counts = _held(state), Counter[str]()
    for a in attempts:
        if a.name == "join":
            counts[f"places {a.fate} and {'kept' if held[a.token] else a.gone}"] += 1
        elif a.reply is None or a.reply.answer == Answer.GRANTED:
            counts[f"admissions {a.fate} and {'kept' if a.token in state.passes else a.gone}"] += 1
    return dict(sorted(counts.items()))


def _finish(room: RedisRoom, attempts: Sequence[Attempt], state: RoomState) -> tuple[list[str], int]:
    """Let everybody try again on the promoted replica until all are in; who has been admitted may not get in again.

    Returns what went wrong, and how many got in again because their first admission, unconfirmed, was lost.
    """
    differences = [
        f"token {token} was admitted again"
        for token in state.passes
        if room.enter(token, _now_ms()).answer == Answer.GRANTED
    ]
    waiting = sorted({a.token for a in attempts} - state.passes.keys())
    before = _granted(attempts, confirmed=False) | _granted(attempts, confirmed=True)
    again = sum(token in before for token in waiting)
    for token in waiting:
        room.join(token, _now_ms(), float(time.time_ns()))
    deadline = time.monotonic() + STALLED_S
    while waiting and time.monotonic() < deadline:
        room.status(waiting[0], _now_ms())
        waiting = [token for token in waiting if room.enter(token, _now_ms()).answer != Answer.GRANTED]
    differences += [f"token {token} does not get in" for token in waiting]
    everybody = {a.token for a in attempts}
    end = room.state(everybody)
    if end.line or end.called or end.seen:
        differences.append(f"left over: line {end.line}, called {end.called}, seen {end.seen}")
    if end.passes.keys() != everybody:
        differences.append("the passes are not those of everybody who came")
    return differences, again


def _use_until_killed(
    cluster: LocalCluster,
    primary: LocalServer,
    replica: LocalServer,
    visitors: Sequence[Visitor],
    operations: int,
    cut_off: bool,
) -> None:
    """Let the visitors use the primary, and kill it in the middle of it; without it they come to an end."""
    for visitor in visitors:
        visitor.start()
    if cut_off:
        _await(visitors, int(operations * (1 - UNCONFIRMED_SHARE)))
        with _stopped(replica):
            primary.client().client_kill_filter(_type="replica")
            _await(visitors, operations)
            cluster.kill(primary)
    else:
        _await(visitors, operations)
        cluster.kill(primary)
    for visitor in visitors:
        visitor.join()
        if visitor.failure is not None:
            raise visitor.failure


def _await(visitors: Sequence[Visitor], attempts: int) -> None:
    deadline = time.monotonic() + STALLED_S
    while sum(len(visitor.attempts) for visitor in visitors) < attempts:
        if time.monotonic() > deadline:
            raise BadInput(f"the cluster did not do {attempts} operations in {STALLED_S:.0f} s")
        time.sleep(0.002)


@contextmanager
def _stopped(server: LocalServer) -> Iterator[None]:
    """Hold a server's process up: what is sent to it meanwhile is not taken."""
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


def _held(state: RoomState) -> Counter[int]:
    """Return how many places and passes each token has."""
    return Counter([token for _, token in state.line]) + Counter(state.called.keys()) + Counter(state.passes.keys())


def _granted(attempts: Iterable[Attempt], *, confirmed: bool) -> set[int]:
    return {
        a.token
        for a in attempts
        if a.reply is not None and a.reply.answer == Answer.GRANTED and a.confirmed == confirmed
    }


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
