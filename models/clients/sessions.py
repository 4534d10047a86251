"""What every session does, whoever it is: it sends its next request, and in the end nothing more."""

from models.clients.state import DONE
from models.engine.network import set_out
from models.engine.world import ACTIVE, World
from models.vocabulary.codes import OP_STATUS_READ
from sim.jit import compiled


@compiled
def send(w: World, s: int, op: int, at: int) -> None:
    """Let session `s` send its next request at time `at`."""
    c = w.clients.session[s]
    c.number += 1
    c.op = op
    c.sent_at = at
    if op != OP_STATUS_READ:
        c.contact_at = at
    set_out(w, at, s)


@compiled
def finish(w: World, s: int) -> None:
    """The session does nothing more."""
    w.clients.session[s].phase = DONE
    w.total[ACTIVE] -= 1
