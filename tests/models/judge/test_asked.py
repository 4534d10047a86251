"""What somebody asked for is kept: in the words of every face, and in each command that is proposed."""

import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.judge.asked import Asked, Change, asked_for, asked_in, noted
from models.judge.limits import limits_of
from models.judge.remedies import actions_for
from models.scenario import load_scenario
from tests.dashboards.synthetic import onsale_result

MINE = ["redis.shards=8", "redis.node_type=cache.r7g.large", "faults=[{kind: redis_failover, at_s: 20}]"]


def run_again(command: str) -> tuple[str, list[str]]:
    """The scenario and the settings that a shell would hand to `breakwater run`."""
    words = shlex.split(command)
    assert words[:2] == ["breakwater", "run"]
    return words[2], [words[k + 1] for k, word in enumerate(words) if word == "--set"]


def proposed(name: str, settings: list[str], **manifest: object) -> list[str]:
    scenario = load_scenario(name, settings)
    result = noted(onsale_result(scenario, manifest=manifest), asked_for(name, settings))
    return [action.command for action in actions_for(result, scenario, limits_of(result, scenario))]


def test_what_to_try_keeps_the_settings_of_the_reader() -> None:
    mine = load_scenario("onsale-300k", MINE)
    commands = proposed("onsale-300k", MINE)
    assert commands
    for command in commands:
        name, settings = run_again(command)
        tried = load_scenario(name, settings)
        assert (tried.redis.shards, tried.redis.node_type, tried.faults) == (8, "cache.r7g.large", mine.faults)
        assert tried != mine


def test_what_to_try_keeps_seed_and_replications() -> None:
    for command in proposed("onsale-300k", [], seed=7, replications=3):
        assert command.endswith("--seed 7 --replications 3")


def test_a_file_of_ones_own_keeps_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = Path("on sale") / "my 'sale'; rm.yaml"
    file.parent.mkdir()
    file.write_text("extends: onsale-300k\nclients: {poll_interval_s: 4}\n")
    for command in proposed(str(file), ["redis.shards=3"]):
        name, settings = run_again(command)
        assert name == str(file)
        tried = load_scenario(name, settings)
        assert tried.redis.shards == 3
        assert tried.clients.poll_interval_s >= 4


def test_what_is_proposed_takes_the_place_of_what_was_set() -> None:
    asked = asked_for("onsale-300k", ["gateway.pods=20", "gateway.pods=25", "redis.shards=3"])
    assert asked.settings == ("gateway.pods=25", "redis.shards=3")
    assert asked.with_changes({"gateway.pods": 60}).settings == ("redis.shards=3", "gateway.pods=60")


def test_changes_are_told_with_what_was_before() -> None:
    words = asked_for("onsale-small", ["clients.count=60000", "gateway.pods=3", "autoscaling={}"]).words
    assert words == (
        "clients.count = 60,000 (was 3,000), gateway.pods = 3 (was 2), autoscaling = its defaults (was not set)"
    )
    assert asked_for("onsale-small", ["clients.count=3000"]).words == ""


def test_a_manifest_gives_it_again() -> None:
    scenario = load_scenario("onsale-300k", MINE)
    asked = asked_for("onsale-300k", MINE)
    assert asked_in(noted(onsale_result(scenario), asked).manifest) == asked
    assert asked_in(onsale_result(scenario).manifest) == Asked("onsale-300k")


@given(st.dictionaries(st.sampled_from(["a.b", "c", "d.e.f"]), st.text() | st.integers() | st.lists(st.text())))
def test_a_file_name_is_one_and_tells_designs_apart(settings: dict[str, object]) -> None:
    asked = Asked("s", tuple(Change(path, value, None) for path, value in settings.items()))
    stem = asked.stem("s")
    assert len(stem) < 80
    assert not set(stem) & set("/\\\0\n ")
    assert (stem == "s") == (not settings)
