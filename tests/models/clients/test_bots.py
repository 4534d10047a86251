"""What bots get of the seats: their share if they are as slow as people, and more the faster they react, or choose."""

import pytest

from models.experiments.simulate import simulate
from models.judge.people import bots
from models.scenario import load_scenario

AS_PEOPLE = ("clients.bots.reaction_median_s=1", "clients.bots.reaction_sigma=0.6")
CHOOSE_AS_PEOPLE = "clients.bots.choose.median_s=15"


def share(*changes: str) -> float:
    result = simulate(load_scenario("onsale-small", changes))
    found = result.best("bots.seat_share_percent")
    assert found is not None
    return found


def test_bots_as_slow_as_people_get_their_share() -> None:
    assert share(*AS_PEOPLE, CHOOSE_AS_PEOPLE) == pytest.approx(20, abs=7)  # 300 seats: 2.3 points is one deviation


def test_bots_win_by_choosing_fast_and_more_by_reacting_fast() -> None:
    chooses, reacts = share(*AS_PEOPLE), share(CHOOSE_AS_PEOPLE)
    assert 27 < chooses < reacts


def test_the_finding_says_what_it_hangs_on() -> None:
    scenario = load_scenario("onsale-small")
    finding = bots(simulate(scenario), scenario)
    assert finding is not None
    assert (
        "react to the opening (0.05 s against 1 s of people) and choose (1 s against 15 s), all assumed" in finding.text
    )
