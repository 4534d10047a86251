"""What is measured for the claims about rooms: true of the Lua core, and seen where it would not be."""

from random import Random

import pytest

from real_adapter.calibrate import room_claims
from real_adapter.calibrate.room_claims import expiry, order, passes
from real_adapter.server.server import LocalServer


def test_a_counter_keeps_the_order_that_clocks_of_pods_lose(server: LocalServer) -> None:
    with server.client() as client:
        found = {name: quantity.best for name, quantity in order(client, Random(1))}
    assert found["order.places_lost_counter"] == 0
    # two clocks 2 ms apart in the mean, people 17 us apart: some hundreds of places
    assert 100 < found["order.places_lost_pod_clock"] < 1_000


def test_the_silent_go_and_the_others_stay(server: LocalServer) -> None:
    with server.client() as client:
        found = {name: quantity.best for name, quantity in expiry(client)}
    assert found == {"expiry.silent_left_percent": 0, "expiry.alive_left_percent": 100}


def test_passes_are_given_once_and_no_more_of_them_than_the_rate_allows(server: LocalServer) -> None:
    with server.client() as client:
        found = dict(passes(client))
    assert {name: quantity.best for name, quantity in found.items()} == {
        "passes.given": 599,  # the burst, and one in each of the 499 ms after the first
        "passes.repeated": 0,
        "passes.too_many": 0,
    }


def test_a_room_that_gives_a_pass_twice_is_found_out(server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    class Generous(room_claims.RedisRoom):
        def enter(self, token: int, now_ms: int):
            return super().enter(token, now_ms)._replace(answer=room_claims.Answer.GRANTED)

    monkeypatch.setattr(room_claims, "RedisRoom", Generous)
    with server.client() as client:
        found = {name: quantity.best for name, quantity in passes(client)}
    assert found["passes.repeated"] > 0
    assert found["passes.too_many"] > 0
