"""What the compiled engine remembers of the edge: what its rate rule has counted, who has a token, whom it refused."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.edge.rate_rule import RateRule, new_rate_rule
from models.plan.edge import EdgeParams

LOOKS_AT, REFUSED, TURNED_AWAY, UNHEARD, SHOWN, SOLVED, ABANDONED, GAVE_UP, PAUSED, TOTALS = range(10)
"""Entries of `EdgeState.total`: when the rate rule looks next, ns; requests that were refused, of which clients were
told, or had given up before; CAPTCHAs shown, solved and abandoned; sessions that gave up for having been refused; how
long in all those paused who did not, ns."""


class EdgeState(NamedTuple):
    """`rate` is the rate rule, `total` int64[9] counts. Of S sessions: until when its token is valid, `immune_until`
    int64[S] ns; how often it took another address, `moved` int32[S], and was `refused` int32[S]. `acted` int64[N, K] is
    how many requests of each kind a rule let through or refused for good, or counted."""

    rate: RateRule
    total: NDArray[np.int64]
    immune_until: NDArray[np.int64]
    moved: NDArray[np.int32]
    refused: NDArray[np.int32]
    acted: NDArray[np.int64]


def new(p: EdgeParams) -> EdgeState:
    """Return the edge before the first request."""
    sessions, total = p.kind.size, np.zeros(TOTALS, np.int64)
    total[LOOKS_AT] = p.every
    return EdgeState(
        rate=new_rate_rule(p.limit, p.delay, p.lift_delay, p.most, p.keys, p.spans),
        total=total,
        immune_until=np.zeros(sessions, np.int64),
        moved=np.zeros(sessions, np.int32),
        refused=np.zeros(sessions, np.int32),
        acted=np.zeros((p.rules.shape[0], p.again.size), np.int64),
    )
