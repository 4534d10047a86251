"""What acts on the system as a whole, as SimPy processes: the opening, expiry, the announcement, the scraping,
failovers, the cluster.

Every process works on a `Plane`, which either engine offers; what it does to the data plane is a request of its own and
costs the shard.
"""

import simpy

from models.engine.plane import Plane
from models.engine.recording import PaidNode
from models.kubernetes.cluster import Cluster
from models.kubernetes.state import Process
from models.plan.plan import Plan
from models.redis.failover_timeline import fail_over
from models.vocabulary.news import News, Told
from models.vocabulary.units import SECOND, ns


class Control:
    """The control processes of one run; `sold_out` is triggered anew whenever an event sells out."""

    def __init__(self, env: simpy.Environment, plane: Plane, plan: Plan) -> None:
        scenario = plan.scenario
        self.env = env
        self.plane = plane
        self.sold_out = env.event()
        env.process(self._scrape())
        env.process(self._expiry(ns(scenario.waiting_room.expire_every_s), scenario.waiting_room.events))
        if scenario.clients.load.mode == "onsale":
            env.process(self._opening(ns(scenario.event.opens_at_s)))
        if scenario.event.on_sold_out == "announce":
            env.process(self._announcement())
        for failover in plan.failovers:
            env.process(fail_over(env, plane, plan, failover))
        scaling = scenario.autoscaling
        self.cluster = None if scaling is None else Cluster(env, plane, plan, scaling)

    def watched(self, _cause: str) -> None:
        """Pass on what the engine has stopped for."""
        for told in self.plane.news():
            self.hear(told)

    def hear(self, told: Told) -> None:
        """Wake who waits for this."""
        if told.what == News.SOLD_OUT:
            sold_out, self.sold_out = self.sold_out, self.env.event()
            sold_out.succeed()
        elif self.cluster is not None:
            self.cluster.hear(told)

    def sample(self, second: int) -> None:
        """Write down the levels that stand at the end of this second."""
        if self.cluster is not None:
            self.plane.platform[:] = self.cluster.levels()
        self.plane.sample(second)

    def nodes(self) -> tuple[PaidNode, ...]:
        """Return every node that was paid for so far; none where pods are fixed in number."""
        return () if self.cluster is None else self.cluster.machines.paid()

    def _opening(self, at: int) -> Process:
        """Open the sale. In a generated load nobody is let in: the line stands still while it is measured."""
        yield self.env.timeout(at)
        self.plane.open_sale()

    def _expiry(self, every: int, events: int) -> Process:
        while True:
            yield self.env.timeout(every)
            for event in range(events):
                self.plane.expire(event)

    def _announcement(self) -> Process:
        while True:
            yield self.sold_out
            self.plane.announce_sold_out()

    def _scrape(self) -> Process:
        second = 0
        while True:
            yield self.env.timeout(SECOND)
            self.sample(second)
            second += 1
