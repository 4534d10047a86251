"""Steps of a request that are one event, where nothing can come between them; elsewhere they stay as many as they are.

The parts of the system know one event for each step, and a trace has them all. Here two steps are taken at once if
the second one's time and outcome are known when the first one happens. That is so under these conditions, each of
which is looked at where it can fail:

**Control does not look or act before** (`calm_until`). Control reads levels (requests in flight, waiting for a
connection), meters of pods, and the record; it ends and kills pods and nodes. It acts at the times that the engine is
advanced to (UNTIL), and at news. News come from pods that end, and from probes: while any can lead to the end of a pod
(ASKED), nothing is fused. What another probe is news for changes what the load balancer knows, which is looked at when
a request arrives, and that is an event. What a sold-out event is news for, an announcement, concerns no answer that has
left its node. A second of the record that ends is a limit too: what is counted is counted in the second in which it
happens.

**Every step back takes time.** Events of an instant happen in the order of their kinds, which is that of a request's
steps; one that an event brings about at its own instant, and that is of an earlier kind, happens after others that it
would precede had it been known before. So no way (`takes_time`) and no pass (`io`) may take 0 ns.

**Asking.** When a request comes to its pod it is known when the CPU will be done with it. It asks its node then if

- control does not look before, and cannot announce meanwhile that its event has sold out (`announces`);
- no program asks a second time (`asks_once`): who asks without having come from the CPU would ask at other instants;
- a connection is free now, of all that are not in use or given to others early: so one is free then (`service.early`).

Where a request that overtakes it on another core finds none, it gives its own back and has an event at its pod after
all; the one that would have brought it to its node is void.

**Passes.** What a pass does is done when it starts, and when it `ends` is known then. What it has to do at its end is
done at its start, too, if it is calm until then: a node that receives nothing before has no event there. A request that
comes before or just then waits for it (`UNTIL_END`). What the pass has changed for the replicas, and for a successor of
the node, nobody but the node's next pass changes further.

**Answers.** A pass lets an answer out when it `ends`; it is at its pod at `at`, and at its client at `there`:

- the pod and the connection are those that it left (`life`, `node_life`): only control changes them;
- nothing stops them on their way (`straight`);
- they leave as the pass ends: the network of the node does not hold them up;
- nobody waits for a worker: there is no backlog. Who is refused for want of one looks at the workers after `settle`;
- of those who wait for a connection the first one gets it, if it does not give up before; if nobody waits, the time is
  noted, and who comes before and finds none takes the first that comes back, as they would from a line. So
  connections must come back in the order in which they are noted: not while an answer to this pod from this node has
  an event of its own (`owed`), which gives its connection back as the pod finds it;
- the answer gives its connection back: it is not to the wish for one (`dials`), and nobody in its pass was refused one,
  which makes the next in line open another one at the same instant;
- the client still waits for this answer when it comes (`_still_waits`).

Between now and the end of its pass a request may still be given up by its client or join the line for a connection: the
same conditions tell what comes of either.

What the client does then concerns itself alone until its next request arrives, which is an event. A session's timer
that goes off in between finds nothing awaited rather than something not due yet: it is set again by that request.
"""

from models.clients.kernel import on_client_reply
from models.engine.agenda import NOTHING, free_slot
from models.engine.network import arrive, delay, let_reply
from models.engine.requests import CLIENT, DIALLER, SOURCE
from models.engine.world import ASKED, LATEST, UNTIL, World
from models.redis.fetching import fetch_ahead
from models.redis.kernel import (
    ASLEEP,
    UNTIL_END,
    after_replies,
    end_later,
    fall_asleep,
    is_woken,
    receive,
    send,
    work_through,
)
from models.run.arriving import arrived
from models.service.early import is_void, take_early
from models.service.kernel import give_to_pod, go_on_later, node_of
from models.service.pools import ask, hand_on
from models.service.returns import give_back, has_room
from models.service.state import WENT
from models.vocabulary.codes import (
    PLACE_CLIENT,
    PLACE_GATEWAY,
    PLACE_REDIS,
    VERB_REDIS,
    WHOM_PINGED,
    WHOM_PRIMARY,
)
from models.vocabulary.instants import NUMBERS
from models.vocabulary.units import EPOCH_NS
from sim import batches
from sim.jit import compiled, inlined
from sim.queues import FIRST, LENGTH


@inlined
def calm_until(w: World) -> int:
    """Return the time (ns) before which nobody looks at the state or changes it but the requests themselves."""
    return min(w.total[UNTIL], w.record.second[1]) if w.total[ASKED] == 0 else 0


@compiled
def on_arrive(w: World, now: int, entity: int, number: int, slot: int) -> None:
    """As in `run.arriving`; the request may ask its node without an event at its pod."""
    come = arrived(w, now, entity, slot)
    if come == NOTHING:
        return
    done = give_to_pod(w, now, come)
    if done != NOTHING and not _asks_early(w, now, come, done):
        go_on_later(w, done, come)


@inlined
def _asks_early(w: World, now: int, slot: int, done: int) -> bool:
    """Let a request ask its node then, when the CPU is done with it, if it is known that it can; tell whether it is."""
    r = w.requests.slot[slot]
    announces = w.p.service.announces
    step = w.p.service.program[r.service, r.op, r.step + 1]
    if step.verb != VERB_REDIS or step.argument == WHOM_PINGED or (step.argument != WHOM_PRIMARY and announces):
        return False
    if done >= calm_until(w) or not (w.p.network.takes_time and w.p.service.asks_once):
        return False
    if not take_early(w, now, slot, node_of(w, slot, step.argument), done):
        return False
    r.stamp = EPOCH_NS + done + w.p.service.skew[r.pod]
    ask(w, done, slot)
    return True


