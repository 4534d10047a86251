"""The talk's sums, redone: each claim that stands on arithmetic and prices, from the inputs it states itself.

Pure. Nothing here is simulated or measured: a claim about behaviour may still fall where its sum is right.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from models.claims import Claim, ClaimVerdict, claims
from models.ec2_nodes import ec2_nodes
from models.judge.wording import number
from models.ledger.entry import about, at_least, at_most, exactly, in_every_case, weakest
from models.prices import HOME, PriceTable, list_prices
from models.redis_nodes import bytes_per_s, redis_nodes
from models.scenario import Scenario
from models.sourced import Number
from models.units import HOURS_PER_MONTH
from sim.estimate import Estimate

NODE, REDIS_NODE = "m7g.xlarge", "cache.m7g.xlarge"
"""The node types behind the talk's sums: ten of the first come to its $1,200 a month; the second it names."""

STATED = "the talk's own inputs"
ROUNDING = 0.05
"""Share by which a published sum may be off and still count as rounded."""
PRICE = 0.1
"""Share by which a published price may be off: lists change."""


@dataclass(frozen=True, slots=True)
class Redone:
    """One claim, recomputed: `found` in the claim's unit; the range of a claim about a range, or of several prices."""

    claim: Claim
    found: Estimate
    verdict: ClaimVerdict
    why: str
    rests_on: tuple[str, ...]


def sums_redone() -> tuple[Redone, ...]:
    """Return every claim that stands on arithmetic or prices, in the order of the claims."""
    return tuple(redone(claim) for name, claim in claims().items() if name in _SUMS)


def redone(claim: Claim) -> Redone:
    """Return a claim's own sum, recomputed. KeyError if it has none."""
    return _SUMS[claim.id](claim)


def _status_rps(claim: Claim) -> Redone:
    rate = exactly(claim.number("clients") / claim.number("poll_s"))
    why = "As a mean, if everybody polls until the end and evenly."
    return Redone(claim, rate, about(rate, claim.figure, ROUNDING), why, (STATED,))


def _seats_rate(claim: Claim) -> Redone:
    rate = exactly(claim.number("seats") / claim.number("sale_s"))
    sold = claim.figure * claim.number("sale_s")
    why = f"At the published rate {number(sold)} of {number(claim.number('seats'))} seats are sold in that time."
    return Redone(claim, rate, about(rate, claim.figure, ROUNDING), why, (STATED,))


def _wait_rate(claim: Claim) -> Redone:
    people, wait = claim.number("clients"), claim.number("mean_wait_s")
    mean_rate, longest_rate = exactly(people / (2 * wait)), people / wait
    why = (
        f"{number(longest_rate)} per second keep the longest wait under {number(wait)} s; the mean, half of it in a "
        f"line that empties evenly, needs {number(mean_rate.best)}."
    )
    return Redone(claim, mean_rate, about(mean_rate, claim.figure, ROUNDING), why, (STATED,))


def _event_writes_cost(claim: Claim) -> Redone:
    million = claim.number("rps") * claim.number("sale_s") / 1e6
    price = _known(_list().prices.dynamodb_usd_per_million_writes)
    then, now = exactly(million * claim.number("usd_per_million")), exactly(million * price.value)
    people = claims()["admission.wait_rate"].number("clients")
    why = (
        f"{number(million)} million writes are ${then.best:.2f} at the price before {price.date}, ${now.best:.2f} "
        f"since. But {number(people)} people are admitted in {number(people / claim.number('rps'))} s, not in "
        f"{number(claim.number('sale_s'))}."
    )
    verdict = in_every_case([about(cost, claim.figure, ROUNDING) for cost in (then, now)])
    return Redone(claim, now, verdict, why, (STATED, _from(price)))


def _memory(claim: Claim) -> Redone:
    data_mb = claim.number("clients") * claim.number("bytes_per_client") / 1e6 + claim.number("index_mb")
    needed = exactly(2 * data_mb)
    usable_mb = (redis_nodes()[REDIS_NODE].usable_bytes(Scenario().redis.reserved_memory_percent) or 0.0) / 1e6
    verdict = weakest([about(needed, claim.figure, ROUNDING), at_most(needed, usable_mb)])
    why = (
        f"The sum comes to {number(needed.best)} MB; a {REDIS_NODE} holds {number(usable_mb)} MB of data, "
        f"{number(usable_mb / needed.best)} times as much."
    )
    return Redone(claim, needed, verdict, why, (STATED, "AWS ElastiCache node types"))


