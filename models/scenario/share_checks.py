"""The shares of the events in the people, the seats and the admissions: what they are, and what they cannot be."""

import math
from collections.abc import Iterator

from models.scenario.event_weights import weights_of
from models.scenario.sections import Sections
from models.vocabulary.script_limits import RATE_STEPS_PER_RPS

SHARE_TOLERANCE = 1e-9
"""Shares are given in decimal, so their sum is 1 only up to rounding."""


def are_unequal(scenario: Sections) -> bool:
    """Tell whether the events differ in their people, seats or admissions."""
    event, events = scenario.event, scenario.waiting_room.events
    given = (event.people_shares, event.seat_shares, event.admission_shares)
    return any(set(weights_of(shares, events)) != {1} for shares in given)


def share_contradictions(s: Sections) -> Iterator[str]:
    """Yield one line for every list of shares that is none, and for every total that leaves an event too little."""
    events, wrong = s.waiting_room.events, False
    for name in ("people_shares", "seat_shares", "admission_shares"):
        shares = getattr(s.event, name)
        for line in () if shares is None else _no_shares(f"event.{name}", shares, events):
            wrong = True
            yield line
    if not wrong:
        yield from _too_little(s)


def _no_shares(path: str, shares: tuple[float, ...], events: int) -> Iterator[str]:
    if len(shares) != events:
        yield (
            f"{path}: {len(shares)} shares are not allowed; "
            f"must be as many as waiting_room.events = {events}, or null for equal ones"
        )
    elif abs(math.fsum(shares) - 1) > SHARE_TOLERANCE:
        yield f"{path}: the shares sum to {math.fsum(shares):.10g}; they must sum to 1"


def _too_little(s: Sections) -> Iterator[str]:
    events, event, admission = s.waiting_room.events, s.event, s.admission
    for path, total, least, shares in (
        ("event.seats", event.seats, event.seats_per_order, "seat_shares"),
        ("admission.burst", admission.burst, 1, "admission_shares"),
        ("admission.call_window", admission.call_window, 1, "admission_shares"),
        ("admission.rate_rps", admission.rate_rps, 1 / RATE_STEPS_PER_RPS, "admission_shares"),
    ):
        given = getattr(event, shares)
        if given is None:
            continue
        weights = weights_of(given, events)
        smallest = min(range(events), key=weights.__getitem__)
        if total * weights[smallest] < least * sum(weights):
            yield (
                f"event.{shares}.{smallest}: {given[smallest]:g} of {path} = {total:g} is "
                f"{total * weights[smallest] / sum(weights):g}; every event needs at least {least:g}"
            )
