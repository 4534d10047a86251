"""What stands beside the headline: what to trust, by what the costs rest on."""

import pytest

from models.judge.standing import trust
from models.judge.verdict import judge
from models.redis_costs.profile import KINDS
from models.scenario import load_scenario
from tests.dashboards.synthetic import onsale_result


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_profile_says_what_to_trust_in_one_sentence(kind: str) -> None:
    said = trust(kind, "AMD EPYC, Linux", 34_500.0)
    assert said.startswith("Trust ")
    assert said.count(".") == 1


def test_of_a_fit_the_capacity_is_named_as_what_not_to_trust() -> None:
    scenario = load_scenario("onsale-300k")
    (said,) = judge(onsale_result(scenario), scenario).standing
    assert "which design is better" in said
    assert "do not trust the 34,500 polls a second" in said


def test_what_was_measured_is_of_its_machine() -> None:
    scenario = load_scenario("onsale-300k")
    measured = {"profile_kind": "measured", "profile_machine": "AMD EPYC, Linux x86_64"}
    (said,) = judge(onsale_result(scenario, manifest=measured), scenario).standing
    assert "(AMD EPYC)" in said


def test_an_unknown_kind_is_an_error() -> None:
    with pytest.raises(ValueError, match="guessed"):
        trust("guessed", "x")
