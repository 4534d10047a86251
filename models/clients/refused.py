"""What a session does that the edge has refused: it solves a CAPTCHA, tries again, or gives up."""

from models.edge.state import ABANDONED, PAUSED, SHOWN, SOLVED
from models.engine.agenda import NOTHING
from models.engine.world import World
from models.vocabulary.codes import ANSWER_CAPTCHA, ANSWER_CHALLENGE, STREAM_EDGE_REFUSED, STREAM_EDGE_SOLVE
from sim.draws import from_table, uniform
from sim.jit import compiled


@compiled
def pause_after(w: World, s: int, now: int, answer: int) -> int:
    """Return how long a refused session pauses before it sends the same again, ns; NOTHING if it gives up."""
    p, kind = w.p.edge, w.p.edge.kind[s]
    number = w.clients.session[s].number
    u = uniform(w.p.run.starts[STREAM_EDGE_REFUSED], s, number)
    w.edge.refused[s] += 1
    if answer == ANSWER_CHALLENGE and p.scripts[kind]:
        pause = 0
    elif answer == ANSWER_CAPTCHA and p.solves[kind]:
        w.edge.total[SHOWN] += 1
        if u < p.fails:
            w.edge.total[ABANDONED] += 1
            return NOTHING
        w.edge.total[SOLVED] += 1
        pause = from_table(p.solve, w.p.run.starts[STREAM_EDGE_SOLVE], s, number)
    else:
        if u < p.gives_up[kind]:
            return NOTHING
        w.edge.moved[s] += 1
        w.edge.total[PAUSED] += p.again[kind]
        return p.again[kind]
    w.edge.immune_until[s] = now + pause + p.immunity
    w.edge.total[PAUSED] += pause
    return pause
