"""A stored table is shown for the scenario, profile and sources that it was made with, and for no others."""

from dataclasses import replace
from pathlib import Path

import pytest

from models.judge.verdict import judge
from models.redis_costs.profile import load_profile
from models.results.run_result import profile_hash
from models.robustness import verdicts
from models.robustness.stored import Stored, stored_for, write
from models.robustness.vary import SOURCE
from models.run.source_hash import simulation_hash
from models.scenario import Scenario, load_scenario, scenario_hash
from sim.errors import BadInput
from tests.dashboards.synthetic import onsale_result
from tests.models.robustness.made_up import SCENARIO, TABLE, origin


@pytest.fixture
def scenario() -> Scenario:
    return load_scenario(SCENARIO)


def kept(folder: Path, scenario: Scenario, **changes: str) -> None:
    hashes = {
        "scenario_hash": scenario_hash(scenario),
        "profile_hash": profile_hash(load_profile(scenario.redis.profile)),
        "sources": simulation_hash(SOURCE),
    }
    write(replace(TABLE, origin=origin(**hashes | changes)), folder)


def test_a_table_of_now_is_shown(tmp_path: Path, scenario: Scenario) -> None:
    assert stored_for(scenario, tmp_path / "new").table is None
    kept(tmp_path / "new", scenario)
    found = stored_for(scenario, tmp_path / "new")
    assert found.table is not None
    assert found.table.rows == TABLE.rows
    assert list(found.table.base) == list(TABLE.base), "the firmest conclusion comes first"
    assert found.stale == ""


@pytest.mark.parametrize(("changed", "why"), [("sources", "its sources"), ("profile_hash", "its profile")])
def test_one_of_other_sources_or_another_profile_never_is(
    tmp_path: Path, scenario: Scenario, changed: str, why: str
) -> None:
    kept(tmp_path, scenario, **{changed: "f" * 16})
    found = stored_for(scenario, tmp_path)
    assert found.table is None
    assert f"{why} have changed since it was made" in found.stale
    assert "make robust" in found.stale


def test_of_a_scenario_that_has_changed_nothing_is_shown_and_it_is_said(tmp_path: Path, scenario: Scenario) -> None:
    kept(tmp_path, scenario, scenario_hash="f" * 16)
    assert "another scenario" in stored_for(scenario, tmp_path).stale


def test_for_settings_of_ones_own_there_is_a_way_to_find_out(tmp_path: Path, scenario: Scenario) -> None:
    kept(tmp_path, scenario)
    mine = load_scenario(SCENARIO, ["clients.count=1000"])
    found = stored_for(mine, tmp_path)
    assert found.table is None
    assert "run --robust" in found.stale
    assert stored_for(load_scenario("onsale-small"), tmp_path) == Stored()


def test_what_is_no_table_is_one_line(tmp_path: Path, scenario: Scenario) -> None:
    (tmp_path / "broken.json").write_text("{}")
    with pytest.raises(BadInput, match="holds no robustness table"):
        stored_for(scenario, tmp_path)


def test_the_headline_names_the_assumption_only_where_the_table_is_of_now(
    tmp_path: Path, scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict = judge(onsale_result(scenario), scenario)
    monkeypatch.setattr(verdicts, "stored_for", lambda each: stored_for(each, tmp_path))
    kept(tmp_path, scenario)
    found = verdicts.with_stored(verdict, scenario)
    named = "waiting_room.events, waiting_room.replica_reads, clients.timeout_s"
    assert found.headline == f"{verdict.headline} It depends on {named}."
    assert found.standing[0].startswith("Whichever of 4 assumptions is varied")
    assert found.robustness is not None
    kept(tmp_path, scenario, sources="0" * 32)
    stale = verdicts.with_stored(verdict, scenario)
    assert stale.headline == verdict.headline
    assert stale.robustness is None
    assert "its sources have changed" in stale.standing[-1]
