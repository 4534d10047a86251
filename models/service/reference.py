"""The gateway: a load balancer in front of pods, each with worker slots, a CPU and pools of Redis connections."""

from collections.abc import Sequence

import numpy as np

from models.engine.neighbours import Store
from models.engine.plane import Reading
from models.engine.record import Column
from models.engine.recording import Flow
from models.engine.reference_run import At, Pool, Process, Request, Run, Servers
from models.plan.service import RANDOM, ROUND_ROBIN
from models.service.pod_times import DIAL_AGAIN_NS, cpu_time, handshake_number
from models.service.reference_backend import Backend
from models.service.state import ENDING, OFF, SERVING
from models.vocabulary.instants import CONNECTING, PROBES, Kind
from models.vocabulary.news import News, Told
from models.vocabulary.operations import FIRST_FAILURE, Answer, Op, Reply
from models.vocabulary.places import Place
from models.vocabulary.streams import Stream
from models.vocabulary.units import EPOCH_NS
from models.vocabulary.verbs import Verb, Whom
from sim.draws import below
from sim.servers import done_at

NO_CONNECTION = (Answer.CONNECTION, Answer.MAX_CLIENTS)
"""Answers to a request that has none: the node died, or accepts no further one."""

PROBED = (Op.READINESS, Op.LIVENESS)
"""What the kubelet asks, past any proxy."""
UNLESS_SOLD_OUT = (Whom.ROOM, Whom.READER)
"""Who is not asked by a pod that knows the event to be sold out: it says so itself."""


class Killed(Exception):
    """The pod that a request was in is no more."""


class Pod:
    """A pod's process, one life of it; its pools are to the nodes' lives that it knows of."""

    def __init__(self, run: Run, number: int, life: int, state: int, connections: int, node_lives: list[int]) -> None:
        p = run.p
        self.number, self.life, self.state = number, life, state
        self.workers = Servers(run.env, p.service.worker_slots, p.service.backlog)
        self.cores = np.zeros(p.service.cores, np.int64)
        self.pools = [Pool(run, connections, node_life) for node_life in node_lives]
        self.connecting = self.given_ns = self.most = 0
        self.connected_at = 0 if state == SERVING else None  # the proxy before it, of a mesh, in ns
        self.killed = False

    def must_live(self) -> None:
        """Raise Killed if it has been."""
        if self.killed:
            raise Killed


