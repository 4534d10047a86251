"""What every part of a run shares: the environment and its instants, sessions, requests, draws, and the record.

Everything the data plane waits for is an `At`: an instant with a key, so that what happens in the same nanosecond
happens in the same order in both engines (kind, entity, number; control first). What follows at once within an instant
is an ordinary SimPy event, and SimPy processes all of those before the next `At`. In between the run stops if there is
news for control.
"""

from collections import Counter, deque
from collections.abc import Generator
from math import inf
from typing import Any, Protocol

import simpy
from numpy.typing import NDArray

from models.engine.network import one_way
from models.engine.record import BAND_SHIFT, BANDED, new_record
from models.plan.events import event_of
from models.plan.network import NOT_DRAWN
from models.plan.plan import Plan
from models.vocabulary.instants import Kind, event_key
from models.vocabulary.news import Told
from models.vocabulary.operations import Answer, Op, Reply
from models.vocabulary.places import Place
from models.vocabulary.streams import Stream
from models.vocabulary.units import FOREVER, SECOND
from sim.draws import from_table, uniform
from sim.histogram import bucket_of

Process = Generator[simpy.Event, Any, Any]


class At(simpy.Event):
    """An instant of the data plane, ordered by `key` among those of the same time, after everything of SimPy's own."""

    def __init__(self, run: "Run", time: int, kind: Kind, entity: int, number: int) -> None:
        super().__init__(run.env)
        self._ok, self._value = True, None
        self.key = event_key(kind, entity, number)
        priority = simpy.events.EventPriority(simpy.events.NORMAL + 2 + self.key)
        run.env.schedule(self, priority, time - run.env.now)


class Session:
    """A browser tab, or the user of a closed loop: what it does next, what it remembers, what the backend knows of it.

    Times in ns; `came_at` is -1 before its first request is at the load balancer, `settled_at` before it has been let
    in or told that the seats are gone.
    """

    def __init__(self, plan: Plan, s: int) -> None:
        who, p = plan.population, plan.params
        self.s = self.entity = s
        self.pod = self.node = 0  # it is with none
        self.person = int(who.person[s])
        self.base_delay = int(who.base_delay[s])
        self.bot = bool(who.bot[s])
        self.shortest_wait = p.clients.hidden_interval if who.hidden[s] else 0
        self.interval = self.slowed(p.clients.bot_interval if self.bot else p.clients.poll_interval)
        self.gives_up_at = int(who.gives_up_at[s])
        self.says_leave = bool(who.says_leave[s])
        self.op, self.number, self.attempt = Op.JOIN, 1, 0
        self.send_at = self.contact_at = int(who.first_send[s])
        self.waiting = False
        self.came_at = -1
        self.pass_until = 0
        self.settled_at = -1
        self.admitted = self.told = self.bought = self.holds = self.done = False

    def slowed(self, wait: int) -> int:
        """Return how long a page waits that wants to wait for `wait` ns: in the background its timers go off seldom."""
        return max(wait, self.shortest_wait)


class Request:
    """A request that exists in the system until its answer is at its client, also if nobody waits for that any more.

    `settled` fires with the reply, or with None once the client has given up; `replied` at the end of its Redis pass.
    One that `dials` asks the node for a connection of `pool`, which is to the life `node_life` of the node.
    """

    def __init__(self, run: "Run", entity: int, number: int, op: Op, token: int, sent_at: int) -> None:
        self.entity, self.number, self.op, self.token, self.sent_at = entity, number, op, token, sent_at
        self.endpoint = int(Op.STATUS if op == Op.STATUS_READ else op)
        self.base_delay = self.stage = 0
        self.settled, self.replied = run.env.event(), run.env.event()
        self.pod = self.node = self.node_life = self.stamp = self.leaves = 0
        self.dials = False
        self.pool: Pool | None = None
        self.reply = Reply(Answer.WAITING)
        run.in_flight += 1


class Moving(Protocol):
    """What goes from one place to another: whose its events are, between which pod and node, how far its client is."""

    entity: int
    number: int
    pod: int
    node: int
    base_delay: int


class Servers:
    """So many equal servers, each given to one at a time, in the order of asking; at most `limit` may wait for one."""

    def __init__(self, env: simpy.Environment, count: int, limit: float = inf) -> None:
        self.env, self.count, self.limit, self.taken = env, count, limit, 0
        self.queue: deque[simpy.Event] = deque()

    def held(self) -> int:
        """Return how many are served or wait."""
        return self.taken + len(self.queue)

    def is_full(self) -> bool:
        """Tell whether there is neither a free server nor room to wait for one."""
        return self.taken == self.count and len(self.queue) >= self.limit

    def queue_up(self) -> simpy.Event:
        """Return what fires when it is one's turn; the server is then taken."""
        turn = self.env.event()
        self.queue.append(turn)
        return turn

    def acquire(self) -> Process:
        """Take a server, waiting for one if need be."""
        if self.taken < self.count:
            self.taken += 1
        else:
            yield self.queue_up()

    def release(self) -> None:
        """Hand the server to the first in line, if there is one."""
        if self.queue:
            self.queue.popleft().succeed()
        else:
            self.taken -= 1

    def admit(self) -> None:
        """Give servers that are free although somebody waits to those who do."""
        while self.queue and self.taken < self.count:
            self.taken += 1
            self.queue.popleft().succeed()

    def turn_out(self) -> None:
        """Let all who wait go on at once, without a server: there is none any more."""
        while self.queue:
            self.queue.popleft().succeed()


class Pool(Servers):
    """A pod's connections to one life of a node: `open` so far, `accepted` by the node; `closed` if the pod is gone."""

    def __init__(self, run: "Run", connections: int, node_life: int) -> None:
        super().__init__(run.env, run.p.service.pool_size)
        self.open = self.accepted = connections
        self.node_life, self.closed = node_life, False


