"""Which event a token belongs to, said once for everybody.

Tokens are numbered over all events. Their events come in a cycle, in which every event has its share of the people as
evenly as whole people allow; of equal events token k belongs to event k % events.
"""

import numpy as np
from numpy.typing import NDArray

from sim.jit import inlined


@inlined
def event_of(cycle: NDArray[np.int64], token: int) -> int:
    """Return the event that a token belongs to; *cycle* int64[L] is that of the plan (`plan.waiting_room`)."""
    return cycle[token % cycle.size]


def events_of(cycle: NDArray[np.int64], tokens: int) -> NDArray[np.int64]:
    """Return the events of the first *tokens*, int64[tokens]."""
    return np.resize(cycle, tokens)


def first_tokens(cycle: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the first token of every event, int64[E], whether anybody has it or not."""
    return np.unique(cycle, return_index=True)[1].astype(np.int64)


def event_cycle(weights: tuple[int, ...]) -> NDArray[np.int64]:
    """Return the events of the first sum(weights) tokens, each event as often as its weight says.

    Of the first n tokens every event has its share of n, rounded up or down: the quota method (Balinski and Young, "The
    quota method of apportionment", American Mathematical Monthly 82, 1975), which gives each next token to whoever is
    due first among those that have not had more than their share of it.
    """
    weight, total = np.array(weights, np.int64), sum(weights)
    given, cycle = np.zeros(weight.size, np.int64), np.empty(total, np.int64)
    for token in range(total):
        open_to = given * total < (token + 1) * weight
        cycle[token] = np.where(open_to, (given + 1) / weight, np.inf).argmin()
        given[cycle[token]] += 1
    return cycle
