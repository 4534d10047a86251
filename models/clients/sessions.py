"""What every session does, whoever it is: it sends its next request, and in the end nothing more."""

from models.engine.agenda import NOTHING, schedule
from models.engine.world import ACTIVE, DONE, World
from models.vocabulary.codes import KIND_ARRIVE, OP_STATUS_READ, STREAM_NET_OUT
from sim.draws import from_table
from sim.jit import compiled


@compiled
def send(w: World, s: int, op: int, at: int) -> None:
    """Let session `s` send its next request at time `at`."""
    c = w.session[s]
    c.number += 1
    c.op = op
    c.sent_at = at
    if op != OP_STATUS_READ:
        c.contact_at = at
    jitter = from_table(w.x.jitter, w.x.starts[STREAM_NET_OUT], s, c.number)
    schedule(w, at + c.base_delay + jitter, KIND_ARRIVE, s, c.number, NOTHING)


@compiled
def finish(w: World, s: int) -> None:
    """The session does nothing more."""
    w.session[s].phase = DONE
    w.total[ACTIVE] -= 1
