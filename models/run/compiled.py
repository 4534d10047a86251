"""The compiled engine as the clock and the control processes see it."""

from collections.abc import Sequence

import numpy as np

from models.clients.state import SENT
from models.clients.waits import next_source_time
from models.engine.network import first_arrivals
from models.engine.plane import TOLD, Reading
from models.engine.record import CLIENTS, NODES, PER_NODE, QUEUE, Column, Level
from models.engine.recording import Recording
from models.engine.world import ACTIVE, BUCKET_NEEDS, IN_FLIGHT, MOST_NEWS, NEWS, NOW, UNKNOWN, new_world
from models.plan.clients import OPEN_LOOP
from models.plan.network import NOT_DRAWN
from models.plan.plan import Plan
from models.plan.sizes import Sizes, usual_sizes
from models.redis.control import open_sale, prejoin, send_expiry
from models.redis.failover import die, fall_back, revive
from models.run import dispatch
from models.run.compiled_recording import of_kernel
from models.run.dispatch import advance, advance_traced
from models.run.growth import is_short, roomy, with_line_to_refill
from models.service.kernel import kill
from models.service.pods import end, open_pool, send_probe
from models.service.pools import learn
from models.service.returns import settle
from models.service.state import PODS_KNOWN, POOL_WAITING, SERVING
from models.vocabulary.instants import Kind, event_key
from models.vocabulary.news import News, Told
from models.vocabulary.operations import Op
from models.vocabulary.places import Place
from models.vocabulary.streams import Stream
from sim import ladder
from sim.clock import DRAINED, REACHED, Stop
from sim.draws import uniform
from sim.queues import LENGTH
from sim.servers import BUSY
from sim.views import seen_compiled


