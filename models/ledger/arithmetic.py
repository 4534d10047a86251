"""The talk's sums, redone: each claim that stands on arithmetic and prices, from the inputs it states itself.

Pure. Nothing here is simulated: a claim about behaviour may still fall where its sum is right.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from models.claims import Claim, ClaimVerdict, claims
from models.ec2_nodes import ec2_nodes
from models.judge.wording import number
from models.prices import HOME, PriceTable, list_prices
from models.redis_nodes import bytes_per_s, redis_nodes
from models.scenario import Scenario
from models.sourced import Number
from models.units import HOURS_PER_MONTH

NODE, REDIS_NODE = "m7g.xlarge", "cache.m7g.xlarge"
"""The node types behind the talk's sums: ten of the first come to its $1,200 a month; the second it names."""

REPLY_BYTES = 1000
"""The talk's 1 KB a status."""

STATED = "the talk's own inputs"


@dataclass(frozen=True, slots=True)
class Redone:
    """One claim, recomputed: `value` in the claim's unit."""

    claim: Claim
    value: float
    verdict: ClaimVerdict
    why: str
    rests_on: tuple[str, ...]


def sums_redone() -> tuple[Redone, ...]:
    """Return every claim that stands on arithmetic or prices alone, in the order of the claims."""
    return tuple(_SUMS[name](claim) for name, claim in claims().items() if name in _SUMS)


def _status_rps(claim: Claim) -> Redone:
    rate = claim.number("clients") / claim.number("poll_s")
    return Redone(claim, rate, "confirmed", "As a mean, if everybody polls until the end and evenly.", (STATED,))


def _seats_rate(claim: Claim) -> Redone:
    rate = claim.number("seats") / claim.number("sale_s")
    sold = (claim.value if isinstance(claim.value, float) else rate) * claim.number("sale_s")
    why = f"Rounded down: at the published rate {number(sold)} seats are sold in that time."
    return Redone(claim, rate, "confirmed", why, (STATED,))


def _wait_rate(claim: Claim) -> Redone:
    people, wait = claim.number("clients"), claim.number("mean_wait_s")
    mean_rate, longest_rate = people / (2 * wait), people / wait
    why = (
        f"{number(longest_rate)} per second keep the longest wait under {number(wait)} s; the mean, half of it in a "
        f"line that empties evenly, needs {number(mean_rate)}."
    )
    return Redone(claim, mean_rate, "refuted", why, (STATED,))


def _event_writes_cost(claim: Claim) -> Redone:
    million = claim.number("rps") * claim.number("sale_s") / 1e6
    price = _known(_list().prices.dynamodb_usd_per_million_writes)
    people = claims()["admission.wait_rate"].number("clients")
    why = (
        f"{number(million)} million writes are ${million * claim.number('usd_per_million'):.2f} at the price before "
        f"{price.date}. But {number(people)} people are admitted in {number(people / claim.number('rps'))} s, not in "
        f"{number(claim.number('sale_s'))}."
    )
    return Redone(claim, million * price.value, "conditional", why, (STATED, _from(price)))


def _memory(claim: Claim) -> Redone:
    needed = 2 * (claim.number("clients") * claim.number("bytes_per_client") / 1e6 + claim.number("index_mb"))
    usable = redis_nodes()[REDIS_NODE].usable_bytes(Scenario().redis.reserved_memory_percent) or 0.0
    times = number(usable / 1e6 / needed)
    why = f"The sum is right; a {REDIS_NODE} holds {number(usable / 1e6)} MB of data, {times} times as much."
    return Redone(claim, needed, "confirmed", why, (STATED, "AWS ElastiCache node types"))


def _network(claim: Claim) -> Redone:
    status = claims()["demand.status_rps"]
    needed = status.number("clients") / status.number("poll_s") * REPLY_BYTES / 1e6
    node = redis_nodes()[REDIS_NODE]
    burst, sustained = bytes_per_s(node.burst_gbps or 0.0) / 1e6, bytes_per_s(node.baseline_gbps or 0.0) / 1e6
    why = (
        f"The sum is right, the limit is not: {number(node.burst_gbps)} Gbps are {number(burst)} MB/s, not 125, and "
        f"only in bursts; {number(sustained)} MB/s are sustained."
    )
    return Redone(claim, needed, "inconsistent", why, (STATED, "AWS ElastiCache user guide, supported node types"))


def _cpu(claim: Claim) -> Redone:
    status = claims()["demand.status_rps"]
    cores = status.number("clients") / status.number("poll_s") * 0.01 / 1000
    why = (
        f"{number(cores)} of a core is less than one, so this sum needs no second one; and Redis runs commands on one "
        "thread, so more cores of a node would not help."
    )
    return Redone(claim, cores, "inconsistent", why, (STATED,))


def _rate_rule(claim: Claim) -> Redone:
    polls = claim.number("window_s") / claim.number("poll_s")
    alone = polls + 2  # a join and an enter
    why = (
        f"One person alone makes {number(polls)} polls, a join and an enter; two tabs, or two people behind one "
        f"address, make {number(2 * alone)} and are blocked."
    )
    return Redone(claim, alone, "conditional", why, (STATED,))


