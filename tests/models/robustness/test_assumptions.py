"""The list of what the talk leaves open: every value makes a scenario, and the first is the default design's own."""

from operator import attrgetter

import pytest

from models.documents.sourced import read_sourced
from models.robustness.assumptions import Assumption, assumptions
from models.scenario import load_scenario
from models.scenario.reading import load_varied
from sim.errors import BadInput

DEFAULT = load_varied("onsale-300k")


@pytest.mark.parametrize("assumption", assumptions(), ids=lambda found: found.setting)
def test_every_value_makes_a_scenario_and_the_first_is_the_default_design(assumption: Assumption) -> None:
    variants = [DEFAULT({assumption.setting: value}) for value in assumption.values]
    assert variants[0] == load_scenario("onsale-300k")
    assert all(variant != variants[0] for variant in variants[1:])
    assert len({repr(attrgetter(assumption.setting)(variant)) for variant in variants}) == len(variants)
    assert assumption.others == assumption.values[1:]


def test_what_the_talk_is_silent_on_is_in_the_list() -> None:
    settings = {assumption.setting for assumption in assumptions()}
    bucket = {"admission.burst", "admission.call_window", "admission.call_ttl_s", "clients.refused_wait_s"}
    silence = {"event.on_sold_out", "clients.timeout_s", "waiting_room.replica_reads", "clients.bots.share"}
    assert bucket | silence <= settings


def test_a_setting_that_stands_there_twice_is_refused(tmp_path) -> None:
    from models.robustness.assumptions import Assumptions

    entry = "  - {setting: event.seats, values: [1, 2], says: x, origin: assumption}\n"
    file = tmp_path / "list.yaml"
    file.write_text("assumptions:\n" + 2 * entry)
    with pytest.raises(BadInput, match=r"event\.seats stands there twice"):
        read_sourced(file, Assumptions)
