"""What a rate rule does to people who share an address: how many of a crowd of that size are refused, and how often.

Each of a crowd sends one request as the line opens and polls until a turn that comes at any time of the line alike, as
in a line whose order has nothing to do with addresses; all do so whether or not they are refused. The rule looks every
so often, at a phase that differs from address to address. Crowds of every size up to EACH are tried, and larger ones a
step apart; each with about PEOPLE people, with draws of their own.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.edge.rate_rule import answers, new_rate_rule
from models.vocabulary.units import SECOND, ns
from sim.draws import stream_starts, uniforms

EACH = 16
PEOPLE = 2000
LARGEST = 4096
STEP = 1.25
TURN, JOIN, LOOK, STREAMS = range(4)


class Rule(NamedTuple):
    """A rate rule by its settings: requests within seconds, looked at every so often, and held and lifted later."""

    limit: int
    window_s: float
    look_every_s: float
    delay_s: float
    lift_delay_s: float
    most: int


class Refused(NamedTuple):
    """By the size of a crowd, `size` int64[N] ascending: the share of its people who are refused at least once, and of
    its requests that are; float64[N]."""

    size: NDArray[np.int64]
    people: NDArray[np.float64]
    requests: NDArray[np.float64]


def sizes() -> NDArray[np.int64]:
    """Return the sizes of crowds that are tried, ascending."""
    found = [*range(1, EACH + 1)]
    while found[-1] < LARGEST:
        found.append(min(int(np.ceil(found[-1] * STEP)), LARGEST))
    return np.array(found, np.int64)


def refused(rule: Rule, poll_s: float, line_s: float) -> Refused:
    """Return whom a rule refuses, of crowds whose people poll every *poll_s* in a line that lasts *line_s*."""
    tried = sizes()
    shares = np.array([_of_crowds(rule, poll_s, line_s, int(size)) for size in tried])
    return Refused(tried, shares[:, 0], shares[:, 1])


def share_of(by_size: NDArray[np.float64], found: Refused, crowd: NDArray[np.int64]) -> float:
    """Return the mean of a share over people, of whom each is in a crowd of so many; between sizes it is interpolated
    by the logarithm, beyond the largest it is that of the largest."""
    return float(np.interp(np.log(crowd), np.log(found.size), by_size).mean())


def _of_crowds(rule: Rule, poll_s: float, line_s: float, size: int) -> tuple[float, float]:
    """Return the shares of people and of requests that are refused, over as many crowds of this size as are tried."""
    crowds = max(1, PEOPLE // size)
    people = crowds * size
    starts = stream_starts(size, STREAMS)
    polls = (uniforms(starts[TURN], people) * line_s / poll_s).astype(np.int64)
    requests = polls + 2  # a join and an enter
    person = np.repeat(np.arange(people), requests)
    number = np.arange(person.size) - np.repeat(np.cumsum(requests) - requests, requests)
    join_s = uniforms(starts[JOIN], people) * poll_s
    # all crowds are looked at together, so each one's time is shifted by what its own look would be later
    late_s = uniforms(starts[LOOK], crowds) * rule.look_every_s
    at_s = join_s[person] + number * poll_s + late_s[person // size]
    order = np.argsort(at_s, kind="stable")
    state = new_rate_rule(
        limit=rule.limit,
        delay=ns(rule.delay_s),
        lift_delay=ns(rule.lift_delay_s),
        most=rule.most,
        keys=crowds,
        spans=round(rule.window_s / rule.look_every_s),
    )
    at = np.rint(at_s[order] * SECOND).astype(np.int64)
    was = answers(state, at, person[order] // size, ns(rule.look_every_s))
    met = np.zeros(people, np.bool_)
    met[person[order][was]] = True
    return float(met.mean()), float(was.mean())
