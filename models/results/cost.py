"""What an event and a month cost, by part: quantities of a scenario and of a run of it, times a table of prices.

An event costs what runs for its hours (`cost.event_hours`) and what its requests use up. A month costs its events, and
what stays between them. Everything is billed by the second, in decimal gigabytes, without free tiers, and without what
`left_out` names.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from models.catalogues.ec2_capacity import Capacity
from models.catalogues.prices import PriceTable
from models.documents.sourced import Number
from models.scenario import Scenario
from models.scenario.packing import backend_nodes_needed, nodes_needed
from models.vocabulary.units import HOURS_PER_MONTH

PARTS = {
    "gateway": "gateway nodes",
    "redis": "Redis nodes",
    "dynamodb": "DynamoDB",
    "edge": "CloudFront and WAF",
    "eks": "EKS control plane",
    "transfer": "zone traffic",
    "backend": "backend nodes",
    "balancer": "load balancer",
    "nat": "NAT gateways",
    "logs": "logs",
    "operators": "operators' access",
}
"""Every part of the bill, by the name its KPIs have, in the order it is shown."""


LEFT_OUT = (
    "the site's own pages and images",
    "storage of tables and disks",
    "metrics, traces and alarms",
    "bytes through the NAT gateways",
    "payment and operators' access",
    "support",
)
"""What an on-sale costs besides, and no part of the bill holds, unless a scenario says what operators' access costs."""


def left_out(scenario: Scenario) -> tuple[str, ...]:
    """Return what the bill of a scenario does not hold."""
    if scenario.cost.operators_access_usd_per_month == 0:
        return LEFT_OUT
    return tuple(what.removesuffix(f" and {PARTS['operators']}") for what in LEFT_OUT)


class NodeHours(NamedTuple):
    """Hours of EC2 nodes of one type, bought one way."""

    kind: str
    capacity: Capacity
    hours: float


_Hours = dict[tuple[str, Capacity], float]
"""Hours of EC2 nodes by type and how they are bought."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What one event used up, as a run measured it: requests, DynamoDB operations, decimal gigabytes.

    `balancer_lcu_h` are the hours of capacity units of the load balancer (see `models.results.usage`).
    `nodes` are the hours of the nodes that autoscaling bought for it, warm-up and cool-down included; None where pods
    are fixed in number, and the nodes follow from that. `captchas` are those that an edge has shown.
    """

    requests: float
    dynamodb_writes: float
    dynamodb_reads: float
    egress_gb: float
    cross_zone_gb: float
    balancer_lcu_h: float
    nodes: tuple[NodeHours, ...] | None = None
    captchas: float = 0.0

    def __post_init__(self) -> None:
        amounts = {name: getattr(self, name) for name in self.__slots__ if name != "nodes"}
        amounts |= {f"nodes, {node.kind} {node.capacity}": node.hours for node in self.nodes or ()}
        for name, value in amounts.items():
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} must be finite and 0 or more, not {value}")


@dataclass(frozen=True, slots=True)
class CostItem:
    """One line of the bill: how many `unit` of `what` an event and a month take, at a price each.

    `price` is None where the table has none; then the line costs nothing that is known.
    """

    part: str
    what: str
    unit: str
    event: float
    month: float
    price: Number | None

    @property
    def event_usd(self) -> float | None:
        """Cost in an event."""
        return None if self.price is None else self.event * self.price.value

    @property
    def month_usd(self) -> float | None:
        """Cost in a month."""
        return None if self.price is None else self.month * self.price.value


@dataclass(frozen=True, slots=True)
class PartCost:
    """One part: its lines, and their sums in USD; None if the table prices none of them."""

    name: str
    items: tuple[CostItem, ...]
    event_usd: float | None
    month_usd: float | None

    @property
    def unpriced(self) -> tuple[str, ...]:
        """What of it the table has no price for, as far as any is used."""
        return tuple(item.what for item in self.items if item.price is None and (item.event or item.month))


@dataclass(frozen=True, slots=True)
class CostBreakdown:
    """The bill by one table of prices. The totals are the sums of the parts that are priced."""

    prices: str
    parts: tuple[PartCost, ...]

    @property
    def event_usd(self) -> float:
        """What one event costs."""
        return math.fsum(part.event_usd or 0.0 for part in self.parts)

    @property
    def month_usd(self) -> float:
        """What a month costs."""
        return math.fsum(part.month_usd or 0.0 for part in self.parts)

    @property
    def complete(self) -> bool:
        """Whether everything that is used has a price."""
        return not any(part.unpriced for part in self.parts)