def _network(claim: Claim) -> Redone:
    needed = exactly(claim.number("status_rps") * claim.number("reply_bytes") / 1e6)
    stated_gbps, stated_mb = claim.number("node_gbps"), claim.number("node_mb_per_s")
    burst = exactly(bytes_per_s(stated_gbps) / 1e6)
    sustained = bytes_per_s(redis_nodes()[REDIS_NODE].baseline_gbps or 0.0) / 1e6
    agrees = about(burst, stated_mb, ROUNDING) == "confirmed"
    why = (
        f"The sum comes to {number(needed.best)} MB/s. {number(stated_gbps)} Gbps are {number(burst.best)} MB/s"
        f"{'' if agrees else f', not {number(stated_mb)}'}, and only in bursts; {number(sustained)} MB/s are sustained."
    )
    verdict = about(needed, claim.figure, ROUNDING) if agrees else "inconsistent"
    return Redone(claim, needed, verdict, why, (STATED, "AWS ElastiCache user guide, supported node types"))


def _cpu(claim: Claim) -> Redone:
    cores = exactly(claim.number("status_rps") * claim.number("zrank_ms") / 1000)
    several = at_least(cores, 1.0) == "confirmed"
    why = (
        f"{number(cores.best)} of a core is {'one or more' if several else 'less than one'}, so this sum needs "
        f"{'a' if several else 'no'} second one; and Redis runs commands on one thread, so more cores of a node would "
        "not help."
    )
    verdict = about(cores, claim.figure, ROUNDING) if several else "inconsistent"
    return Redone(claim, cores, verdict, why, (STATED,))


def _rate_rule(claim: Claim) -> Redone:
    polls = claim.number("window_s") / claim.number("poll_s")
    alone, shared = exactly(polls + 2), exactly(2 * (polls + 2))  # a join and an enter
    verdict = in_every_case([at_most(requests, claim.figure) for requests in (alone, shared)])
    why = (
        f"One person alone makes {number(polls)} polls, a join and an enter; two tabs, or two people behind one "
        f"address, make {number(shared.best)} and are {'blocked' if shared.best > claim.figure else 'let through'}. "
        "Whether it stops bots no sum tells: the edge is not modelled yet."
    )
    return Redone(claim, alone, verdict, why, (STATED,))


def _waf_price(claim: Claim) -> Redone:
    prices = _list().prices
    request, acl = _known(prices.waf_usd_per_million_requests), _known(prices.waf_acl_usd_per_month)
    common = _known(prices.bot_control_common_usd_per_million_requests)
    targeted = _known(prices.bot_control_targeted_usd_per_million_requests)
    million = exactly(request.value + common.value)
    why = (
        f"${request.value:.2f} for requests and ${common.value:.2f} for common bot control (targeted: "
        f"${targeted.value:.2f}); ${acl.value:.0f} is the monthly fee of a web ACL."
    )
    return Redone(claim, million, about(million, claim.figure, PRICE), why, (_from(request),))


def _graviton(claim: Claim) -> Redone:
    nodes, redis = ec2_nodes(), redis_nodes()
    arm = nodes["m7g.large"].on_demand_usd
    new, old = (exactly(100 * (1 - arm / nodes[kind].on_demand_usd)) for kind in ("m7i.large", "m5.large"))
    m7g, m5 = (redis[f"cache.{kind}.large"].redis_oss_usd_per_h or 0.0 for kind in ("m7g", "m5"))
    cache = exactly(100 * (1 - m7g / m5))
    why = (
        f"Of EC2 against m7i; against m5 it is {number(old.best)} %, and a Redis node of m7g costs "
        f"{number(abs(cache.best))} % {'less' if cache.best > 0 else 'more'} than one of m5."
    )
    verdict = in_every_case([about(discount, claim.figure, PRICE) for discount in (new, old, cache)])
    return Redone(claim, new, verdict, why, (_from(_known(_list().node_usd_per_h(NODE))),))


def _spot(claim: Claim) -> Redone:
    nodes = ec2_nodes().values()
    quoted = [100 * (1 - node.spot_usd / node.on_demand_usd) for node in nodes if node.spot_usd is not None]
    found = Estimate(min(quoted), sum(quoted) / len(quoted), max(quoted), len(quoted))
    holds, open_ = about(found, claim.figure, PRICE), len(nodes) - len(quoted)
    why = (
        f"The spot prices that were quoted, of {number(len(quoted))} types, are {number(found.low)} to "
        f"{number(found.high)} % below. They move, and those of {number(open_)} other types are not known: it holds "
        f"only for a type and a time that are as cheap."
    )
    price = _known(_list().spot_node_usd_per_h(NODE))
    return Redone(claim, found, "conditional" if open_ else holds, why, (_from(price),))


