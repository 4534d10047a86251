"""Claims about the three architectures that were compared, and where the one chosen is to go."""

from __future__ import annotations

from models.claims import Claim, ClaimVerdict
from models.judge.wording import latency, number
from models.ledger.checks import Check, Sources, by_sum, rests_on
from models.ledger.entry import Entry, Flip, about, at_most, that_change, weakest
from models.ledger.evidence import ENGINE, Evidence
from models.ledger.flips import OPEN, RUN


def _next_100k(claim: Claim, sources: Sources) -> Entry:
    run = sources["next_100k"]
    peak, cpu, errors = run.kpi("requests.status_rps_peak_60s"), run.kpi(ENGINE), run.kpi("errors.rate_percent")
    slo, first = run.scenario.slo, run.limits[0]
    binds = f"what gives way first is the {first.name}" if first.bound else "nothing is exhausted"
    why = (
        f"{number(run.scenario.clients.count)} people over {number(run.scenario.waiting_room.events)} events make "
        f"{number(peak.best)} RPS in the busiest minute: the busiest of {number(run.scenario.redis.shards)} shards is "
        f"{number(cpu.best)} % busy, {number(errors.best)} % of the requests fail, and {binds}. An event is "
        f"${run.best('cost.event_usd'):.2f}. Several regions are not modelled."
    )
    held = weakest([at_most(cpu, slo.engine_cpu_percent), at_most(errors, slo.error_percent)])
    verdict = weakest(["conditional", held, about(peak, claim.figure, 0.15)])
    flips = that_change(verdict, Flip("waiting_room.events", "1 (one hot slot)", "refuted", RUN))
    return Entry(claim, verdict, peak, claim.unit, why, rests_on(run), flips, OPEN)


def _gateway_architecture(claim: Claim, sources: Sources) -> Entry:
    hot, spread = sources["hot"], sources["spread"]
    why = (
        f"For one event the engine thread is {number(hot.best(ENGINE))} % busy in its worst minute, status takes "
        f"{latency(hot.best('latency.status_p99_ms'))} at p99 and {number(hot.best('errors.rate_percent'))} % of the "
        f"requests fail; over ten events on distinct slots it is {number(spread.best(ENGINE))} %, "
        f"{latency(spread.best('latency.status_p99_ms'))} and {number(spread.best('errors.rate_percent'))} %."
    )
    one, ten = _serves(hot), _serves(spread)
    verdict = "conditional" if one == "refuted" and ten != "refuted" else one
    flips = that_change(verdict, Flip("waiting_room.events", "10, on distinct slots", ten, RUN))
    return Entry(claim, verdict, hot.kpi(ENGINE), "percent", why, rests_on(hot, spread), flips, OPEN)


def _serves(run: Evidence) -> ClaimVerdict:
    """Return whether engine CPU, status p99 and errors keep their service levels."""
    slo = run.scenario.slo
    levels = ((ENGINE, slo.engine_cpu_percent), ("latency.status_p99_ms", slo.status_p99_ms),
              ("errors.rate_percent", slo.error_percent))  # fmt: skip
    return weakest([at_most(run.kpi(kpi), limit) for kpi, limit in levels])


CHECKS = {
    "arch.direct": Check(by_sum, (), ("arithmetic", "cost")),
    "arch.queue": Check(by_sum, (), ("arithmetic", "cost")),
    "arch.gateway": Check(_gateway_architecture, ("hot", "spread")),
    "next.100k": Check(_next_100k, ("next_100k",), ("cost",)),
}