def cost_of(scenario: Scenario, usage: Usage, prices: PriceTable, spot: bool = True) -> CostBreakdown:
    """Return the bill of *scenario*, whose run used *usage*, at these *prices*; all on demand without *spot*."""
    items = [
        *_gateway(scenario, usage, prices, spot),
        _redis(scenario, prices),
        *_dynamodb(scenario, usage, prices),
        *_edge(scenario, usage, prices),
        _standing(scenario, "eks", "one cluster", "h of", prices.prices.eks_cluster_usd_per_h),
        _used(
            scenario,
            "transfer",
            "between pods and Redis",
            "GB",
            usage.cross_zone_gb,
            prices.prices.cross_zone_usd_per_gb,
        ),
        *_backend(scenario, prices, spot),
        *_balancer(scenario, usage, prices),
        _standing(scenario, "nat", "NAT gateways", "h of", prices.prices.nat_usd_per_h, scenario.cost.nat_gateways),
        _logs(scenario, usage, prices),
        *_operators(scenario),
    ]
    parts = (_part(name, tuple(lines)) for name, lines in groupby(items, key=lambda item: item.part))
    return CostBreakdown(prices.title, tuple(parts))


def _part(name: str, items: tuple[CostItem, ...]) -> PartCost:
    priced = [item for item in items if item.price is not None]
    event = math.fsum(item.event_usd or 0.0 for item in priced) if priced else None
    month = math.fsum(item.month_usd or 0.0 for item in priced) if priced else None
    return PartCost(name, items, event, month)


def _gateway(scenario: Scenario, usage: Usage, prices: PriceTable, spot: bool) -> Iterator[CostItem]:
    """The nodes of the events' hours, and for the others those that hold the pods that stay."""
    cost, pods = scenario.cost, scenario.gateway.pods
    full = nodes_needed(pods, scenario) * cost.event_hours(scenario.run.duration_s)
    left = nodes_needed(min(cost.pods_between_events, pods), scenario) * _hours_between(scenario)
    event = _by_capacity(_bought(scenario, full) if usage.nodes is None else usage.nodes, spot)
    yield from _nodes(scenario, "gateway", event, _by_capacity(_bought(scenario, left), spot), prices)


def _backend(scenario: Scenario, prices: PriceTable, spot: bool) -> Iterator[CostItem]:
    """The nodes of the services behind the gateway, which stay between events: nobody has said that they scale."""
    nodes = backend_nodes_needed(scenario)
    event = _by_capacity(_bought(scenario, nodes * scenario.cost.event_hours(scenario.run.duration_s)), spot)
    yield from _nodes(
        scenario, "backend", event, _by_capacity(_bought(scenario, nodes * _hours_between(scenario)), spot), prices
    )


def _nodes(scenario: Scenario, part: str, event: _Hours, between: _Hours, prices: PriceTable) -> Iterator[CostItem]:
    """One line for every type and how it is bought: hours of an event, and those between events."""
    for key in dict.fromkeys((*event, *between)):
        kind, capacity = key
        hours = event.get(key, 0.0)
        month = hours * scenario.cost.events_per_month + between.get(key, 0.0)
        price = prices.spot_node_usd_per_h(kind) if capacity == "spot" else prices.node_usd_per_h(kind)
        yield CostItem(part, f"{kind} {capacity.replace('_', ' ')}", "h of", hours, month, price)


def _bought(scenario: Scenario, hours: float) -> tuple[NodeHours, ...]:
    """Hours of nodes of the stated type, by the share that is spot."""
    kind, share = scenario.cost.node_type, scenario.cost.spot_percent / 100
    return NodeHours(kind, "on_demand", (1 - share) * hours), NodeHours(kind, "spot", share * hours)


def _by_capacity(nodes: tuple[NodeHours, ...], spot: bool) -> _Hours:
    """Hours by type and how they are bought, all on demand without *spot*."""
    found: _Hours = {}
    for kind, capacity, hours in nodes:
        key = (kind, capacity if spot else "on_demand")
        found[key] = found.get(key, 0.0) + hours
    return found


def _redis(scenario: Scenario, prices: PriceTable) -> CostItem:
    cost, redis = scenario.cost, scenario.redis
    nodes = redis.shards * (1 + redis.replicas_per_shard)
    event = nodes * cost.event_hours(scenario.run.duration_s)
    month = event * cost.events_per_month
    if cost.redis_between_events == "keep":
        month += nodes * _hours_between(scenario)
    price = prices.redis_node_usd_per_h(redis.node_type, cost.redis_engine)
    return CostItem("redis", redis.node_type, "h of", event, month, price)


