"""The section `clients`: who comes, and how they behave."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from models.scenario.arrival import Arrival, RushArrival
from models.scenario.base import Lognormal, Section, Sequence
from models.scenario.load_kinds import Load, OnsaleLoad

GATEWAY_API = "source: traffic-tacos gateway-api repository, October 2025"


class AdvisedInterval(Section):
    """One line of the poll advice a server gives."""

    up_to_position: int | None = Field(
        None,
        ge=1,
        le=100_000_000,
        description="last place this interval is for; null = all further (assumption)",
    )
    interval_s: float = Field(ge=0.1, le=3600, description="poll interval in seconds for those places")


class Bots(Section):
    """Automated clients: they react at once, choose fast and never give up."""

    share: float = Field(0.2, ge=0, le=1, description="share of clients that are bots (the talk: 20 %)")
    reaction_median_s: float = Field(
        0.05,
        ge=0,
        le=3600,
        description="median reaction to the opening in seconds (assumption; Skiddle's help: within 0.1 s)",
    )
    reaction_sigma: float = Field(
        0.5, ge=0, le=3, description="standard deviation of the logarithm of the reaction (assumption)"
    )
    poll_interval_s: float = Field(
        5, ge=0.1, le=3600, description="seconds between polls of a bot; people have their own (assumption)"
    )
    choose: Lognormal = Field(
        Lognormal(median_s=1, sigma=0.5),
        description="time a bot takes from being admitted to the reservation request: the first free seat (assumption)",
    )


class Hidden(Section):
    """People whose page is in the background, where browsers let timers fire seldom."""

    share: float = Field(
        0.0, ge=0, le=1, description="share of people whose page is in the background while they wait (assumption)"
    )
    poll_interval_s: float = Field(
        60,
        ge=0.1,
        le=3600,
        description="seconds that such a page waits at least before it sends again, whatever it meant to wait "
        "(source: Chrome since version 88 lets chained timers of pages long hidden fire once a minute)",
    )


def _integer_keys(value: Any) -> Any:
    """Take "2" for the key 2: JSON and command-line paths know only text."""
    if not isinstance(value, dict):
        return value
    keyed = {int(k) if isinstance(k, str) and k.isdecimal() and len(k) < 10 else k: v for k, v in value.items()}
    return keyed if len(keyed) == len(value) else value


def _in_order(tabs: dict[int, float]) -> dict[int, float]:
    """Sort, so that scenarios which are equal also read equal."""
    return dict(sorted(tabs.items()))


Tabs = Annotated[
    dict[Annotated[int, Field(ge=1, le=8)], Annotated[float, Field(ge=0, le=1)]],
    BeforeValidator(_integer_keys),
    AfterValidator(_in_order),
]


class Clients(Section):
    """Everybody in front of the gateway."""

    count: int = Field(
        300_000,
        ge=1,
        le=20_000_000,
        description="people, bots included; in open and closed loop the tokens in line beforehand (the talk)",
    )
    arrival: Arrival = Field(RushArrival(), description="when people arrive (the talk: all wait for the opening)")
    poll_interval_s: float = Field(
        5, ge=0.1, le=3600, description="seconds between polls of a person; bots have their own (the talk)"
    )
    poll_jitter_fraction: float = Field(
        0.1, ge=0, le=1, description="j: the interval is uniform in [1-j, 1+j] x poll_interval_s (assumption)"
    )
    poll_from: Literal["reply", "schedule"] = Field(
        "reply",
        description="the interval counts from the reply (or timeout), or from the last send (assumption)",
    )
    poll_advised: Sequence[AdvisedInterval] = Field(
        (),
        max_length=100,
        description="poll interval advised by place in line, ascending; empty = poll_interval_s (the talk)",
    )
    timeout_s: float = Field(
        30,
        ge=0.001,
        le=3600,
        description="seconds after which a client gives a request up (assumption: a browser sets no limit of its "
        f"own; the deployed client waits 5 s, {GATEWAY_API})",
    )
    retries: int = Field(3, ge=0, le=100, description=f"further attempts after a failed request ({GATEWAY_API})")
    backoff_base_s: float = Field(
        1, ge=0, le=3600, description="retry k waits uniform(0, min(backoff_max_s, base x 2^k)) (assumption)"
    )
    backoff_max_s: float = Field(8, ge=0, le=3600, description="longest backoff in seconds (assumption)")
    refused_wait_s: float = Field(
        1,
        ge=0,
        le=3600,
        description="seconds a page waits at least after a refused enter (429), longer if the bucket says so "
        "(assumption)",
    )
    patience: Lognormal | None = Field(
        None, description="time a person waits before giving up; null = for ever (assumption)"
    )
    leave_share: float = Field(
        0.3,
        ge=0,
        le=1,
        description="share of those giving up who say so; others just stop polling (assumption)",
    )
    tabs: Tabs = Field(
        {1: 1.0},
        description="share of people with k browser tabs, k from 1 to 8; sums to 1 (assumption)",
        json_schema_extra={"propertyNames": {"enum": [str(k) for k in range(1, 9)]}},
    )
    hidden: Hidden = Field(Hidden(), description="people with the page in the background among them")
    bots: Bots = Field(Bots(), description="automated clients among them")
    load: Load = Field(OnsaleLoad(), description="an on-sale, or a generated load (the talk: an on-sale)")