class Gateway:
    """All pods. `announced` tells by event whether they know it to be sold out, `known` are in the load balancer."""

    def __init__(self, run: Run, redis: Store, backend: Backend) -> None:
        p = run.p
        self.run, self.p, self.env, self.redis, self.backend = run, p, run.env, redis, backend
        warm, cold = (SERVING, p.service.warm_connections), (OFF, 0)
        self.pods = [
            Pod(run, k, 0, *(warm if k < p.service.warm_pods else cold), [0] * p.redis.nodes)
            for k in range(p.service.pods)
        ]
        self.known = list(range(p.service.warm_pods))
        self.cpu_mean = run.p.service.cpu_mean[Place.GATEWAY].tolist()
        self.proxy_cpu = run.p.service.proxy_cpu.tolist()
        self.first_connection = run.p.service.first_connection.tolist()
        self.program = run.p.service.program[Place.GATEWAY].tolist()
        self.services = {Place.RESERVATION: backend.reserve}
        self.skew = [int(skew) for skew in run.p.service.skew]
        self.announced = [False] * p.waiting_room.events
        self.next_pod = 0
        self.came = self.went = 0

    def handle(self, r: Request) -> Process:
        """Bring a request from the load balancer to the moment when its pod answers."""
        if self.known:
            yield from self._serve(r, self.pods[self._route(r)])
        else:
            r.reply = Reply(Answer.REFUSED)

    def _route(self, r: Request) -> int:
        """Return the pod that the load balancer picks of those it knows."""
        if self.p.service.routing == ROUND_ROBIN:
            at = self.next_pod if self.next_pod < len(self.known) else 0
            self.next_pod = at + 1
            return self.known[at]
        number = r.number if self.p.service.routing == RANDOM else 0
        return self.known[below(self.run.starts[Stream.ROUTE], r.entity, number, len(self.known))]

    def _serve(self, r: Request, pod: Pod) -> Process:
        """Let a pod answer: refuse, if it does not take requests, is full, or is killed meanwhile."""
        workers = pod.workers
        r.reply = Reply(Answer.REFUSED)
        if pod.state != SERVING:
            return
        if workers.is_full():
            self.run.count(Column.BACKLOG_FULL, r.op not in PROBED)
            return
        r.pod = pod.number
        self.came += 1
        pod.most = max(pod.most, workers.held() + 1)
        try:
            yield from workers.acquire()
            pod.must_live()
            yield from self._follow_program(r, pod)
        except Killed:
            r.reply = Reply(Answer.REFUSED)
            return
        workers.release()
        self.went += 1
        if workers.taken == 0 and pod.state == ENDING:
            self.run.tell(Told(News.EMPTY, pod.number))

    def _follow_program(self, r: Request, pod: Pod) -> Process:
        """Take the steps of a request's program up to its answer; one that fails is the last."""
        r.reply = Reply(Answer.WAITING)
        for verb, argument in self.program[r.op]:
            if verb == Verb.CPU:
                yield self._cpu_done(r, pod)
                pod.must_live()
                r.stamp = EPOCH_NS + int(self.env.now) + self.skew[r.pod]
            elif verb == Verb.REDIS:
                if argument in UNLESS_SOLD_OUT and self.announced[self.run.event_of(r.token)]:
                    r.reply = Reply(Answer.SOLD_OUT)
                    return
                yield from self._ask_node(r, pod, Whom(argument))
            elif verb == Verb.CALL:
                yield from self.services[Place(argument)](r)
                pod.must_live()
            elif verb == Verb.ANSWER:
                return
            else:
                raise ValueError(f"no pod is asked for {r.op!r}")
            if r.reply.answer >= FIRST_FAILURE:
                return

    def _ask_node(self, r: Request, pod: Pod, whom: Whom) -> Process:
        """Ask the Redis node that a step names."""
        shard = int(self.p.redis.event_node[self.run.event_of(r.token)])
        if whom == Whom.PINGED:
            yield from self._ping(r, pod)
        elif whom == Whom.READER:
            r.node = int(self.p.redis.read_node[r.pod, shard])
            yield from self._ask_redis(r, pod)
        elif whom in (Whom.ROOM, Whom.PRIMARY):
            r.node = shard
            yield from self._ask_redis(r, pod)
        else:
            raise ValueError(f"no node is {whom!r}")

    def _cpu_done(self, r: Request, pod: Pod) -> At:
        """Give a request to the pod's CPU and return when that is done with it."""
        unit = self.run.draw(self.p.service.cpu_unit, Stream.CPU, r.entity, r.number)
        service = cpu_time(unit, self.cpu_mean[r.op])
        pod.given_ns += service + self.proxy_cpu[r.op]
        done = done_at(pod.cores, int(self.env.now), service)
        self.run.add_busy(Column.GATEWAY_BUSY_NS, done - service, service)
        if self.first_connection[r.op] > 0:
            if pod.connected_at is None:
                pod.connected_at = int(self.env.now) + self.first_connection[r.op]
            done = max(done, pod.connected_at)
        return self.run.at(done, Kind.CPU_DONE, r.entity, r.number)

    def _ping(self, r: Request, pod: Pod) -> Process:
        """Ask one primary, drawn for this probe, or all of them one after the other while they answer."""
        picked = below(self.run.starts[Stream.PING], r.entity, r.number, self.p.redis.shards)
        for node in range(self.p.redis.shards) if self.p.service.ping_all else [picked]:
            r.node = int(node)
            yield from self._ask_redis(r, pod)
            if r.reply.answer >= FIRST_FAILURE:
                return

    def _ask_redis(self, r: Request, pod: Pod) -> Process:
        """Take a connection, open one, or wait for one; ask the node; give the connection back."""
        pool = pod.pools[r.node]
        if pool.taken < pool.count:
            pool.taken += 1
        else:
            connection = pool.queue_up()
            yield connection | self._pool_timeout(r)
            if not connection.triggered:
                pod.pools[r.node].queue.remove(connection)
                r.reply = Reply(Answer.POOL_TIMEOUT)
                return
            pod.must_live()
            pool = pod.pools[r.node]  # to the node's next life, if the pod has learned of that meanwhile
        yield from self._ask_through(pool, r, pod)
        if pool is pod.pools[r.node]:
            pool.open -= r.reply.answer in NO_CONNECTION  # the next in line opens another one
            pool.release()

    def _ask_through(self, pool: Pool, r: Request, pod: Pod) -> Process:
        """Ask the node through a connection of this pool, which is opened first if it is not."""
        r.node_life = pool.node_life
        if pool.taken > pool.open:
            pool.open += 1
            r.dials, r.pool = True, pool
            yield from self.redis.ask(r)
            pod.must_live()
            r.dials = False
        if r.reply.answer not in NO_CONNECTION:
            yield from self.redis.ask(r)
            pod.must_live()

    def _pool_timeout(self, r: Request) -> At:
        pool = r.pod * self.p.redis.nodes + r.node
        return self.run.timer(int(self.env.now) + self.p.service.pool_timeout, Kind.POOL_TIMEOUT, pool, 0)

    def waiting_for_connections(self) -> int:
        """Return how many requests wait for a connection."""
        return sum(len(pool.queue) for pod in self.pods for pool in pod.pools)

    def flow(self) -> Flow:
        """Return the requests that came to pods and went."""
        return Flow(self.came, self.went, sum(pod.workers.held() for pod in self.pods))

    # -- what control does with pods ---------------------------------------------------------------------------------

    def start(self, number: int) -> None:
        """Begin a pod's process: it opens its connections, and then takes requests."""
        pod = self.pods[number]
        for node in range(self.p.redis.nodes):
            self.learn(number, node)
        if self.p.service.min_idle == 0:
            pod.state = SERVING
            return
        pod.connecting = self.p.redis.nodes
        for node in range(self.p.redis.nodes):
            entity = CONNECTING.first + number * self.p.redis.nodes + node
            r = Request(self.run, entity, 0, Op.CONNECT, 0, int(self.env.now))
            r.pod, r.node, r.dials = number, node, True
            self.env.process(self._open_pool(pod, r))

    def _open_pool(self, pod: Pod, r: Request) -> Process:
        """Open a pool's connections one after the other, in the time given; the last of all lets the pod listen.

        A handshake that fails, or that was with a node's former life, is made again later.
        """
        opened, leaves = 0, r.sent_at
        while opened < self.p.service.min_idle:
            pool, r.reply = pod.pools[r.node], Reply(Answer.WAITING)
            r.number, r.node_life, r.pool = handshake_number(pod.life, opened), pool.node_life, pool
            yield from self.redis.ask(r, leaves)
            if pod.killed:
                break
            if r.reply.answer in NO_CONNECTION or pool is not pod.pools[r.node]:
                leaves = int(self.env.now) + DIAL_AGAIN_NS
                continue
            pool.open += 1
            opened += 1
            leaves = max(int(self.env.now), r.sent_at + opened * self.p.service.connect_gap)
        self.run.in_flight -= 1
        pod.connecting -= 1
        if pod.connecting == 0 and pod.state == OFF and not pod.killed:
            pod.state = SERVING

    def probe(self, number: int, op: Op, probe: int) -> None:
        """Let the kubelet call a pod."""
        r = Request(self.run, PROBES.first + 2 * number + (op == Op.LIVENESS), probe, op, 0, int(self.env.now))
        r.pod = number
        self.env.process(self._probe(r, number))

    def _probe(self, r: Request, number: int) -> Process:
        yield self.run.forward(r, Place.CONTROL, Place.GATEWAY)
        pod = self.pods[number]
        yield from self._serve(r, pod)
        self.run.in_flight -= 1
        if not pod.killed:
            self.run.tell(Told(News.PROBED, number, r.number, r.reply.answer < FIRST_FAILURE))

    def end(self, number: int) -> bool:
        """Let a pod take no more requests; return whether it has none left."""
        self.pods[number].state = ENDING
        return self.pods[number].workers.taken == 0

    def kill(self, number: int) -> None:
        """Kill a pod's process: what waits in it is refused at once, the rest when the pod would have gone on."""
        pod = self.pods[number]
        pod.killed = True
        self.went += pod.workers.held()
        for node, pool in enumerate(pod.pools):
            self.redis.disconnect(node, pool)
        for station in (pod.workers, *pod.pools):
            station.turn_out()
        for free in pod.cores.tolist():
            self.run.add_busy(Column.GATEWAY_BUSY_NS, int(self.env.now), free - int(self.env.now), -1)
        self.pods[number] = Pod(self.run, number, pod.life + 1, OFF, 0, [pool.node_life for pool in pod.pools])

    def learn(self, number: int, node: int) -> None:
        """Let a pod know which process a node is now: an empty pool, whose connections go to those that wait."""
        pod, old, life = self.pods[number], self.pods[number].pools[node], self.redis.nodes[node].life
        if self.redis.nodes[node].dead or old.node_life == life:
            return
        pool = pod.pools[node] = Pool(self.run, 0, life)
        pool.queue = old.queue
        pool.admit()

    def reading(self, number: int) -> Reading:
        """Read a pod's meters."""
        pod = self.pods[number]
        held, waiting_ns = pod.workers.held(), np.maximum(pod.cores - int(self.env.now), 0).sum()
        found = Reading(pod.given_ns - int(waiting_ns), held, max(held, pod.most), sum(pool.open for pool in pod.pools))
        pod.most = held
        return found

    def route_to(self, pods: Sequence[int]) -> None:
        """Let the load balancer know these pods and no others, from now on."""
        self.known = list(pods)
