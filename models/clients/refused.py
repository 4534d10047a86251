"""What a session does that the edge has refused: it solves a CAPTCHA, tries again, or gives up."""

from models.edge.state import ABANDONED, GAVE_UP, PAUSED, SHOWN, SOLVED
from models.engine.agenda import NOTHING
from models.engine.world import World
from models.vocabulary.codes import ANSWER_CAPTCHA, ANSWER_CHALLENGE, STREAM_EDGE_REFUSED, STREAM_EDGE_SOLVE
from sim.draws import from_table, uniform
from sim.jit import compiled


@compiled
def pause_after(w: World, s: int, now: int, answer: int, patient_until: int) -> int:
    """Return how long a refused session pauses before it sends the same again, ns; NOTHING if it gives up.

    A CAPTCHA that is not solved by `patient_until` is left alone: the session has gone by then.
    """
    p, v = w.p.edge, w.edge.visitor[s]
    number = w.clients.session[s].number
    u = uniform(w.p.run.starts[STREAM_EDGE_REFUSED], s, number)
    if answer == ANSWER_CAPTCHA and p.solves[v.kind]:
        pause = from_table(p.solve, w.p.run.starts[STREAM_EDGE_SOLVE], s, number)
        w.edge.asked[SHOWN, v.kind] += 1
        if u < p.fails or now + pause >= patient_until:
            w.edge.asked[ABANDONED, v.kind] += 1
            return NOTHING if u < p.fails else pause
        w.edge.asked[SOLVED, v.kind] += 1
        v.captcha_until = now + pause + p.captcha_immunity
    elif answer == ANSWER_CHALLENGE and p.scripts[v.kind]:
        pause = 0
        v.challenge_until = now + p.challenge_immunity
    elif u < p.gives_up[v.kind]:
        w.edge.asked[GAVE_UP, v.kind] += 1
        return NOTHING
    else:
        pause = p.again[v.kind]
        v.moved += 1
    w.edge.asked[PAUSED, v.kind] += pause
    return pause
