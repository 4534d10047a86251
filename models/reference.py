"""The same on-sale in plain SimPy, one process per client: the specification that the compiled engine must agree with.

It shares the draws and the cost functions with the compiled engine, and nothing of its event logic. Everything the data
plane waits for is an `At`: an instant with a key, so that what happens in the same nanosecond happens in the same order in
both engines (kind, entity, number; control first). What follows at once within an instant is an ordinary SimPy event.
"""

from collections import Counter, deque
from collections.abc import Generator
from typing import Any, NamedTuple

import numpy as np
import simpy

from models.clients import SHORTEST_THROTTLE_NS, backoff, exponential, next_source_time, spread
from models.commands import Command, call_cost_ns
from models.gateway import cpu_time
from models.operations import FIRST_FAILURE, Answer, Kind, Op, Stream, event_key
from models.plan import COUNTER, ONSALE, OPEN_LOOP, RANDOM, REDIS_TIME, ROUND_ROBIN, Plan
from models.record import (
    BAND_SHIFT,
    BANDED,
    BUSY_NS,
    COMMANDS,
    NODES,
    PER_NODE,
    QUEUE,
    REQUESTS,
    WAIT,
    Column,
    Level,
    new_record,
)
from models.recording import Recording, Sessions
from models.units import EPOCH_NS, FOREVER, MILLISECOND, SECOND
from models.waiting_room import Reply, WaitingRoom
from models.waiting_room_core import WRITES
from sim.clock import DRAINED, REACHED, Stop
from sim.draws import below, from_table, uniform
from sim.engine_thread import wake_ns
from sim.histogram import bucket_of
from sim.stations import serve

Process = Generator[simpy.Event, Any, Any]
SOLD_OUT = "sold out"
TIMED_OUT = -1
CONTROL_ENTITY = (1 << 28) - 1
FEED_ENTITY = 1 << 27


class At(simpy.Event):
    """An instant of the data plane, ordered by `key` among those of the same time, after everything of SimPy's own."""

    def __init__(self, engine: "Reference", time: int, kind: Kind, entity: int, number: int) -> None:
        super().__init__(engine.env)
        self._ok, self._value = True, None
        self.key = event_key(kind, entity, number)
        if engine.traced and kind not in (Kind.CLIENT_TIMEOUT, Kind.POOL_TIMEOUT):
            self.callbacks.append(engine.note)
        engine.env.schedule(self, simpy.events.NORMAL + 1 + self.key, time - engine.env.now)


class Session:
    """What a tab is about to send, and what it remembers."""

    def __init__(self, send_at: int) -> None:
        self.op = Op.JOIN
        self.send_at = self.contact_at = send_at
        self.number = 1
        self.attempt = 0
        self.waiting = False

    def send(self, op: Op, at: int) -> bool:
        """Send `op` next, at time `at`."""
        self.op, self.send_at = op, at
        return True


class Request:
    """A request from the load balancer on; `settled` fires with the answer, or TIMED_OUT, as the client learns it."""

    def __init__(self, env: simpy.Environment, entity: int, number: int, op: Op, token: int, sent_at: int) -> None:
        self.entity, self.number, self.op, self.token, self.sent_at = entity, number, op, token, sent_at
        self.settled = env.event()
        self.replied = env.event()
        self.stage = 0
        self.pod = self.node = self.stamp = 0
        self.reply = Reply(Answer.WAITING)

    @property
    def endpoint(self) -> int:
        """The endpoint called: a read-only status is a status."""
        return Op.STATUS if self.op == Op.STATUS_READ else self.op


class Feed(NamedTuple):
    """The writes of one pass on their way to a replica, and the work they are there, ns."""

    effects: list[tuple[int, Answer, int]]
    effect_ns: int


class Pool:
    """The connections of one pod to one Redis node."""

    def __init__(self) -> None:
        self.in_use = 0
        self.waiting: deque[tuple[Request, simpy.Event]] = deque()


class Node:
    """A Redis node: what is readable, and what it knows if it is a replica."""

    def __init__(self, env: simpy.Environment) -> None:
        self.inbox: list[Any] = []
        self.in_pass: list[Any] = []
        self.readable = env.event()
        self.passes = 0
        self.changes: list[tuple[int, Answer, int]] = []
        self.known: dict[int, tuple[Answer, int]] = {}


