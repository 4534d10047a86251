"""Claims about money, and those that stand on sums, prices and sourced limits alone."""

from __future__ import annotations

from models.judge.wording import number
from models.ledger.arithmetic import redone
from models.ledger.checks import Check, Sources, by_sum, rests_on
from models.ledger.claims import Claim, How
from models.ledger.entry import Entry, Flip, about, that_change, weakest
from models.ledger.flips import COMPUTED, OPEN

SUMS: tuple[How, ...] = ("arithmetic", "cost")


def _event_writes(claim: Claim, sources: Sources) -> Entry:
    """Hold the talk's sum against the writes that an event makes."""
    run, own = sources["hot"], redone(claim)
    cost, writes = run.kpi("cost.dynamodb_event_usd"), run.best("dynamodb.writes")
    value = claim.figure
    why = (
        f"{own.why} Simulated, an event makes {number(writes)} writes, as {number(run.best('seats.sold'))} seats are "
        f"sold and the others are refused, for ${cost.best:.2f} with its reads."
    )
    per_order, per_refusal = run.scenario.backend.writes_per_order, run.scenario.backend.writes_per_refusal
    verdict = weakest([own.verdict, about(cost, value, 0.2)])
    times = f"{number(value / cost.best)} times what is assumed"
    at = f"{times} ({number(per_order)} writes an order, {number(per_refusal)} a refusal)"
    flips = that_change(verdict, Flip("what an admission writes and reads", at, own.verdict, COMPUTED))
    return Entry(claim, verdict, cost, claim.unit, why, (*own.rests_on, *rests_on(run)), flips, OPEN)


CHECKS = {
    "admission.seats_rate": Check(by_sum, (), SUMS),
    "dynamodb.event_cost": Check(_event_writes, ("hot",), SUMS),
    "waf.rate_rule": Check(by_sum, (), SUMS),
    "waf.price": Check(by_sum, (), SUMS),
    **{
        f"cost.{name}": Check(by_sum, (), SUMS)
        for name in ("graviton", "spot", "nodes", "redis", "idle", "total", "dynamodb")
    },
    "backend.inventory": Check(by_sum, (), SUMS),
    "dynamodb.unlimited": Check(by_sum, (), SUMS),
    "dynamodb.used": Check(by_sum, (), SUMS),
    "waf.blocked": Check(by_sum, (), SUMS),
    "waf.gateway_cpu": Check(by_sum, (), SUMS),
    "waf.captcha": Check(by_sum, (), SUMS),
    "mesh.latency": Check(by_sum, (), SUMS),
    "mesh.cpu": Check(by_sum, (), SUMS),
    "security.total": Check(by_sum, (), SUMS),
}
