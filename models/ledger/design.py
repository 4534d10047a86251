"""Claims about the three architectures that were compared, and where the one chosen is to go."""

from __future__ import annotations

from models.judge.wording import latency, number
from models.ledger.checks import Check, Sources, by_sum, rests_on
from models.ledger.claims import Claim, ClaimVerdict
from models.ledger.entry import Entry, Flip, about, at_most, in_every_case, that_change, weakest
from models.ledger.evidence import ENGINE, Evidence
from models.ledger.flips import OPEN, RUN, by_case
from models.ledger.luck import first_to_give_way, in_first

NEAR = 0.15
"""Share by which the load may be off the goal: people are counted, not polls."""


def _next_100k(claim: Claim, sources: Sources) -> Entry:
    run, one = sources["next_100k"], sources["next_100k_one"]
    peak, cpu, errors = run.kpi("requests.status_rps_peak_60s"), run.kpi(ENGINE), run.kpi("errors.rate_percent")
    first = first_to_give_way(run)
    binds = f"what gives way first {in_first(run)} is {first}" if first else f"nothing is exhausted {in_first(run)}"
    why = (
        f"{number(run.scenario.clients.count)} people over {number(run.scenario.waiting_room.events)} events, their "
        "names drawn, make "
        f"{number(peak.best)} RPS in the busiest minute: the busiest of {number(run.scenario.redis.shards)} shards is "
        f"{number(cpu.best)} % busy, {number(errors.best)} % of the requests fail, and {binds}. An event is "
        f"${run.best('cost.event_usd'):.2f}. For one event the busiest is {number(one.best(ENGINE))} % busy. "
        f"{number(100 * NEAR)} % more or less counts as the goal. Several regions are not modelled."
    )
    offered = about(peak, claim.figure, NEAR)
    verdict = weakest(["conditional", _holds(run), offered])
    alone = weakest(["conditional", _holds(one)])
    flips = that_change(verdict, Flip("waiting_room.events", "1 (one hot slot)", alone, RUN))
    return Entry(claim, verdict, peak, claim.unit, why, rests_on(run, one), flips, OPEN, "a run over several regions")


def _holds(run: Evidence) -> ClaimVerdict:
    """Return whether the engine's level and that of errors are kept."""
    slo = run.scenario.slo
    levels = ((ENGINE, slo.engine_cpu_percent), ("errors.rate_percent", slo.error_percent))
    return weakest([at_most(run.kpi(kpi), limit) for kpi, limit in levels])


def _gateway_architecture(claim: Claim, sources: Sources) -> Entry:
    runs = [sources[name] for name in ("hot", "five", "spread_drawn")]
    said = "; ".join(
        f"{number(run.scenario.waiting_room.events)}: {number(run.best(ENGINE))} %, "
        f"{latency(run.best('latency.status_p99_ms'))} and {number(run.best('errors.rate_percent'))} %"
        for run in runs
    )
    why = (
        f"By events, the busiest engine thread's worst minute, status at p99, and requests that fail: {said}. It holds "
        "if all three keep their service levels; names of events are drawn with the seed."
    )
    cases = {number(run.scenario.waiting_room.events): _serves(run) for run in runs}
    verdict = in_every_case([*cases.values()])
    primary = Flip("waiting_room.replica_reads", "false, for one event", _serves(sources["primary_only"]), RUN)
    flips = that_change(verdict, *by_case("waiting_room.events", cases, RUN), primary)
    return Entry(claim, verdict, runs[0].kpi(ENGINE), "percent", why, rests_on(*runs), flips, OPEN)


def _serves(run: Evidence) -> ClaimVerdict:
    """Return whether engine CPU, status p99 and errors keep their service levels."""
    return weakest([_holds(run), at_most(run.kpi("latency.status_p99_ms"), run.scenario.slo.status_p99_ms)])


CHECKS = {
    "arch.direct": Check(by_sum, (), ("arithmetic", "cost")),
    "arch.queue": Check(by_sum, (), ("arithmetic", "cost")),
    "arch.gateway": Check(_gateway_architecture, ("hot", "five", "spread_drawn", "primary_only")),
    "next.100k": Check(_next_100k, ("next_100k", "next_100k_one"), ("cost",)),
}
