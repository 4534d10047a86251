"""Rules by which numbers become verdicts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.ledger.claims import claims
from models.ledger.entry import (
    Entry,
    Flip,
    about,
    at_least,
    at_most,
    estimate_text,
    exactly,
    in_every_case,
    interval_text,
    weakest,
)
from models.ledger.flips import BISECTED, bisected, edge
from sim.estimate import Estimate

NUMBERS = st.floats(-1e6, 1e6)


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS)
def test_a_bound_is_kept_by_all_of_an_interval_by_none_or_by_some(a: float, b: float, c: float, limit: float) -> None:
    low, best, high = sorted((a, b, c))
    found = Estimate(low, best, high, 3)
    expected = "confirmed" if high <= limit else "refuted" if low > limit else "conditional"
    assert at_most(found, limit) == expected
    mirrored = Estimate(-high, -best, -low, 3)
    assert at_least(mirrored, -limit) == expected


@given(st.floats(1, 1e6), st.floats(0, 0.9), st.floats(-2, 2))
def test_about_is_confirmed_exactly_within_the_tolerance(value: float, tolerance: float, off: float) -> None:
    verdict = about(exactly(value * (1 + off * tolerance)), value, tolerance)
    if abs(off) < 0.999:
        assert verdict == "confirmed"
    elif abs(off) > 1.001 and tolerance > 1e-6:
        assert verdict == "refuted"


def test_an_interval_that_reaches_out_of_the_tolerance_leaves_it_open() -> None:
    assert about(Estimate(90, 100, 130, 3), 100, 0.1) == "conditional"
    assert about(Estimate(120, 125, 130, 3), 100, 0.1) == "refuted"


def test_a_claim_is_as_true_as_its_weakest_part() -> None:
    assert weakest(["confirmed", "refuted"]) == "refuted"
    assert weakest(["confirmed", "conditional"]) == "conditional"
    assert weakest(["confirmed", "confirmed"]) == "confirmed"


def test_a_claim_that_does_not_say_which_case_it_means_holds_only_under_a_condition() -> None:
    assert in_every_case(["confirmed", "refuted"]) == "conditional"
    assert in_every_case(["refuted", "refuted"]) == "refuted"
    assert in_every_case(["confirmed", "confirmed"]) == "confirmed"


@pytest.mark.parametrize(
    ("unit", "interval", "text"),
    [
        ("percent", "43.1 to 86.2 %", "61.4 % (43.1 to 86.2 %)"),
        ("usd/month", "$43.10/month to $86.20/month", "$61.40/month ($43.10/month to $86.20/month)"),
        ("s", "43.1 s to 1 min 26 s", "1 min 1 s (43.1 s to 1 min 26 s)"),
    ],
)
def test_an_estimate_is_read_with_its_unit(unit: str, interval: str, text: str) -> None:
    found = Estimate(43.1, 61.4, 86.2, 3)
    assert interval_text(found, unit) == interval
    assert estimate_text(found, unit) == text
    assert interval_text(exactly(61.4), unit) == estimate_text(exactly(61.4), unit) == text.partition(" (")[0]


def test_a_verdict_must_rest_on_something() -> None:
    claim = claims()["redis.sizing"]
    with pytest.raises(ValueError, match="rests on nothing"):
        Entry(claim, "confirmed", None, None, "so", ())
    assert Entry(claims()["cost.dynamodb"], "conditional", None, "usd/event", "so", ("x",), no_flip="x").published == (
        "$8.00/event to $48.00/event"
    )


def test_what_holds_under_a_condition_says_where_it_flips_or_why_nowhere() -> None:
    claim = claims()["redis.sizing"]
    with pytest.raises(ValueError, match="without the value at which it flips"):
        Entry(claim, "conditional", None, None, "so", ("x",))
    with pytest.raises(ValueError, match="a flip that leaves it conditional"):
        Entry(claim, "conditional", None, None, "so", ("x",), (Flip("a", "1", "conditional", "run"),))
    assert Entry(claim, "conditional", None, None, "so", ("x",), no_flip="open").flips == ()
    assert Entry(claim, "conditional", None, None, "so", ("x",), (Flip("a", "1", "refuted", "run"),)).flips


@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.floats(-1e3, 1e3))
def test_bisection_finds_the_edge_between_two_verdicts(limit: float, here: float, there: float) -> None:
    """Of a bound the edge is the bound itself, from either side; there is none with both ends on one side of it."""
    found = edge(lambda value: at_most(exactly(value), limit), here, there)
    if (here <= limit) == (there <= limit):
        assert found is None
    else:
        assert found is not None
        assert found[0] == pytest.approx(limit, abs=1e-6)
        assert found[1] == ("confirmed" if there <= limit else "refuted")


def test_a_flip_says_on_which_side_of_its_value_it_is() -> None:
    up = list(bisected("polls", lambda value: at_most(exactly(value), 7.5), 1, 10, unit=" s"))
    assert up == [Flip("polls", "above 7.5 s", "refuted", BISECTED)]
    assert list(bisected("polls", lambda value: at_most(exactly(value), 7.5), 1, 5)) == []
