"""Status before the index: KEYS, an XRANGE and N - 1 XLEN, one after the other, worked out by hand."""

import pytest

from models.ledger.before_index import CHECKS, COSTS
from models.ledger.checks import Sources, profile
from models.ledger.claims import claims
from models.ledger.measured import Measured
from tests.models.ledger.made_up import measured


def with_keys(milliseconds: float) -> Sources:
    found: Measured = measured(lambda name: milliseconds if name == "keys.call_ms" else 1.0)
    return Sources({}, found)


def test_a_full_engine_thread_gets_through_as_many_calls_as_fit_in_a_second() -> None:
    """10,001 calls: 1.65 ms of KEYS and 10,000 others of what one request costs, by each profile."""
    entry = CHECKS["redis.commands"].judge(claims()["redis.commands"], with_keys(1.65))
    each_us = [profile(name).engine.io_us + profile(name).commands["XLEN"].call_us for name in COSTS]
    rates = [10_001 / (1.65e-3 + 1e-6 * 10_000 * us) for us in each_us]
    assert entry.twin is not None
    assert entry.twin.best == pytest.approx(rates[0])
    assert (entry.twin.low, entry.twin.high) == pytest.approx((min(rates), max(rates)))
    assert entry.verdict == "confirmed"
    # below nine others in line not even all requests make 100,000 commands: 10,000 x (9 + 1)
    assert [flip.at for flip in entry.flips] == ["below 9"]


@pytest.mark.parametrize(("keys_ms", "verdict"), [(1.65, "confirmed"), (30.0, "conditional"), (100.0, "refuted")])
def test_slower_keys_leave_fewer_commands(keys_ms: float, verdict: str) -> None:
    assert CHECKS["redis.commands"].judge(claims()["redis.commands"], with_keys(keys_ms)).verdict == verdict


@pytest.mark.parametrize(("keys_ms", "verdict"), [(1.65, "conditional"), (1000.0, "refuted")])
def test_a_hundred_milliseconds_are_of_the_whole_status_and_not_of_keys(keys_ms: float, verdict: str) -> None:
    entry = CHECKS["redis.keys_100ms"].judge(claims()["redis.keys_100ms"], with_keys(keys_ms))
    assert entry.verdict == verdict
    if verdict == "conditional":
        assert {flip.at: flip.verdict for flip in entry.flips} == {
            "KEYS alone": "refuted",
            "the engine's work for a whole status": "confirmed",
            "a status as its client sees it": "refuted",
        }
    # 10,001 round trips of 2 x 100 us, and two of three zones 2 x 400 us away
    assert "2 s within a zone and 6 s on average" in entry.why