@compiled
def on_node_arrive(w: World, now: int, entity: int, number: int, slot: int) -> None:
    """As in `redis.kernel`, at a node whose last pass may have ended without an event, or may be about to."""
    if is_void(w, entity, number, slot):
        return
    k = w.requests.slot[slot].node
    if not receive(w, now, slot):
        return
    node = w.redis.node[k]
    if node.busy == UNTIL_END:
        if now <= node.ends:
            end_later(w, k)
            return
        fall_asleep(w, node.ends, k)
    if node.busy == ASLEEP and is_woken(w, now, k):
        _pass(w, now, k, node.wake)


@compiled
def on_node_wake(w: World, now: int, entity: int, number: int, slot: int) -> None:
    """As in `redis.kernel`."""
    if number == w.redis.node[entity].passes & NUMBERS:
        _pass(w, now, entity, w.redis.node[entity].wake)


@compiled
def _pass(w: World, now: int, k: int, wake: int) -> None:
    """Start a pass over everything in the inbox, and end it at once if nobody can look at it before it ends."""
    work_through(w, now, k, wake)
    node = w.redis.node[k]
    if node.ends < _calm_for_replies(w, k):
        _let_out(w, node.ends, k)
        node.busy = UNTIL_END
        w.total[LATEST] = max(w.total[LATEST], node.ends)
    else:
        end_later(w, k)


@compiled
def on_pass_end(w: World, now: int, entity: int, number: int, slot: int) -> None:
    """As in `redis.kernel`; the replies may have left before."""
    if number != w.redis.node[entity].passes & NUMBERS:
        return  # it has died meanwhile
    if w.redis.in_pass[entity, LENGTH] > 0:
        _let_out(w, now, entity)
    if w.redis.inbox[entity, LENGTH] > 0:
        _pass(w, now, entity, 0)
    else:
        fall_asleep(w, now, entity)


@inlined
def _calm_for_replies(w: World, k: int) -> int:
    """Return the time (ns) before which what becomes of the replies of a node's pass is known, 0 if it is not."""
    plain = w.p.service.backlog == 0 and w.p.service.asks_once and w.redis.node[k].refused == 0
    on_their_way = w.p.network.takes_time and w.p.network.straight
    return calm_until(w) if plain and on_their_way and w.p.redis.costs.io > 0 else 0


@compiled
def _let_out(w: World, ends: int, k: int) -> None:
    """Let all replies of a pass leave at its end: they are at their pods, and at their clients, where that is known."""
    leaves = send(w, ends, k)
    calm = _calm_for_replies(w, k) if leaves == ends else 0
    place = batches.first(w.redis.in_pass, k)
    for at in range(w.redis.in_pass[k, LENGTH]):
        fetch_ahead(w, place, at, w.redis.in_pass[k, LENGTH])
        slot = w.requests.batches.item[place]
        place = batches.following(w.requests.batches, place)
        origin = w.requests.slot[slot].origin
        if origin > DIALLER:
            free_slot(w, slot)
        elif origin > SOURCE or not _is_back(w, ends, slot, calm):
            let_reply(w, leaves + delay(w, slot, PLACE_REDIS, PLACE_GATEWAY), slot)
    after_replies(w, ends, k, leaves)


@compiled
def _is_back(w: World, ends: int, slot: int, calm: int) -> bool:
    """Let an answer that leaves its node then be at its pod, and at its client if it can be; tell whether it could."""
    r = w.requests.slot[slot]
    at = ends + delay(w, slot, PLACE_REDIS, PLACE_GATEWAY)
    if at >= calm or r.dials == 1:
        return False
    number = r.pod * w.p.redis.nodes + r.node
    pool = w.service.pool[number]
    if pool.owed > 0 or r.life != w.service.pod[r.pod].life or r.node_life != pool.node_life or not has_room(w, r.pod):
        return False
    connections = 1
    if w.service.connections[number, LENGTH] > 0:
        if w.requests.slot[w.service.connections[number, FIRST]].queued_at + w.p.service.pool_timeout <= at:
            return False
        hand_on(w, at, number)
        connections = 0
    give_back(w, r.pod, r.node, at, connections)
    w.service.total[WENT] += 1
    there = at + delay(w, slot, PLACE_GATEWAY, PLACE_CLIENT)
    if there < calm and _still_waits(w, slot, there):
        w.total[LATEST] = max(w.total[LATEST], there)
        on_client_reply(w, there, r.entity, r.number, slot)
    else:
        arrive(w, there, slot, PLACE_GATEWAY, PLACE_CLIENT)
    return True


@inlined
def _still_waits(w: World, slot: int, there: int) -> bool:
    """Tell whether the client of a request waits for its answer, and will at a later time."""
    r = w.requests.slot[slot]
    if r.sent_at + w.p.clients.timeout <= there:
        return False
    if r.origin == CLIENT:
        return w.clients.session[r.entity].number == r.number and w.clients.session[r.entity].awaiting == 1
    return r.abandoned == 0
