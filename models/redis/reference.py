"""The Redis nodes: engine threads that work in passes. What they execute stands in `reference_scripts`.

A pass takes every request that is readable when it starts; effects are applied at its start and all replies leave at
its end. A replica knows what its primary's passes have changed, once that has reached it and been worked on.
"""

from collections.abc import Callable
from dataclasses import dataclass

import simpy

from models.engine.record import BUSY_NS, COMMANDS, NODES, PER_NODE, REQUESTS, Column
from models.engine.recording import Flow
from models.engine.reference_run import Pool, Process, Request, Run
from models.redis.reference_scripts import Scripts
from models.redis_costs.engine_thread import GARBAGE_EVERY, cooled, garbage_ns, kept_cold, slowed_ns, wake_ns
from models.redis_costs.network_allowance import full_again_at, leaves_at
from models.vocabulary.instants import CONTROL, FEEDS, Kind, turn
from models.vocabulary.operations import Answer, Op, Reply
from models.vocabulary.places import Place
from models.vocabulary.units import EPOCH_NS
from models.waiting_room.script_cost import swing_ns
from models.waiting_room.specification import Effect, WaitingRoom


@dataclass
class Feed:
    """What a primary sends to a replica after a pass: tokens with their new state, and the work that they are, ns.

    It goes to `node`, as the event of this `entity` and `number`.
    """

    entity: int
    number: int
    node: int
    changes: list[tuple[int, Answer, int]]
    work: int
    pod: int = 0
    base_delay: int = 0


class Node:
    """A node: its input, the pass under way, changes not yet sent to its replicas; what it knows if it is one."""

    def __init__(self, env: simpy.Environment) -> None:
        self.inbox: list[Request | Feed] = []
        self.in_pass: list[Request | Feed] = []
        self.readable = env.event()
        self.passes = 0
        self.near = self.far = 1.0  # coldness of its caches
        self.life = self.ends = 0
        self.credit_full_at = self.line_full_at = 0  # the buckets of its network
        self.clients = 0  # connections it has accepted and that stand
        self.scripts = self.collected_at = 0  # runs since the garbage was collected, and when that was
        self.listed = 0  # 1 after an odd number of scripts that list keys
        self.dead = self.killed = False
        self.unsent: list[tuple[int, Answer, int]] = []
        self.known: dict[int, tuple[Answer, int]] = {}


