"""The talk's sums against the same sums done by hand from its words and from the published price lists."""

import pytest

from models.claims import claims
from models.ledger.arithmetic import redone, sums_redone

REDONE = {found.claim.id: found for found in sums_redone()}

BY_HAND = {
    "demand.status_rps": (300_000 / 5, "confirmed"),
    "admission.seats_rate": (10_000 / 1_800, "confirmed"),
    # in a line of 300,000 that empties at r per second the mean wait is 150,000 / r
    "admission.wait_rate": (150_000 / 300, "refuted"),
    # 1.8 million writes at $0.625, the price since November 2024
    "dynamodb.event_cost": (1.125, "conditional"),
    "redis.memory": (2 * (307.2 + 150), "confirmed"),
    "redis.network": (60, "inconsistent"),
    "redis.cpu_600ms": (0.6, "inconsistent"),
    # 60 polls, a join and an enter in five minutes
    "waf.rate_rule": (62, "conditional"),
    # $0.60 a million and $1 for common bot control
    "waf.price": (1.60, "refuted"),
    # m7g.large 0.0816 against m7i.large 0.1008
    "cost.graviton": (19.05, "conditional"),
    # m7g.large 0.0496 of 0.0816, m7g.xlarge 0.0932 of 0.1632
    "cost.spot": (41.05, "conditional"),
    # 1,200 - (3 x 120 + 7 x 36)
    "cost.nodes": (588, "inconsistent"),
    # two nodes at 0.315 for 730 hours
    "cost.redis": (459.90, "conditional"),
    # three m7g.xlarge at 0.1632 for 730 hours
    "cost.idle": (357.41, "conditional"),
    "cost.total": (588 + 500 + 360, "inconsistent"),
    # the middle of $10 and $50, less $2.25
    "cost.dynamodb": (30 - 2.25, "conditional"),
}


@pytest.mark.parametrize("claim", BY_HAND)
def test_a_sum_comes_out_as_by_hand(claim: str) -> None:
    value, verdict = BY_HAND[claim]
    assert REDONE[claim].found.best == pytest.approx(value, rel=1e-3)
    assert REDONE[claim].verdict == verdict


def test_every_claim_about_a_sum_or_a_price_alone_is_redone() -> None:
    needed = {name for name, claim in claims().items() if "arithmetic" in claim.how or claim.how == ("cost",)}
    assert needed == set(REDONE) == set(BY_HAND)


def test_what_is_confirmed_is_near_what_was_published_and_what_is_not_says_why() -> None:
    for own in REDONE.values():
        if own.verdict == "confirmed":
            assert own.found.best == pytest.approx(own.claim.figure, rel=0.02)
        assert own.why.endswith(".")
        assert own.rests_on


@pytest.mark.parametrize(
    ("claim", "says"),
    [
        ("admission.wait_rate", "longest wait under 300 s"),
        ("dynamodb.event_cost", "1.8 million writes are $2.25 at the price before 2024-11"),
        ("redis.network", "12.5 Gbps are 1,562 MB/s, not 125, and only in bursts; 234 MB/s are sustained"),
        ("waf.rate_rule", "make 124 and are blocked"),
        ("cost.nodes", "3 on-demand nodes are $360 and 7 on spot $252: $612"),
        ("cost.idle", "with 70 % on spot, as the talk has it, it is $184"),
        ("cost.dynamodb", "26.7 to 133 times"),
    ],
)
def test_the_reason_has_the_numbers_that_decide(claim: str, says: str) -> None:
    assert says in REDONE[claim].why


def test_a_sum_follows_its_inputs() -> None:
    claim = claims()["cost.nodes"]
    dearer = claim.model_copy(update={"given": claim.given | {"on_demand_usd": 2400.0}})
    assert redone(dearer).found.best == pytest.approx(2 * 588)


@pytest.mark.parametrize(
    ("name", "given", "value", "verdict"),
    [
        ("demand.status_rps", {"poll_s": 10.0}, 60_000.0, "refuted"),
        ("admission.seats_rate", {}, 11.0, "refuted"),
        ("admission.wait_rate", {}, 500.0, "confirmed"),
        ("dynamodb.event_cost", {"usd_per_million": 0.625}, 1.125, "confirmed"),
        ("dynamodb.event_cost", {}, 5.0, "refuted"),
        ("redis.memory", {}, 450.0, "refuted"),
        ("redis.memory", {"clients": 3e7}, 2 * (3e4 * 1.024 + 150), "refuted"),  # more than a node holds
        ("redis.network", {"node_mb_per_s": 1562.5}, 60.0, "confirmed"),
        ("redis.cpu_600ms", {"zrank_ms": 0.02}, 1.2, "confirmed"),
        ("waf.rate_rule", {}, 124.0, "confirmed"),
        ("waf.rate_rule", {}, 60.0, "refuted"),
        ("waf.price", {}, 1.6, "confirmed"),
        ("cost.graviton", {}, 50.0, "refuted"),
        ("cost.nodes", {}, 588.0, "confirmed"),
        ("cost.redis", {}, 1000.0, "refuted"),
        ("cost.idle", {}, 1000.0, "refuted"),
        ("cost.dynamodb", {}, (80.0, 480.0), "refuted"),
    ],
)
def test_a_verdict_follows_from_the_sum_and_what_was_published(
    name: str, given: dict[str, float], value: float | tuple[float, float], verdict: str
) -> None:
    claim = claims()[name]
    other = claim.model_copy(update={"given": claim.given | given, "value": value})
    assert redone(other).verdict == verdict
