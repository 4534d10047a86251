"""The rate rule against its documented behaviour, written down request by request, and against what people measured."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.edge.rate_rule import answers, new_rate_rule
from models.scenario.edge import RateLimit
from models.vocabulary.units import FOREVER, SECOND, ns

LOOK_S = RateLimit().look_every_s


def refused_by_hand(at, keys, limit, spans, every, delay, lift_delay, most):
    """Count the requests of every key before every look, and keep for each key from when to when it is limited."""
    limited, refused, due = {}, [], every
    for i, (time, key) in enumerate(zip(at, keys, strict=True)):
        while due <= time:
            before = [k for t, k in zip(at[:i], keys[:i], strict=True) if due - spans * every <= t < due]
            counts = {k: before.count(k) for k in before}
            over = sorted((k for k in counts if counts[k] > limit), key=lambda k: (-counts[k], k))[:most]
            for k in set(keys):
                begins, ends = limited.get(k, (0, 0))
                if k in over:
                    limited[k] = (due + delay if ends <= due or begins == ends else begins, FOREVER)
                elif ends == FOREVER:
                    limited[k] = (begins, max(begins, due + lift_delay))
            due += every
        begins, ends = limited.get(key, (0, 0))
        refused.append(begins <= time < ends)
    return refused


@settings(max_examples=200, deadline=None)
@given(
    stream=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 3)), max_size=60).map(sorted),
    limit=st.integers(0, 5),
    spans=st.integers(1, 5),
    every=st.integers(1, 8),
    delay=st.integers(0, 20),
    lift_delay=st.integers(0, 20),
    most=st.integers(0, 4),
)
def test_it_refuses_what_the_documented_rule_refuses(stream, limit, spans, every, delay, lift_delay, most):
    at, keys = [time for time, _ in stream], [key for _, key in stream]
    rule = new_rate_rule(limit, delay, lift_delay, most, 4, spans)
    found = answers(rule, np.array(at, np.int64), np.array(keys, np.int64), every)
    assert found.tolist() == refused_by_hand(at, keys, limit, spans, every, delay, lift_delay, most)


def let_through(requests, within_s, limit, window_s, delay_s, curve=1):
    """How many requests of one address get through, by when the rule's look falls; they come as time to that power."""
    at = within_s * (np.arange(1, requests + 1) / requests) ** (1 / curve)
    found = set()
    for phase_s in np.arange(0, LOOK_S, 0.25):
        rule = new_rate_rule(limit, ns(delay_s), ns(delay_s), 10_000, 1, round(window_s / LOOK_S))
        times = np.rint((at + phase_s) * SECOND).astype(np.int64)
        found.add(int((~answers(rule, times, np.zeros(requests, np.int64), ns(LOOK_S))).sum()))
    return found


def shipped(requests, **settings):
    return let_through(requests, delay_s=RateLimit().delay_s, **settings)


def test_the_shipped_delay_lets_through_what_was_measured_of_users_that_become_more():
    """re:Post QUNQvDBuveTF655KQOTpxjfw: a limit of 100 in 5 minutes, 5 more users every second; of 2,383 requests in a
    minute 965 were let through. So many that send alike make requests as the square of time."""
    found = shipped(2383, within_s=60, limit=100, window_s=300, curve=2)
    assert min(found) <= 965 <= max(found)


def delays_for(passed, requests, **settings):
    """The whole seconds of delay with which as many get through as were seen to."""
    return [
        delay_s
        for delay_s in range(91)
        if any(passed[0] <= count <= passed[1] for count in let_through(requests, delay_s=delay_s, **settings))
    ]


def test_no_one_delay_gives_all_that_was_measured():
    """159 of a limit of 10 in about a minute take 46 to 56 s, the users above 16 to 26 s: the delay differs from case
    to case, as AWS says (usually below 30 s, up to minutes)."""
    minute = delays_for((159, 159), 300, within_s=60 * 300 / 159, limit=10, window_s=300)
    users = delays_for((955, 975), 2383, within_s=60, limit=100, window_s=300, curve=2)
    assert (minute[0], minute[-1]) == pytest.approx((46, 56), abs=1)
    assert (users[0], users[-1]) == pytest.approx((16, 26), abs=1)
    assert RateLimit().delay_s in users


def test_150_at_once_were_not_at_one_moment():
    """re:Post QUWzB3Lz3cQWiSik3aNG5HNg: a limit of 10 in 1 minute; of 150 at once 110 to 120 were let through. At one
    moment all would be, with any delay. With the shipped one they took 27 to 45 s."""
    assert delays_for((110, 120), 150, within_s=0.001, limit=10, window_s=60) == []
    lasted = [s for s in range(5, 90) if any(110 <= n <= 120 for n in shipped(150, within_s=s, limit=10, window_s=60))]
    assert (lasted[0], lasted[-1]) == pytest.approx((27, 45), abs=3)
