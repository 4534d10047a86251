"""Which admission rates are as good: waits, backend and cost of those that were run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from models.ledger.checks import Sources
from models.ledger.entry import at_most, scaled
from models.ledger.evidence import Evidence
from models.ledger.runs import RATES_RPS
from models.ledger.turn import Holds, all_hold, holds


@dataclass(frozen=True)
class RateRow:
    """One rate: waits of everybody, who waits for nothing, what the backend bears, what the event costs."""

    rate_rps: int
    mean_wait_s: float
    longest_wait_s: float
    in_vain: float
    backend_percent: float
    sold_out_s: float
    cost_usd: float
    keeps: Holds
    """Whether mean wait and the backend's capacity are kept; None where the interval of one spans its limit."""


def rate_rows(sources: Sources, name: str = "rate") -> tuple[RateRow, ...]:
    """Return a row for every rate that was run: `rate`, nobody is told that the seats are gone; `told`, all are."""
    return tuple(_row(sources[f"{name}_{rate}"], rate) for rate in RATES_RPS)


def possible_rates(rows: Iterable[RateRow]) -> tuple[int, ...]:
    """Return the rates that keep the mean wait and ask no more of the backend than it can do, or may: that is open."""
    return tuple(row.rate_rps for row in rows if row.keeps is not False)


def _row(run: Evidence, rate: int) -> RateRow:
    scenario = run.scenario
    backend = scaled(run.kpi("fact.reserve_rps_peak_60s"), 100 / scenario.backend.reservation_capacity_rps)
    mean = run.kpi("wait.mean_s")
    kept = all_hold([holds(at_most(mean, scenario.slo.mean_wait_s)), holds(at_most(backend, 100))])
    return RateRow(
        rate_rps=rate,
        mean_wait_s=mean.best,
        longest_wait_s=run.best("wait.max_s"),
        in_vain=run.best("fact.waited_in_vain"),
        backend_percent=backend.best,
        sold_out_s=run.best("seats.sold_out_s") - scenario.event.opens_at_s,
        cost_usd=run.best("cost.event_usd"),
        keeps=kept,
    )
