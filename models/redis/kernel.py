"""A Redis node: an engine thread that works in passes (see `models.redis_costs.engine_thread`), and what it executes.

A pass takes every request that is readable when it starts, reads and executes them in order, and lets all replies out
at its end. Their effects are applied when the pass starts: nobody can look in between. Each request costs its socket
work, the script's overhead and the commands the waiting room runs for it (`scripts`).
"""

from models.engine.agenda import NOTHING, free_slot, new_request, schedule
from models.engine.network import delay, forward, let_reply
from models.engine.record import BUSY_NS, COMMANDS, NODES, PER_NODE, REQUESTS, add_busy, count
from models.engine.requests import DIALLER, PRIMARY
from models.engine.world import World
from models.redis.failover import break_off
from models.redis.fetching import fetch_ahead
from models.redis.scripts import execute
from models.redis.state import CAME, WENT
from models.redis_costs.engine_thread import GARBAGE_EVERY, cooled, garbage_ns, is_slowed, kept_cold, slowed_ns, wake_ns
from models.redis_costs.network_allowance import full_again_at, leaves_at
from models.vocabulary.codes import KIND_NODE_WAKE, KIND_PASS_END, OP_REPLICATE, PLACE_GATEWAY, PLACE_REDIS
from models.vocabulary.instants import FEEDS, NUMBERS
from models.waiting_room.state import COMMANDS as BILLED_COMMANDS
from models.waiting_room.state import REPEATED_NS, mark_copied
from sim import batches
from sim.batches import FIRST, LAST, LENGTH
from sim.jit import compiled, inlined

ASLEEP, AT_WORK, UNTIL_END = range(3)
"""What an engine thread does: it sleeps; it works, and an event will tell when the pass ends; or it works, and nothing
needs to be done when the pass ends (see `models.run.fused`)."""
_FIRST_FEED = FEEDS.first


@compiled
def on_node_arrive(w: World, now: int, entity: int, number: int, slot: int) -> None:
    """A request is readable at its node, which wakes for it if it sleeps, if that is still the process it was for."""
    k = w.requests.slot[slot].node
    if receive(w, now, slot) and w.redis.node[k].busy == ASLEEP and is_woken(w, now, k):
        _pass(w, now, k, w.redis.node[k].wake)


@inlined
def receive(w: World, now: int, slot: int) -> bool:
    """Put a request into the inbox of its node; tell whether that is still the process it was for."""
    k = w.requests.slot[slot].node
    node = w.redis.node[k]
    if node.dead == 1 or w.requests.slot[slot].node_life != node.life:
        break_off(w, now, slot)
        return False
    batches.put(w.redis.inbox, k, w.requests.batches, slot)
    w.redis.total[CAME] += 1
    return True


@compiled
def is_woken(w: World, now: int, k: int) -> bool:
    """Wake the engine thread, with what its caches have left after the sleep; tell whether it runs at once."""
    node = w.redis.node[k]
    node.busy = AT_WORK
    idle = now - node.idle_since
    node.wake = wake_ns(w.p.redis.costs.thread, idle)
    if is_slowed(w.p.redis.costs.thread):
        node.near = cooled(node.near, w.p.redis.costs.thread.near_lost, idle)
        node.far = cooled(node.far, w.p.redis.costs.thread.far_lost, idle)
    if w.p.redis.costs.thread.wake_delay == 0:
        return True
    schedule(w, now + w.p.redis.costs.thread.wake_delay, KIND_NODE_WAKE, k, node.passes & NUMBERS, NOTHING)
    return False


@compiled
def on_node_wake(w: World, now: int, entity: int, number: int, slot: int) -> None:
    """The engine thread runs again, if it has not died: it takes what has come meanwhile, too."""
    if number == w.redis.node[entity].passes & NUMBERS:
        _pass(w, now, entity, w.redis.node[entity].wake)


@compiled
def _pass(w: World, now: int, k: int, wake: int) -> None:
    """Start a pass over everything in the inbox."""
    work_through(w, now, k, wake)
    end_later(w, k)


@inlined
def end_later(w: World, k: int) -> None:
    """Let the pass under way end when it does."""
    w.redis.node[k].busy = AT_WORK
    schedule(w, w.redis.node[k].ends, KIND_PASS_END, k, w.redis.node[k].passes & NUMBERS, NOTHING)


