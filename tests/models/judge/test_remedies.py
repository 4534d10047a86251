import shlex

import pytest

from models.judge.limits import limits_of
from models.judge.remedies import SAFE_SHARE, Action, actions_for
from models.results.result import Kpi
from models.scenario import Scenario, load_scenario
from tests.dashboards.synthetic import CEILING_RPS, onsale_result


def actions(scenario: Scenario, **changes: object) -> tuple[Action, ...]:
    result = onsale_result(scenario, **changes)
    return actions_for(result, scenario, limits_of(result, scenario))


def settings_of(action: Action) -> list[str]:
    words = shlex.split(action.command)
    assert words[:2] == ["breakwater", "run"]
    return [words[k + 1] for k, word in enumerate(words) if word == "--set"]


CASES: dict[str, tuple[list[str], dict[str, object]]] = {
    "hot shard": ([], {}),
    "keys": (["waiting_room.core=keys"], {}),
    "long line, slow ceiling": ([], {"facts": {"ceiling_rps": 14_000.0}}),
    "long wait": ([], {"kpis": {"wait.mean_s": Kpi(None, 700.0, None, "s")}}),
    "pool": ([], {"series": {"shard_3_busy": 0.5, "failed_pool_timeout": 3.0}}),
    "refused": ([], {"series": {"shard_3_busy": 0.5, "pool_waiting": 0.0, "failed_refused": 1.0}}),
    "connections": ([], {"series": {"shard_3_busy": 0.5, "pool_waiting": 0.0, "shard_3_queue": 65_000.0}}),
    "network": ([], {"series": {"shard_3_busy": 0.5, "pool_waiting": 0.0, "shard_3_requests": 300_000.0}}),
    "memory": (
        ["redis.bytes_per_place=100000"],
        {"series": {"shard_3_busy": 0.5, "pool_waiting": 0.0, "waiting": 120_000.0}},
    ),
    "backend": ([], {"series": {"shard_3_busy": 0.5, "pool_waiting": 0.0, "answered_reserve": 3_000.0}}),
}


@pytest.mark.parametrize("case", CASES)
def test_every_action_is_a_scenario_that_can_be_run(case: str) -> None:
    overrides, changes = CASES[case]
    scenario = load_scenario("onsale-300k", overrides)
    found = actions(scenario, **changes)
    assert found
    for action in found:
        load_scenario("onsale-300k", [*overrides, *settings_of(action)])


def test_the_poll_interval_proposed_keeps_the_shard_under_its_safe_share() -> None:
    scenario = load_scenario("onsale-300k")
    action = next(action for action in actions(scenario) if "poll_interval_s" in action.command)
    proposed = load_scenario("onsale-300k", settings_of(action)).clients
    people = 300_000 * (1 - proposed.bots.share) / proposed.poll_interval_s
    bots = 300_000 * proposed.bots.share / proposed.bots.poll_interval_s
    assert people + bots <= SAFE_SHARE * CEILING_RPS
    # and it is the smallest whole second that does
    assert people * proposed.poll_interval_s / (proposed.poll_interval_s - 1) + bots > SAFE_SHARE * CEILING_RPS


def test_no_poll_interval_helps_against_bots_alone() -> None:
    scenario = load_scenario("onsale-300k")
    assert not any("poll_interval" in item.command for item in actions(scenario, facts={"ceiling_rps": 13_000.0}))


def test_one_shard_cannot_be_spread() -> None:
    scenario = load_scenario("onsale-300k", ["redis.shards=1"])
    assert not any("waiting_room.events" in item.command for item in actions(scenario))


def test_those_already_told_need_no_telling() -> None:
    told = load_scenario("onsale-300k", ["event.on_sold_out=announce"])
    assert not any("announce" in item.command for item in actions(told))


def test_all_pools_together_then_fit_one_node() -> None:
    scenario = load_scenario("onsale-300k", ["gateway.pods=100"])
    full = {"shard_3_busy": 0.5, "pool_waiting": 0.0, "shard_3_connections": 66_000.0}
    first = actions(scenario, series=full)[0]
    proposed = load_scenario("onsale-300k", ["gateway.pods=100", *settings_of(first)]).gateway
    assert proposed.pods * proposed.redis_pool_size <= 65_000 < proposed.pods * (proposed.redis_pool_size + 1)


def test_the_largest_node_has_no_larger_one() -> None:
    scenario = load_scenario("onsale-300k", ["redis.node_type=cache.m7g.8xlarge"])
    full = {"shard_3_busy": 0.5, "pool_waiting": 0.0, "shard_3_requests": 3e6}
    assert not any("node_type" in item.command for item in actions(scenario, series=full))