class Reference:
    """One run. It is a `control.Plane` and a `clock.Core`, as the compiled engine is."""

    def __init__(self, plan: Plan, traced: int = 0) -> None:
        p = plan.params
        self.plan, self.p, self.x = plan, p, plan.tables
        self.env = simpy.Environment()
        self.record = new_record(p.end, p.nodes, self.x.stage_end.size)
        self.series = self.record.series
        self.latency: Counter[tuple[int, int, int]] = Counter()
        self.bands: Counter[tuple[int, int, int]] = Counter()
        self.totals: Counter[str] = Counter()
        self.trace: list[tuple[int, int]] = []
        self.traced = traced
        self.now = 0
        self.stopped: str | None = None
        self.rooms = [WaitingRoom(plan.rules, self._trace, self._effect) for _ in range(p.events)]
        self.bill = [0, 0, 0]
        self.effects: list[tuple[int, Answer, int]] = []
        self.working = [0] * p.pods
        self.backlog: list[deque[simpy.Event]] = [deque() for _ in range(p.pods)]
        self.cores = np.zeros((p.pods, p.cores), np.int64)
        self.pools = [Pool() for _ in range(p.pods * p.nodes)]
        self.nodes = [Node(self.env) for _ in range(p.nodes)]
        self.backend_busy = 0
        self.backend_queue: deque[simpy.Event] = deque()
        self.sold = [0] * p.events
        self.holders: set[int] = set()
        self.buyers: set[int] = set()
        self.bought_at = [FOREVER] * max(plan.population.people, 1)
        self.came_at = [-1] * p.sessions
        self.admitted: set[int] = set()
        self.pass_until: dict[int, int] = {}
        self.announced = [False] * p.events
        self.sold_out_at = -1
        self.next_pod = 0
        self.active = p.sessions
        self.in_flight = 0
        self._start()

    def _start(self) -> None:
        p, now_ms = self.p, EPOCH_NS // MILLISECOND
        for token in range(p.prejoined):
            self.rooms[token % p.events].join(token, now_ms, float(EPOCH_NS - p.prejoined + token))
        for node in self.nodes[p.shards :]:
            node.known = {token: (Answer.WAITING, 0) for token in range(p.prejoined)}
        for k in range(p.nodes):
            self.env.process(self._engine_thread(k))
        for s in range(p.sessions):
            self.env.process(self._person(s) if p.load == ONSALE else self._user(s))
        first = self._next_sending(p.sessions, 0) if p.load == OPEN_LOOP else -1
        if first >= 0:
            self.active += 1
            self.env.process(self._source(p.sessions, first))

    # -- the clients ---------------------------------------------------------------------------------------------

    def _person(self, s: int) -> Process:
        """One tab: join, poll, enter, choose, buy; or give up."""
        p, who = self.p, self.plan.population
        session = Session(int(who.first_send[s]))
        while True:
            number = session.number
            reached = session.send_at + int(who.base_delay[s]) + self._draw(self.x.jitter, Stream.NET_OUT, s, number)
            yield At(self, reached, Kind.ARRIVE, s, number)
            if self.bought_at[who.person[s]] < session.send_at:
                break
            if self.came_at[s] < 0:
                self.came_at[s] = self.env.now
            answer = yield self._ask(Request(self.env, s, number, session.op, s, session.send_at))
            if answer == TIMED_OUT or answer.answer >= FIRST_FAILURE:
                goes_on = self._try_again(s, session)
            else:
                session.attempt = 0
                goes_on = self._act(s, session, answer)
            if not goes_on:
                break
            session.number += 1
            if session.op != Op.STATUS_READ:
                session.contact_at = session.send_at
        self.active -= 1

    def _act(self, s: int, session: "Session", reply: Reply) -> bool:
        """Act on an answer: set what to send next and when; False: nothing more."""
        answer, now = reply.answer, self.env.now
        if session.op == Op.RESERVE:
            if answer == Answer.SOLD:
                self.buyers.add(s)
                self.bought_at[self.plan.population.person[s]] = now
            return False
        if session.op == Op.LEAVE:
            return False
        if answer == Answer.WAITING or answer == Answer.NOT_CALLED:
            session.waiting = True
            return self._poll(s, session, reply.position if answer == Answer.WAITING else 1)
        if answer == Answer.READY:
            session.waiting = False
            return session.send(Op.ENTER, now)
        if answer == Answer.UNKNOWN:
            session.waiting = False
            return self._turn(s, session, Op.JOIN, now)
        if answer == Answer.THROTTLED:
            return session.send(Op.ENTER, now + max(reply.wait_ms * MILLISECOND, SHORTEST_THROTTLE_NS))
        if answer == Answer.GRANTED:
            return self._let_in(s, session)
        return False

    def _let_in(self, s: int, session: "Session") -> bool:
        now = self.env.now
        self.pass_until[s] = now + self.p.pass_ttl
        session.waiting = False
        if s not in self.admitted:
            self.admitted.add(s)
            self._count(Column.ADMITTED)
            self._latency(0, WAIT, now - int(self.x.first_send[s]))
        if uniform(self.x.starts[Stream.CONVERT], s, 0) >= self.p.conversion:
            return False
        return session.send(Op.RESERVE, now + self._draw(self.x.choose, Stream.CHOOSE, s, 0))

    def _poll(self, s: int, session: "Session", position: int) -> bool:
        interval = self._interval(s)
        for last, advised in self.x.advice:
            if position <= last:
                interval = int(advised)
                break
        u = uniform(self.x.starts[Stream.POLL], s, session.number)
        began = session.send_at if self.p.poll_from_schedule else self.env.now
        at = max(self.env.now, began + spread(u, interval, self.p.poll_fraction))
        replica = self.p.replica_reads and at - session.contact_at < self.p.write_every
        return self._turn(s, session, Op.STATUS_READ if replica else Op.STATUS, at)

    def _turn(self, s: int, session: "Session", op: Op, at: int) -> bool:
        """Join or poll at `at`, unless patience ends before: leave, or just stop."""
        gives_up_at = int(self.plan.population.gives_up_at[s])
        if at < gives_up_at:
            return session.send(op, at)
        if session.waiting and self.plan.population.says_leave[s]:
            return session.send(Op.LEAVE, max(self.env.now, gives_up_at))
        return False

    def _try_again(self, s: int, session: "Session") -> bool:
        p, op, now = self.p, session.op, self.env.now
        if session.attempt < p.retries:
            u = uniform(self.x.starts[Stream.BACKOFF], s, session.number)
            at = now + backoff(u, p.backoff_base, p.backoff_max, session.attempt)
            session.attempt += 1
            if op in (Op.JOIN, Op.STATUS, Op.STATUS_READ):
                return self._turn(s, session, op, at)
            return session.send(op, at)
        session.attempt = 0
        if op == Op.LEAVE:
            return False
        if op == Op.RESERVE:
            return session.send(Op.RESERVE, now + self._interval(s))
        if op == Op.JOIN:
            return self._turn(s, session, Op.JOIN, now + self._interval(s))
        session.waiting = True
        return self._poll(s, session, 1)

    def _interval(self, s: int) -> int:
        return self.p.bot_interval if self.plan.population.bot[s] else self.p.poll_interval

    def _user(self, s: int) -> Process:
        """A user of a closed loop: send, wait, think, again, while a stage has room for it."""
        at, number = int(self.plan.population.first_send[s]), 1
        while at >= 0:
            op = self._mixed_op(s, number)
            base = int(self.plan.population.base_delay[s])
            yield At(self, at + base + self._draw(self.x.jitter, Stream.NET_OUT, s, number), Kind.ARRIVE, s, number)
            if self.came_at[s] < 0:
                self.came_at[s] = self.env.now
            request = Request(self.env, s, number, op, self._token(s, number, op), at)
            request.stage = self._stage(at)
            yield self._ask(request)
            u = uniform(self.x.starts[Stream.THINK], s, number)
            at = self._next_room(s, self.env.now + exponential(u, self.p.think))
            number += 1
        self.active -= 1

    def _next_room(self, s: int, at: int) -> int:
        """Return the first time from `at` on at which a stage has user `s`, or -1."""
        for end, users in zip(self.x.stage_end, self.x.stage_rate, strict=True):
            if at < end:
                if s < users:
                    return at
                at = int(end)
        return -1

    def _source(self, entity: int, at: int) -> Process:
        """An open loop: requests at the stages' rates, each on its own."""
        while at >= 0:
            yield At(self, at, Kind.SOURCE, entity, 0)
            self.env.process(self._one_request(entity, self._mixed_op(entity, 0)))
            entity += 1
            at = self._next_sending(entity, self.env.now)
        self.active -= 1

    def _next_sending(self, entity: int, now: int) -> int:
        """Return when the source sends its request of this number, or -1: never."""
        u = uniform(self.x.starts[Stream.SOURCE_GAP], entity, 0)
        return int(next_source_time(self.x.stage_end, self.x.stage_rate, now, u))

    def _one_request(self, entity: int, op: Op) -> Process:
        request = Request(self.env, entity, 0, op, self._token(entity, 0, op), self.env.now)
        request.stage = self._stage(self.env.now)
        self.in_flight += 1
        base = self._draw(self.x.base, Stream.NET_BASE, entity, 0)
        delay = base + self._draw(self.x.jitter, Stream.NET_OUT, entity, 0)
        yield At(self, self.env.now + delay, Kind.ARRIVE, entity, 0)
        self.in_flight -= 1
        self._ask(request)

    def _mixed_op(self, entity: int, number: int) -> Op:
        u = uniform(self.x.starts[Stream.SOURCE_OP], entity, number)
        if u < self.p.mix_join:
            return Op.JOIN
        return Op.ENTER if u < self.p.mix_join + self.p.mix_enter else Op.STATUS

    def _token(self, entity: int, number: int, op: Op) -> int:
        if op == Op.JOIN:
            self.totals["source joins"] += 1
            return self.p.prejoined + (self.totals["source joins"] - 1) % (self.p.tokens - self.p.prejoined)
        return int(below(self.x.starts[Stream.SOURCE_TOKEN], entity, number, self.p.prejoined))

    def _stage(self, sent_at: int) -> int:
        begin = 0
        for stage, end in enumerate(self.x.stage_end):
            if sent_at < end:
                return self.x.stage_end.size if sent_at - begin < self.p.settle else stage
            begin = end
        return int(self.x.stage_end.size)

    def _ask(self, request: Request) -> simpy.Event:
        """Let a request that has reached the load balancer run, and its client's clock; return what settles it."""
        self.in_flight += 1
        self.totals["sent"] += 1
        self.totals["awaited"] += 1
        self._count(Column.SENT + request.endpoint)
        expires = max(request.sent_at + self.p.timeout, self.env.now)
        clock = At(self, expires, Kind.CLIENT_TIMEOUT, request.entity, request.number)
        clock.callbacks.append(lambda _: request.settled.triggered or self._expire_client(clock, request))
        self.env.process(self._travel(request))
        return request.settled

    def _expire_client(self, clock: At, request: Request) -> None:
        """The client has waited long enough."""
        self.note(clock)
        self.totals["failed"] += 1
        self._count(Column.FAILED_CLIENT_TIMEOUT)
        self.totals["awaited"] -= 1
        request.settled.succeed(TIMED_OUT)

    def _settle(self, request: Request, reply: Reply) -> None:
        """Tell the client the answer, or the failure, unless it has given up on it."""
        if request.settled.triggered:
            self.totals["late"] += 1
            return
        if reply.answer >= FIRST_FAILURE:
            self.totals["failed"] += 1
            pool = reply.answer == Answer.POOL_TIMEOUT
            self._count(Column.FAILED_POOL_TIMEOUT if pool else Column.FAILED_REFUSED)
        else:
            self.totals["answered"] += 1
            self._count(Column.ANSWERED + request.endpoint)
            self._latency(request.stage, request.endpoint, self.env.now - request.sent_at)
        self.totals["awaited"] -= 1
        request.settled.succeed(reply)

    # -- the gateway ---------------------------------------------------------------------------------------------

    def _travel(self, r: Request) -> Process:
        """A request's way from the load balancer to its answer at the client."""
        p = self.p
        r.pod = pod = self._route(r)
        if self.working[pod] == p.worker_slots:
            if len(self.backlog[pod]) == p.backlog:
                r.reply = Reply(Answer.REFUSED)
                yield from self._way_back(r)
                return
            worker = self.env.event()
            self.backlog[pod].append(worker)
            yield worker
        else:
            self.working[pod] += 1
        unit = self._draw(self.x.cpu_unit, Stream.CPU, r.entity, r.number)
        service = cpu_time(unit, int(self.x.cpu_mean[r.endpoint]))
        done = serve(self.cores[pod], self.env.now, service)
        self._busy(Column.GATEWAY_BUSY_NS, done - service, service)
        yield At(self, done, Kind.CPU_DONE, r.entity, r.number)
        r.stamp = EPOCH_NS + self.env.now + int(self.x.skew[pod])
        if r.op == Op.RESERVE:
            yield from self._reserve(r)
        elif self.announced[r.token % p.events] and r.op != Op.LEAVE:
            r.reply = Reply(Answer.SOLD_OUT)
        else:
            yield from self._call_redis(r)
        if self.backlog[pod]:
            self.backlog[pod].popleft().succeed()
        else:
            self.working[pod] -= 1
        yield from self._way_back(r)

    def _route(self, r: Request) -> int:
        if self.p.routing == ROUND_ROBIN:
            self.next_pod += 1
            return (self.next_pod - 1) % self.p.pods
        number = r.number if self.p.routing == RANDOM else 0
        return int(below(self.x.starts[Stream.ROUTE], r.entity, number, self.p.pods))

    def _way_back(self, r: Request) -> Process:
        if r.entity < self.p.sessions:
            base = int(self.plan.population.base_delay[r.entity])
        else:
            base = self._draw(self.x.base, Stream.NET_BASE, r.entity, 0)
        delay = base + self._draw(self.x.jitter, Stream.NET_BACK, r.entity, r.number)
        yield At(self, self.env.now + delay, Kind.CLIENT_REPLY, r.entity, r.number)
        self.in_flight -= 1
        self._settle(r, r.reply)

    def _call_redis(self, r: Request) -> Process:
        """Take a connection, or wait for one; ask the node; give the connection back."""
        p = self.p
        shard = int(self.x.event_node[r.token % p.events])
        r.node = int(self.x.read_node[r.pod, shard]) if r.op == Op.STATUS_READ else shard
        pool = self.pools[r.pod * p.nodes + r.node]
        if pool.in_use == p.pool_size:
            granted = self.env.event()
            entry = (r, granted)
            pool.waiting.append(entry)
            self.totals["pool waiting"] += 1
            late = At(self, self.env.now + p.pool_timeout, Kind.POOL_TIMEOUT, r.pod * p.nodes + r.node, 0)
            yield granted | late
            self.totals["pool waiting"] -= 1
            if not granted.triggered:
                pool.waiting.remove(entry)
                r.reply = Reply(Answer.POOL_TIMEOUT)
                return
        else:
            pool.in_use += 1
        delay = int(self.x.delay[r.pod, r.node])
        yield At(self, self.env.now + delay, Kind.NODE_ARRIVE, r.entity, r.number)
        self._deliver(r.node, r)
        sent_back = yield r.replied
        yield sent_back
        if pool.waiting:
            pool.waiting.popleft()[1].succeed()
        else:
            pool.in_use -= 1

    # -- Redis ---------------------------------------------------------------------------------------------------

    def _deliver(self, k: int, item: Any) -> None:
        self.nodes[k].inbox.append(item)
        if not self.nodes[k].readable.triggered:
            self.nodes[k].readable.succeed()

    def _engine_thread(self, k: int) -> Process:
        """A node's loop: sleep until something is readable, then pass after pass until nothing is."""
        p, node, column = self.p, self.nodes[k], NODES + PER_NODE * k
        while True:
            slept_at = self.env.now
            node.readable = self.env.event()
            yield node.readable
            cost = wake_ns(p.wake_warm, p.wake_cold, p.wake_tau, self.env.now - slept_at)
            while node.inbox:
                node.in_pass, node.inbox = node.inbox, []
                self.effects, effect_ns = [], 0
                for item in node.in_pass:
                    cost += p.io + self._execute(k, item)
                    self.series[self._second(), column + COMMANDS] += self.bill[1]
                    effect_ns += 0 if isinstance(item, Feed) else self.bill[2]
                self.series[self._second(), column + REQUESTS] += len(node.in_pass)
                self._busy(column + BUSY_NS, self.env.now, cost)
                node.passes += 1
                effects = self.effects
                yield At(self, self.env.now + cost, Kind.PASS_END, k, node.passes)
                self._reply(k, node)
                if effect_ns and p.replicas and k < p.shards:
                    for replica in range(p.replicas):
                        self.env.process(self._feed(k, replica, effects, effect_ns, node.passes))
                cost = 0
            node.in_pass = []

    def _reply(self, k: int, node: Node) -> None:
        for item in node.in_pass:
            if isinstance(item, Request) and item.op != Op.EXPIRE:
                delay = int(self.x.delay[item.pod, k])
                item.replied.succeed(At(self, self.env.now + delay, Kind.POD_REPLY, item.entity, item.number))
            else:
                self.in_flight -= 1

    def _feed(self, shard: int, replica: int, effects: list[Any], effect_ns: int, passes: int) -> Process:
        """Bring the writes of a pass to a replica."""
        k = self.p.shards + shard * self.p.replicas + replica
        self.in_flight += 1
        delay = int(self.x.feed_delay[k])
        yield At(self, self.env.now + delay, Kind.NODE_ARRIVE, FEED_ENTITY + k, passes)
        self._deliver(k, Feed(effects, effect_ns))

    def _execute(self, k: int, item: Any) -> int:
        """Execute one request and return what it costs beside the socket work, ns."""
        self.bill = [0, 0, 0]
        if isinstance(item, Feed):
            for token, answer, deadline in item.effects:
                self.nodes[k].known[token] = (answer, deadline)
            return item.effect_ns
        item.reply = self._run_script(k, item)
        self.bill[1] += 1
        return int(self.p.script + self.bill[0] + (self.p.feed if self.bill[2] else 0))

    def _run_script(self, k: int, r: Request) -> Reply:
        room, now_ms = self.rooms[r.token % self.p.events], r.stamp // MILLISECOND
        if r.op == Op.STATUS:
            if self.p.key_scan:
                return self._without_position(room.status_keys(r.token, now_ms, self._keys(k)))
            return self._without_position(room.status(r.token, now_ms))
        if r.op == Op.STATUS_READ:
            return self._read(k, room, r.token, now_ms)
        if r.op == Op.JOIN:
            held, lapsed = r.token in room.score, room.lapsed
            reply = self._join(room, r, now_ms)
            self._count(Column.LAPSED, room.lapsed - lapsed)
            self._count(Column.JOINED, int(r.token in room.score and not held))
            return reply
        if r.op == Op.ENTER:
            reply = room.enter(r.token, now_ms)
            if reply.answer == Answer.GRANTED:
                second = max(0, (room.bucket_at_ms * MILLISECOND - EPOCH_NS) // SECOND)
                self.series[min(second, self.series.shape[0] - 1), Column.ADMITTED_BY_BUCKET] += 1
            self._count(Column.THROTTLED, int(reply.answer == Answer.THROTTLED))
            return reply
        if r.op == Op.LEAVE:
            reply = room.leave(r.token)
            self._count(Column.LEFT, int(reply.answer == Answer.LEFT))
            return reply
        silent, lapsed = room.silent, room.lapsed
        reply = room.expire(self.p.expire_limit, now_ms)
        self._count(Column.EXPIRED, room.silent - silent)
        self._count(Column.LAPSED, room.lapsed - lapsed)
        return reply

    def _join(self, room: WaitingRoom, r: Request, now_ms: int) -> Reply:
        if self.p.ticket_order == REDIS_TIME:
            return room.join(r.token, now_ms, float((EPOCH_NS + self.env.now) // 1000), asks_time=True)
        return room.join(r.token, now_ms, None if self.p.ticket_order == COUNTER else float(r.stamp))

    def _without_position(self, reply: Reply) -> Reply:
        """Drop the place unless the clients are advised by it: what nobody reads is not worked out."""
        return reply if self.x.advice.shape[0] else reply._replace(position=0)

    def _read(self, k: int, room: WaitingRoom, token: int, now_ms: int) -> Reply:
        """A read-only status: a primary knows all, a replica what has reached it."""
        if k < self.p.shards:
            known = Answer.WAITING if token in room.score else Answer.READY if token in room.called else Answer.UNKNOWN
            deadline = room.called.get(token, 0)
        else:
            known, deadline = self.nodes[k].known.get(token, (Answer.UNKNOWN, 0))
        if known == Answer.READY and deadline <= now_ms:
            known = Answer.UNKNOWN
        return self._without_position(Reply(known, room.status_read(token, known)))

    def _keys(self, k: int) -> int:
        here = [room for room, node in zip(self.rooms, self.x.event_node, strict=True) if node == k]
        return sum(len(room.seen) + 5 for room in here)

    def _trace(self, command: Command, elements: int, members: int) -> None:
        cost = int(call_cost_ns(self.plan.cost, int(command), elements, members))
        self.bill[0] += cost
        self.bill[1] += 1
        self.bill[2] += cost * int(WRITES[command])

    def _effect(self, token: int, answer: Answer, deadline: int) -> None:
        self.effects.append((token, answer, deadline))

    # -- the backend ---------------------------------------------------------------------------------------------

    def _reserve(self, r: Request) -> Process:
        """Be served by the first free of many servers; take the seats when the service is done."""
        yield At(self, self.env.now + self.p.to_backend, Kind.BACKEND_ARRIVE, r.entity, r.number)
        if self.backend_busy == self.p.servers:
            server = self.env.event()
            self.backend_queue.append(server)
            yield server
        else:
            self.backend_busy += 1
        service = self._draw(self.x.service, Stream.BACKEND, r.entity, r.number)
        yield At(self, self.env.now + service, Kind.BACKEND_DONE, r.entity, r.number)
        r.reply = Reply(self._take_seats(r.entity, r.token % self.p.events))
        if self.backend_queue:
            self.backend_queue.popleft().succeed()
        else:
            self.backend_busy -= 1
        yield At(self, self.env.now + self.p.to_backend, Kind.POD_REPLY, r.entity, r.number)

    def _take_seats(self, s: int, event: int) -> Answer:
        p = self.p
        if s in self.holders:
            return Answer.SOLD
        if self.env.now > self.pass_until[s]:
            return Answer.PASS_EXPIRED
        if self.plan.seats[event] - self.sold[event] < p.seats_per_order:
            return Answer.SOLD_OUT
        self.holders.add(s)
        self.sold[event] += p.seats_per_order
        self._count(Column.SOLD, p.seats_per_order)
        left = self.plan.seats - np.array(self.sold)
        if left[event] < p.seats_per_order:
            self.stopped = SOLD_OUT
            if (left < p.seats_per_order).all():
                self.sold_out_at = self.env.now
        return Answer.SOLD

    # -- what both clock and control see -------------------------------------------------------------------------

    def note(self, instant: Any) -> None:
        """Put an instant that happens now into the trace. Timers that may find nothing to do are not traced."""
        if len(self.trace) < self.traced:
            self.trace.append((int(self.env.now), instant.key))

    def advance(self, until: int) -> Stop:
        """Run every event before `until`, or stop when an event sells out."""
        while True:
            if self.stopped is not None:
                cause, self.stopped = self.stopped, None
                return self._stop(int(self.env.now), cause)
            if self.active == 0 and self.in_flight == 0:
                return self._stop(int(self.env.now), DRAINED)
            if self.env.peek() >= until:
                return self._stop(until, REACHED)
            self.env.step()

    def _stop(self, now: int, cause: str) -> Stop:
        self.now = max(self.now, now)
        return Stop(self.now, cause)

    def requests(self) -> int:
        """Return how many requests have reached the load balancer so far."""
        return self.totals["sent"]

    def recording(self) -> Recording:
        """Return what the run leaves behind."""
        for (stage, endpoint, bucket), count in self.latency.items():
            self.record.counts[stage, endpoint, bucket] = count
        for (row, endpoint, band), count in self.bands.items():
            self.record.bands[row, endpoint, band] = count
        return Recording(
            end_ns=self.now,
            record=self.record,
            sent=self.totals["sent"],
            answered=self.totals["answered"],
            failed=self.totals["failed"],
            awaited=self.totals["awaited"],
            late=self.totals["late"],
            sold_out_at=self.sold_out_at,
            waiting=np.array([len(room.line) for room in self.rooms], np.int64),
            called=np.array([len(room.called) for room in self.rooms], np.int64),
            sold=np.array(self.sold, np.int64),
            sessions=self._sessions(),
        )

    def _sessions(self) -> Sessions:
        count, events = self.p.sessions, self.p.events
        mine = range(count if self.p.load == ONSALE else 0)
        call_number, in_place = np.zeros(count, np.int32), np.zeros(count, np.bool_)
        for s in mine:
            call_number[s] = self.rooms[s % events].call_number.get(s, 0)
            in_place[s] = s in self.rooms[s % events].seen
        return Sessions(
            came_at=np.array(self.came_at, np.int64),
            call_number=call_number,
            admitted=np.isin(np.arange(count), list(self.admitted)),
            bought=np.isin(np.arange(count), list(self.buyers)),
            holds=np.isin(np.arange(count), list(self.holders)),
            in_place=in_place,
        )

    def open_sale(self) -> None:
        """Begin to call and to admit."""
        for room in self.rooms:
            room.open((EPOCH_NS + self.now) // MILLISECOND)

    def announce_sold_out(self) -> None:
        """Let the gateways tell everybody of the events that have sold out."""
        left = self.plan.seats - np.array(self.sold)
        self.announced = [bool(seats < self.p.seats_per_order) for seats in left]

    def expire(self, event: int) -> None:
        """Ask the event's primary to remove silent and lapsed places."""
        if self.active == 0:
            return
        number = self.totals["control sent"]
        self.totals["control sent"] += 1
        request = Request(self.env, CONTROL_ENTITY - event, number, Op.EXPIRE, event, self.now)
        request.stamp, request.node = EPOCH_NS + self.now, int(self.x.event_node[event])
        self.in_flight += 1
        arrives = At(self, self.now + self.p.to_backend, Kind.NODE_ARRIVE, request.entity, number)
        arrives.callbacks.append(lambda _: self._deliver(request.node, request))

    def sample(self, second: int) -> None:
        """Write down the levels at the end of this second."""
        row = self.series[second]
        row[Column.LEVELS + Level.WAITING] = sum(len(room.line) for room in self.rooms)
        row[Column.LEVELS + Level.CALLED] = sum(len(room.called) for room in self.rooms)
        row[Column.LEVELS + Level.POOL_WAITING] = self.totals["pool waiting"]
        row[Column.LEVELS + Level.IN_FLIGHT] = self.in_flight
        row[NODES + QUEUE :: PER_NODE] = [len(node.inbox) + len(node.in_pass) for node in self.nodes]

    def _draw(self, table: Any, stream: Stream, entity: int, number: int) -> int:
        return int(from_table(table, self.x.starts[stream], entity, number))

    def _second(self) -> int:
        return int(min(self.env.now // SECOND, self.series.shape[0] - 1))

    def _count(self, column: int, amount: int = 1) -> None:
        self.series[self._second(), column] += amount

    def _latency(self, stage: int, endpoint: int, value: int) -> None:
        bucket = bucket_of(value)
        self.latency[stage, endpoint, bucket] += 1
        self.record.total[stage, endpoint] += value
        if endpoint < BANDED:
            self.bands[self._second() // int(self.record.band_s[0]), endpoint, bucket >> BAND_SHIFT] += 1

    def _busy(self, column: int, start: int, duration: int) -> None:
        """Spread a busy time over the seconds it falls into."""
        while duration > 0:
            row = min(start // SECOND, self.series.shape[0] - 1)
            part = min(duration, (row + 1) * SECOND - start) if row < self.series.shape[0] - 1 else duration
            self.series[row, column] += part
            start, duration = start + part, duration - part
