"""The compiled engine as the clock and the control processes see it."""

from models import kernel
from models.kernel import advance, first_arrivals
from models.loads import next_source_time
from models.operations import Kind, Stream, event_key
from models.plan import OPEN_LOOP, Plan
from models.record import NODES, PER_NODE, QUEUE, Column, Level
from models.recording import Recording, of_kernel
from models.redis_node import open_sale, prejoin, send_expiry
from models.world import ACTIVE, IN_FLIGHT, NOW, POOL_WAITING, SENT, World, grown, new_world
from sim import wheel
from sim.clock import DRAINED, REACHED, Stop
from sim.draws import uniform
from sim.queues import LENGTH
from sim.views import seen_compiled

SOLD_OUT = "sold out"


class KernelPlane:
    """One run of the compiled engine. `world` is its state; it may be replaced by a larger one while it runs."""

    def __init__(self, plan: Plan, traced: int = 0) -> None:
        tables = plan.tables
        arrival = first_arrivals(
            plan.population.first_send, plan.population.base_delay, tables.jitter, tables.starts[Stream.NET_OUT]
        )
        self.plan = plan
        self.now = 0
        self.world: World = new_world(plan, arrival, traced)
        self._view = seen_compiled(self.world)
        prejoin(self._view)
        if plan.params.load == OPEN_LOOP:
            self._start_source()

    def _start_source(self) -> None:
        tables, first = self.plan.tables, self.plan.params.sessions
        u = uniform(tables.starts[Stream.SOURCE_GAP], first, 0)
        at = next_source_time(tables.stage_end, tables.stage_rate, 0, u)
        if at >= 0:
            self.world.total[ACTIVE] += 1
            wheel.insert(self.world.wheel, at, event_key(Kind.SOURCE, first, 0), -1)

    def advance(self, until: int) -> Stop:
        """Run every event before `until`, growing arrays as needed, or stop when an event sells out."""
        while True:
            cause = advance(self._view, until)
            if cause == kernel.REACHED:
                self.now = until
                return Stop(until, REACHED)
            self.now = max(self.now, int(self.world.total[NOW]))
            if cause == kernel.DRAINED:
                return Stop(self.now, DRAINED)
            if cause == kernel.SOLD_OUT:
                return Stop(self.now, SOLD_OUT)
            self.world = grown(self.world)
            self._view = seen_compiled(self.world)

    def requests(self) -> int:
        """Return how many requests have reached the load balancer so far."""
        return int(self.world.total[SENT])

    def recording(self) -> Recording:
        """Return what the run leaves behind."""
        return of_kernel(self)

    def open_sale(self) -> None:
        """Begin to call and to admit."""
        open_sale(self._view, self.now)

    def announce_sold_out(self) -> None:
        """Let the gateways tell everybody of the events that have sold out."""
        left = self.world.seats - self.world.sold
        self.world.announced[:] = left < self.plan.params.seats_per_order

    def expire(self, event: int) -> None:
        """Ask the event's primary to remove silent and lapsed places."""
        if self.world.total[ACTIVE] > 0:
            send_expiry(self._view, self.now, event, self.plan.params.to_backend)

    def sample(self, second: int) -> None:
        """Write down the levels at the end of this second."""
        w = self.world
        row = w.record.series[second]
        row[Column.LEVELS + Level.WAITING] = w.rooms.line.members.sum()
        row[Column.LEVELS + Level.CALLED] = w.rooms.room["called"].sum()
        row[Column.LEVELS + Level.POOL_WAITING] = w.total[POOL_WAITING]
        row[Column.LEVELS + Level.IN_FLIGHT] = w.total[IN_FLIGHT]
        row[NODES + QUEUE :: PER_NODE] = w.inbox[:, LENGTH] + w.in_pass[:, LENGTH]
