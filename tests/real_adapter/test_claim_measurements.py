"""What claims need of a real server, where it does not hang on how fast the machine is."""

import random

import pytest
import redis

from real_adapter.claim_measurements import ASKING, CROWD, RULES, _expiry, _order, _passes
from real_adapter.server import LocalServer


@pytest.fixture
def client(server: LocalServer) -> "redis.Redis":
    return server.client()


def test_passes_are_given_up_to_the_bucket_and_to_nobody_twice(client: redis.Redis) -> None:
    found = {name: quantity.best for name, quantity in _passes(client)}
    # a full bucket, and the rate for all but the first of the ms in which people ask
    asked_ms = 2 * CROWD // ASKING
    assert found["passes.given"] == (RULES.burst_micro + RULES.rate_micro_per_ms * (asked_ms - 1)) / 1_000_000
    assert found["passes.repeated"] == 0
    assert found["passes.too_many"] == 0


def test_clocks_that_differ_cost_places_and_a_counter_does_not(client: redis.Redis) -> None:
    found = {name: quantity.best for name, quantity in _order(client, random.Random(1))}
    assert found["order.places_lost_pod_clock"] > 0
    assert found["order.places_lost_counter"] == 0


def test_the_silent_are_removed_and_the_others_are_not(client: redis.Redis) -> None:
    assert {name: quantity.best for name, quantity in _expiry(client)} == {
        "expiry.silent_left_percent": 0,
        "expiry.alive_left_percent": 100,
    }
