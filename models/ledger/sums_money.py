"""Claims about money, redone from list prices: what AWS asks for, and what the talk reckons with."""

from __future__ import annotations

from models.catalogues.ec2_nodes import ec2_nodes
from models.catalogues.redis_nodes import redis_nodes
from models.judge.wording import number
from models.ledger.claims import Claim, ClaimVerdict, claims
from models.ledger.entry import about, at_least, exactly, in_every_case, weakest
from models.ledger.flips import bisected, by_case
from models.ledger.sums import PRICE, ROUNDING, STATED, Redone, Sum, known, listed, priced_by
from models.vocabulary.units import HOURS_PER_MONTH
from sim.estimate import Estimate

NODE, REDIS_NODE = "m7g.xlarge", "cache.m7g.xlarge"
"""The node types behind the talk's sums: ten of the first come to its $1,200 a month; the second it names."""


def _event_writes_cost(claim: Claim) -> Redone:
    million = claim.number("rps") * claim.number("sale_s") / 1e6
    price = known(listed().prices.dynamodb_usd_per_million_writes)
    then, now = exactly(million * claim.number("usd_per_million")), exactly(million * price.value)
    people = claims()["admission.wait_rate"].number("clients")
    why = (
        f"{number(million)} million writes are ${then.best:.2f} at the price before {price.date}, ${now.best:.2f} "
        f"since. But {number(people)} people are admitted in {number(people / claim.number('rps'))} s, not in "
        f"{number(claim.number('sale_s'))}."
    )
    cases = {
        f"${claim.number('usd_per_million'):.2f} a million, before {price.date}": about(then, claim.figure, ROUNDING),
        f"${price.value:.3f} a million, since": about(now, claim.figure, ROUNDING),
    }
    flips = by_case("the price of a write", cases)
    return Redone(claim, now, in_every_case([*cases.values()]), why, (STATED, priced_by(price)), flips)


def _waf_price(claim: Claim) -> Redone:
    prices = listed().prices
    request, acl = known(prices.waf_usd_per_million_requests), known(prices.waf_acl_usd_per_month)
    common = known(prices.bot_control_common_usd_per_million_requests)
    targeted = known(prices.bot_control_targeted_usd_per_million_requests)
    million = exactly(request.value + common.value)
    why = (
        f"${request.value:.2f} for requests and ${common.value:.2f} for common bot control (targeted: "
        f"${targeted.value:.2f}); ${acl.value:.0f} is the monthly fee of a web ACL."
    )
    return Redone(claim, million, about(million, claim.figure, PRICE), why, (priced_by(request),))


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
    why += f" A discount within {number(100 * PRICE)} % of the published one counts as that."
    compared = {"m7i.large": new, "m5.large": old, "cache.m5.large, by cache.m7g.large": cache}
    cases = {f"{kind} ({number(off.best)} %)": about(off, claim.figure, PRICE) for kind, off in compared.items()}
    flips = by_case("the x86 node that is compared", cases)
    rest = (priced_by(known(listed().node_usd_per_h(NODE))),)
    return Redone(claim, new, in_every_case([*cases.values()]), why, rest, flips)


def _spot(claim: Claim) -> Redone:
    nodes = ec2_nodes().values()
    quoted = [100 * (1 - node.spot_usd / node.on_demand_usd) for node in nodes if node.spot_usd is not None]
    found = Estimate(min(quoted), sum(quoted) / len(quoted), max(quoted), len(quoted))
    verdict, price = about(found, claim.figure, PRICE), known(listed().spot_node_usd_per_h(NODE))
    why = (
        f"The spot prices that were quoted, of {number(len(quoted))} types, are {number(found.low)} to "
        f"{number(found.high)} % below, by a source of {price.confidence} confidence; {number(100 * PRICE)} % more or "
        f"less would count as the published one. Prices move, and those of {number(len(nodes) - len(quoted))} other "
        "types were not found."
    )
    return Redone(claim, found, verdict, why, (priced_by(price),), no_flip="quotations on both sides of the figure")


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
    price = known(listed().redis_node_usd_per_h(REDIS_NODE, "redis_oss"))
    node, shard = exactly(price.value * HOURS_PER_MONTH), exactly(2 * price.value * HOURS_PER_MONTH)
    why = (
        f"True if it is about one shard with its replica, two nodes at ${number(node.best)} a month; the talk does not "
        "say how many were not added."
    )
    why += f" Within {number(100 * PRICE)} % counts as the published sum."

    def verdict_at(nodes: float) -> ClaimVerdict:
        return about(exactly(nodes * node.best), claim.figure, PRICE)

    flips = (
        *by_case("nodes not added", {"1": verdict_at(1), "2": verdict_at(2)}),
        *bisected("nodes not added", verdict_at, 2, 1, 4),
    )
    verdict = in_every_case([verdict_at(nodes) for nodes in (1, 2)])
    return Redone(claim, shard, verdict, why, (priced_by(price),), flips)


def _idle(claim: Claim) -> Redone:
    nodes = claims()["cost.nodes"]
    each = nodes.number("on_demand_usd") / nodes.number("on_demand_nodes")
    share = nodes.number("spot_nodes") / nodes.number("on_demand_nodes")
    price = known(listed().node_usd_per_h(NODE))
    freed = claim.number("nodes")
    mixed = exactly(freed * each * (1 - share * nodes.number("spot_discount")))
    on_demand = exactly(freed * price.value * HOURS_PER_MONTH)

    def verdict_at(spot_percent: float) -> ClaimVerdict:
        left = 1 - spot_percent / 100 * nodes.number("spot_discount")
        return about(exactly(freed * each * left), claim.figure, PRICE)

    why = (
        f"True if all {number(freed)} are on demand; with {number(100 * share)} % on spot, as the talk has it, it is "
        f"${number(mixed.best)} at its own prices."
    )
    verdict = in_every_case([about(saved, claim.figure, PRICE) for saved in (on_demand, mixed)])
    flips = (
        *by_case("nodes on spot", {"none": verdict_at(0), f"{number(100 * share)} %": verdict_at(100 * share)}),
        *bisected("nodes on spot", verdict_at, 0, 100, unit=" %"),
    )
    return Redone(claim, on_demand, verdict, why, (priced_by(price),), flips)


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
    low, high = sorted(cost - own for cost in without)
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

    def verdict_at(times: float) -> ClaimVerdict:
        return at_least(exactly(times * once - own), least)

    flips = tuple(bisected("writes of each person without admission control", verdict_at, 1, 1000))
    no_flip = "no number of writes up to 1,000 a person decides it"
    return Redone(claim, found, in_every_case([own_sum, refused_once]), why, (STATED,), flips, no_flip)


SUMS = {
    "dynamodb.event_cost": Sum(_event_writes_cost),
    "waf.price": Sum(_waf_price),
    "cost.graviton": Sum(_graviton),
    "cost.spot": Sum(_spot),
    "cost.nodes": Sum(_nodes),
    "cost.redis": Sum(_redis),
    "cost.idle": Sum(_idle),
    "cost.total": Sum(_total),
    "cost.dynamodb": Sum(_dynamodb),
}