def _dynamodb(scenario: Scenario, usage: Usage, prices: PriceTable) -> Iterator[CostItem]:
    writes, reads = usage.dynamodb_writes / 1e6, usage.dynamodb_reads / 1e6
    table = prices.prices
    yield _used(scenario, "dynamodb", "writes", "million", writes, table.dynamodb_usd_per_million_writes)
    yield _used(scenario, "dynamodb", "reads", "million", reads, table.dynamodb_usd_per_million_reads)


def _balancer(scenario: Scenario, usage: Usage, prices: PriceTable) -> Iterator[CostItem]:
    """One Application Load Balancer all month, and the capacity units that events take of it."""
    table = prices.prices
    yield _standing(scenario, "balancer", "load balancer", "h of", table.balancer_usd_per_h)
    yield _used(scenario, "balancer", "capacity units", "h of", usage.balancer_lcu_h, table.balancer_usd_per_lcu_h)


def _logs(scenario: Scenario, usage: Usage, prices: PriceTable) -> CostItem:
    """A line of log for every request."""
    gigabytes = usage.requests * scenario.cost.log_bytes_per_request / 1e9
    return _used(scenario, "logs", "logs taken in", "GB of", gigabytes, prices.prices.logs_usd_per_gb)


def _operators(scenario: Scenario) -> Iterator[CostItem]:
    """The access of those who run it, by the scenario's own price: it is quoted, not listed."""
    usd = scenario.cost.operators_access_usd_per_month
    if usd:
        price = Number(value=usd, date="2025-10", source="cost.operators_access_usd_per_month", confidence="assumption")
        yield _monthly(scenario, "operators", PARTS["operators"], 1, price)


def _edge(scenario: Scenario, usage: Usage, prices: PriceTable) -> Iterator[CostItem]:
    """CloudFront and WAF see every request that is sent; WAF bills those it blocks too.

    What of it is bought is what the scenario's edge has; where it has none, what `cost` says.
    """
    table, cost, edge, requests = prices.prices, scenario.cost, scenario.edge, usage.requests
    rules, bot_control = cost.waf_rules, cost.bot_control
    attempts = scenario.clients.count * cost.captcha_percent / 100
    if edge is not None:
        recognises = any(rule.kind == "bot_control" for rule in edge.web_acl)
        rules, attempts = len(edge.web_acl) - recognises, usage.captchas
        bot_control = ("common" if bot_control == "none" else bot_control) if recognises else "none"
    million = requests / 1e6
    yield _used(
        scenario, "edge", "CloudFront requests", "x 10,000", requests / 1e4, table.cloudfront_usd_per_10k_requests
    )
    yield _used(scenario, "edge", "CloudFront egress", "GB of", usage.egress_gb, table.cloudfront_usd_per_gb)
    yield _used(scenario, "edge", "WAF requests", "million", million, table.waf_usd_per_million_requests)
    yield _monthly(scenario, "edge", "WAF web ACL", 1, table.waf_acl_usd_per_month)
    yield _monthly(scenario, "edge", "WAF rules", rules, table.waf_rule_usd_per_month)
    if bot_control != "none":
        targeted, common = (
            table.bot_control_targeted_usd_per_million_requests,
            table.bot_control_common_usd_per_million_requests,
        )
        each = targeted if bot_control == "targeted" else common
        yield _used(scenario, "edge", f"requests with {bot_control} bot control", "million", million, each)
        yield _monthly(scenario, "edge", "bot control", 1, table.bot_control_usd_per_month)
    if bot_control != "targeted":  # which has CAPTCHA attempts included
        price = table.captcha_usd_per_thousand_attempts
        yield _used(scenario, "edge", "CAPTCHA attempts", "x 1,000", attempts / 1e3, price)


def _used(scenario: Scenario, part: str, what: str, unit: str, amount: float, price: Number | None) -> CostItem:
    """A line for what an event uses up."""
    return CostItem(part, what, unit, amount, amount * scenario.cost.events_per_month, price)


def _standing(scenario: Scenario, part: str, what: str, unit: str, price: Number | None, count: int = 1) -> CostItem:
    """A line for *count* things that run all month, and are billed by the hour."""
    hours = scenario.cost.event_hours(scenario.run.duration_s)
    return CostItem(part, what, unit, count * hours, count * HOURS_PER_MONTH, price)


def _monthly(scenario: Scenario, part: str, what: str, count: float, price: Number | None) -> CostItem:
    """A line for what has a monthly fee; an event's share of it is by hours, as WAF prorates it."""
    share = scenario.cost.event_hours(scenario.run.duration_s) / HOURS_PER_MONTH
    return CostItem(part, what, "months of", count * share, count, price)


def _hours_between(scenario: Scenario) -> float:
    """Hours of a month in which there is no event."""
    cost = scenario.cost
    return HOURS_PER_MONTH - cost.events_per_month * cost.event_hours(scenario.run.duration_s)
