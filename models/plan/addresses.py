"""Behind which address each person is: who shares one, by the mix of a scenario."""

import numpy as np
from numpy.typing import NDArray

from models.plan.arrivals import lognormal_quantile
from models.scenario.edge import Addresses
from models.vocabulary.streams import Stream
from sim.draws import uniforms

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


def addresses_of(mix: Addresses, starts: NDArray[np.uint64], people: int) -> Integers:
    """Return the address of each person, int64[people], numbered from 0.

    A person at an office or on a carrier's network is at any of its places with the odds of how many are there, so
    those who share an address with a given person are as many as fall on it: by Poisson's law, of the mean that the
    settings come to. Offices differ in size, and who is at one is more often at a large one.
    """
    kind = uniforms(starts[Stream.ADDRESS_KIND], people)
    which = uniforms(starts[Stream.ADDRESS], people)
    borders = np.cumsum([mix.household.share, mix.office.share, mix.carrier_nat.share])
    of_kind = np.searchsorted(borders, kind, side="right")
    home, office, mobile = (np.flatnonzero(of_kind == number) for number in range(borders.size))
    found = np.arange(people, dtype=np.int64)
    _pair(found, home, which[home] < mix.household.paired)
    sizes = _office_sizes(mix, starts, office.size)
    found[office] = people + np.searchsorted(np.cumsum(sizes) / sizes.sum(), which[office], side="right")
    each = mix.carrier_nat.subscribers * mix.taking_part
    found[mobile] = 2 * people + (which[mobile] * _places(mobile.size, each)).astype(np.int64)
    return np.unique(found, return_inverse=True)[1].astype(np.int64).reshape(people)


def _pair(found: Integers, home: Integers, paired: NDArray[np.bool_]) -> None:
    """Give every second of those at home the address of the one before, if that one is *paired*."""
    first, second = home[0::2][: home.size // 2], home[1::2]
    found[second] = np.where(paired[0::2][: second.size], first, second)


def _office_sizes(mix: Addresses, starts: NDArray[np.uint64], people: int) -> Floats:
    """Return how many people are at each of the offices that so many in the sale are spread over, float64[offices]."""
    office = mix.office
    mean = office.median * float(np.exp(office.sigma**2 / 2)) * mix.taking_part
    u = uniforms(starts[Stream.ADDRESS_SIZE], _places(people, mean))
    return np.asarray(lognormal_quantile(u, office.median, office.sigma))


def _places(people: int, each: float) -> int:
    """Return how many places there are if so many people are spread over places with *each* of them on average."""
    return max(1, round(people / each))
