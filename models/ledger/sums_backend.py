"""What follows from arithmetic and sourced limits for DynamoDB, the inventory, and the architectures not chosen.

Nothing here is modelled yet: each says that a run is to come.
"""

from __future__ import annotations

from models.judge.wording import clock, number
from models.ledger.claims import Claim, ClaimVerdict, claims
from models.ledger.entry import about, at_least, exactly, in_every_case, weakest
from models.ledger.facts import facts, origin
from models.ledger.flips import bisected, by_case
from models.ledger.sums import PRICE, STATED, Redone, Sum, known, listed, priced_by
from models.scenario import Scenario
from sim.estimate import Estimate

TABLES = "a run with DynamoDB's tables and items modelled"
OTHERS = "a run of this architecture"
WRITES = "writes/s"


def _inventory(claim: Claim) -> Redone:
    """Hold the capacity against the limits of an item and of a table, whichever way seats are counted."""
    own, value = facts(), claim.figure
    item, new, quota = own.item_writes_per_s, own.new_table_writes_per_s, own.table_quota_writes_per_s
    each = own.writes_per_commit.value
    commits = {
        "one counter for the event": item.value,
        "an item for each seat, in a new table": new.value / each,
        "an item for each seat, in a table warmed to its quota": quota.value / each,
    }
    cases = {how: at_least(exactly(rate), value) for how, rate in commits.items()}
    retried = 1000 / own.read_then_write_ms.value
    said = "; ".join(f"{how}: {number(rate)} commits a second" for how, rate in commits.items())
    why = (
        f"{said[:1].upper()}{said[1:]}, with "
        f"{number(each)} writes a commit where seats have items. A counter that is read and then written on condition, "
        f"without a retry, is won by one writer every {number(own.read_then_write_ms.value)} ms or so: "
        f"{number(retried)} a second."
    )

    def verdict_at(writes: float) -> ClaimVerdict:
        return at_least(exactly(writes / each), value)

    flips = (
        *by_case("seats are counted in", cases),
        *bisected("writes a second that the table is warmed to", verdict_at, new.value, quota.value),
    )
    found = Estimate(min(commits.values()), commits["an item for each seat, in a new table"], max(commits.values()), 3)
    rest = (*map(origin, (item, new, quota, own.writes_per_commit, own.read_then_write_ms)),)
    return Redone(claim, found, in_every_case([*cases.values()]), why, rest, flips, later=TABLES)


def _unlimited(claim: Claim) -> Redone:
    """Hold the limits that AWS states against what the talk's own figures ask of one item and of one table."""
    own, rps = facts(), claims()["backend.inventory"].figure
    item, table, quota = own.item_writes_per_s, own.new_table_writes_per_s, own.table_quota_writes_per_s
    asked = rps * own.writes_per_commit.value
    why = (
        f"One item takes {number(item.value)} writes a second, a new on-demand table {number(table.value)}, grown at "
        f"most {number(own.growth_factor_in_30_min.value)} times in 30 min, and a table {number(quota.value)} by its "
        f"default quota. The talk's own {number(rps)} RPS of the inventory are {number(rps)} writes a second on a "
        f"counter, or {number(asked)} on a table of seats."
    )
    verdict = weakest([at_least(exactly(item.value), rps), at_least(exactly(table.value), asked)])
    rest = (*map(origin, (item, table, own.growth_factor_in_30_min, quota, own.writes_per_commit)),)
    flips = tuple(
        flip
        for flip in bisected(
            "RPS of the inventory, a counter for each event",
            lambda rate: weakest(
                [
                    at_least(exactly(item.value), rate),
                    at_least(exactly(table.value), rate * own.writes_per_commit.value),
                ]
            ),
            rps,
            1,
        )
        if flip.verdict != verdict
    )
    return Redone(claim, exactly(table.value), verdict, why, rest, flips, later=TABLES, measured_in=WRITES)


def _used(claim: Claim) -> Redone:
    """Ask of what limit the published share could be one: an on-demand table has no capacity of its own."""
    own, rate, value = facts(), claims()["admission.wait_rate"].figure, claim.figure
    least, most = own.writes_per_hold.value, Scenario().backend.writes_per_order
    few = min(least, most)

    def share(limit: float) -> Estimate:
        low, high = (100 * rate * writes / limit for writes in (few, max(least, most)))
        return Estimate(low, (low + high) / 2, high, 2)

    limits = {"the default quota of a table": own.table_quota_writes_per_s, "a new table": own.new_table_writes_per_s}
    shares = {of: share(limit.value) for of, limit in limits.items()}
    cases = {of: about(found, value, PRICE) for of, found in shares.items()}
    said = "; ".join(f"{number(found.low)} to {number(found.high)} % of {of}" for of, found in shares.items())
    why = (
        f"An on-demand table has no capacity of which a share could be used. {number(rate)} admissions a second make "
        f"{number(few)} writes each if only holding a seat counts, "
        f"{number(max(least, most))} if paying for it does: {said}."
    )

    def verdict_at(writes: float) -> ClaimVerdict:
        used = 100 * rate * writes / own.table_quota_writes_per_s.value
        return about(exactly(used), value, PRICE)

    fits = value / 100 * own.table_quota_writes_per_s.value / rate
    flips = (
        *by_case("it is a share of", {of: verdict for of, verdict in cases.items() if verdict == "refuted"}),
        *by_case("writes an admission makes, of the quota", {number(fits): verdict_at(fits)}),
        *bisected("writes an admission makes, of the quota", verdict_at, fits, 0, 4 * fits),
    )
    verdict = in_every_case([*cases.values()])
    rest = (*map(origin, (own.table_quota_writes_per_s, own.new_table_writes_per_s, own.writes_per_hold)),)
    return Redone(claim, shares["the default quota of a table"], verdict, why, rest, flips, later=TABLES)


