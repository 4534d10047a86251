"""What stands in front of the load balancer: people's addresses, and the rules by which a web ACL limits them."""

from typing import Annotated, Literal

from pydantic import Field

from models.scenario.base import Lognormal, Section, Sequence, tagged


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


Action = Literal["allow", "block", "count", "captcha", "challenge"]
ACTION = "what is done with what it matches; a valid token passes captcha and challenge"


class RateRule(RateLimit):
    """A rate rule in its place among the others. It counts what reaches it: what no rule before it has ended."""

    kind: Literal["rate"] = "rate"
    action: Literal["block", "count", "captcha", "challenge"] = Field("block", description=f"{ACTION} (the talk)")
    key: Literal["address", "token"] = Field(
        "address",
        description="what is counted: requests of an address, or of a valid token, of which each page has its own "
        "(the talk: per IP)",
    )


class BotControl(Section):
    """Managed bot control: it recognises bots by how they look, each kind of them with odds of its own."""

    kind: Literal["bot_control"] = "bot_control"
    action: Action = Field("block", description=f"{ACTION} (the talk)")
    mistaken: float = Field(0.002, ge=0, le=1, description="share of people who are taken for bots (assumption)")


class Geo(Section):
    """A rule on where an address is: it matches everybody abroad."""

    kind: Literal["geo"] = "geo"
    action: Action = Field("block", description=f"{ACTION} (the talk)")
    abroad: float = Field(0.005, ge=0, le=1, description="share of people who are abroad (assumption)")


Rule = Annotated[RateRule | BotControl | Geo, Field(discriminator="kind"), tagged("kind", "rate")]


class Captcha(Section):
    """What it takes to pass a CAPTCHA, and how long a token is valid then."""

    integration: Literal["page", "none"] = Field(
        "page",
        description="whether the page shows a CAPTCHA that answers a join or a poll; with none nobody can solve it, "
        "and no challenge either (source: AWS WAF developer guide, client integrations)",
    )
    solve: Lognormal = Field(
        Lognormal(median_s=9, sigma=0.5), description="time to solve one (source: Searles et al. 2023, typed text)"
    )
    fails: float = Field(0.05, ge=0, le=1, description="share of CAPTCHAs at which somebody gives up (assumption)")
    immunity_s: float = Field(
        300, ge=60, le=259_200, description="seconds that one counts (source: AWS WAF API, ImmunityTimeProperty)"
    )
    challenge_immunity_s: float = Field(
        300,
        ge=300,
        le=259_200,
        description="seconds that a challenge counts, of which a token knows apart (source: AWS WAF API, "
        "ImmunityTimeProperty)",
    )


class Refused(Section):
    """What somebody does who is refused with a 403."""

    gives_up: float = Field(0.1, ge=0, le=1, description="share of refusals after which one gives up (assumption)")
    again_s: float = Field(10, ge=0.1, le=3600, description="seconds until one tries again (assumption)")


class BotKind(Refused):
    """A kind of bots, and what it can do."""

    name: str = Field(pattern=r"^[a-z][a-z_]*$", max_length=30, description="its name in results (assumption)")
    share: float = Field(ge=0, le=1, description="share of it among the bots (assumption)")
    gives_up: float = Field(0.05, ge=0, le=1, description="share of refusals after which one gives up (assumption)")
    again_s: float = Field(5, ge=0.1, le=3600, description="seconds until one tries again (assumption)")
    recognised: float = Field(ge=0, le=1, description="share of it that bot control recognises (assumption)")
    abroad: float = Field(
        0.6, ge=0, le=1, description="share of it that comes from abroad (source: YES24, 60 % and more, itdaily.kr)"
    )
    addresses: int = Field(
        1, ge=1, le=100_000, description="addresses of one; after a refusal it takes the next (assumption)"
    )
    behind_each: int = Field(
        1, ge=1, le=1_000_000, description="bots that use the same addresses, as of one data centre (assumption)"
    )
    runs_script: bool = Field(True, description="whether it passes a challenge: it runs the page's script (assumption)")
    solves_captcha: bool = Field(False, description="whether a person solves its CAPTCHAs (assumption)")


BOT_KINDS = (
    BotKind(name="script", share=0.6, recognised=0.8, behind_each=50, runs_script=False),
    BotKind(name="headless", share=0.3, recognised=0.4, addresses=10),
    BotKind(name="resale", share=0.1, recognised=0.1, abroad=0.1, addresses=20, solves_captcha=True),
)


class Edge(Section):
    """A web ACL in front of the load balancer, and behind which addresses people and bots are."""

    addresses: Addresses = Addresses()
    web_acl: Sequence[Rule] = Field(
        (RateRule(), BotControl(), Geo()),
        min_length=1,
        max_length=20,
        description="rules in their order; what none of them ends is let through (the talk: rate, bot control, geo)",
    )
    captcha: Captcha = Captcha()
    people: Refused = Field(Refused(), description="what people do who are refused (assumption)")
    bot_kinds: Sequence[BotKind] = Field(
        BOT_KINDS, min_length=1, max_length=20, description="kinds of clients.bots (assumption: shares and odds)"
    )

    @property
    def rate_rule(self) -> RateRule | None:
        """Return the rate rule, of which there is one at most."""
        return next((rule for rule in self.web_acl if isinstance(rule, RateRule)), None)
