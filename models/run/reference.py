"""The whole reference, as the clock and the control processes see it: the same on-sale in plain SimPy.

It is the specification that the compiled engine must agree with. It shares draws and cost functions with that, and
nothing of its event logic. Read `engine.reference_run`, then follow a request through the `reference` of the clients,
of the service with its backend, and of Redis: each says in processes what the compiled files beside it say in arrays.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.clients.reference import Clients
from models.clients.reference_loads import Loads
from models.edge.reference import WebAcl
from models.engine.plane import TOLD, Reading
from models.engine.record import CLIENTS, NODES, PER_NODE, QUEUE, Column, Level
from models.engine.recording import Recording, Sessions, in_order
from models.engine.reference_run import Run, Session
from models.plan.clients import ONSALE, OPEN_LOOP
from models.plan.plan import Plan
from models.redis.reference import Redis
from models.service.reference import Gateway
from models.service.reference_backend import Backend
from models.vocabulary.operations import Op
from models.vocabulary.units import EPOCH_NS, MILLISECOND
from models.waiting_room.specification import WaitingRoom
from sim.clock import DRAINED, REACHED, Stop


class Reference(Run):
    """One run. It is a `plane.Plane` and a `clock.Core`, as the compiled engine is.

    `trace` holds (time in ns, key) of the first *traced* events, for comparison with the compiled engine.
    """

    def __init__(self, plan: Plan, traced: int = 0) -> None:
        super().__init__(plan, traced)
        self.now = 0
        self.platform = [plan.params.service.warm_pods] * 3 + [0]
        self.redis = Redis(self)
        self.backend = Backend(self)
        self.gateway = Gateway(self, self.redis, self.backend)
        self.web_acl = WebAcl(self)
        clients = Clients(self, self.gateway, self.web_acl if self.p.edge.on else None)
        loads = Loads(self, clients)
        live = clients.person if self.p.clients.load == ONSALE else loads.user
        for session in self.sessions:
            self.env.process(live(session))
        if self.p.clients.load == OPEN_LOOP:
            loads.begin()

    def advance(self, until: int) -> Stop:
        """Run every event before `until`, or stop where there is news for control."""
        while True:
            if self.stopped:
                self.stopped = False
                return self._stop(int(self.env.now), TOLD)
            if self.active == 0 and self.in_flight == 0 and not self.untold:
                return self._stop(int(self.env.now), DRAINED)
            if self.env.peek() >= until:
                if until > self.env.now:
                    self.env.run(until=until)  # nothing happens but that the time is now control's
                return self._stop(until, REACHED)
            self.env.step()

    def _stop(self, now: int, cause: str) -> Stop:
        self.now = max(self.now, now)
        return Stop(self.now, cause)

    def requests(self) -> int:
        """Return how many requests have reached the load balancer so far."""
        return self.totals["sent"]

    def open_sale(self) -> None:
        """Begin to call and to admit."""
        self.redis.scripts.open((EPOCH_NS + self.now) // MILLISECOND)

    def announce_sold_out(self) -> None:
        """Let the gateways tell everybody of the events that have sold out."""
        self.gateway.announced = [self.backend.is_sold_out(event) for event in range(self.p.waiting_room.events)]

    def expire(self, event: int) -> None:
        """Ask the event's primary to remove silent and lapsed places."""
        if self.active > 0:
            self.redis.expire(event, self.now)

    def route_to(self, pods: Sequence[int]) -> None:
        """Let the load balancer know these pods and no others, from now on."""
        self.gateway.route_to(pods)

    def start_pod(self, pod: int) -> None:
        """Begin a pod's process: it opens its connections, and then takes requests."""
        self.gateway.start(pod)

    def probe(self, pod: int, op: Op, number: int) -> None:
        """Let the kubelet call a pod; there will be news of this number, unless the pod is killed before."""
        self.gateway.probe(pod, op, number)

    def end_pod(self, pod: int) -> bool:
        """Let a pod take no more requests; return whether it has none left. If it has, there will be news."""
        return self.gateway.end(pod)

    def kill_pod(self, pod: int) -> None:
        """Kill a pod's process with all that is in it."""
        self.gateway.kill(pod)

    def kill_node(self, node: int) -> None:
        """End the process of a shard's primary; its rooms become what a successor knows of them."""
        self.redis.kill(node)

    def revive_node(self, node: int) -> None:
        """Let a successor serve in its place."""
        self.redis.revive(node)

    def learn(self, pod: int, node: int) -> None:
        """Let a pod know of the successor, and connect to it."""
        self.gateway.learn(pod, node)

    def reading(self, pod: int) -> Reading:
        """Read a pod's meters."""
        return self.gateway.reading(pod)

    def sample(self, second: int) -> None:
        """Write down the levels at the end of this second."""
        row = self.series[second]
        row[Column.LEVELS + Level.WAITING] = sum(len(room.line) for room in self.redis.rooms)
        row[Column.LEVELS + Level.CALLED] = sum(len(room.called) for room in self.redis.rooms)
        row[Column.LEVELS + Level.POOL_WAITING] = self.gateway.waiting_for_connections()
        row[Column.LEVELS + Level.IN_FLIGHT] = self.in_flight
        row[Column.LEVELS + Level.PODS_RUNNING : Column.LEVELS + Level.CONNECTIONS] = self.platform
        row[Column.LEVELS + Level.CONNECTIONS] = sum(pool.open for pod in self.gateway.pods for pool in pod.pools)
        row[NODES + QUEUE :: PER_NODE] = [len(node.inbox) + len(node.in_pass) for node in self.redis.nodes]
        row[NODES + CLIENTS :: PER_NODE] = [node.clients for node in self.redis.nodes]

    def recording(self) -> Recording:
        """Return what the run leaves behind."""
        rooms = self.redis.rooms
        return Recording(
            end_ns=self.now,
            record=self.record,
            sent=self.totals["sent"],
            answered=self.totals["answered"],
            failed=self.totals["failed"],
            awaited=self.totals["awaited"],
            late=self.totals["late"],
            in_the_air=self._in_the_air(),
            waiting=np.array([len(room.line) for room in rooms], np.int64),
            called=np.array([len(room.called) for room in rooms], np.int64),
            sold=np.array(self.backend.sold, np.int64),
            event_sold_out_at=np.array(self.backend.sold_out_at, np.int64),
            throttled=np.array(self.redis.throttled, np.int64),
            sessions=self._sessions(),
            edge=self.web_acl.record(),
            parts={"service": self.gateway.flow(), "reservation": self.backend.flow(), "redis": self.redis.flow()},
        )

    def _in_the_air(self) -> NDArray[np.int64]:
        rows = [(r.stage, r.endpoint, self.now - r.sent_at) for r in self.unsettled]
        return in_order(np.array(rows, np.int64).reshape(-1, 3))

    def _sessions(self) -> Sessions:
        sessions, rooms = self.sessions, self.redis.rooms
        # on-sale: a session is the token of its number; the tokens of a generated load belong to nobody
        owners = self.p.clients.load == ONSALE

        def room(c: Session) -> WaitingRoom:
            return rooms[self.event_of(c.s)]

        def each(value: Any, dtype: Any) -> Any:
            return np.array([value(c) for c in sessions], dtype)

        return Sessions(
            came_at=each(lambda c: c.came_at, np.int64),
            call_number=each(lambda c: owners and room(c).call_number.get(c.s, 0), np.int32),
            settled_at=each(lambda c: c.settled_at, np.int64),
            admitted=each(lambda c: c.admitted, np.bool_),
            told=each(lambda c: c.told, np.bool_),
            bought=each(lambda c: c.bought, np.bool_),
            holds=each(lambda c: c.holds, np.bool_),
            in_place=each(lambda c: owners and c.s in room(c).seen, np.bool_),
            done=each(lambda c: c.done, np.bool_),
        )
