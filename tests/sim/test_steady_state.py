"""Warm-up detection and batch means on processes whose truth is known."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import lfilter

from sim.steady_state import batch_means, mser5


def ar1(rng: np.random.Generator, n: int, phi: float, start: float | None = None) -> NDArray[np.float64]:
    """X_t = phi X_(t-1) + e_t, e standard normal, true mean 0; from its stationary law, or from *start*."""
    first = rng.normal(0, 1 / math.sqrt(1 - phi * phi)) if start is None else start
    noise = rng.normal(0, 1, n)
    return np.asarray(lfilter([1], [1, -phi], noise, zi=[phi * first])[0])


@pytest.mark.parametrize("transient", [5, 40, 200])
def test_mser5_cuts_exactly_at_a_step_between_two_constants(transient: int) -> None:
    assert mser5([10.0] * transient + [1e6] * (1000 - transient)) == transient


def test_mser5_takes_the_whole_mean_that_a_step_falls_into() -> None:
    assert mser5([10.0] * 42 + [3.0] * 958) == 45


def test_mser5_keeps_everything_of_a_constant() -> None:
    assert mser5([0.1] * 300) == 0


def test_mser5_minimises_the_squared_standard_error_as_defined() -> None:
    series = ar1(np.random.default_rng(3), 400, 0.7, start=30)
    z = series.reshape(80, 5).mean(axis=1)
    by_definition = [sum((z[d:] - z[d:].mean()) ** 2) / (80 - d) ** 2 for d in range(80 - 5 + 1)]
    assert mser5(series) == 5 * int(np.argmin(by_definition))


def test_mser5_removes_the_bias_of_a_start_far_from_the_mean() -> None:
    rng = np.random.default_rng(17)
    runs = [ar1(rng, 2000, 0.8, start=60) for _ in range(100)]
    settled = [(series, cut) for series in runs if (cut := mser5(series)) is not None]
    assert len(settled) >= 95
    # 60 x 0.8^t falls below one standard deviation of the process, 1.67, after 16 steps
    assert min(cut for _, cut in settled) >= 10
    assert np.median([cut for _, cut in settled]) <= 100
    # the start adds 60 x 0.8 / (1 - 0.8) / 2000 = 0.12 to the mean of a whole run; the standard deviation of
    # such a mean is 1 / (1 - 0.8) / sqrt(2000) = 0.11, of the mean of 100 of them 0.011
    assert np.mean([series.mean() for series in runs]) == pytest.approx(0.12, abs=0.045)
    assert np.mean([series[cut:].mean() for series, cut in settled]) == pytest.approx(0, abs=0.045)


def test_mser5_sees_that_a_trend_has_not_settled() -> None:
    # a step late in the series: most of it would have to go
    assert mser5([0.0] * 700 + [1.0] * 300) is None


def test_mser5_needs_enough_to_judge_by() -> None:
    with pytest.raises(ValueError, match="at least 50"):
        mser5([1.0] * 49)
    assert mser5([1.0] * 50) == 0


@pytest.mark.parametrize("phi", [0.0, 0.8])
def test_batch_means_cover_the_mean_of_a_correlated_series(phi: float) -> None:
    rng = np.random.default_rng(23)
    estimates = [batch_means(ar1(rng, 10_000, phi), 0) for _ in range(600)]
    misses = sum(estimate.excludes(0) for estimate in estimates)
    # 5 % of 600 are 30, four standard deviations are 21
    assert 9 <= misses <= 51
    # the variance of the mean of AR(1) tends to 1 / (1 - phi)^2 / n; 2.093 is Student's t for 19
    expected = 2.093 / (1 - phi) / math.sqrt(10_000)
    assert np.mean([e.half_width for e in estimates if e.half_width]) == pytest.approx(expected, rel=0.05)


def test_ignoring_the_correlation_would_be_wrong() -> None:
    # the reason for batches: with as many batches as pairs the interval is far too narrow
    rng = np.random.default_rng(29)
    misses = sum(batch_means(ar1(rng, 2000, 0.9), 0, batches=1000).excludes(0) for _ in range(200))
    assert misses > 60


def test_batch_means_are_means_of_equal_batches_after_the_warm_up() -> None:
    # 3 of warm-up, 1 that does not divide, then batches (1, 3), (5, 7): means 2 and 6, t for 1 is 12.706
    estimate = batch_means([100, 100, 100, 50, 1, 3, 5, 7], 3, batches=2)
    assert estimate.n == 2
    assert estimate.best == 4
    assert estimate.half_width == pytest.approx(12.706 * 2, rel=1e-4)


def test_series_that_allow_no_interval_are_refused() -> None:
    with pytest.raises(ValueError, match="too few for 20 batches"):
        batch_means([1.0] * 49, 10)
    with pytest.raises(ValueError, match="warm_up"):
        batch_means([1.0] * 50, 51)
    with pytest.raises(ValueError, match="warm_up"):
        batch_means([1.0] * 50, -1)
    with pytest.raises(ValueError, match="at least 2"):
        batch_means([1.0] * 50, 0, batches=1)
    with pytest.raises(ValueError, match="finite"):
        batch_means([1.0, math.nan] * 50, 0)
    with pytest.raises(ValueError, match="one-dimensional"):
        mser5([[1.0] * 50] * 2)
