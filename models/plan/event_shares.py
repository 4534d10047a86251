"""What every event has of the people, of the seats and of the admissions, by the shares of the scenario."""

import numpy as np
from numpy.typing import NDArray

from models.plan.room_rules import MICRO, RoomRules
from models.scenario import Scenario
from models.scenario.event_weights import weights_of


def people_weights(scenario: Scenario) -> tuple[int, ...]:
    """Return the weights of the events in the people."""
    return weights_of(scenario.event.people_shares, scenario.waiting_room.events)


def seats_of(scenario: Scenario) -> NDArray[np.int64]:
    """Return the seats of every event, int64[E]: whole seats by largest remainders, of equal ones to the first."""
    seats, weights = scenario.event.seats, weights_of(scenario.event.seat_shares, scenario.waiting_room.events)
    total = sum(weights)
    found = np.array([seats * weight // total for weight in weights], np.int64)
    missing = sorted(range(len(weights)), key=lambda event: -(seats * weights[event] % total))
    found[missing[: seats - int(found.sum())]] += 1
    return found


def room_rules(scenario: Scenario) -> tuple[RoomRules, ...]:
    """Return the rules of every event's waiting room: its share of the admission settings."""
    admission = scenario.admission
    weights = weights_of(scenario.event.admission_shares, scenario.waiting_room.events)
    total = sum(weights)
    return tuple(
        RoomRules(
            rate_micro_per_ms=round(admission.rate_rps * MICRO / 1000 * weight / total),
            burst_micro=admission.burst * MICRO * weight // total,
            call_window=admission.call_window * weight // total,
            call_ttl_ms=round(admission.call_ttl_s * 1000),
            heartbeat_ttl_ms=round(scenario.waiting_room.heartbeat_ttl_s * 1000),
        )
        for weight in weights
    )


def most_tokens(weights: tuple[int, ...], tokens: int) -> int:
    """Return how many of so many tokens one event can have at most."""
    return -(-max(weights) * tokens // sum(weights))
