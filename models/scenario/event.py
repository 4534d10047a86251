"""The section `event`: what is on sale, and when."""

from typing import Annotated, Literal

from pydantic import Field

from models.scenario.base import Lognormal, Section, Sequence
from models.scenario.event_weights import STEPS

Share = Annotated[float, Field(ge=1 / STEPS, le=1)]
"""An event's share of a total."""


class Event(Section):
    """What is sold, and what those do who were let in."""

    seats: int = Field(10_000, ge=1, le=10_000_000, description="seats on sale, over all events together (the talk)")
    people_shares: Sequence[Share] | None = Field(
        None,
        max_length=1000,
        description="share of the people who come for each event, in ten-thousandths, summing to 1; null = as many "
        "for each (assumption)",
    )
    seat_shares: Sequence[Share] | None = Field(
        None,
        max_length=1000,
        description="share of the seats that each event has, summing to 1; null = as many each (assumption)",
    )
    admission_shares: Sequence[Share] | None = Field(
        None,
        max_length=1000,
        description="share of admission rate, burst and call window that each event has, summing to 1; null = the same "
        "for each (assumption)",
    )
    opens_at_s: float = Field(
        0,
        ge=0,
        le=86_400,
        description="second of the run at which the sale opens and calling begins (assumption)",
    )
    on_sold_out: Literal["keep_line", "announce"] = Field(
        "keep_line",
        description="after the last seat: keep_line leaves people waiting (the talk tells nobody), announce "
        "tells each at the next poll",
    )
    seats_per_order: int = Field(1, ge=1, le=10, description="seats one reservation takes (assumption)")
    conversion: float = Field(1.0, ge=0, le=1, description="share of those admitted who try to reserve (assumption)")
    choose: Lognormal = Field(
        Lognormal(median_s=15, sigma=0.5),
        description="time from being admitted to the reservation request; bots have their own (assumption)",
    )
