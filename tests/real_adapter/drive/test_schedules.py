"""Schedules: a Poisson process is one, bursts come together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from real_adapter.drive.schedules import bursts_ns, poisson_ns


def test_gaps_are_exponential_and_counts_poisson() -> None:
    due_ns = poisson_ns(2_000, 10, seed=7)
    gaps_s = np.diff(due_ns) / 1e9
    assert stats.kstest(gaps_s, "expon", args=(0, 1 / 2_000)).pvalue > 1e-3
    counts = np.histogram(due_ns, bins=1000, range=(0, 10e9))[0]  # index of dispersion is chi-squared
    assert 1e-3 < stats.chi2.cdf(counts.var() / counts.mean() * 1000, 999) < 1 - 1e-3


@given(st.floats(0.1, 5_000), st.floats(0.01, 2), st.integers(0, 2**63))
def test_a_schedule_ascends_within_its_duration_and_comes_again(rate_rps: float, duration_s: float, seed: int) -> None:
    due_ns = poisson_ns(rate_rps, duration_s, seed)
    assert (np.diff(due_ns) >= 0).all()
    assert due_ns.size == 0 or 0 <= due_ns[0] <= due_ns[-1] <= duration_s * 1e9
    assert np.array_equal(due_ns, poisson_ns(rate_rps, duration_s, seed))
    slower = poisson_ns(rate_rps / 2, 2 * duration_s, seed)
    assert slower == pytest.approx(2 * due_ns, abs=2)


def test_bursts_come_together() -> None:
    assert bursts_ns(3, 0.01, 0.025).tolist() == [0] * 3 + [10_000_000] * 3 + [20_000_000] * 3
    assert bursts_ns(1, 0.5, 1.0).tolist() == [0, 500_000_000]


@pytest.mark.parametrize(
    "call", [lambda: poisson_ns(0, 1, 1), lambda: poisson_ns(1, -1, 1), lambda: bursts_ns(0, 1, 1)]
)
def test_a_schedule_of_nothing_is_refused(call) -> None:
    with pytest.raises(ValueError, match="must be"):
        call()