def _nodes(claim: Claim) -> Redone:
    each = claim.number("on_demand_usd") / claim.number("on_demand_nodes")
    kept = claim.number("kept_on_demand") * each
    spot = claim.number("spot_nodes") * each * (1 - claim.number("spot_discount"))
    saved = exactly(claim.number("on_demand_usd") - kept - spot)
    adds_up = about(saved, claim.figure, ROUNDING) == "confirmed"
    why = (
        f"{number(claim.number('kept_on_demand'))} on-demand nodes are ${number(kept)} and "
        f"{number(claim.number('spot_nodes'))} on spot ${number(spot)}: ${number(kept + spot)}."
    )
    if not adds_up:
        why += f" The published ${number(claim.number('on_demand_usd') - claim.figure)} leaves the spot nodes out."
    return Redone(claim, saved, "confirmed" if adds_up else "inconsistent", why, (STATED,))


def _redis(claim: Claim) -> Redone:
    price = _known(_list().redis_node_usd_per_h(REDIS_NODE, "redis_oss"))
    node, shard = exactly(price.value * HOURS_PER_MONTH), exactly(2 * price.value * HOURS_PER_MONTH)
    why = (
        f"True if it is about one shard with its replica, two nodes at ${number(node.best)} a month; the talk does not "
        "say how many were not added."
    )
    verdict = in_every_case([about(saved, claim.figure, PRICE) for saved in (node, shard)])
    return Redone(claim, shard, verdict, why, (_from(price),))


def _idle(claim: Claim) -> Redone:
    nodes = claims()["cost.nodes"]
    each = nodes.number("on_demand_usd") / nodes.number("on_demand_nodes")
    share = nodes.number("spot_nodes") / nodes.number("on_demand_nodes")
    price = _known(_list().node_usd_per_h(NODE))
    freed = claim.number("nodes")
    mixed = exactly(freed * each * (1 - share * nodes.number("spot_discount")))
    on_demand = exactly(freed * price.value * HOURS_PER_MONTH)
    why = (
        f"True if all {number(freed)} are on demand; with {number(100 * share)} % on spot, as the talk has it, it is "
        f"${number(mixed.best)} at its own prices."
    )
    verdict = in_every_case([about(saved, claim.figure, PRICE) for saved in (on_demand, mixed)])
    return Redone(claim, on_demand, verdict, why, (_from(price),))


def _total(claim: Claim) -> Redone:
    nodes, *rest = (claims()[name] for name in ("cost.nodes", "cost.redis", "cost.idle"))
    saved, others = _nodes(nodes), sum(part.figure for part in rest)
    total = exactly(saved.found.best + others)
    adds_up = about(exactly(nodes.figure + others), claim.figure, ROUNDING)
    why = f"The published summands come to ${number(nodes.figure + others)}."
    if saved.verdict != "confirmed":
        why += f" But the ${number(nodes.figure)} of nodes on spot is by its own inputs ${number(saved.found.best)}."
    verdict = weakest([saved.verdict, "confirmed" if adds_up == "confirmed" else "inconsistent"])
    return Redone(claim, total, verdict, why, (STATED, f"claim {nodes.id}"))


def _dynamodb(claim: Claim) -> Redone:
    event, people = claims()["dynamodb.event_cost"], claims()["admission.wait_rate"].number("clients")
    million_usd = event.number("usd_per_million")
    own = event.number("rps") * event.number("sale_s") / 1e6 * million_usd
    without = claim.number("least_without_usd"), claim.number("most_without_usd")
    low, high = (cost - own for cost in without)
    few, many = (cost / million_usd * 1e6 / people for cost in without)
    once = people / 1e6 * million_usd
    why = (
        f"${number(without[0])} to ${number(without[1])} less ${own:.2f}. Without admission control everybody would "
        f"have to write {number(few)} to {number(many)} times; one refused reservation each is ${once:.2f}, "
        f"{'less' if once < own else 'more'} than the ${own:.2f}."
    )
    least, most = claim.bounds
    own_sum = weakest([about(exactly(low), least, ROUNDING), about(exactly(high), most, ROUNDING)])
    refused_once = at_least(exactly(once - own), least)
    found = Estimate(low, (low + high) / 2, high, 2)
    return Redone(claim, found, in_every_case([own_sum, refused_once]), why, (STATED,))


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