def _waf_price(claim: Claim) -> Redone:
    prices = _list().prices
    request, acl = _known(prices.waf_usd_per_million_requests), _known(prices.waf_acl_usd_per_month)
    common = _known(prices.bot_control_common_usd_per_million_requests)
    targeted = _known(prices.bot_control_targeted_usd_per_million_requests)
    why = (
        f"${request.value:.2f} for requests and ${common.value:.2f} for common bot control (targeted: "
        f"${targeted.value:.2f}); ${acl.value:.0f} is the monthly fee of a web ACL."
    )
    return Redone(claim, request.value + common.value, "refuted", why, (_from(request),))


def _graviton(claim: Claim) -> Redone:
    nodes, redis = ec2_nodes(), redis_nodes()
    arm = nodes["m7g.large"].on_demand_usd
    new, old = (100 * (1 - arm / nodes[kind].on_demand_usd) for kind in ("m7i.large", "m5.large"))
    m7g, m5 = (redis[f"cache.{kind}.large"].redis_oss_usd_per_h or 0.0 for kind in ("m7g", "m5"))
    why = (
        f"Of EC2 against m7i; against m5 it is {number(old)} %, and a Redis node of m7g costs "
        f"{number(100 * (m7g / m5 - 1))} % more than one of m5."
    )
    return Redone(claim, new, "conditional", why, (_from(_known(_list().node_usd_per_h(NODE))),))


def _spot(claim: Claim) -> Redone:
    discounts = [
        100 * (1 - node.spot_usd / node.on_demand_usd) for node in ec2_nodes().values() if node.spot_usd is not None
    ]
    mean, spot = sum(discounts) / len(discounts), _known(_list().spot_node_usd_per_h(NODE))
    why = (
        f"The spot prices that were quoted are {number(min(discounts))} to {number(max(discounts))} % below; they "
        "move, so it holds only for a type and a time that are as cheap."
    )
    return Redone(claim, mean, "conditional", why, (_from(spot),))


def _nodes(claim: Claim) -> Redone:
    each = claim.number("on_demand_usd") / claim.number("on_demand_nodes")
    kept = claim.number("kept_on_demand") * each
    spot = claim.number("spot_nodes") * each * (1 - claim.number("spot_discount"))
    saved = claim.number("on_demand_usd") - kept - spot
    why = (
        f"{number(claim.number('kept_on_demand'))} on-demand nodes are ${number(kept)} and "
        f"{number(claim.number('spot_nodes'))} on spot ${number(spot)}: ${number(kept + spot)}. The published "
        f"${number(kept)} leaves the spot nodes out."
    )
    return Redone(claim, saved, "inconsistent", why, (STATED,))


def _redis(claim: Claim) -> Redone:
    price = _known(_list().redis_node_usd_per_h(REDIS_NODE, "redis_oss"))
    month = price.value * HOURS_PER_MONTH
    why = (
        f"True if it is about one shard with its replica, two nodes at ${number(month)} a month; the talk does not say "
        "how many were not added."
    )
    return Redone(claim, 2 * month, "conditional", why, (_from(price),))


def _idle(claim: Claim) -> Redone:
    nodes = claims()["cost.nodes"]
    each = nodes.number("on_demand_usd") / nodes.number("on_demand_nodes")
    share = nodes.number("spot_nodes") / nodes.number("on_demand_nodes")
    price = _known(_list().node_usd_per_h(NODE))
    mixed = 3 * each * (1 - share * nodes.number("spot_discount"))
    why = (
        f"True if all three are on demand; with {number(100 * share)} % on spot, as the talk has it, it is "
        f"${number(mixed)} at its own prices."
    )
    return Redone(claim, 3 * price.value * HOURS_PER_MONTH, "conditional", why, (_from(price),))


def _total(claim: Claim) -> Redone:
    saved = _nodes(claims()["cost.nodes"]).value
    rest = [claims()[name].value for name in ("cost.redis", "cost.idle")]
    total = saved + sum(value for value in rest if isinstance(value, float))
    why = f"Its summands add up, but one is wrong: with 7 of 10 nodes on spot ${number(saved)} are saved, not $840."
    return Redone(claim, total, "inconsistent", why, (STATED,))


def _dynamodb(claim: Claim) -> Redone:
    event, people = claims()["dynamodb.event_cost"], claims()["admission.wait_rate"].number("clients")
    own = event.number("rps") * event.number("sale_s") / 1e6 * event.number("usd_per_million")
    low, high = (cost / event.number("usd_per_million") * 1e6 / people for cost in (10, 50))
    why = (
        f"$10 to $50 less ${own:.2f}. Without admission control everybody would have to write {number(low)} to "
        f"{number(high)} times; one refused reservation each costs less than the ${own:.2f}."
    )
    return Redone(claim, 10 - own, "conditional", why, (STATED,))


def _list() -> PriceTable:
    return list_prices(HOME)


def _known(price: Number | None) -> Number:
    if price is None:
        raise ValueError("a list price that this sum needs is null")
    return price


def _from(price: Number) -> str:
    return f"{price.source} ({price.date})"


_SUMS: dict[str, Callable[[Claim], Redone]] = {
    "demand.status_rps": _status_rps,
    "admission.seats_rate": _seats_rate,
    "admission.wait_rate": _wait_rate,
    "dynamodb.event_cost": _event_writes_cost,
    "redis.memory": _memory,
    "redis.network": _network,
    "redis.cpu_600ms": _cpu,
    "waf.rate_rule": _rate_rule,
    "waf.price": _waf_price,
    "cost.graviton": _graviton,
    "cost.spot": _spot,
    "cost.nodes": _nodes,
    "cost.redis": _redis,
    "cost.idle": _idle,
    "cost.total": _total,
    "cost.dynamodb": _dynamodb,
}
