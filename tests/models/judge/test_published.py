"""The talk's figures beside which runs are shown, against the claims that they are."""

import pytest

from models.judge.published import PUBLISHED_ENGINE_CPU, TALK_ENOUGH_RPS, TALK_PEOPLE, TALK_STATUS_RPS
from models.ledger.claims import claims


def test_the_demand_is_that_of_the_claims() -> None:
    demand = claims()["demand.status_rps"]
    assert (demand.number("clients"), demand.figure) == (TALK_PEOPLE, TALK_STATUS_RPS)
    assert claims()["demand.enough_30k"].figure == TALK_ENOUGH_RPS


@pytest.mark.parametrize(
    ("core", "names"),
    [("index", ("redis.cpu_1k", "redis.cpu_10k", "redis.cpu_20k", "redis.cpu_30k")), ("keys", ("redis.cpu_keys_10k",))],
)
def test_the_engine_cpu_is_that_of_the_claims(core: str, names: tuple[str, ...]) -> None:
    found = [claims()[name] for name in names]
    assert {claim.number("rps"): claim.figure for claim in found} == PUBLISHED_ENGINE_CPU[core]
