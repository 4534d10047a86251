"""When people arrive: one of several profiles, counted from the opening of the sale."""

from typing import Annotated, Literal

from pydantic import Field

from models.scenario.base import Section, Sequence, tagged


class RushArrival(Section):
    """People wait for the opening and react to it; the rest trickle in."""

    profile: Literal["rush"] = "rush"
    waiting_share: float = Field(
        1.0, ge=0, le=1, description="share already waiting at the opening (the talk: all 300,000)"
    )
    reaction_median_s: float = Field(
        1.0,
        ge=0,
        le=3600,
        description="median reaction of those waiting, seconds after the opening (assumption)",
    )
    reaction_sigma: float = Field(
        0.6, ge=0, le=3, description="standard deviation of the logarithm of the reaction (assumption)"
    )
    late_mean_s: float = Field(
        120, ge=0, le=86_400, description="mean of the exponential delay of those not waiting (assumption)"
    )


class UniformArrival(Section):
    """Constant rate from the opening on."""

    profile: Literal["uniform"]
    over_s: float = Field(ge=0, le=86_400, description="seconds over which everybody arrives; 0 = at once")


class ExponentialArrival(Section):
    """Rate falling exponentially from the opening on."""

    profile: Literal["exponential"]
    mean_s: float = Field(ge=0, le=86_400, description="mean delay after the opening in seconds")


class WeibullArrival(Section):
    """Weibull delay after the opening: shape below 1 a steep start, above 1 a peak that comes later."""

    profile: Literal["weibull"]
    shape: float = Field(ge=0.1, le=20, description="shape parameter; 1 is exponential")
    scale_s: float = Field(ge=0, le=86_400, description="scale parameter in seconds; 63 % have come by then")


#: Time and rate; a YAML list of two.
Point = Annotated[tuple[float, float], Field(strict=False)]


class PiecewiseArrival(Section):
    """Piecewise-linear arrival rate, scaled so that everybody arrives once."""

    profile: Literal["piecewise"]
    points: Sequence[Point] = Field(
        min_length=2,
        max_length=1000,
        description="[seconds after the opening, relative rate] in ascending order; rates are 0 or more",
    )


class TraceArrival(Section):
    """Recorded arrival times."""

    profile: Literal["trace"]
    file: str = Field(
        min_length=1,
        max_length=4096,
        description="CSV or Parquet file with a row per person or more; relative to the scenario file",
    )
    column: str = Field(
        "arrival_s",
        min_length=1,
        max_length=200,
        description="column with the arrival in seconds from the start of the run, or as a time of the clock (ISO "
        "8601, or of the epoch in s, ms, us or ns), counted from the first (assumption)",
    )


Arrival = Annotated[
    Annotated[
        RushArrival | UniformArrival | ExponentialArrival | WeibullArrival | PiecewiseArrival | TraceArrival,
        Field(discriminator="profile"),
    ],
    tagged("profile", "rush"),
]
