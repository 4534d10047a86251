"""Addressed random numbers: the published generator, uniform, independent, with the distributions asked for."""

import numpy as np
import pytest
from scipy import stats

from sim import draws

# First outputs of SplitMix64 from the state 1234567, as every implementation gives them (Rosetta Code, "Pseudo-random
# numbers/Splitmix64").
KNOWN = [
    6457827717110365317,
    3203168211198807973,
    9817491932198370423,
    4593380528125082431,
    16408922859458223821,
]
COUNT = 200_000
DISTRIBUTIONS = {
    "lognormal, sigma 0.5": (stats.lognorm(0.5, scale=0.015), 1e9),
    "lognormal, sigma 0.8": (stats.lognorm(0.8, scale=0.002), 1e9),
    "exponential": (stats.expon(scale=1.0), 1e9),
    "uniform": (stats.uniform(4.5, 1.0), 1e9),
}


def starts(seed: int = 1) -> np.ndarray:
    return draws.stream_starts(seed, 8)


def test_it_is_splitmix64():
    assert [int(draws.bits(np.uint64(1234567), 0, n)) for n in range(5)] == KNOWN


def test_an_entity_enters_the_sequence_far_from_the_others():
    state = 1234567
    for entity, n in ((1, 0), (3, 7), (2**28 - 1, 2**30 - 1)):
        moved = (state + (entity << draws.NUMBER_BITS) * 0x9E3779B97F4A7C15) % 2**64
        assert draws.bits(np.uint64(state), entity, n) == draws.bits(np.uint64(moved), 0, n)


def test_uniforms_are_uniform():
    values = draws.uniforms(starts()[0], COUNT)
    assert values.min() >= 0
    assert values.max() < 1
    assert stats.chisquare(np.bincount((values * 1000).astype(int), minlength=1000)).pvalue > 0.001
    assert stats.kstest(values, "uniform").pvalue > 0.001


def test_neighbouring_addresses_are_independent():
    """Draws in a row, of entities in a row, of two streams, of two seeds: each pair fills the square evenly."""
    first, second = starts()[:2]
    here = draws.uniforms(first, COUNT)
    others = {
        "next entity": np.roll(here, 1),
        "next number": np.array([draws.uniform(first, entity, 1) for entity in range(COUNT)]),
        "next stream": draws.uniforms(second, COUNT),
        "next seed": draws.uniforms(starts(2)[0], COUNT),
    }
    for name, there in others.items():
        cells = (here * 32).astype(int) * 32 + (there * 32).astype(int)
        assert stats.chisquare(np.bincount(cells, minlength=1024)).pvalue > 0.001, name


def test_streams_do_not_depend_on_how_many_there_are():
    assert draws.stream_starts(5, 3).tolist() == draws.stream_starts(5, 20)[:3].tolist()
    assert len(set(draws.stream_starts(5, 20).tolist())) == 20


@pytest.mark.parametrize("limit", [1, 2, 30, 2**31])
def test_below_is_uniform_and_below(limit):
    values = np.array([draws.below(starts()[2], entity, 3, limit) for entity in range(20_000)])
    assert values.min() >= 0
    assert values.max() < limit
    if limit > 1:
        counts = np.bincount(values * min(limit, 64) // limit)
        assert stats.chisquare(counts).pvalue > 0.001


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_a_quantile_table_gives_its_distribution(name):
    distribution, scale = DISTRIBUTIONS[name]
    table = draws.quantile_table(distribution.ppf, scale)
    values = draws.table_draws(table, starts()[3], COUNT) / scale
    assert stats.kstest(values, distribution.cdf).pvalue > 0.001
    assert values.min() >= table[0] / scale
    assert values.max() <= distribution.ppf(1 - 2.0**-21) * (1 + 1e-9)
    # The mean of all possible draws, not of some: each cell is a trapezium.
    body, tail = table[: draws.CELLS + 1], table[draws.CELLS + 1 :]
    cells = (body[:-1] + body[1:]) / 2
    cells[-1] = ((tail[:-1] + tail[1:]) / 2).mean()
    assert cells.mean() / scale == pytest.approx(distribution.mean(), rel=0.001)


def test_the_tail_is_drawn_as_often_as_it_should():
    """One draw in 1,024 comes from the tail's own cells; there the exponential is an exponential again."""
    distribution = stats.expon(scale=1e9)
    table = draws.quantile_table(distribution.ppf, 1.0)
    values = draws.table_draws(table, starts()[4], 2_000_000)
    border = distribution.ppf(1 - 1 / 1024)
    beyond = values[values > border] - border
    assert stats.binomtest(beyond.size, values.size, 1 / 1024).pvalue > 0.001
    assert stats.kstest(beyond, distribution.cdf).pvalue > 0.001


def test_a_draw_is_the_quantile_of_the_uniform_at_its_address():
    """To the width of a cell, 2**-10 in the body and 2**-20 in the tail, in which it is spread evenly."""
    table = draws.quantile_table(lambda p: p, 2.0**40)
    start = starts()[6]
    drawn = draws.table_draws(table, start, 2_000_000)
    uniforms = draws.uniforms(start, drawn.size)
    in_tail = uniforms >= 1 - 2.0**-10
    for chosen, width_bits in ((~in_tail, 30), (in_tail, 20)):
        cells = np.floor(np.ldexp(uniforms[chosen], 40 - width_bits)).astype(np.int64)
        inside = drawn[chosen] - (cells << width_bits)
        assert inside.min() >= 0
        assert inside.max() < 1 << width_bits
        assert stats.chisquare(np.bincount(inside >> (width_bits - 4), minlength=16)).pvalue > 0.001
    assert in_tail.sum() > 1000


def test_a_constant_stays_one():
    table = draws.quantile_table(lambda p: np.full_like(p, 0.25), 1e9)
    assert set(draws.table_draws(table, starts()[5], 10_000).tolist()) == {250_000_000}


@pytest.mark.parametrize(
    ("quantile", "scale"),
    [
        (stats.norm().ppf, 1e9),
        (stats.uniform(-0.001, 1.0).ppf, 1e9),
        (stats.expon(scale=1e4).ppf, 1e9),
        (lambda p: np.full_like(p, np.nan), 1.0),
        (lambda p: np.full_like(p, np.inf), 1.0),
    ],
)
def test_what_a_table_cannot_hold_is_refused(quantile, scale):
    with pytest.raises(ValueError, match="quantiles must be from 0 to"):
        draws.quantile_table(quantile, scale)
