"""A pod's process as control starts, probes and ends it: opening its connections, the kubelet's calls, its death."""

from models.engine.agenda import free_slot, new_request
from models.engine.column_codes import COLUMN_GATEWAY_BUSY_NS
from models.engine.network import forward
from models.engine.record import spread_busy
from models.engine.requests import DIALLER, KUBELET
from models.engine.world import ASKED, World
from models.service.pod_times import DIAL_AGAIN_NS, handshake_number
from models.service.pools import close, connect, has_none
from models.service.returns import settle
from models.service.state import ENDING, NOT_YET, OFF, SERVING
from models.vocabulary.codes import (
    ANSWER_WAITING,
    OP_CONNECT,
    OP_LIVENESS,
    PLACE_CONTROL,
    PLACE_GATEWAY,
    PLACE_REDIS,
    STREAM_PING,
)
from models.vocabulary.instants import CONNECTING, PROBES
from sim import servers
from sim.draws import below
from sim.jit import compiled
from sim.servers import BUSY

_FIRST_CONNECTING, _FIRST_PROBE = CONNECTING.first, PROBES.first


@compiled
def open_pool(w: World, now: int, number: int, node: int) -> None:
    """Let a pod whose process has begun open its connections to one node, one after the other."""
    pod = w.service.pod[number]
    pod.connecting += 1
    entity = _FIRST_CONNECTING + number * w.p.redis.nodes + node
    slot = new_request(w, now, DIALLER, entity, handshake_number(pod.life, 0), OP_CONNECT, 0)
    r = w.requests.slot[slot]
    r.pod, r.life, r.node, r.dials = number, pod.life, node, 1
    _dial(w, now, slot)


@compiled
def _dial(w: World, leaves: int, slot: int) -> None:
    """Let a handshake leave a starting pod, for the process that the pod takes the node for."""
    r = w.requests.slot[slot]
    r.queued_at, r.answer = leaves, ANSWER_WAITING
    r.node_life = w.service.pool[r.pod * w.p.redis.nodes + r.node].node_life
    forward(w, leaves, slot, PLACE_GATEWAY, PLACE_REDIS)


@compiled
def go_on_dialling(w: World, now: int, slot: int) -> None:
    """A connection of a starting pod stands: open the next of its pool when that is due. After all, listen."""
    r = w.requests.slot[slot]
    pool = w.service.pool[r.pod * w.p.redis.nodes + r.node]
    if has_none(r.answer) or r.node_life != pool.node_life:
        _dial(w, now + DIAL_AGAIN_NS, slot)
        return
    pool.open += 1
    r.detail += 1
    if r.detail < w.p.service.min_idle:
        r.number = handshake_number(r.life, r.detail)
        _dial(w, max(now, r.sent_at + r.detail * w.p.service.connect_gap), slot)
        return
    pod = w.service.pod[r.pod]
    free_slot(w, slot)
    pod.connecting -= 1
    if pod.connecting == 0 and pod.state == OFF:
        pod.state = SERVING


@compiled
def send_probe(w: World, now: int, number: int, op: int, probe: int) -> None:
    """Let the kubelet call a pod; it is on the same node, but what happens at one instant must have an order."""
    entity = _FIRST_PROBE + 2 * number + (1 if op == OP_LIVENESS else 0)
    slot = new_request(w, now, KUBELET, entity, probe, op, 0)
    w.requests.slot[slot].pod = number
    w.requests.slot[slot].node = (
        0 if w.p.service.ping_all else below(w.p.run.starts[STREAM_PING], entity, probe, w.p.redis.shards)
    )
    w.total[ASKED] += w.p.service.probes_end_pods
    forward(w, now, slot, PLACE_CONTROL, PLACE_GATEWAY)


@compiled
def ping_another(w: World, now: int, slot: int) -> bool:
    """Let a probe ask the next primary, if it asks all of them, one after the other; tell whether there is one."""
    r = w.requests.slot[slot]
    if not w.p.service.ping_all or r.node + 1 == w.p.redis.shards:
        return False
    r.node += 1
    settle(w, r.pod, now + 1)  # of one instant, the answers to clients come before those to probes
    connect(w, now, slot)
    return True


@compiled
def end(w: World, now: int, number: int) -> bool:
    """Let a pod take no more requests; return whether it has none left."""
    settle(w, number, now)
    pod = w.service.pod[number]
    w.total[ASKED] += pod.state != ENDING
    pod.state = ENDING
    return w.service.workers[number, BUSY] == 0


@compiled
def forget(w: World, now: int, number: int) -> None:
    """Reset a pod whose process has been killed: its work, its connections, its place in time."""
    pod = w.service.pod[number]
    w.total[ASKED] -= pod.state == ENDING
    for pool in range(number * w.p.redis.nodes, (number + 1) * w.p.redis.nodes):
        close(w, pool)
    for core in range(w.p.service.cores):
        left = w.service.core_free[number, core] - now
        if left > 0:
            spread_busy(w.record, COLUMN_GATEWAY_BUSY_NS, now, left, -1)
        w.service.core_free[number, core] = 0
    servers.replace(w.service.workers, number)
    pod.given_ns, pod.most, pod.connecting = 0, 0, 0
    pod.state = OFF
    pod.life += 1
    w.service.connected_at[number] = NOT_YET
