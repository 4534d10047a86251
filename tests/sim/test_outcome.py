"""Merging and pairing of replications."""

import math
import pickle

import numpy as np
import pytest

from sim.errors import BadInput
from sim.estimate import Estimate
from sim.histogram import LogHistogram
from sim.outcome import FALSE_SHARE, FEWEST_PAIRS, Comparison, Outcome, Replications


def outcome(value: int, **kpis: float) -> Outcome[LogHistogram]:
    return Outcome({"value": value, **kpis}, LogHistogram.of(np.array([value])))


def replications(key: str, values: dict[int, int]) -> Replications[LogHistogram]:
    return Replications(key, {seed: outcome(value) for seed, value in values.items()})


def test_sets_of_disjoint_seeds_add_to_what_all_seeds_at_once_give() -> None:
    first, second = replications("a", {5: 10, 1: 20}), replications("a", {3: 60})
    together = replications("a", {1: 20, 3: 60, 5: 10})
    assert first + second == second + first == together
    assert list(together.outcomes) == [1, 3, 5]
    assert together.payload == LogHistogram.of(np.array([10, 20, 60]))
    assert together.estimate("value") == Estimate.of([10, 20, 60])
    assert together.of_one_more("value") == Estimate.of_one_more([10, 20, 60])


def test_results_of_another_task_do_not_merge() -> None:
    with pytest.raises(BadInput, match="results of a and of b do not merge"):
        replications("a", {1: 1}) + replications("b", {2: 1})


def test_the_same_seed_does_not_count_twice() -> None:
    with pytest.raises(BadInput, match="share seeds 2, 3;"):
        replications("a", {1: 1, 2: 2, 3: 3}) + replications("a", {2: 2, 3: 3, 4: 4})
    many = replications("a", dict.fromkeys(range(9), 1))
    with pytest.raises(BadInput, match="share seeds 0, 1, 2, 3, 4 and 4 more;"):
        many + many


def test_a_kpi_seen_by_some_replications_says_how_many() -> None:
    some = Replications("a", {1: outcome(1, sold_out_s=30), 2: outcome(2), 3: outcome(3, sold_out_s=40)})
    assert some.kpi_names == ["sold_out_s", "value"]
    assert some.estimate("sold_out_s") == Estimate.of([30, 40])
    assert some.estimate("value").n == 3
    with pytest.raises(BadInput, match="'sold_out' was not observed; must be one of sold_out_s, value"):
        some.estimate("sold_out")


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_kpi_is_finite_or_absent(value: float) -> None:
    with pytest.raises(ValueError, match="leave out"):
        outcome(1, wait_s=value)


def test_no_replications_are_no_result() -> None:
    with pytest.raises(ValueError, match="at least one"):
        replications("a", {})


def test_results_travel_between_processes() -> None:
    result = replications("a", {1: 10, 2: 20})
    assert pickle.loads(pickle.dumps(result)) == result


def test_differences_are_b_minus_a_on_the_seeds_both_observed() -> None:
    a = Replications("a", {1: outcome(10, late=1), 2: outcome(30), 3: outcome(50, only_a=1)})
    b = Replications("b", {1: outcome(11, late=5), 2: outcome(33, late=7), 3: outcome(55)})
    assert Comparison(a, b).differences() == {
        "late": Estimate(None, 4, None, 1),
        "value": Estimate.of([1, 3, 5]),
    }


def test_a_pair_needs_both_sides() -> None:
    with pytest.raises(BadInput, match="seeds 1, 3 have no pair"):
        Comparison(replications("a", {1: 1, 2: 2}), replications("b", {2: 2, 3: 3}))


def figures(key: str, rows: np.ndarray) -> Replications[LogHistogram]:
    """Replications whose KPIs are the columns of *rows*, one seed a row."""
    empty = LogHistogram.of(np.array([1]))
    kpis = [{f"kpi{k}": value for k, value in enumerate(row.tolist())} for row in rows]
    return Replications(key, {seed: Outcome(found, empty) for seed, found in enumerate(kpis)})


@pytest.mark.parametrize("common", [0.0, 0.7])
@pytest.mark.parametrize("pairs", [5, 10])
def test_two_equal_designs_show_a_difference_in_at_most_one_of_twenty_comparisons(pairs: int, common: float) -> None:
    """47 figures, independent or with most of their variance in common, and independent seeds on both sides."""
    rng, trials, shown = np.random.default_rng(pairs), 800, 0

    def rows() -> np.ndarray:
        own, shared = rng.normal(size=(pairs, 47)), rng.normal(size=(pairs, 1))
        return 50 + np.sqrt(1 - common) * own + np.sqrt(common) * shared

    for _ in range(trials):
        shown += any(Comparison(figures("a", rows()), figures("b", rows())).detectable().values())
    # three standard deviations of a binomial count
    assert shown <= trials * FALSE_SHARE + 3 * math.sqrt(trials * FALSE_SHARE * (1 - FALSE_SHARE))


def test_real_differences_are_still_found_among_many_figures() -> None:
    rng = np.random.default_rng(3)
    a = rng.normal(50, 1, (10, 47))
    b = a + rng.normal(0, 0.1, (10, 47)) + np.where(np.arange(47) < 5, 1.0, 0.0)
    found = Comparison(figures("a", a), figures("b", b)).detectable()
    assert all(found[f"kpi{k}"] for k in range(5))
    assert sum(found.values()) <= 7


def test_few_pairs_tell_nothing_however_far_they_are_apart() -> None:
    for pairs in (2, FEWEST_PAIRS - 1):
        both = Comparison(figures("a", np.zeros((pairs, 2))), figures("b", np.full((pairs, 2), 9.0)))
        assert not any(both.detectable().values())
    both = Comparison(figures("a", np.zeros((FEWEST_PAIRS, 2))), figures("b", np.full((FEWEST_PAIRS, 2), 9.0)))
    assert all(both.detectable().values())