class KernelPlane:
    """One run of the compiled engine. `world` is its state; it may be replaced by a larger one while it runs.

    `platform` is what control writes for the levels: pods running, ready and wanted, and nodes. With other *sizes* of
    its arrays at first than the usual ones it does the same.
    """

    def __init__(self, plan: Plan, traced: int = 0, sizes: Sizes | None = None) -> None:
        p, who = plan.params, plan.population
        out = p.network.hop[Place.CLIENT, Place.GATEWAY]
        row = out["added"]
        base, start = who.base_delay + p.network.delay[out["first"]], p.run.starts[out["stream"]]
        added = p.network.added.ravel()[:0] if row == NOT_DRAWN else p.network.added[row]
        more = p.run.starts[p.network.added_stream[row]]
        arrival = first_arrivals(who.first_send, base, p.network.jitter, start, added, more)
        self.plan = plan
        self.now = 0
        self._advance = advance_traced if traced else advance
        self.platform = [p.service.warm_pods] * 3 + [0]
        world = new_world(plan, arrival, traced, sizes or usual_sizes(p))
        self.world, self._view = roomy(with_line_to_refill(world) if p.waiting_room.prejoined else world)
        prejoin(self._view)
        if p.clients.load == OPEN_LOOP:
            self._start_source()

    def _start_source(self) -> None:
        p, first = self.plan.params, self.plan.params.clients.sessions
        u = uniform(p.run.starts[Stream.SOURCE_GAP], first, 0)
        at = next_source_time(p.clients.stage_end, p.clients.stage_rate, 0, u)
        if at >= 0:
            self.world.total[ACTIVE] += 1
            ladder.insert(self.world.calendar, at, event_key(Kind.SOURCE, first, 0), -1)

    def advance(self, until: int) -> Stop:
        """Run every event before `until`, growing arrays as needed, or stop where there is news for control."""
        while True:
            cause = self._advance(self._view, until)
            if self.world.total[UNKNOWN] > 0:
                raise RuntimeError(f"an event before {self.world.total[NOW]} ns is of a kind that the engine has not")
            if cause == dispatch.REACHED:
                self.now = until
                return Stop(until, REACHED)
            self.now = max(self.now, int(self.world.total[NOW]))
            if cause == dispatch.DRAINED:
                return Stop(self.now, DRAINED)
            if cause == dispatch.TOLD:
                return Stop(self.now, TOLD)
            if cause != dispatch.SHORT:
                raise RuntimeError(f"the engine has stopped for an unknown cause ({cause})")
            self.world, self._view = roomy(self.world)

    def news(self) -> list[Told]:
        """Return what control has not been told yet, in the order in which it happened."""
        count = int(self.world.total[NEWS])
        if count > MOST_NEWS:
            raise RuntimeError(f"{count} news of one event, of {MOST_NEWS} that there is room for")
        self.world.total[NEWS] = 0
        return [
            Told(News(what), whose, number, ok == 1) for what, whose, number, ok in self.world.news[:count].tolist()
        ]

    def requests(self) -> int:
        """Return how many requests have reached the load balancer so far."""
        return int(self.world.clients.total[SENT])

    def recording(self) -> Recording:
        """Return what the run leaves behind."""
        for pod in range(self.plan.params.service.pods):
            settle(self._view, pod, self.now)
        return of_kernel(self.world, self.now)

    def open_sale(self) -> None:
        """Begin to call and to admit."""
        open_sale(self._view, self.now)

    def announce_sold_out(self) -> None:
        """Let the gateways tell everybody of the events that have sold out."""
        left = self.world.backend.seats - self.world.backend.sold
        self.world.service.announced[:] = left < self.plan.params.backend.seats_per_order

    def expire(self, event: int) -> None:
        """Ask the event's primary to remove silent and lapsed places."""
        if self.world.total[ACTIVE] > 0:
            self._make_room()
            send_expiry(self._view, self.now, event)

    def _make_room(self, broken: int = 0) -> None:
        """Grow what one more request of control's could be too much for, or so many *broken* off, each due sometime."""
        self.world.total[BUCKET_NEEDS] = broken
        if is_short(self._view):
            self.world, self._view = roomy(self.world)
        self.world.total[BUCKET_NEEDS] = 0

    def route_to(self, pods: Sequence[int]) -> None:
        """Let the load balancer know these pods and no others, from now on."""
        self.world.service.endpoint[: len(pods)] = pods
        self.world.service.total[PODS_KNOWN] = len(pods)

    def start_pod(self, pod: int) -> None:
        """Begin a pod's process: it opens its connections, and then takes requests."""
        for node in range(self.plan.params.redis.nodes):
            self.learn(pod, node)
        for node in range(self.plan.params.redis.nodes if self.plan.params.service.min_idle else 0):
            self._make_room()
            open_pool(self._view, self.now, pod, node)
        if self.plan.params.service.min_idle == 0:
            self.world.service.pod["state"][pod] = SERVING

    def probe(self, pod: int, op: Op, number: int) -> None:
        """Let the kubelet call a pod; there will be news of this number, unless the pod is killed before."""
        self._make_room()
        send_probe(self._view, self.now, pod, int(op), number)

    def end_pod(self, pod: int) -> bool:
        """Let a pod take no more requests; return whether it has none left. If it has, there will be news."""
        return bool(end(self._view, self.now, pod))

    def kill_pod(self, pod: int) -> None:
        """Kill a pod's process with all that is in it."""
        w, nodes = self.world, self.plan.params.redis.nodes
        waiting = w.service.connections[pod * nodes : (pod + 1) * nodes, LENGTH].sum()
        self._make_room(int(w.service.workers[pod, LENGTH] + waiting))
        kill(self._view, self.now, pod)

    def kill_node(self, node: int) -> None:
        """End the process of a shard's primary; its rooms become what a successor knows of them."""
        w = self.world
        self._make_room(int(w.redis.inbox[node, LENGTH] + w.redis.in_pass[node, LENGTH]))
        die(self._view, self.now, node)
        self.world = with_line_to_refill(self.world)
        self._view = seen_compiled(self.world)
        fall_back(self.world, self._view, self.now, node)

    def revive_node(self, node: int) -> None:
        """Let a successor serve in its place."""
        revive(self._view, self.now, node)

    def learn(self, pod: int, node: int) -> None:
        """Let a pod know of the successor, and connect to it."""
        self._make_room()
        learn(self._view, self.now, pod, node)

    def reading(self, pod: int) -> Reading:
        """Read a pod's meters."""
        settle(self._view, pod, self.now)
        w, nodes = self.world, self.plan.params.redis.nodes
        row = w.service.pod[pod]
        held = int(w.service.workers[pod, BUSY] + w.service.workers[pod, LENGTH])
        found = Reading(
            cpu_ns=int(row["given_ns"]) - int(np.maximum(w.service.core_free[pod] - self.now, 0).sum()),
            requests=held,
            most_requests=max(held, int(row["most"])),
            connections=int(w.service.pool["open"][pod * nodes : (pod + 1) * nodes].sum()),
        )
        row["most"] = held
        return found

    def sample(self, second: int) -> None:
        """Write down the levels at the end of this second."""
        w = self.world
        row = w.record.series[second]
        row[Column.LEVELS + Level.WAITING] = w.waiting_room.line.members.sum()
        row[Column.LEVELS + Level.CALLED] = w.waiting_room.room["called"].sum()
        row[Column.LEVELS + Level.POOL_WAITING] = w.service.total[POOL_WAITING]
        row[Column.LEVELS + Level.IN_FLIGHT] = w.total[IN_FLIGHT]
        row[Column.LEVELS + Level.PODS_RUNNING : Column.LEVELS + Level.CONNECTIONS] = self.platform
        row[Column.LEVELS + Level.CONNECTIONS] = w.service.pool["open"].sum()
        row[NODES + QUEUE :: PER_NODE] = w.redis.inbox[:, LENGTH] + w.redis.in_pass[:, LENGTH]
        row[NODES + CLIENTS :: PER_NODE] = w.redis.node["clients"]
