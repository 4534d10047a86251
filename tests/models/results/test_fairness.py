from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau

from models.results.fairness import kendall_tau, order_kept

ONE_EVENT = np.zeros(1000, np.int64)


def kept(came_at: list[int], call_number: list[int]) -> tuple[float | None, int | None]:
    return order_kept(np.array(came_at, np.int64), np.array(call_number, np.int32), ONE_EVENT[: len(came_at)])


@given(st.lists(st.integers(0, 40), min_size=2, max_size=60), st.randoms(use_true_random=False))
@settings(max_examples=150)
def test_kendalls_tau_is_scipys_ties_included(came_at: list[int], random: Random) -> None:
    ranks = list(range(1, len(came_at) + 1))
    random.shuffle(ranks)
    tau, _ = kept(came_at, ranks)
    expected = kendalltau(came_at, ranks).statistic
    if np.isnan(expected):
        assert tau is None
    else:
        assert tau == pytest.approx(expected, abs=1e-12)


@given(st.permutations(range(1, 40)))
@settings(max_examples=50)
def test_places_lost_are_called_rank_minus_arrival_rank(call_number: list[int]) -> None:
    _, lost = kept(list(range(len(call_number))), call_number)
    assert lost == max(number - 1 - place for place, number in enumerate(call_number))


def test_an_order_that_is_kept_and_one_that_is_reversed() -> None:
    assert kept([5, 7, 9], [1, 2, 3]) == (1.0, 0)
    assert kept([5, 7, 9], [3, 2, 1]) == (-1.0, 2)


def test_a_million_pairs_overflow_nothing() -> None:
    n = 100_000
    assert kendall_tau(np.arange(n), np.arange(n)[::-1]) == -1.0


def test_those_never_called_and_those_who_never_came_do_not_count() -> None:
    assert kept([5, 7, 9, -1], [1, 0, 2, 3]) == (1.0, 0)


def test_nobody_called_is_no_order() -> None:
    assert kept([5, 7], [0, 0]) == (None, None)
    assert kept([5], [1]) == (None, 0)


def test_events_are_separate_lines_and_count_by_their_people() -> None:
    # event 0: three people in order; event 1: two, reversed
    came_at, number = np.array([1, 2, 3, 4, 5]), np.array([1, 2, 2, 1, 3], np.int32)
    event = np.array([0, 1, 0, 1, 0])
    tau, lost = order_kept(came_at, number, event)
    assert tau == pytest.approx((3 * 1 + 2 * -1) / 5)
    assert lost == 1
