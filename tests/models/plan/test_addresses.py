"""Who shares an address against the laws that the settings state."""

import numpy as np
import pytest

from models.plan.addresses import addresses_of
from models.scenario.edge import Addresses
from models.vocabulary.streams import Stream
from sim.draws import stream_starts

PEOPLE = 200_000


def behind(seed: int = 1, **mix: object) -> np.ndarray:
    """How many people each one's address has, that one counted."""
    address = addresses_of(Addresses.model_validate(mix), stream_starts(seed, len(Stream)), PEOPLE)
    counts = np.bincount(address)
    assert counts.min() > 0, "addresses are numbered without gaps"
    return counts[address]


ALONE = {"household": {"share": 0.0}, "office": {"share": 0.0}, "carrier_nat": {"share": 0.0}}


def test_whoever_is_of_no_kind_has_an_address_alone():
    assert behind(**ALONE).max() == 1


def test_at_home_as_many_share_an_address_as_are_paired():
    crowd = behind(**{**ALONE, "household": {"share": 0.8, "paired": 0.3}})
    assert crowd.max() == 2
    assert (crowd == 2).mean() == pytest.approx(0.8 * 0.3, abs=0.005)


def test_on_a_carriers_network_the_others_are_poisson():
    """1,000 subscribers of whom 0.2 % take part: two others on average, and none with e^-2."""
    crowd = behind(**{**ALONE, "carrier_nat": {"share": 1.0, "subscribers": 1000}, "taking_part": 0.002})
    assert (crowd - 1).mean() == pytest.approx(2, rel=0.02)
    assert (crowd == 1).mean() == pytest.approx(np.exp(-2), rel=0.03)
    assert (crowd == 3).mean() == pytest.approx(np.exp(-2) * 2**2 / 2, rel=0.03)


def test_at_offices_the_others_are_those_of_an_office_seen_by_who_is_there():
    """A large office is met in proportion to its people: on average median x exp(3/2 sigma^2), times who takes part."""
    crowd = behind(**{**ALONE, "office": {"share": 1.0, "median": 100.0, "sigma": 0.5}, "taking_part": 0.05})
    assert (crowd - 1).mean() == pytest.approx(100 * np.exp(1.5 * 0.25) * 0.05, rel=0.03)