def _direct(claim: Claim) -> Redone:
    """Hold the queue before the reservation service against clients' timeouts, and the seats against the write."""
    own, people = facts(), claims()["admission.wait_rate"].number("clients")
    capacity = claims()["backend.reservation"].number("capacity_rps")
    timeout_s, gap_ms = Scenario().clients.timeout_s, own.read_then_write_ms
    queue_s = people / capacity

    def collapses_at(limit_s: float) -> ClaimVerdict:
        return at_least(exactly(queue_s), limit_s)

    twice = capacity * gap_ms.value / 1000
    unconditional = at_least(exactly(twice), 1.0)
    cases = {
        "unconditional, after reading that the seat is free": weakest([collapses_at(timeout_s), unconditional]),
        "conditional on the seat being free": weakest([collapses_at(timeout_s), "refuted"]),
    }
    why = (
        f"{number(people)} people at once are {clock(queue_s)} of work for {number(capacity)} reservations a second; "
        f"clients give up after {clock(timeout_s)} and try again, so that work done for those who have gone grows with "
        f"every retry. With an unconditional write after a read, {number(gap_ms.value)} ms later, {number(twice)} "
        "reservations are between the two at any time, and as many seats can go twice; with a conditional write none."
    )

    def verdict_at(limit_s: float) -> ClaimVerdict:
        return in_every_case([weakest([collapses_at(limit_s), part]) for part in (unconditional, "refuted")])

    flips = (
        *by_case("the write that takes a seat", cases),
        *bisected("clients.timeout_s", verdict_at, timeout_s, 3600.0),
    )
    verdict = in_every_case([*cases.values()])
    rest = (STATED, origin(gap_ms), "assumption: clients.timeout_s")
    return Redone(claim, exactly(queue_s), verdict, why, rest, flips, later=OTHERS, measured_in="s")


def _queue(claim: Claim) -> Redone:
    """Hold bill and wait of a queue service against those of the waiting room's requests alone."""
    own, prices = facts(), listed().prices
    sqs, call = known(prices.sqs_standard_usd_per_million_requests), known(prices.lambda_usd_per_million_requests)
    second = known(prices.lambda_usd_per_gb_s)
    people, rate = claims()["admission.wait_rate"].number("clients"), claims()["admission.wait_rate"].figure
    capacity = claims()["backend.reservation"].number("capacity_rps")

    def cost_at(gb_s: float) -> float:
        requests = own.queue_requests_per_message.value * sqs.value
        return people / 1e6 * (requests + call.value) + people * gb_s * second.value

    cost, room = cost_at(own.lambda_gb_s_per_message.value), room_requests() / 1e6 * edge_usd_per_million()
    wait_s, room_wait_s = people / capacity / 2, people / rate / 2
    dear, late = at_least(exactly(cost), room), at_least(exactly(wait_s), room_wait_s)
    why = (
        f"{number(people)} messages are ${cost:.2f} of SQS and Lambda an event; the requests of the waiting room are "
        f"${room:.2f} at the edge alone. At the {number(capacity)} reservations a second of the backend the last is "
        f"answered after {clock(2 * wait_s)}, {clock(wait_s)} on average; in the waiting room, at {number(rate)}, the "
        f"mean wait is {clock(room_wait_s)}. What it has not is a live position."
    )

    def verdict_at(gb_s: float) -> ClaimVerdict:
        return weakest([late, at_least(exactly(cost_at(gb_s)), room)])

    def verdict_of(service_rps: float) -> ClaimVerdict:
        return weakest([dear, at_least(exactly(people / service_rps / 2), room_wait_s)])

    verdict = weakest([dear, late])
    flips = (
        *bisected("Lambda's GB-seconds a message", verdict_at, own.lambda_gb_s_per_message.value, 1000.0),
        *bisected("backend.reservation_capacity_rps", verdict_of, capacity, 1.0),
    )
    rest = (STATED, *map(priced_by, (sqs, call, second)), origin(own.lambda_gb_s_per_message))
    return Redone(claim, exactly(cost), verdict, why, rest, flips, later=OTHERS, measured_in="usd/event")


def room_requests() -> float:
    """Return the requests of an event by the talk's figures: a join, an enter, and polls for the mean wait."""
    polls, rate = claims()["demand.status_rps"], claims()["admission.wait_rate"].figure
    people = polls.number("clients")
    return people * (2 + people / rate / 2 / polls.number("poll_s"))


def edge_usd_per_million() -> float:
    """Return the list price of a million requests at the edge: WAF, common bot control and CloudFront."""
    prices = listed().prices
    waf, bots = known(prices.waf_usd_per_million_requests), known(prices.bot_control_common_usd_per_million_requests)
    return waf.value + bots.value + 100 * known(prices.cloudfront_usd_per_10k_requests).value


SUMS = {
    "backend.inventory": Sum(_inventory),
    "dynamodb.unlimited": Sum(_unlimited),
    "dynamodb.used": Sum(_used),
    "arch.direct": Sum(_direct),
    "arch.queue": Sum(_queue),
}
