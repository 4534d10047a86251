"""What a profile says of a node type: its own, another by a published factor, or nothing."""

import math

import numpy as np
import pytest

from models.catalogues.redis_nodes import redis_nodes
from models.plan.node_costs import node_costs
from models.redis_costs.node_standing import node_standing
from models.redis_costs.profile import load_profile
from models.redis_costs.scale import spread
from models.scenario.redis import Redis

TALK = load_profile("talk-m7g")


def test_a_profile_stands_for_its_own_node_type_as_it_is():
    on = node_standing(TALK, "cache.m7g.xlarge")
    assert (on.same, on.known, on.best, on.text) == (True, True, 1.0, "")
    assert node_costs(Redis()) == TALK


def test_a_node_without_io_features_may_be_dearer_by_all_that_they_are_said_to_gain():
    """AWS: up to +83 % with enhanced I/O, and up to +72 % with multiplexing on top of that."""
    on = node_standing(TALK, "cache.m7g.large")
    assert (on.low, on.high) == pytest.approx((1.0, 1.83 * 1.72))
    assert on.best == pytest.approx(math.sqrt(on.high))
    assert "1.77 (1.00 to 3.15), which was not measured" in on.text


def test_eight_cores_may_halve_a_cost_and_a_generation_adds_28_percent():
    """AWS: up to +100 % of Redis 7.1 with 8 cores and more; up to +28 % of Graviton3 over Graviton2."""
    assert node_standing(TALK, "cache.m7g.2xlarge").low == pytest.approx(0.5)
    assert node_standing(TALK, "cache.m7g.2xlarge").high == 1.0
    assert node_standing(TALK, "cache.m6g.xlarge").high == pytest.approx(1.28)
    both = node_standing(TALK, "cache.m6g.2xlarge")
    assert (both.low, both.high) == pytest.approx((0.5, 1.28))


@pytest.mark.parametrize("a", ["cache.m7g.large", "cache.m7g.xlarge", "cache.m7g.4xlarge", "cache.m6g.xlarge"])
@pytest.mark.parametrize("b", ["cache.m7g.large", "cache.m7g.2xlarge", "cache.m6g.large"])
def test_the_way_back_is_the_inverse(a, b):
    there = node_standing(TALK.model_copy(update={"node_types": (a,)}), b)
    back = node_standing(TALK.model_copy(update={"node_types": (b,)}), a)
    assert (there.low * back.high, there.best * back.best, there.high * back.low) == pytest.approx((1, 1, 1))


@pytest.mark.parametrize("node_type", ["cache.m5.xlarge", "cache.m8g.xlarge", "cache.r7g.xlarge"])
def test_what_nobody_published_is_not_known_and_costs_stay_those_of_the_machine(node_type):
    on = node_standing(TALK, node_type)
    assert not on.known
    assert on.text.startswith(f"Nothing is known of Redis CPU on {node_type}: ")
    assert node_costs(Redis(node_type=node_type)) == TALK


@pytest.mark.parametrize("name", ["x86-valkey", "x86-measured"])
def test_a_profile_of_another_machine_says_nothing_of_any_node(name):
    for node_type in redis_nodes():
        assert not node_standing(load_profile(name), node_type).known


@pytest.mark.parametrize("name", ["talk-m7g", "m7g-xlarge-derived"])
def test_costs_are_scaled_by_the_factor_and_drawn_over_its_interval(name):
    own, on = load_profile(name), node_standing(load_profile(name), "cache.m7g.large")
    profile = node_costs(Redis(profile=name, node_type="cache.m7g.large"))
    table, engine = own.cost_table()[:, :5], own.engine
    assert profile.cost_table()[:, :5] == pytest.approx(table * on.best, rel=1e-3, abs=2)
    assert profile.engine.io_us == pytest.approx(engine.io_us * on.best)
    draws = [profile.drawn((k + 0.5) / 100) for k in range(100)]
    rows = [own.drawn((k + 0.5) / len(own.draws.values)) for k in range(len(own.draws.values))]
    factors = np.array([drawn.engine.io_us / row.engine.io_us for drawn, row in zip(draws, rows, strict=True)])
    assert np.quantile(factors, [0.03, 0.5, 0.97]) == pytest.approx([on.low, on.best, on.high], rel=0.15)
    per_key = np.array([drawn.commands["KEYS"].per_key_us for drawn in draws])
    assert per_key.max() > 2 * per_key.min()
    for drawn, row, factor in zip(draws[:9], rows[:9], factors[:9], strict=True):
        assert drawn.commands["ZRANK"].call_us == pytest.approx(row.commands["ZRANK"].call_us * factor, rel=2e-3)


def test_a_profile_without_draws_gets_those_of_the_factor():
    bare = TALK.model_dump() | {"draws": {"parameters": (), "values": ()}}
    profile = type(TALK).model_validate(bare)
    assert not profile.draws.values
    drawn = [spread(profile, 1.0, 1.5, 3.0).drawn((k + 0.5) / 100).engine.io_us for k in range(100)]
    assert min(drawn) < 1.1 * TALK.engine.io_us
    assert max(drawn) > 2.9 * TALK.engine.io_us
