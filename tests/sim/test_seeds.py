"""Seeds that follow from one: distinct, nested, and none in common with those of another."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.draws import mix64
from sim.seeds import GOLDEN, MASK, derived_seeds

SEEDS = st.integers(0, 2**63 - 1)


@given(SEEDS, st.integers(1, 200))
def test_they_begin_with_the_one_given_are_distinct_and_nested(seed: int, n: int) -> None:
    found = derived_seeds(seed, n)
    assert found[0] == seed
    assert len(set(found)) == n
    assert all(0 <= other < 2**31 for other in found[1:])
    assert derived_seeds(seed, n + 5)[:n] == found


@given(st.integers(0, 10_000))
def test_neighbouring_seeds_share_none(seed: int) -> None:
    assert not set(derived_seeds(seed, 10)) & set(derived_seeds(seed + 1, 10)[1:])


@given(SEEDS)
def test_they_are_those_of_the_generator_of_all_draws(seed: int) -> None:
    with np.errstate(over="ignore"):
        start = mix64(np.uint64(seed))
        expected = int(mix64(start + np.uint64(GOLDEN))) >> 33
    if expected != seed:
        assert derived_seeds(seed, 2)[1] == expected
    assert MASK == 2**64 - 1


@pytest.mark.parametrize(("seed", "n"), [(-1, 3), (1, -1)])
def test_what_is_no_seed_is_refused(seed: int, n: int) -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        derived_seeds(seed, n)
