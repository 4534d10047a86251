"""What stands in front of the load balancer: people's addresses, and the rules by which a web ACL limits them."""

from typing import Literal, Self

from pydantic import Field, model_validator

from models.scenario.base import Section


class Households(Section):
    """People at home, behind an address of their own line."""

    share: float = Field(0.45, ge=0, le=1, description="share of people who are at home on a line (assumption)")
    paired: float = Field(
        0.15, ge=0, le=1, description="share of those with a second one behind the same address (assumption)"
    )


class Offices(Section):
    """People in an office, on a campus, in an internet cafe: behind one address with all others there."""

    share: float = Field(0.1, ge=0, le=1, description="share of people who are at such a place (assumption)")
    median: float = Field(
        60, ge=1, le=1e6, description="people at one such place, median of a lognormal (assumption: 20 to 300)"
    )
    sigma: float = Field(1, ge=0, le=3, description="standard deviation of its logarithm (assumption)")


class CarrierNat(Section):
    """People on a mobile network that puts many subscribers behind one address."""

    share: float = Field(0.25, ge=0, le=1, description="share of people on such a network (assumption)")
    subscribers: int = Field(
        128,
        ge=1,
        le=1_000_000,
        description="subscribers behind one address (source: IPv4.Global, port blocks of 500; hundreds to thousands "
        "are measured)",
    )


class Addresses(Section):
    """Behind which addresses people are; whoever is of none of the kinds has one alone, as with IPv6.

    The mix is one for Korea: nobody publishes it, so every share is an assumption.
    """

    household: Households = Households()
    office: Offices = Offices()
    carrier_nat: CarrierNat = CarrierNat()
    taking_part: float = Field(
        0.006,
        gt=0,
        le=1,
        description="share of all people at an office or on a carrier's address who are in this sale (assumption: "
        "300,000 of Korea's 51.7 million)",
    )

    @model_validator(mode="after")
    def _at_most_everybody(self) -> Self:
        total = self.household.share + self.office.share + self.carrier_nat.share
        if total > 1 + 1e-9:
            raise ValueError(f"household, office and carrier_nat have shares of {total:g} together; at most 1")
        return self


class RateLimit(Section):
    """A rate rule of a web ACL: who sends more than `limit` requests within the window is limited."""

    limit: int = Field(
        100, ge=10, le=2_000_000_000, description="requests of an address within the window that are let be (the talk)"
    )
    window_s: Literal[60, 120, 300, 600] = Field(
        300, description="seconds that the rule looks back (source: AWS WAF developer guide, evaluation window)"
    )
    look_every_s: float = Field(
        10, ge=1, le=60, description="seconds between two looks (source: AWS WAF API, EvaluationWindowSec)"
    )
    delay_s: float = Field(
        20,
        ge=0,
        le=600,
        description="seconds from a look until what it sees holds (source: AWS WAF developer guide, usually below "
        "30 s, up to minutes; re:Post, 965 of 2,383 requests in a minute were let through)",
    )
    lift_delay_s: float = Field(
        20,
        ge=0,
        le=600,
        description="seconds from a look until a limit is lifted (source: AWS WAF developer guide, as for delay_s)",
    )
    most_limited: int = Field(
        10_000, ge=1, le=10_000, description="addresses limited at once, the busiest (source: AWS WAF API)"
    )
