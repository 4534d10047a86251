"""What the clients do: an on-sale, or a load generated at a rate or by a number of users."""

from typing import Annotated, Literal

from pydantic import Field

from models.scenario.base import Section, Sequence, tagged


class Mix(Section):
    """Shares of the endpoints in a generated load; those not named are 0."""

    status: float = Field(0.0, ge=0, le=1, description="share of status requests (assumption)")
    join: float = Field(0.0, ge=0, le=1, description="share of join requests (assumption)")
    enter: float = Field(0.0, ge=0, le=1, description="share of enter requests (assumption)")


#: The mix of a waiting room in full operation (assumption).
WAITING_MIX = Mix(status=0.95, join=0.04, enter=0.01)


class RateStage(Section):
    """One step of an open-loop load."""

    rate_rps: float = Field(ge=0, le=10_000_000, description="requests per second, Poisson; 0 = a pause")
    duration_s: float = Field(gt=0, le=86_400, description="length of the stage in seconds")


class UserStage(Section):
    """One step of a closed-loop load."""

    users: int = Field(ge=0, le=10_000_000, description="users, each with one request outstanding; 0 = a pause")
    duration_s: float = Field(gt=0, le=86_400, description="length of the stage in seconds")


class OnsaleLoad(Section):
    """Clients arrive, join, poll, enter and buy."""

    mode: Literal["onsale"] = "onsale"


class OpenLoopLoad(Section):
    """Requests at a given rate, whatever the system does, on `clients.count` tokens already in line."""

    mode: Literal["open_loop"]
    mix: Mix = Field(WAITING_MIX, description="shares of the endpoints; they sum to 1 (assumption)")
    settle_s: float = Field(
        10, ge=0, le=86_400, description="start of every stage left out of its figures, seconds (assumption)"
    )
    stages: Sequence[RateStage] = Field(min_length=1, max_length=1000, description="stages in order of time")


class ClosedLoopLoad(Section):
    """A number of users, each sending the next request a think time after the last reply."""

    mode: Literal["closed_loop"]
    mix: Mix = Field(WAITING_MIX, description="shares of the endpoints; they sum to 1 (assumption)")
    settle_s: float = Field(
        10, ge=0, le=86_400, description="start of every stage left out of its figures, seconds (assumption)"
    )
    think_s: float = Field(1.0, ge=0, le=3600, description="mean of the exponential think time in seconds (assumption)")
    stages: Sequence[UserStage] = Field(min_length=1, max_length=1000, description="stages in order of time")


Load = Annotated[
    Annotated[OnsaleLoad | OpenLoopLoad | ClosedLoopLoad, Field(discriminator="mode")],
    tagged("mode", "onsale"),
]
