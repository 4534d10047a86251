"""What terminal, report and pages say alike: service levels in words, the KPIs of a first look, intervals."""

from __future__ import annotations

from models.judge.wording import with_unit

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

SLO_WORDS = {
    "mean_wait_s": "mean wait of those admitted",
    "status_p99_ms": "status p99",
    "error_percent": "failed requests",
    "engine_cpu_percent": "busiest engine thread, 60 s mean",
    "oversold": "seats sold twice",
}
"""Service levels in words, by their name in the scenario."""


def interval_words(low: float | None, high: float | None, unit: str) -> str:
    """`2.08 % to 2.54 %`; empty without an interval."""
    return "" if low is None or high is None else f"{with_unit(low, unit)} to {with_unit(high, unit)}"
