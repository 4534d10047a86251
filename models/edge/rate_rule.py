"""A rate rule as AWS WAF evaluates it: who sent more than the limit within the look-back is limited, some time later.

Source: AWS WAF developer guide, rate-based rules: the evaluation window is a look-back; the rate is looked at about
every 10 s (`EvaluationWindowSec`); a limit holds, and is lifted, with a delay that is usually below 30 s and may be
minutes; of more addresses than a rule can limit, those with the highest rates are limited.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.vocabulary.units import FOREVER
from sim.jit import compiled, inlined
from sim.sliding_window import SlidingWindow, new_sliding_window, note, turn

BEGINS, ENDS = range(2)


class RateRule(NamedTuple):
    """A rule and what it knows of K keys, such as addresses.

    More than `limit` requests within the look-back of `requests` are too many. What a look sees holds `delay` ns later,
    and that it is over `lift_delay` ns after the look that sees that; at most `most` keys are limited, of equally
    busy ones the first. `limited` int64[K, 2] ns: from when (BEGINS) to when (ENDS) a key is limited, the last time
    that it is; FOREVER if that is not known.
    """

    limit: int
    delay: int
    lift_delay: int
    most: int
    requests: SlidingWindow
    limited: NDArray[np.int64]


def new_rate_rule(limit: int, delay: int, lift_delay: int, most: int, keys: int, spans: int) -> RateRule:
    """Return a rule with a look-back of so many *spans*, from one look to the next, which limits nobody yet."""
    return RateRule(
        limit=limit,
        delay=delay,
        lift_delay=lift_delay,
        most=most,
        requests=new_sliding_window(keys, spans),
        limited=np.zeros((keys, 2), np.int64),
    )


@inlined
def is_limited(rule: RateRule, key: int, now: int) -> bool:
    """Count a request, and tell whether its key is limited now: it counts in either case."""
    note(rule.requests, key)
    return rule.limited[key, BEGINS] <= now < rule.limited[key, ENDS]


@compiled
def look(rule: RateRule, now: int) -> None:
    """Compare every key's requests within the look-back with the limit, as the rule does from time to time."""
    total = rule.requests.total
    least, ties = _least_limited(rule)
    for key in range(total.size):
        over = total[key] > least
        if total[key] == least and ties > 0:
            over = True
            ties -= 1
        begins, ends = rule.limited[key, BEGINS], rule.limited[key, ENDS]
        if over:
            # over again before it is lifted it stays limited; what was lifted before it held has never been
            if ends <= now or begins == ends:
                rule.limited[key, BEGINS] = now + rule.delay
            rule.limited[key, ENDS] = FOREVER
        elif ends == FOREVER:
            rule.limited[key, ENDS] = max(begins, now + rule.lift_delay)
    turn(rule.requests)


@compiled
def _least_limited(rule: RateRule) -> tuple[int, int]:
    """Return how many requests a key must exceed to be limited, and how many of those that have as many are, too.

    That is the limit and none, unless more keys exceed it than can be limited: then the busiest are, by bisection.
    """
    total = rule.requests.total
    least = rule.limit
    if _above(total, least) <= rule.most:
        return least, 0
    enough = least
    for key in range(total.size):
        enough = max(enough, total[key])
    while enough - least > 1:
        middle = (least + enough) // 2
        if _above(total, middle) <= rule.most:
            enough = middle
        else:
            least = middle
    return enough, rule.most - _above(total, enough)


@compiled
def _above(total: NDArray[np.int32], least: int) -> int:
    """Return how many keys have more requests than that."""
    found = 0
    for key in range(total.size):
        if total[key] > least:
            found += 1
    return found


@compiled
def answers(rule: RateRule, at: NDArray[np.int64], key: NDArray[np.int64], every: int) -> NDArray[np.bool_]:
    """Return which of the requests that come at these times, int64[N] ns in order, by these keys are refused, bool[N].

    The rule looks every so many ns from time 0 on; a request of the same instant comes after the look.
    """
    refused = np.empty(at.size, np.bool_)
    due = every
    for i in range(at.size):
        while due <= at[i]:
            look(rule, due)
            due += every
        refused[i] = is_limited(rule, key[i], at[i])
    return refused
