"""Unequal events: shares of the people, the seats and the admissions, with totals of which the smallest gets some."""

from hypothesis import strategies as st

from tests.strategies.base import Draw, Section, pick

LARGEST = 30
"""Weight of the largest event, where the smallest has 1."""


@st.composite
def shares(draw: Draw, events: int) -> list[float]:
    """Shares that sum to 1: a star among small ones, or any."""
    weights = draw(st.lists(pick([1, 1, 2, LARGEST]), min_size=events, max_size=events))
    return [weight / sum(weights) for weight in weights]


@st.composite
def uneven(draw: Draw, events: int, mapping: Section) -> None:
    """Make the events of a scenario unequal in some respects."""
    for name in draw(st.sets(pick(["people_shares", "seat_shares", "admission_shares"]), min_size=1)):
        mapping["event"][name] = draw(shares(events))
    least = 2 * events * LARGEST
    if "seat_shares" in mapping["event"]:
        mapping["event"]["seats"] = max(mapping["event"]["seats"], least * mapping["event"]["seats_per_order"])
    if "admission_shares" in mapping["event"]:
        admission = mapping["admission"]
        admission["burst"], admission["call_window"] = (max(least, admission[key]) for key in ("burst", "call_window"))
