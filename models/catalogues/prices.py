"""Dated price tables: what AWS asks for, by region, and the prices the talk reckons with.

A price is a `Number` in USD with its origin, or None where none was found (of the talk: where it names none).
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from models.catalogues.ec2_nodes import ec2_nodes
from models.catalogues.redis_nodes import Engine, Origin, redis_catalogue, redis_nodes
from models.documents.sourced import Number, read_sourced
from models.documents.strict import Strict
from models.vocabulary.units import HOURS_PER_MONTH

PRICES = Path(__file__).with_name("prices.yaml")

HOME = "us-east-1"
"""The region whose list prices the files hold; others are told by what differs."""

Region = Literal["us-east-1", "ap-northeast-2"]


class Prices(Strict):
    """One table, the unit in the name. Every price stands there, if only as null."""

    ec2_node_usd_per_month: Number | None
    ec2_spot_discount_percent: Number | None
    eks_cluster_usd_per_h: Number | None
    dynamodb_usd_per_million_writes: Number | None
    dynamodb_usd_per_million_reads: Number | None
    cloudfront_usd_per_10k_requests: Number | None
    cloudfront_usd_per_gb: Number | None
    waf_usd_per_million_requests: Number | None
    waf_acl_usd_per_month: Number | None
    waf_rule_usd_per_month: Number | None
    bot_control_usd_per_month: Number | None
    bot_control_common_usd_per_million_requests: Number | None
    bot_control_targeted_usd_per_million_requests: Number | None
    captcha_usd_per_thousand_attempts: Number | None
    challenge_usd_per_million_responses: Number | None
    cross_zone_usd_per_gb: Number | None
    balancer_usd_per_h: Number | None
    balancer_usd_per_lcu_h: Number | None
    nat_usd_per_h: Number | None
    logs_usd_per_gb: Number | None
    sqs_standard_usd_per_million_requests: Number | None
    sqs_fifo_usd_per_million_requests: Number | None
    lambda_usd_per_million_requests: Number | None
    lambda_usd_per_gb_s: Number | None

    @model_validator(mode="after")
    def _a_discount_is_no_gift(self) -> Self:
        discount = self.ec2_spot_discount_percent
        if discount is not None and discount.value > 100:
            raise ValueError(f"ec2_spot_discount_percent {discount.value:g} is above 100")
        return self


class Factors(Strict):
    """What the prices of a service cost elsewhere, as a multiple of the home region's."""

    ec2: Number
    elasticache: Number
    dynamodb: Number


class Elsewhere(Strict):
    """A region: its factors, and the prices that are known themselves."""

    factors: Factors
    prices: dict[str, Number]

    @model_validator(mode="after")
    def _prices_exist(self) -> Self:
        if unknown := sorted(self.prices.keys() - Prices.model_fields.keys()):
            raise ValueError(f"prices.{unknown[0]} is not a price of the table")
        return self


Family = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+$")]


class PriceFile(Strict):
    """The whole file. `ec2_not_checked` names the families whose on-demand price in the catalogue was not read."""

    ec2: Origin
    ec2_spot: Origin
    ec2_not_checked: Annotated[tuple[Family, ...], Field(strict=False)]
    list: Prices
    regions: dict[str, Elsewhere]
    talk: Prices


@dataclass(frozen=True, slots=True)
class PriceTable:
    """Prices by one source in one region.

    `listed`: EC2 and ElastiCache nodes cost what their catalogues say; otherwise one price holds for every EC2 node,
    and ElastiCache has none. `factors` is None where the catalogues' own region is meant.
    """

    title: str
    prices: Prices
    listed: bool
    factors: Factors | None = None

    @property
    def origin(self) -> str:
        """Title and the dates of the prices, from the oldest to the newest."""
        known = [price for _, price in self.prices if price is not None]
        if self.listed:
            known += [
                _listed(1.0, origin) for origin in (price_file().ec2, price_file().ec2_spot, redis_catalogue().price)
            ]
        dates = sorted(price.date for price in known)
        return f"{self.title} ({dates[0]}{f' to {dates[-1]}' if dates[-1] != dates[0] else ''})"

    def node_usd_per_h(self, kind: str) -> Number | None:
        """Return the on-demand price of an hour of an EC2 node of models/catalogues/ec2_nodes.yaml."""
        if not self.listed:
            month = self.prices.ec2_node_usd_per_month
            return month and month.model_copy(update={"value": month.value / HOURS_PER_MONTH})
        return self._with_factor("ec2", _listed(ec2_nodes()[kind].on_demand_usd, _ec2_origin(kind)))

    def spot_node_usd_per_h(self, kind: str) -> Number | None:
        """Return its spot price: the one quoted, or else the usual discount."""
        spot, discount = ec2_nodes()[kind].spot_usd, self.prices.ec2_spot_discount_percent
        if self.listed and spot is not None:
            return self._with_factor("ec2", _listed(spot, price_file().ec2_spot))
        full = self.node_usd_per_h(kind)
        if full is None or discount is None:
            return None
        return full.times(discount.model_copy(update={"value": 1 - discount.value / 100}))

    def redis_node_usd_per_h(self, kind: str, engine: Engine) -> Number | None:
        """Return the price of an hour of an ElastiCache node; the talk names none."""
        usd = redis_nodes()[kind].usd_per_h(engine)
        if usd is None or not self.listed:
            return None
        return self._with_factor("elasticache", _listed(usd, redis_catalogue().price))

    def _with_factor(self, service: str, price: Number) -> Number:
        return price if self.factors is None else price.times(getattr(self.factors, service))


@cache
def price_file() -> PriceFile:
    """Return the shipped file."""
    return read_sourced(PRICES, PriceFile)


@cache
def list_prices(region: Region) -> PriceTable:
    """Return AWS's list prices; what has neither price nor factor of its own elsewhere is taken to cost the same."""
    file = price_file()
    if region == HOME:
        return PriceTable(f"AWS list prices, {HOME}", file.list, listed=True)
    elsewhere = file.regions[region]
    known = {
        name: elsewhere.prices.get(name) or _moved(name, price, elsewhere.factors)
        for name, price in file.list
        if price is not None
    }
    return PriceTable(f"AWS list prices, {region}", file.list.model_copy(update=known), True, elsewhere.factors)


@cache
def talk_prices() -> PriceTable:
    """Return the talk's own prices."""
    return PriceTable("the talk's prices", price_file().talk, listed=False)


def _moved(name: str, price: Number, factors: Factors) -> Number:
    """Return a price of the home region as it is elsewhere. A discount and a global service cost the same."""
    return price.times(factors.dynamodb) if name.startswith("dynamodb_") else price


def _ec2_origin(kind: str) -> Origin:
    file = price_file()
    if kind.partition(".")[0] in file.ec2_not_checked:
        return file.ec2.model_copy(update={"confidence": "from_memory", "source": "AWS price list, not checked"})
    return file.ec2


def _listed(usd: float, origin: Origin) -> Number:
    if origin.confidence is None:
        raise ValueError(f"{origin.source}: a price needs a confidence")
    return Number(value=usd, date=origin.date, source=origin.source, confidence=origin.confidence)
