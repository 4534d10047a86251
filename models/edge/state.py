"""What the compiled engine remembers of the edge: what its rate rule has counted, who has a token, whom it refused."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.edge.rate_rule import RateRule, new_rate_rule
from models.plan.edge import EdgeParams
from models.vocabulary.operations import ENDPOINTS
from sim.memory import CACHE_LINE, zeros

LOOKS_AT, REFUSED, TURNED_AWAY, UNHEARD, TOTALS = range(5)
"""Entries of `EdgeState.total`: when the rate rule looks next, ns; requests that were refused, of which clients were
told, or had given up before."""
SHOWN, SOLVED, ABANDONED, GAVE_UP, PAUSED, ASKED = range(6)
"""Rows of `EdgeState.asked`: CAPTCHAs shown, solved and abandoned; sessions that gave up for having been refused
otherwise; how long in all those paused who tried again, ns."""
VISITOR = np.dtype(
    [
        ("captcha_until", "i8"),  # until when it has solved one, ns; -1: it never has
        ("challenge_until", "i8"),
        ("address", "i4"),  # its first
        ("moved", "i4"),  # how often it took another
        ("refused", "i4"),
        ("kind", "i2"),
        ("recognised", "i1"),  # as a bot
        ("abroad", "i1"),
    ]
)
"""A session as the edge knows it, two of them in a cache line: what changes, and what is fixed (see `plan.edge`)."""
assert 2 * VISITOR.itemsize == CACHE_LINE


class EdgeState(NamedTuple):
    """`rate` is the rate rule, `total` int64[4] counts, `visitor` VISITOR[S] are the sessions. `acted` int64[N, K] is
    how many requests of each kind a rule ended or counted, `asked` int64[5, K] what whoever was refused did.
    `by_second` int64[R, E] are the requests refused, by second and endpoint."""

    rate: RateRule
    total: NDArray[np.int64]
    visitor: NDArray[np.void]
    acted: NDArray[np.int64]
    asked: NDArray[np.int64]
    by_second: NDArray[np.int64]


def new(p: EdgeParams, rows: int) -> EdgeState:
    """Return the edge before the first request of a run whose record has so many *rows*."""
    total, visitor = np.zeros(TOTALS, np.int64), zeros(p.kind.size, VISITOR)
    total[LOOKS_AT] = p.every
    for name in ("kind", "address", "recognised", "abroad"):
        visitor[name] = getattr(p, name)
    visitor["captcha_until"] = visitor["challenge_until"] = -1
    return EdgeState(
        rate=new_rate_rule(p.limit, p.delay, p.lift_delay, p.most, p.keys, p.spans),
        total=total,
        visitor=visitor,
        acted=np.zeros((p.rules.shape[0], p.again.size), np.int64),
        asked=np.zeros((ASKED, p.again.size), np.int64),
        by_second=np.zeros((rows if p.on else 0, len(ENDPOINTS)), np.int64),
    )
