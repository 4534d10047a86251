"""Bisection against functions whose crossing is known, and the interval of the flip against its promise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.bisection import Bracket, Crossing, Steps, bisected


def driven(steps: Steps, root: float, rising: bool = True) -> tuple[Bracket, int]:
    """The bracket of a function that keeps its limit up to (or down to) *root*, and how often it was asked."""
    asked = 0
    try:
        value = next(steps)
        while True:
            asked += 1
            value = steps.send(value <= root if rising else value >= root)
    except StopIteration as stopped:
        return stopped.value, asked


@given(st.floats(1.01, 99.99), st.one_of(st.none(), st.floats(-50, 150)), st.floats(0.01, 10), st.booleans())
def test_the_root_is_bracketed_as_closely_as_asked(
    root: float, near: float | None, resolution: float, rising: bool
) -> None:
    ends = (1.0, 100.0) if rising else (100.0, 1.0)
    found, asked = driven(bisected(*ends, resolution, near), root, rising)
    assert found.kept is not None
    assert found.lost is not None
    low, high = sorted((found.kept, found.lost))
    assert low <= root <= high
    assert high - low <= resolution * 1.0001
    # two ends (or steps that double outwards) and one halving each
    assert asked <= 2 + 2 * np.log2(100 / resolution) + 4


@pytest.mark.parametrize("near", [None, 3.0, 50.0])
@pytest.mark.parametrize(("root", "kept", "lost"), [(0.0, None, 1.0), (200.0, 100.0, None)])
def test_what_does_not_flip_is_told(near: float | None, root: float, kept: float | None, lost: float | None) -> None:
    found, _ = driven(bisected(1.0, 100.0, 1.0, near), root)
    assert found == Bracket(kept, lost)
    assert found.place is None


@given(st.integers(1, 98), st.one_of(st.none(), st.floats(1, 99)))
def test_whole_settings_are_tried_at_whole_values(root: int, near: float | None) -> None:
    found, _ = driven(bisected(1, 99, 1, near, whole=True), root + 0.5)
    assert found == Bracket(root, root + 1)


def test_near_others_it_takes_few_runs() -> None:
    _, alone = driven(bisected(0, 128, 1), 77.3)
    _, guided = driven(bisected(0, 128, 1, near=77.0), 77.3)
    assert alone == 9
    assert guided == 2


@pytest.mark.parametrize(("ends", "resolution", "whole"), [((1, 1), 1, False), ((1, 2), 0, False), ((1, 9), 0.5, True)])
def test_what_cannot_be_bisected_is_refused(ends: tuple[int, int], resolution: float, whole: bool) -> None:
    with pytest.raises(ValueError, match="nothing to bisect"):
        next(bisected(*ends, resolution, whole=whole))


def test_the_interval_holds_the_flip_of_one_more_as_often_as_promised() -> None:
    """Noisy monotone functions f(x) = x + noise of the replication, limit 50: each flips at 50 - noise."""
    rng, held, trials = np.random.default_rng(5), 0, 1500
    for _ in range(trials):
        *roots, further = rng.normal(50, 4, 7)
        first, _ = driven(bisected(0, 100, 0.5), roots[0])
        near = first.place
        crossing = Crossing((first, *(driven(bisected(0, 100, 0.5, near), root)[0] for root in roots[1:])))
        found = crossing.estimate
        assert found is not None
        held += not found.excludes(further)
    assert held / trials == pytest.approx(0.95, abs=0.025)


def test_between_the_bounds_it_is_open_and_beyond_them_it_is_not() -> None:
    crossing = Crossing(tuple(Bracket(place - 0.5, place + 0.5) for place in (9.0, 10.0, 11.0, 10.0)))
    assert crossing.keeps_at(10.2, 0, 20) is None
    assert crossing.keeps_at(3, 0, 20) is True
    assert crossing.keeps_at(18, 0, 20) is False
    assert crossing.keeps_at(18, 20, 0) is True
    partly = Crossing((Bracket(9, 10), Bracket(20, None)))
    assert not partly.every
    assert partly.estimate is None
    assert partly.keeps_at(3, 0, 20) is None
    with pytest.raises(ValueError, match="at least one"):
        Crossing(())
