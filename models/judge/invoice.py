"""What the design costs: the bill of a run at list prices and at the talk's, and what is worth saying about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from models.catalogues.prices import PriceTable, Region, list_prices, talk_prices
from models.judge.finding import Finding
from models.judge.wording import number, plural, with_unit
from models.results.cost import PARTS, CostBreakdown, Usage, cost_of, left_out
from models.results.usage import usage_in

if TYPE_CHECKING:
    from models.results.result import RunResult
    from models.scenario import Scenario


DEPLOYED_REGION: Region = "ap-northeast-2"
"""Where the talk's system ran (source: traffic-tacos infrastructure repository, October 2025)."""


@dataclass(frozen=True, slots=True)
class Invoice:
    """One event and one month at list prices and at the talk's, and what to know when reading them.

    `elsewhere` is the same at the list prices of other regions.
    """

    listed: CostBreakdown
    talk: CostBreakdown
    elsewhere: tuple[tuple[Region, CostBreakdown], ...]
    notes: tuple[str, ...]


def invoice_of(result: RunResult, scenario: Scenario) -> Invoice:
    """Return the bill of *result*, a run of *scenario*."""
    usage, prices = usage_in(result), list_prices(scenario.cost.region)
    talk, on_demand = cost_of(scenario, usage, talk_prices()), cost_of(scenario, usage, prices, spot=False)
    return Invoice(
        cost_of(scenario, usage, prices),
        talk,
        _elsewhere(scenario, usage),
        tuple(_notes(scenario, prices, talk, on_demand)),
    )


def _elsewhere(scenario: Scenario, usage: Usage) -> tuple[tuple[Region, CostBreakdown], ...]:
    """The bill in every other region that has prices."""
    others = (region for region in get_args(Region) if region != scenario.cost.region)
    return tuple((region, cost_of(scenario, usage, list_prices(region))) for region in others)


def bill_of(result: RunResult, scenario: Scenario) -> CostBreakdown:
    """Return the bill of *scenario* at list prices, supposing that it uses up what *result* did.

    For another scenario than that of the run this holds for what is paid by the hour; requests, and nodes that an
    autoscaler bought, are those of the run.
    """
    return cost_of(scenario, usage_in(result), list_prices(scenario.cost.region))


def cost_finding(invoice: Invoice, scenario: Scenario) -> Finding:
    """The two totals, the largest part of each, how much of the month has no event in it, and what is left out."""
    found = invoice.listed
    event = (
        f"An event costs {with_unit(found.event_usd, 'usd')} at the list prices of {scenario.cost.region}, "
        f"{largest(found, 'event_usd')}"
    )
    month = f"a month with {number(scenario.cost.events_per_month)} of them {with_unit(found.month_usd, 'usd')}, "
    idle = found.month_usd - scenario.cost.events_per_month * found.event_usd
    text = f"{event}; {month}{largest(found, 'month_usd')}."
    if found.month_usd > 0:
        text += f" {number(100 * max(0.0, idle) / found.month_usd)} % of the month is paid between events."
    for region, bill in invoice.elsewhere:
        text += f" In {place(region)} it is {with_unit(bill.event_usd, 'usd')} and {with_unit(bill.month_usd, 'usd')}."
    return Finding("Cost", f"{text} Not in the bill: {', '.join(left_out(scenario))}.")


def place(region: Region) -> str:
    """The name of a region, and whether the system was deployed there."""
    return f"{region}, where it was deployed," if region == DEPLOYED_REGION else region


def _notes(scenario: Scenario, prices: PriceTable, talk: CostBreakdown, on_demand: CostBreakdown) -> Iterator[str]:
    """The hours behind the bill, the same without spot nodes, and what the talk has no price for."""
    cost = scenario.cost
    kept = "kept" if cost.redis_between_events == "keep" else "removed"
    yield (
        f"An event is {number(cost.event_hours(scenario.run.duration_s))} h with warm-up and cool-down, a month has "
        f"{number(cost.events_per_month)} of them. Between events Redis is {kept} and up to "
        f"{plural(cost.pods_between_events, 'pod')} stay. No free tiers."
    )
    nodes = f"{number(cost.spot_percent)} % of the nodes under gateway and backend are spot."
    if scenario.autoscaling is not None:
        nodes = (
            "The nodes of an event are those the autoscaling bought; of those between events "
            f"{number(cost.spot_percent)} % are spot."
        )
    yield (
        f"{nodes} With all on demand an event costs {with_unit(on_demand.event_usd, 'usd')}, a month "
        f"{with_unit(on_demand.month_usd, 'usd')}."
    )
    yield (
        f"The backend is taken to be {plural(cost.backend_pods, 'pod')} that stay, the balancer to hold a connection "
        f"for {number(cost.balancer_connections_percent)} % of those in line."
    )
    yield f"Prices: {prices.origin}; {talk_prices().origin}."
    missing = [PARTS[part.name] for part in talk.parts if part.event_usd is None]
    if not talk.complete:
        yield f"The talk prices only part of it (≥), and nothing of: {', '.join(missing)}."


def largest(bill: CostBreakdown, what: str) -> str:
    """The largest part of `event_usd` or `month_usd` and its share, such as `89 % of it Redis nodes (ElastiCache)`."""
    total = getattr(bill, what)
    part = max(bill.parts, key=lambda part: getattr(part, what) or 0.0)
    share = 100 * (getattr(part, what) or 0.0) / total if total else 0.0
    return f"{number(share)} % of it {PARTS[part.name]}"
