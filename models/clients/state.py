"""What the compiled engine remembers of the clients: their sessions, and when each comes for the first time."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.plan.plan import Plan
from models.vocabulary.units import FOREVER
from sim.memory import CACHE_LINE, zeros

SESSION = np.dtype(
    [
        ("sent_at", "i8"),
        ("came_at", "i8"),  # at the load balancer, for the first time; -1 before
        ("pass_until", "i8"),  # of its entry pass; of one that was told that the seats are gone, when
        ("contact_at", "i8"),  # last request sent to a primary
        ("gives_up_at", "i8"),
        ("base_delay", "i8"),
        ("number", "i4"),
        ("person", "i4"),
        ("phase", "i1"),
        ("op", "i1"),
        ("attempt", "i1"),
        ("awaiting", "i1"),
        ("admitted", "i1"),
        ("bought", "i1"),
        ("holds", "i1"),  # has seats, as the backend knows it
        ("traits", "i1"),
    ]
)
"""A session, in one cache line: what changes, and what is fixed about it (see `population.Population`)."""
assert SESSION.itemsize == CACHE_LINE
BOT, SAYS_LEAVE, HAS_TABS, TIMED, HIDDEN, TOLD = 1, 2, 4, 8, 16, 32
"""Traits of a session; HAS_TABS: its person has others; HIDDEN: its page is in the background; TOLD: it knows that the
seats are gone. TIMED comes and goes: an event is due that will look whether it still waits for an answer, not later
than it would stop waiting."""
BUSY, WAITING, DONE = range(3)
"""Phases of a session: neither of the others; it waits in line, as far as it knows; it is over."""

SENT, ANSWERED, FAILED, LATE, SOURCE_JOINS, NEXT_ARRIVAL, TOTALS = range(7)
"""Entries of `ClientState.total`: requests by how they ended, joins of generated loads, and who comes next."""


class ClientState(NamedTuple):
    """`session` SESSION[S]; `bought_at` int64[people] ns, FOREVER before.

    `arrival` int64[S] is when each session's first request reaches the balancer, ns, in order, `arriving` int64[S]
    whose that is; `total` int64[6].
    """

    session: NDArray[np.void]
    bought_at: NDArray[np.int64]
    arrival: NDArray[np.int64]
    arriving: NDArray[np.int64]
    total: NDArray[np.int64]


def new(plan: Plan, arrival: NDArray[np.int64]) -> ClientState:
    """Return clients none of whom has come; *arrival* int64[S] is when each session's first request does, ns."""
    order = np.argsort(arrival, kind="stable").astype(np.int64)
    return ClientState(
        session=_sessions(plan),
        bought_at=np.full(max(plan.population.people, 1), FOREVER, np.int64),
        arrival=arrival[order],
        arriving=order,
        total=np.zeros(TOTALS, np.int64),
    )


def _sessions(plan: Plan) -> NDArray[np.void]:
    who = plan.population
    session = zeros(plan.params.clients.sessions, SESSION)
    session["came_at"] = -1
    session["number"] = 1
    session["sent_at"] = session["contact_at"] = who.first_send
    session["gives_up_at"] = who.gives_up_at
    session["base_delay"] = who.base_delay
    session["person"] = who.person
    tabs = np.bincount(who.person, minlength=1)[who.person] > 1
    session["traits"] = BOT * who.bot + SAYS_LEAVE * who.says_leave + HAS_TABS * tabs + HIDDEN * who.hidden
    return session
