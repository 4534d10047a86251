"""The gateway: a load balancer in front of pods, each with worker slots, a CPU and pools of Redis connections."""

import numpy as np

from models.gateway import cpu_time
from models.operations import Answer, Kind, Op, Stream
from models.plan import RANDOM, ROUND_ROBIN
from models.record import Column
from models.reference.backend import Backend
from models.reference.redis import Redis
from models.reference.run import At, Process, Request, Run, Servers
from models.units import EPOCH_NS
from models.waiting_room import Reply
from sim.draws import below
from sim.stations import serve


class Gateway:
    """All pods. `announced` tells by event whether the pods know it to be sold out."""

    def __init__(self, run: Run, redis: Redis, backend: Backend) -> None:
        p = run.p
        self.run, self.p, self.x, self.env, self.redis, self.backend = run, p, run.x, run.env, redis, backend
        self.workers = [Servers(run.env, p.worker_slots) for _ in range(p.pods)]
        self.cores = list(np.zeros((p.pods, p.cores), np.int64))
        self.pools = [[Servers(run.env, p.pool_size) for _ in range(p.nodes)] for _ in range(p.pods)]
        self.cpu_mean = [int(mean) for mean in run.x.cpu_mean]
        self.skew = [int(skew) for skew in run.x.skew]
        self.announced = [False] * p.events
        self.next_pod = 0

    def handle(self, r: Request) -> Process:
        """Bring a request from the load balancer to the moment when its pod answers."""
        r.pod = self._route(r)
        workers = self.workers[r.pod]
        if workers.taken == workers.count and len(workers.queue) == self.p.backlog:
            r.reply = Reply(Answer.REFUSED)
            return
        yield from workers.acquire()
        yield self._cpu_done(r)
        r.stamp = EPOCH_NS + int(self.env.now) + self.skew[r.pod]
        if r.op == Op.RESERVE:
            yield from self.backend.reserve(r)
        elif self.announced[r.token % self.p.events] and r.op != Op.LEAVE:
            r.reply = Reply(Answer.SOLD_OUT)
        else:
            yield from self._ask_redis(r)
        workers.release()

    def _route(self, r: Request) -> int:
        """Return the pod that the load balancer picks."""
        if self.p.routing == ROUND_ROBIN:
            self.next_pod += 1
            return (self.next_pod - 1) % self.p.pods
        number = r.number if self.p.routing == RANDOM else 0
        return int(below(self.run.starts[Stream.ROUTE], r.entity, number, self.p.pods))

    def _cpu_done(self, r: Request) -> At:
        """Give a request to the pod's CPU and return when that is done with it."""
        unit = self.run.draw(self.x.cpu_unit, Stream.CPU, r.entity, r.number)
        service = cpu_time(unit, self.cpu_mean[r.endpoint])
        done = serve(self.cores[r.pod], int(self.env.now), service)
        self.run.add_busy(Column.GATEWAY_BUSY_NS, done - service, service)
        return self.run.at(done, Kind.CPU_DONE, r.entity, r.number)

    def _ask_redis(self, r: Request) -> Process:
        """Take a connection, or wait for one; ask the node; give the connection back."""
        shard = int(self.x.event_node[r.token % self.p.events])
        r.node = int(self.x.read_node[r.pod, shard]) if r.op == Op.STATUS_READ else shard
        pool = self.pools[r.pod][r.node]
        if pool.taken < pool.count:
            pool.taken += 1
        else:
            connection = pool.queue_up()
            yield connection | self._pool_timeout(r)
            if not connection.triggered:
                pool.queue.remove(connection)
                r.reply = Reply(Answer.POOL_TIMEOUT)
                return
        yield from self.redis.ask(r)
        pool.release()

    def _pool_timeout(self, r: Request) -> At:
        pool = r.pod * self.p.nodes + r.node
        return self.run.timer(int(self.env.now) + self.p.pool_timeout, Kind.POOL_TIMEOUT, pool, 0)

    def waiting_for_connections(self) -> int:
        """Return how many requests wait for a connection."""
        return sum(len(pool.queue) for pools in self.pools for pool in pools)
