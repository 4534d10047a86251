"""What terminal, report and pages say alike: service levels in words, the KPIs of a first look, intervals."""

from __future__ import annotations

from collections.abc import Iterable

from models.judge.finding import Finding, Severity
from models.judge.limit import Limit
from models.judge.wording import plural, with_unit
from models.results.result import Difference, Kpi
from sim.outcome import FEWEST_PAIRS

SHOWN_KPIS = (
    "requests.total",
    "requests.status_rps_peak",
    "requests.status_rps_mean",
    "redis.engine_cpu_peak_percent",
    "redis.engine_cpu_mean_percent",
    "latency.join_p99_ms",
    "latency.status_p50_ms",
    "latency.status_p99_ms",
    "latency.enter_p99_ms",
    "wait.mean_s",
    "wait.max_s",
    "admission.total",
    "seats.sold",
    "seats.sold_out_s",
    "errors.rate_percent",
    "gateway.cpu_mean_percent",
)
"""The KPIs a first look needs; the report has them all."""

_OF_ANY_NODE = "of the busiest node, replicas included"
KPI_NOTES = {
    "redis.engine_cpu_peak_percent": _OF_ANY_NODE,
    "redis.engine_cpu_peak_60s_percent": _OF_ANY_NODE,
    "redis.engine_cpu_mean_percent": _OF_ANY_NODE,
}
"""What a KPI is of, where its name leaves that open."""

SHARDS_TITLE = "Shards, by their primaries"
"""What the table of the shards shows; what their replicas do is not in it."""

SLO_WORDS = {
    "mean_wait_s": "mean wait of everybody",
    "unserved_percent": "never let in nor told",
    "status_p99_ms": "status p99",
    "error_percent": "failed requests",
    "engine_cpu_percent": "busiest engine thread, 60 s mean",
    "oversold": "seats sold twice",
}
"""Service levels in words, by their name in the scenario."""

CAPACITIES_TITLE = "Capacities: those exhausted first on top, of those within moments the cause first"
"""How the capacities of a verdict stand (see `models.judge.limits.limits_of`)."""

NOTEWORTHY = (Severity.BROKEN, Severity.REMARK)
"""Findings that come first, and are named beside the headline of a design that holds."""
SAID = {Severity.GOOD: True, Severity.BROKEN: False, Severity.NEUTRAL: None}
"""What is good, what is not, and what is neither; a remark is none of these."""


def severity_of(limit: Limit) -> Severity:
    """What a capacity means for the verdict: exhausted it breaks a design, or leaves that to the service levels."""
    return Severity.BROKEN if limit.fails else Severity.REMARK if limit.bound or limit.touched else Severity.GOOD


def remarks(findings: Iterable[Finding]) -> str:
    """What was found although every service level may be met: `3 findings to look at: Order, Seats, Bots.`"""
    topics = [finding.topic for finding in findings if finding.severity in NOTEWORTHY]
    return f"{plural(len(topics), 'finding')} to look at: {', '.join(topics)}." if topics else ""


def kpi_text(kpi: Kpi) -> str:
    """`61,020 RPS`, or `at least 30 s` of a lower bound."""
    return f"{'at least ' if kpi.at_least else ''}{with_unit(kpi.best, kpi.unit)}"


def interval_words(low: float | None, high: float | None, unit: str) -> str:
    """`2.08 % to 2.54 %`; empty without an interval."""
    return "" if low is None or high is None else f"{with_unit(low, unit)} to {with_unit(high, unit)}"


FEW = "too few runs to tell"


def told(item: Difference) -> str:
    """Whether a difference can be told from chance, and if it cannot, whether any could be."""
    if item.detectable:
        return "detectable"
    apart = item.difference.best != 0 or not item.difference.unvaried
    return FEW if item.difference.n < FEWEST_PAIRS and apart else "no detectable difference"