class Run:
    """The state that all parts share.

    `active` counts sessions and sources that may still do something, `in_flight` requests and changes that exist.
    """

    def __init__(self, plan: Plan, traced: int) -> None:
        p = plan.params
        self.plan, self.p = plan, p
        self.starts = list(self.p.run.starts)
        self.hops, self.delays = p.network.hop.tolist(), p.network.delay.tolist()
        self.env = simpy.Environment()
        self.record = new_record(p.run.end, p.redis.nodes, self.p.clients.stage_end.size)
        self.series = self.record.series
        self.last_row = self.series.shape[0] - 1
        self.totals: Counter[str] = Counter()
        self.trace: list[tuple[int, int]] = []
        self.traced = traced
        self.sessions = [Session(plan, s) for s in range(p.clients.sessions)]
        self.bought_at = [FOREVER] * plan.population.people
        self.active = p.clients.sessions
        self.in_flight = 0
        self.unsettled: set[Request] = set()
        self.untold: list[Told] = []
        self.stopped = False

    def at(self, time: int, kind: Kind, entity: int, number: int) -> At:
        """Return an instant to wait for, and put it into the trace when it comes."""
        instant = At(self, time, kind, entity, number)
        if self.traced:
            instant.callbacks.append(self.note)
        return instant

    def after(self, delay: int, kind: Kind, entity: int, number: int) -> At:
        """Return the instant `delay` ns from now."""
        return self.at(int(self.env.now) + delay, kind, entity, number)

    def timer(self, time: int, kind: Kind, entity: int, number: int) -> At:
        """Return an instant that may find nothing left to do, and so is not traced by itself."""
        return At(self, time, kind, entity, number)

    def note(self, instant: Any) -> None:
        """Put an instant that happens now into the trace."""
        if len(self.trace) < self.traced:
            self.trace.append((int(self.env.now), instant.key))

    def tell(self, told: Told) -> None:
        """Stop the run when all that follows at once has happened, and let control know why."""
        if not self.untold:
            stop = simpy.Event(self.env)
            stop._ok, stop._value = True, None
            stop.callbacks = [self._stop_here]
            self.env.schedule(stop, simpy.events.EventPriority(simpy.events.NORMAL + 1))
        self.untold.append(told)

    def _stop_here(self, _event: simpy.Event) -> None:
        self.stopped = True

    def news(self) -> list[Told]:
        """Return what control has not been told yet, in the order in which it happened."""
        told, self.untold = self.untold, []
        return told

    def draw(self, table: NDArray[Any], stream: Stream, entity: int, number: int) -> int:
        """Draw from a quantile table."""
        return int(from_table(table, self.starts[stream], entity, number))

    def delay(self, r: Moving, leaves: Place, to: Place) -> int:
        """Return how long a request is under way from one place to another, ns."""
        _, first, by_pod, by_node, stream, added = self.hops[leaves][to]
        fixed = int(self.delays[first + by_pod * r.pod + by_node * r.node])
        fixed += self._added(added, r.entity, r.number)
        return fixed if stream == NOT_DRAWN else fixed + self._one_way(stream, r.base_delay, r.entity, r.number)

    def _added(self, row: int, entity: int, number: int) -> int:
        """Return what the proxies on a hop add to a request's way, ns, by the row of their table."""
        network = self.p.network
        if row == NOT_DRAWN:
            return 0
        return self.draw(network.added[row], Stream(network.added_stream[row]), entity, number)

    def forward(self, r: Moving, leaves: Place, to: Place, at: int | None = None) -> At:
        """Send a request, or its answer, from one place to another, now or *at* a time; return when it is there."""
        sets_out = int(self.env.now) if at is None else at
        return self.arrive(r, leaves, to, sets_out + self.delay(r, leaves, to))

    def arrive(self, r: Moving, leaves: Place, to: Place, at: int) -> At:
        """Return the instant at which a request comes to the end of its hop, which is known."""
        return self.at(at, Kind(self.hops[leaves][to][0]), r.entity, r.number)

    def _one_way(self, stream: int, base: int, entity: int, number: int) -> int:
        return int(one_way(self.p.network.jitter, self.starts[stream], base, entity, number))

    def chance(self, stream: Stream, entity: int, number: int) -> float:
        """Draw a uniform number from 0 to 1."""
        return float(uniform(self.starts[stream], entity, number))

    def event_of(self, token: int) -> int:
        """Return the event that a token belongs to."""
        return int(event_of(self.p.waiting_room.event_cycle, token))

    def row(self) -> int:
        """Return the row of the series that the present belongs to."""
        return int(min(self.env.now // SECOND, self.last_row))

    def count(self, column: int, amount: int = 1) -> None:
        """Add to a column of the current second."""
        self.series[self.row(), column] += amount

    def add_latency(self, stage: int, endpoint: int, value: int) -> None:
        """Record a latency, or a wait, that ends now, in ns."""
        bucket = bucket_of(value)
        self.record.counts[stage, endpoint, bucket] += 1
        self.record.total[stage, endpoint] += value
        if endpoint < BANDED:
            self.record.bands[self.row() // int(self.record.band_s[0]), endpoint, bucket >> BAND_SHIFT] += 1

    def add_busy(self, column: int, start: int, duration: int, sign: int = 1) -> None:
        """Spread a busy time over the seconds it falls into; with -1 take it back."""
        while duration > 0:
            row = min(start // SECOND, self.last_row)
            part = min(duration, (row + 1) * SECOND - start) if row < self.last_row else duration
            self.series[row, column] += sign * part
            start, duration = start + part, duration - part
