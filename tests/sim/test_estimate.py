"""Intervals against Student's published table and against the coverage they promise."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, false_discovery_control, quantile_test, ttest_1samp

from sim.estimate import Estimate, adjusted, p_value, paired, rarer_than

# two-sided 95 % points of Student's t by degrees of freedom, as in any printed table
T_95 = {1: 12.706, 2: 4.303, 4: 2.776, 9: 2.262, 30: 2.042, 120: 1.980}
SAMPLES = st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=20)


@pytest.mark.parametrize(("freedom", "t"), T_95.items())
def test_half_width_is_students_t_times_the_standard_error(freedom: int, t: float) -> None:
    samples = np.random.default_rng(freedom).normal(50, 10, freedom + 1)
    standard_error = samples.std(ddof=1) / math.sqrt(freedom + 1)
    half_width = Estimate.of(samples.tolist()).half_width
    assert half_width is not None
    assert half_width / standard_error == pytest.approx(t, abs=6e-4)


def test_the_interval_holds_the_true_mean_as_often_as_promised() -> None:
    sets = np.random.default_rng(11).normal(7, 3, (4000, 5))
    for confidence in (0.8, 0.95):
        misses = sum(Estimate.of(samples.tolist(), confidence).excludes(7) for samples in sets)
        # four standard deviations of a binomial count
        slack = 4 * math.sqrt(4000 * confidence * (1 - confidence))
        assert abs(misses - 4000 * (1 - confidence)) < slack


@given(st.lists(st.floats(-1e9, 1e9), min_size=6, max_size=60), st.sampled_from([0.8, 0.95]))
def test_the_interval_of_the_median_is_that_of_the_quantile_test(samples: list[float], confidence: float) -> None:
    found = Estimate.of_median(samples, confidence)
    expected = quantile_test(samples, q=0.0, p=0.5).confidence_interval(confidence)
    assert (found.low, found.high, found.n) == (expected.low, expected.high, len(samples))
    assert found.best == pytest.approx(np.median(samples))


def test_the_interval_of_the_median_holds_it_whatever_the_distribution() -> None:
    sets = np.random.default_rng(13).exponential(1, (4000, 15))
    misses = sum(Estimate.of_median(samples.tolist()).excludes(math.log(2)) for samples in sets)
    assert misses < 4000 * 0.05


def test_few_samples_give_all_they_can_tell_of_a_median() -> None:
    assert Estimate.of_median([3.0]) == Estimate(None, 3.0, None, 1)
    assert Estimate.of_median([5.0, 1.0, 2.0, 9.0]) == Estimate(1.0, 3.5, 9.0, 4)


def test_disturbed_samples_move_a_mean_and_not_a_median() -> None:
    quiet = [10.0, 10.1, 9.9, 10.0, 10.2, 9.8, 10.0]
    disturbed = [*quiet, 400.0, 90.0]
    assert Estimate.of(disturbed).best > 50
    assert Estimate.of_median(disturbed).best == 10.0


def test_the_interval_of_one_more_holds_it_as_often_as_promised() -> None:
    generator = np.random.default_rng(12)
    for n, confidence in ((2, 0.95), (5, 0.8), (5, 0.95), (30, 0.95)):
        sets, further = generator.normal(7, 3, (4000, n)), generator.normal(7, 3, 4000)
        intervals = [Estimate.of_one_more(samples.tolist(), confidence) for samples in sets]
        misses = sum(interval.excludes(value) for interval, value in zip(intervals, further.tolist(), strict=True))
        slack = 4 * math.sqrt(4000 * confidence * (1 - confidence))
        assert abs(misses - 4000 * (1 - confidence)) < slack


def test_the_interval_of_one_more_is_the_one_in_a_textbook() -> None:
    """Montgomery and Runger, Applied Statistics and Probability for Engineers, example 8-8: 22 specimens."""
    unit = np.linspace(-1, 1, 22)
    found = Estimate.of_one_more((13.71 + 3.55 * unit / unit.std(ddof=1)).tolist())
    assert (found.low, found.high) == (pytest.approx(6.16, abs=0.01), pytest.approx(21.26, abs=0.01))


@given(SAMPLES)
def test_one_more_is_less_certain_than_the_mean_by_the_root_of_n_plus_1(samples: list[float]) -> None:
    mean, one_more = Estimate.of(samples), Estimate.of_one_more(samples)
    assert (one_more.best, one_more.n) == (mean.best, mean.n)
    assert one_more.half_width == pytest.approx(mean.half_width * math.sqrt(len(samples) + 1), rel=1e-6, abs=1e-6)


@given(SAMPLES, st.randoms(use_true_random=False))
def test_order_does_not_matter_to_the_last_bit(samples: list[float], random: np.random.Generator) -> None:
    shuffled = list(samples)
    random.shuffle(shuffled)
    assert Estimate.of(shuffled) == Estimate.of(samples)


@given(SAMPLES, st.floats(0.5, 0.98))
def test_more_confidence_is_never_narrower(samples: list[float], confidence: float) -> None:
    wide, narrow = (
        Estimate.of(samples, confidence + 0.01).half_width,
        Estimate.of(samples, confidence).half_width,
    )
    assert wide is not None
    assert narrow is not None
    assert wide >= narrow


def test_one_sample_has_no_interval_and_excludes_nothing() -> None:
    assert Estimate.of_one_more([3.5]) == Estimate.of([3.5])
    single = Estimate.of([3.5])
    assert single == Estimate(None, 3.5, None, 1)
    assert single.half_width is None
    assert not single.excludes(0)
    assert single.text("s") == "3.5 s (no interval)"


def test_equal_samples_have_an_interval_of_no_length() -> None:
    same = Estimate.of([2.0] * 4)
    assert same == Estimate(2, 2, 2, 4)
    assert same.excludes(0)


def test_pairs_cancel_what_both_share() -> None:
    shared = np.random.default_rng(5).normal(0, 100, 30)
    a, b = shared.tolist(), (shared + np.tile([1.0, 3.0], 15)).tolist()
    difference = paired(a, b)
    # differences are 1 and 3 in turn: mean 2, standard deviation 1 x sqrt(30 / 29), t for 29 is 2.045
    assert difference.best == pytest.approx(2)
    assert difference.half_width == pytest.approx(2.045 * math.sqrt(30 / 29) / math.sqrt(30), rel=1e-3)
    assert difference.excludes(0)
    # side by side the same numbers show nothing
    assert Estimate.of(a).half_width > 20 * difference.half_width  # type: ignore[operator]


def test_text_is_for_people() -> None:
    assert Estimate(30.123, 31.234, 32.345, 5).text("s") == "31.23 s (30.12 to 32.34, n = 5)"
    assert Estimate(999.4, 61234.5, 1234567.8, 2).text() == "61,234 (999.4 to 1,234,568, n = 2)"


@pytest.mark.parametrize(
    ("low", "best", "high", "n"),
    [
        (1, 2, 3, 0),
        (1, 2, 3, 1),
        (None, 2, None, 2),
        (None, 2, 3, 2),
        (1, 2, None, 2),
        (3, 2, 4, 2),
        (1, 5, 4, 2),
        (1, math.nan, 3, 2),
        (-math.inf, 2, 3, 2),
        (1, 2, math.inf, 2),
        (None, math.inf, None, 1),
    ],
)
def test_an_estimate_that_contradicts_itself_is_refused(
    low: float | None, best: float, high: float | None, n: int
) -> None:
    with pytest.raises(ValueError, match="must"):
        Estimate(low, best, high, n)


def test_samples_that_allow_no_estimate_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one sample"):
        Estimate.of([])
    with pytest.raises(ValueError, match="finite, not nan"):
        Estimate.of([1.0, math.nan])
    with pytest.raises(ValueError, match="confidence"):
        Estimate.of([1.0, 2.0], 1.0)
    with pytest.raises(ValueError, match="not 2 and 1"):
        paired([1.0, 2.0], [1.0])


@pytest.mark.parametrize(("n", "share"), [(1, 0.95), (5, 0.4507), (10, 0.2589), (59, 0.0495)])
def test_what_was_never_seen_is_rarer_than_clopper_and_pearson_say(n: int, share: float) -> None:
    assert rarer_than(n) == pytest.approx(share, abs=1e-4)
    assert rarer_than(n) == pytest.approx(binomtest(0, n).proportion_ci(0.90, method="exact").high)


def test_samples_that_are_all_the_same_say_how_little_that_is() -> None:
    assert Estimate.of([0.0] * 10).unvaried
    assert Estimate.of([0.0] * 10).text("%") == "0 % (the same in all 10 runs, which leaves up to 26 % of others)"
    assert not Estimate.of([0.0, 1.0]).unvaried
    assert not Estimate.of([0.0]).unvaried


@given(SAMPLES)
def test_p_is_that_of_the_paired_t_test_and_at_the_edge_of_the_interval(samples: list[float]) -> None:
    p = p_value(samples)
    assert p is not None
    if len(set(samples)) > 1 and np.std(samples) > 1e-9 * (1 + np.abs(samples).max()):
        assert p == pytest.approx(ttest_1samp(samples, 0).pvalue, abs=1e-9)
        if abs(p - 0.05) > 1e-6:
            assert Estimate.of(samples).excludes(0) == (p < 0.05)


def test_p_without_variance_or_pairs() -> None:
    assert p_value([0.0, 0.0, 0.0]) == 1.0
    assert p_value([2.0, 2.0, 2.0]) == 0.0
    assert p_value([2.0]) is None


@given(st.lists(st.floats(0, 1), max_size=60))
def test_adjusted_p_values_are_scipys(p_values: list[float]) -> None:
    expected = false_discovery_control(p_values) if p_values else []
    assert adjusted(p_values) == pytest.approx(list(expected))


def test_what_is_no_probability_is_not_adjusted() -> None:
    with pytest.raises(ValueError, match=r"not 1\.5"):
        adjusted([0.2, 1.5])
    with pytest.raises(ValueError, match="at least 1"):
        rarer_than(0)