class Redis:
    """All nodes, with the waiting rooms on their primaries."""

    def __init__(self, run: Run) -> None:
        self.run, self.p, self.env = run, run.p, run.env
        self.nodes = [Node(run.env) for _ in range(run.p.redis.nodes)]
        self.scripts = Scripts(run, self._to_replicas)
        self.came = self.went = 0
        self.copied_until = run.p.failover.copied_until.tolist()
        self.throttled = [[-1, 0, 0] for _ in self.nodes]  # since when, how late at most, how many requests
        for node in self.nodes:
            node.clients = run.p.service.warm_pods * run.p.service.warm_connections
        self._prejoin()
        for k in range(run.p.redis.nodes):
            run.env.process(self._engine_thread(k))

    @property
    def rooms(self) -> list[WaitingRoom]:
        """The waiting room of every event."""
        return self.scripts.rooms

    def _to_replicas(self, shard: int) -> Effect:
        """Return what takes note of changes on a shard, if it has replicas that are read."""
        node = self.nodes[shard]
        if self.p.redis.replicas == 0:
            return lambda token, answer, deadline: None
        return lambda token, answer, deadline: node.unsent.append((token, answer, deadline))

    def _prejoin(self) -> None:
        """Put the tokens of a generated load into line; replicas know."""
        self.scripts.prejoin()
        for node in self.nodes:
            node.unsent.clear()
        for node in self.nodes[self.p.redis.shards :]:
            node.known = {token: (Answer.WAITING, 0) for token in range(self.p.waiting_room.prejoined)}
        for k, until in enumerate(self.copied_until):
            if until >= 0:
                self.scripts.copy(k)

    def flow(self) -> Flow:
        """Return the requests, and the changes for replicas, that came to nodes and went."""
        return Flow(self.came, self.went, sum(len(node.inbox) + len(node.in_pass) for node in self.nodes))

    # -- the engine threads -----------------------------------------------------------------------------------------

    def ask(self, r: Request, leaves: int = 0) -> Process:
        """Bring a request from its pod to its node, not before it `leaves`, and the reply back."""
        asked_at = max(leaves, int(self.env.now))
        r.replied = self.env.event()
        yield self.run.forward(r, Place.GATEWAY, Place.REDIS, asked_at)
        self._deliver(r.node, r)
        yield r.replied
        patience = int(self.p.failover.give_up[r.node])
        if r.reply.answer == Answer.CONNECTION and patience >= 0:
            yield self.run.arrive(r, Place.REDIS, Place.GATEWAY, max(int(self.env.now), asked_at + patience))
        else:
            yield self.run.forward(r, Place.REDIS, Place.GATEWAY, max(int(self.env.now), r.leaves))

    def expire(self, event: int, now: int) -> None:
        """Ask the event's primary, from the control side at `now`, to remove silent and lapsed places."""
        token = int(self.p.waiting_room.first_token[event])
        r = Request(self.run, CONTROL.end - 1 - event, turn(self.run.totals["control sent"]), Op.EXPIRE, token, now)
        self.run.totals["control sent"] += 1
        r.stamp, r.node = EPOCH_NS + now, self.scripts.home[event]
        r.node_life = self.nodes[r.node].life
        self.run.forward(r, Place.CONTROL, Place.REDIS, now).callbacks.append(self._delivery(r.node, r))

    def _delivery(self, k: int, item: Request | Feed) -> Callable[[simpy.Event], None]:
        return lambda _: self._deliver(k, item)

    def _deliver(self, k: int, item: Request | Feed) -> None:
        node = self.nodes[k]
        if isinstance(item, Request) and (node.dead or item.node_life != node.life):
            self._break_off(item)
            return
        node.inbox.append(item)
        self.came += 1
        if not node.readable.triggered:
            node.readable.succeed()

    def _engine_thread(self, k: int) -> Process:
        """A node's loop: sleep until something is readable, then pass after pass until nothing is."""
        p, node = self.p, self.nodes[k]
        while True:
            slept_at = self.env.now
            node.readable = self.env.event()
            yield node.readable
            idle = int(self.env.now - slept_at)
            wake = wake_ns(p.redis.costs.thread, idle)
            node.near = cooled(node.near, p.redis.costs.thread.near_lost, idle)
            node.far = cooled(node.far, p.redis.costs.thread.far_lost, idle)
            if p.redis.costs.thread.wake_delay:
                yield self.run.after(p.redis.costs.thread.wake_delay, Kind.NODE_WAKE, k, turn(node.passes))
                if node.killed:
                    return
            while node.inbox:
                cost, write_ns = self._run_pass(k, wake)
                node.ends = int(self.env.now) + cost
                yield self.run.after(cost, Kind.PASS_END, k, turn(node.passes))
                if node.killed:
                    return
                leaves = self._send(k, len(node.in_pass))
                self._reply(node, leaves)
                self.went += len(node.in_pass)
                if k < p.redis.shards and (write_ns or node.unsent):
                    self._feed_replicas(k, write_ns, leaves)
                if self.env.now <= self.copied_until[k]:
                    self.scripts.copy(k)
                wake = 0
            node.in_pass = []

    def _run_pass(self, k: int, wake: int) -> tuple[int, int]:
        """Execute everything readable and return what that costs, and how much of it a replica will have to repeat."""
        node, column = self.nodes[k], NODES + PER_NODE * k
        node.in_pass, node.inbox = node.inbox, []
        node.passes += 1
        work, write_ns, repeated = wake + self.p.redis.costs.thread.per_pass, 0, 0
        for item in node.in_pass:
            if isinstance(item, Feed):
                node.known.update({token: (answer, deadline) for token, answer, deadline in item.changes})
                work += self.p.redis.costs.io + item.work
                continue
            if item.dials or item.op == Op.READINESS:
                work += self.p.redis.costs.io + (
                    self.p.redis.costs.connect if item.dials and self._accept(node, item) else 0
                )
                self.run.count(column + COMMANDS)
                continue
            bill = self.scripts.new_bill()
            item.reply = self.scripts.execute(k, item, node.known)
            self.scripts.bill_changes(item)
            work += (
                self.p.redis.costs.io
                + int(self.p.redis.costs.script[item.op])
                + bill.cost_ns
                + (self.p.redis.costs.feed if bill.write_ns else 0)
            )
            write_ns += bill.write_ns
            repeated += bill.repeated_ns
            if item.op == Op.STATUS and self.p.waiting_room.key_scan:
                costs = self.p.redis.costs
                work += swing_ns(costs.calls, self.scripts.keys(k), costs.listing_swing, node.listed)
                node.listed ^= 1
            node.scripts += 1
            pause = self._collect(node, int(self.env.now) + work)
            work, repeated = work + pause, repeated + pause
            self.run.count(column + COMMANDS, bill.commands + 1)  # the call of the script itself is one
        self.run.count(column + REQUESTS, len(node.in_pass))
        kept = kept_cold(self.p.redis.costs.thread, work, len(node.in_pass), repeated)
        cost = slowed_ns(self.p.redis.costs.thread, work, kept, node.near, node.far)
        node.near, node.far = node.near * kept, node.far * kept
        self.run.add_busy(column + BUSY_NS, int(self.env.now), cost)
        return cost, write_ns

    def _accept(self, node: Node, r: Request) -> bool:
        """Accept the connection that a request asks for, or refuse it; of a pod that has been killed there is none."""
        if r.pool is None or r.pool.closed:
            return True
        if node.clients >= self.p.redis.max_clients:
            r.reply = Reply(Answer.MAX_CLIENTS)
            self.run.count(Column.CONNECTIONS_REFUSED)
            return False
        node.clients += 1
        r.pool.accepted += 1
        return True

    def disconnect(self, k: int, pool: Pool) -> None:
        """Close the pool of a pod that has been killed: the node has its connections free, if they are to it."""
        node = self.nodes[k]
        if not node.dead and node.life == pool.node_life:
            node.clients -= pool.accepted
        pool.closed = True

    def _collect(self, node: Node, at: int) -> int:
        """Collect the garbage of scripts if it is time, and return how long that takes."""
        if not self.p.redis.costs.thread.garbage or node.scripts < GARBAGE_EVERY:
            return 0
        cost = garbage_ns(self.p.redis.costs.thread, at - node.collected_at)
        node.scripts, node.collected_at = 0, at
        return cost

    def _send(self, k: int, requests: int) -> int:
        """Take what the replies to so many requests are from what the node may send; return when they leave."""
        node, network, now = self.nodes[k], self.p.redis.network, int(self.env.now)
        if not network.baseline_ns:
            return now
        size = requests * (network.primary_bytes if k < self.p.redis.shards else network.replica_bytes)
        node.credit_full_at = full_again_at(node.credit_full_at, now, size, network.baseline_ns)
        node.line_full_at = full_again_at(node.line_full_at, now, size, network.burst_ns)
        leaves = int(leaves_at(network, node.credit_full_at, node.line_full_at, now))
        if leaves > now:
            since, latest, late = self.throttled[k]
            self.throttled[k] = [now if since < 0 else since, max(latest, leaves - now), late + requests]
        return leaves

    def _reply(self, node: Node, leaves: int) -> None:
        """Let all replies of a pass out; nobody waits for those to control and to primaries."""
        for item in node.in_pass:
            if isinstance(item, Request) and item.op != Op.EXPIRE:
                item.leaves = leaves
                item.replied.succeed()
            else:
                self.run.in_flight -= 1

    def _feed_replicas(self, shard: int, work: int, leaves: int) -> None:
        node, replicas = self.nodes[shard], self.p.redis.replicas
        first = self.p.redis.shards + shard * replicas
        for k in range(first, first + replicas):
            self.run.in_flight += 1
            feed = Feed(FEEDS.first + k, turn(node.passes), k, node.unsent, work)
            self.run.forward(feed, Place.REDIS, Place.REDIS, leaves).callbacks.append(self._delivery(k, feed))
        node.unsent = []

    # -- a primary dies ---------------------------------------------------------------------------------------------

    def kill(self, k: int) -> None:
        """End a node's process: what it has not answered is broken off, its rooms are as a successor knows them."""
        node, now = self.nodes[k], int(self.env.now)
        node.killed = True
        successor = self.nodes[k] = Node(self.env)
        successor.dead, successor.life, successor.passes = True, node.life + 1, node.passes + 1
        self.run.add_busy(NODES + PER_NODE * k + BUSY_NS, now, node.ends - now, -1)
        self.went += len(node.in_pass) + len(node.inbox)
        for item in (*node.in_pass, *node.inbox):
            self._break_off(item)
        self.scripts.fall_back(k)

    def revive(self, k: int) -> None:
        """Let a successor serve in its place, with cold caches."""
        self.nodes[k].dead = False
        self.env.process(self._engine_thread(k))

    def _break_off(self, item: Request | Feed) -> None:
        """Let a request's pod see that the node is gone; nobody waits for those of control."""
        if isinstance(item, Request) and item.op != Op.EXPIRE:
            item.reply = Reply(Answer.CONNECTION)
            item.replied.succeed()
        else:
            self.run.in_flight -= 1
