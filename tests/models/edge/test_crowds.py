"""Crowds behind one address against the closed form of a line that they leave evenly."""

import math

import numpy as np
import pytest

from models.edge.crowds import Refused, Rule, refused, share_of

RULE = Rule(limit=100, window_s=300, look_every_s=10, delay_s=20, lift_delay_s=20, most=10_000)


def still_in_line(size: int, poll_s: float, line_s: float) -> float:
    """The share of a large crowd that is still in line when the block holds, if its requests come as on average.

    Each polls until a turn that is even over the line, so up to t it has made size (1 + (t - t^2 / 2 line) / poll)
    requests, if everybody joins at once; everybody joins within a poll interval, half of it later on average. What is
    over the limit is seen at the next look, half an interval of looks later on average, and holds after the delay.
    """
    polls = poll_s * (RULE.limit / size - 1)
    over = line_s * (1 - math.sqrt(1 - 2 * polls / line_s)) if polls > 0 else 0.0
    holds = over + poll_s / 2 + RULE.look_every_s / 2 + RULE.delay_s
    # who has its turn within the poll interval before never notices: the poll is not sent any more
    return 1 - (holds - poll_s / 2 - poll_s / 2) / line_s


@pytest.mark.parametrize("line_s", [300.0, 600.0])
def test_large_crowds_are_refused_as_by_the_closed_form(line_s):
    found = refused(RULE, 5.0, line_s)
    for size, share in zip(found.size, found.people, strict=True):
        if 9 <= size <= 100:
            assert share == pytest.approx(still_in_line(int(size), 5.0, line_s), abs=0.04), size


def test_who_is_alone_is_never_refused_and_a_larger_crowd_is_more():
    found = refused(RULE, 5.0, 1200.0)
    assert found.people[0] == found.requests[0] == 0, "60 polls, a join and an enter in five minutes"
    assert found.people[1] > 0.5, "two make 124"
    assert np.all(np.diff(found.people) > -0.02)
    assert found.people[-1] > 0.95
    assert np.all(found.requests <= found.people)


def test_a_share_is_the_mean_over_people_each_in_its_crowd():
    found = Refused(np.array([1, 4, 16]), np.array([0.0, 0.5, 1.0]), np.zeros(3))
    assert share_of(found.people, found, np.array([1, 4, 4, 100])) == pytest.approx((0 + 0.5 + 0.5 + 1) / 4)
    assert share_of(found.people, found, np.array([2])) == pytest.approx(0.25), "half way by the logarithm"
