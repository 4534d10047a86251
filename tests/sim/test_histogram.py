"""The log-linear histogram against exact order statistics, and its own arithmetic."""

import json
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim import histogram
from sim.histogram import BUCKETS, LogHistogram

LARGEST = 2**47 - 1
# bits first, so that small values are as likely as large ones
VALUES = st.lists(st.integers(0, 47).flatmap(lambda bits: st.integers(0, 2**bits - 1)), min_size=1, max_size=50)


def of(values: list[int]) -> LogHistogram:
    return LogHistogram.of(np.array(values, np.int64))


def test_buckets_follow_one_another_without_gap_or_overlap() -> None:
    lows = [histogram.bucket_low(bucket) for bucket in range(BUCKETS)]
    highs = [histogram.bucket_high(bucket) for bucket in range(BUCKETS)]
    assert lows[0] == 0
    assert highs[-1] == LARGEST
    assert lows[1:] == [high + 1 for high in highs[:-1]]


def test_values_below_256_have_buckets_of_their_own() -> None:
    assert [histogram.bucket_of(value) for value in range(256)] == list(range(256))


def test_a_bucket_is_narrower_than_a_128th_of_what_it_holds() -> None:
    for bucket in range(256, BUCKETS):
        low, high = histogram.bucket_low(bucket), histogram.bucket_high(bucket)
        assert (high - low) * 128 < low


@given(st.integers(0, LARGEST))
def test_a_value_lies_in_its_bucket(value: int) -> None:
    bucket = histogram.bucket_of(value)
    assert 0 <= bucket < BUCKETS
    assert histogram.bucket_low(bucket) <= value <= histogram.bucket_high(bucket)


@given(st.integers(-(2**63), 2**63 - 1))
def test_no_value_at_all_leads_outside_the_array(value: int) -> None:
    assert 0 <= histogram.bucket_of(value) < BUCKETS


@given(VALUES, st.floats(0, 100))
@settings(max_examples=200)
def test_percentiles_are_the_exact_order_statistic_within_half_a_bucket(values: list[int], percent: float) -> None:
    exact = int(np.percentile(np.array(values), percent, method="inverted_cdf"))
    neighbours = [int(np.percentile(np.array(values), p, method="inverted_cdf")) for p in around(percent)]
    found = of(values).percentile(percent)
    assert any(abs(found - value) <= value / 256 for value in [exact, *neighbours])


def around(percent: float) -> list[float]:
    """A rank computed in floating point may fall either side of a whole number."""
    return [max(percent - 1e-6, 0), min(percent + 1e-6, 100)]


def test_round_percentiles_of_round_counts_have_the_rank_of_their_definition() -> None:
    # ceil(p / 100 x n), in exact arithmetic; 99.9 / 100 x 1000 is above 999 in floating point
    ones = of([0] * 999 + [200])
    assert ones.percentile(99.9) == 0
    assert ones.percentile(99.91) == 200
    hundred = of(list(range(1, 101)))
    assert [hundred.percentile(p) for p in (0, 1, 50, 95, 99, 100)] == [1, 1, 50, 95, 99, 100]


@given(VALUES)
def test_mean_and_count_are_exact(values: list[int]) -> None:
    recorded = of(values)
    assert recorded.count == len(values)
    assert recorded.total == sum(values)
    assert recorded.mean == sum(values) / len(values)


@given(VALUES, VALUES, VALUES)
def test_adding_is_recording_together_in_any_grouping(a: list[int], b: list[int], c: list[int]) -> None:
    assert of(a) + of(b) == of(a + b) == of(b) + of(a)
    assert (of(a) + of(b)) + of(c) == of(a) + (of(b) + of(c))


@given(VALUES)
def test_it_survives_json_and_pickle(values: list[int]) -> None:
    recorded = of(values)
    assert LogHistogram.from_json(json.loads(json.dumps(recorded.to_json()))) == recorded
    travelled = pickle.loads(pickle.dumps(recorded))
    assert travelled == recorded
    assert not travelled.counts.flags.writeable


def test_nothing_recorded_has_no_mean_and_no_percentile() -> None:
    nothing = of([])
    assert nothing.count == 0
    assert np.isnan(nothing.mean)
    assert np.isnan(nothing.percentile(50))
    assert LogHistogram.from_json(nothing.to_json()) == nothing


def test_counts_are_a_copy_nobody_can_change() -> None:
    counts = np.zeros(BUCKETS, np.int64)
    counts[3] = 1
    recorded = LogHistogram(counts, 3)
    counts[3] = 2
    assert recorded.counts[3] == 1
    with pytest.raises(ValueError, match="read-only"):
        recorded.counts[3] = 2


@pytest.mark.parametrize("wrong", [[-1], [LARGEST + 1]])
def test_values_outside_the_range_are_refused_not_bent(wrong: list[int]) -> None:
    with pytest.raises(ValueError, match="allow a total from"):
        of(wrong)


def test_counts_of_another_shape_or_sign_or_total_are_refused() -> None:
    counts = np.zeros(BUCKETS, np.int64)
    with pytest.raises(ValueError, match="integers"):
        LogHistogram(counts[:-1], 0)
    with pytest.raises(ValueError, match="integers"):
        LogHistogram(counts.astype(np.float64), 0)
    with pytest.raises(ValueError, match="allow a total from 0 to 0"):
        LogHistogram(counts, 1)
    counts[9] = -1
    with pytest.raises(ValueError, match="bucket 9 holds -1"):
        LogHistogram(counts, -9)
    with pytest.raises(ValueError, match="integers, not float64"):
        LogHistogram.of(np.array([1.5]))


@pytest.mark.parametrize("percent", [-0.1, 100.1, float("nan")])
def test_a_percentile_outside_0_to_100_is_refused(percent: float) -> None:
    with pytest.raises(ValueError, match="from 0 to 100"):
        of([1]).percentile(percent)


@pytest.mark.parametrize(
    "change",
    [
        {"precision_bits": 8},
        {"buckets": [5, 5]},
        {"buckets": [7, 5]},
        {"buckets": [-1, 5]},
        {"buckets": [5, BUCKETS]},
        {"buckets": [5]},
        {"buckets": [5.0, 7]},
        {"counts": [1, -1]},
        {"counts": [1, 2**63]},
        {"counts": "12"},
        {"total": 13},
        {"total": "12"},
        {"more": 1},
    ],
)
def test_a_stored_histogram_that_makes_no_sense_is_refused(change: dict[str, Any]) -> None:
    sound = of([5, 7]).to_json()
    with pytest.raises(ValueError, match=r"histogram|precision_bits|total"):
        LogHistogram.from_json({**sound, **change})
