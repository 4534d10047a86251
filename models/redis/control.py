"""What control does to the nodes from outside: it opens the sale, asks for expiries, and puts tokens into line."""

from models.engine.agenda import new_request
from models.engine.network import forward
from models.engine.requests import CONTROL
from models.engine.world import World
from models.plan.events import event_of
from models.redis.state import CONTROL_SENT
from models.vocabulary.codes import ANSWER_WAITING, OP_EXPIRE, PLACE_CONTROL, PLACE_REDIS
from models.vocabulary.instants import CONTROL as CONTROL_ENTITIES
from models.vocabulary.instants import NUMBERS
from models.vocabulary.units import EPOCH_NS, MILLISECOND
from models.waiting_room.kernel import join
from models.waiting_room.state import clear_bill, mark_copied, open_rooms
from sim.jit import compiled

_LAST_OF_CONTROL = CONTROL_ENTITIES.end - 1


@compiled
def send_expiry(w: World, now: int, event: int) -> None:
    """Let the control side ask the event's primary to remove silent and lapsed places."""
    entity = _LAST_OF_CONTROL - event
    slot = new_request(
        w, now, CONTROL, entity, w.redis.total[CONTROL_SENT] & NUMBERS, OP_EXPIRE, w.p.waiting_room.first_token[event]
    )
    r = w.requests.slot[slot]
    r.stamp = EPOCH_NS + now
    r.node = w.p.redis.event_node[event]
    r.node_life = w.redis.node[r.node].life
    w.redis.total[CONTROL_SENT] += 1
    w.redis.node[r.node].expiring += 1
    forward(w, now, slot, PLACE_CONTROL, PLACE_REDIS)


@compiled
def open_sale(w: World, now: int) -> None:
    """Begin to call and to admit in every event."""
    open_rooms(w.waiting_room, (EPOCH_NS + now) // MILLISECOND)


@compiled
def prejoin(w: World) -> None:
    """Put the tokens of a generated load into line before the run, at no cost, in the order of their numbers."""
    now_ms = EPOCH_NS // MILLISECOND
    for token in range(w.p.waiting_room.prejoined):
        clear_bill(w.waiting_room)
        join(
            w.waiting_room,
            event_of(w.p.waiting_room.event_cycle, token),
            token,
            now_ms,
            float(EPOCH_NS - w.p.waiting_room.prejoined + token),
            False,
            False,
        )
        for replica in range(w.p.redis.replicas):
            w.redis.known[replica, token] = ANSWER_WAITING
    for k in range(w.p.redis.nodes):
        w.redis.node[k].applied = w.waiting_room.logged[
            k if k < w.p.redis.shards else (k - w.p.redis.shards) // w.p.redis.replicas
        ]
    for k in range(w.p.redis.shards):
        if w.p.failover.copied_until[k] >= 0:
            mark_copied(w.waiting_room, k)
    w.waiting_room.counts[:] = 0