@compiled
def work_through(w: World, now: int, k: int, wake: int) -> None:
    """Execute everything in the inbox in one pass, which `ends` when all that is done."""
    w.redis.in_pass[k, FIRST] = w.redis.inbox[k, FIRST]
    w.redis.in_pass[k, LAST] = w.redis.inbox[k, LAST]
    w.redis.in_pass[k, LENGTH] = w.redis.inbox[k, LENGTH]
    w.redis.inbox[k, LENGTH] = 0
    node = w.redis.node[k]
    node.effect_ns = node.refused = 0
    work = wake + w.p.redis.costs.thread.per_pass
    commands = repeated = 0
    length = w.redis.in_pass[k, LENGTH]
    place = batches.first(w.redis.in_pass, k)
    for at in range(length):
        fetch_ahead(w, place, at, length)
        slot = w.requests.batches.item[place]
        work += w.p.redis.costs.io + execute(w, now, k, slot)
        work += _collect(w, now + work, k)
        commands += w.waiting_room.bill[BILLED_COMMANDS]
        repeated += w.waiting_room.bill[REPEATED_NS]
        place = batches.following(w.requests.batches, place)
    cost = work
    if is_slowed(w.p.redis.costs.thread):
        kept = kept_cold(w.p.redis.costs.thread, work, length, repeated)
        cost = slowed_ns(w.p.redis.costs.thread, work, kept, node.near, node.far)
        node.near *= kept
        node.far *= kept
    column = NODES + PER_NODE * k
    count(w.record, column + REQUESTS, length)
    count(w.record, column + COMMANDS, commands)
    add_busy(w.record, column + BUSY_NS, now, cost)
    node.passes += 1
    node.ends = now + cost


@inlined
def _collect(w: World, at: int, k: int) -> int:
    """Collect the garbage of scripts if it is time, and return how long that takes, ns."""
    if w.p.redis.costs.thread.garbage == 0 or w.redis.node[k].scripts < GARBAGE_EVERY:
        return 0
    node = w.redis.node[k]
    cost = garbage_ns(w.p.redis.costs.thread, at - node.collected_at)
    node.scripts = 0
    node.collected_at = at
    w.waiting_room.bill[REPEATED_NS] += cost
    return cost


@compiled
def on_pass_end(w: World, now: int, entity: int, number: int, slot: int) -> None:
    """All replies of the pass leave, its changes go to the replicas, and the next pass starts or the thread sleeps."""
    if number != w.redis.node[entity].passes & NUMBERS:
        return  # it has died meanwhile
    leaves = send(w, now, entity)
    place = batches.first(w.redis.in_pass, entity)
    for at in range(w.redis.in_pass[entity, LENGTH]):
        fetch_ahead(w, place, at, w.redis.in_pass[entity, LENGTH])
        done = w.requests.batches.item[place]
        place = batches.following(w.requests.batches, place)
        if w.requests.slot[done].origin <= DIALLER:
            let_reply(w, leaves + delay(w, done, PLACE_REDIS, PLACE_GATEWAY), done)
        else:
            free_slot(w, done)
    after_replies(w, now, entity, leaves)
    if w.redis.inbox[entity, LENGTH] > 0:
        _pass(w, now, entity, 0)
    else:
        fall_asleep(w, now, entity)


@compiled
def after_replies(w: World, now: int, k: int, leaves: int) -> None:
    """At the end of a pass its changes leave for the replicas with its replies, and it is in progress no more."""
    node = w.redis.node[k]
    w.redis.total[WENT] += w.redis.in_pass[k, LENGTH]
    batches.empty(w.redis.in_pass, k, w.requests.batches)
    if (
        w.p.redis.replicas > 0
        and k < w.p.redis.shards
        and (node.effect_ns > 0 or w.waiting_room.logged[k] > node.applied)
    ):
        _feed_replicas(w, leaves, k, node.effect_ns)
        node.effect_ns = 0
    if now <= w.p.failover.copied_until[k]:
        mark_copied(w.waiting_room, k)


@inlined
def fall_asleep(w: World, now: int, k: int) -> None:
    """Let the engine thread sleep: it has nothing to do."""
    w.redis.node[k].busy = ASLEEP
    w.redis.node[k].idle_since = now


@compiled
def send(w: World, now: int, k: int) -> int:
    """Take what the replies of a pass are from what its node may send; return when they leave.

    Handshakes, expiries and feeds count as requests here, which is a little more than they are.
    """
    network, node, requests = w.p.redis.network, w.redis.node[k], w.redis.in_pass[k, LENGTH]
    if network.baseline_ns == 0:
        return now
    size = requests * (network.primary_bytes if k < w.p.redis.shards else network.replica_bytes)
    node.credit_full_at = full_again_at(node.credit_full_at, now, size, network.baseline_ns)
    node.line_full_at = full_again_at(node.line_full_at, now, size, network.burst_ns)
    leaves = leaves_at(network, node.credit_full_at, node.line_full_at, now)
    if leaves > now:
        if node.throttled_at < 0:
            node.throttled_at = now
        node.latest = max(node.latest, leaves - now)
        node.held_up += requests
    return leaves


@compiled
def _feed_replicas(w: World, now: int, shard: int, effect_ns: int) -> None:
    """Send the writes of a pass to every replica of the shard, and the changes that were not sent before."""
    w.redis.node[shard].applied = w.waiting_room.logged[shard]
    for replica in range(w.p.redis.replicas):
        k = w.p.redis.shards + shard * w.p.redis.replicas + replica
        slot = new_request(w, now, PRIMARY, _FIRST_FEED + k, w.redis.node[shard].passes & NUMBERS, OP_REPLICATE, 0)
        r = w.requests.slot[slot]
        r.stamp, r.queued_at, r.node = w.waiting_room.logged[shard], effect_ns, k
        forward(w, now, slot, PLACE_REDIS, PLACE_REDIS)
