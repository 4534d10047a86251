"""What faces are given to show: a run of 300,000 people without the engine, its shard saturated, and comparisons."""

import io

import numpy as np
import pandas as pd
from rich.console import Console, RenderableType

from dashboards.terminal import WIDTH
from models.results.result import Difference, Kpi, RunResult, Stage
from models.scenario import Scenario
from sim.estimate import Estimate
from sim.histogram import LogHistogram

SECONDS = 330
SHARDS = 5
HOT = 3
CEILING_RPS = 34_500.0
PEOPLE = 300_000
RATE = 1_000
ENDPOINTS = ("join", "status", "enter", "leave", "reserve")


def _line(t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """People who have joined and people still in line at the end of each second."""
    joined = PEOPLE * (1 - np.exp(-(((t + 1) / 4) ** 1.4)))
    return joined, np.maximum(joined - RATE * (t + 1), 0)


def _latencies_ms(t: np.ndarray, waiting: np.ndarray) -> dict[str, np.ndarray]:
    # polls wait for the reply, so the round trip grows until the ceiling answers the whole line
    delay = np.maximum(waiting / CEILING_RPS - 5, 0) * 1000 + 34
    columns = {}
    for k, endpoint in enumerate(("join", "status", "enter")):
        scale = 1 + 0.08 * k
        columns[f"latency_{endpoint}_p50_ms"] = delay * scale
        columns[f"latency_{endpoint}_p95_ms"] = delay * scale * 1.2 + 30
        columns[f"latency_{endpoint}_p99_ms"] = delay * scale * 1.35 + 60
    columns["latency_join_p50_ms"][t > 40] = np.nan
    return columns


def series_of(seconds: int = SECONDS) -> pd.DataFrame:
    """One row per second, every column of a real run."""
    noise = np.random.default_rng(7)
    t = np.arange(seconds)
    joined, waiting = _line(t)
    polls = np.minimum(waiting / 5, CEILING_RPS * 0.97) * noise.normal(1, 0.01, seconds)
    data = {
        "sent_join": np.diff(joined, prepend=0),
        "sent_status": polls,
        "sent_enter": np.where(waiting > 0, RATE * 1.02, 0),
        "sent_leave": np.zeros(seconds),
        "sent_reserve": np.where(waiting > 0, RATE * 1.0, 0),
    }
    data |= {f"answered_{name}": data[f"sent_{name}"] * 0.97 for name in ENDPOINTS}
    data |= {
        "failed_pool_timeout": np.zeros(seconds),
        "failed_client_timeout": np.where((t > 8) & (t < 110), polls * 0.03, 0),
        "failed_refused": np.zeros(seconds),
        "failed_connection": np.zeros(seconds),
        "joined": data["sent_join"],
        "admitted": np.where(waiting > 0, RATE, 0),
        "sold": np.where((t >= 16) & (t < 26), RATE, 0),
        "left": np.zeros(seconds),
        "expired": np.zeros(seconds),
        "lapsed": np.zeros(seconds),
        "waiting": waiting,
        "called": np.minimum(waiting, 5_000),
        "connections": np.full(seconds, 3_000.0 * SHARDS),
        "connections_refused": np.zeros(seconds),
        "backlog_full": np.zeros(seconds),
        "failed_max_clients": np.zeros(seconds),
        "failed_out_of_memory": np.zeros(seconds),
        "pool_waiting": np.where((t > 12) & (t < 105), 60_000 - 500 * t, 0),
        "gateway_cpu_cores": polls * 150e-6 + 0.2,
    }
    for shard in range(SHARDS):
        hot = shard == HOT
        busy = np.clip(polls / (CEILING_RPS * 0.97) * 1.001, 0, 1) if hot else 0.004 + 0 * t
        data |= {
            f"shard_{shard}_busy": np.where((t > 3) & (t < 128), 1.0, busy) if hot else busy,
            f"shard_{shard}_connections": np.full(seconds, 3_000.0),
            f"shard_{shard}_requests": polls if hot else 0 * polls,
            f"shard_{shard}_queue": np.maximum(waiting / 5 - CEILING_RPS, 0) if hot else 0 * polls,
        }
    return pd.DataFrame(data | _latencies_ms(t, waiting), index=pd.RangeIndex(seconds, name="second"))


def kpis_of(interval: float | None = None) -> dict[str, Kpi]:
    """KPIs of that run; with *interval*, a share by which low and high lie off the best value."""
    values = {
        "requests.total": (8_412_331, "requests"),
        "requests.status_rps_peak": (35_120, "rps"),
        "requests.status_rps_peak_60s": (34_300, "rps"),
        "requests.status_rps_mean": (24_800, "rps"),
        "redis.engine_cpu_peak_percent": (100, "percent"),
        "redis.engine_cpu_peak_60s_percent": (100, "percent"),
        "redis.engine_cpu_mean_percent": (71.3, "percent"),
        "latency.join_p99_ms": (5_210, "ms"),
        "latency.status_p50_ms": (1_890, "ms"),
        "latency.status_p99_ms": (4_710, "ms"),
        "latency.enter_p99_ms": (4_900, "ms"),
        "people.came": (300_000, "people"),
        "people.unserved_percent": (0, "percent"),
        "wait.served_within_slo_percent": (100, "percent"),
        "wait.mean_s": (148.2, "s"),
        "wait.p50_s": (147.9, "s"),
        "wait.p95_s": (281.0, "s"),
        "wait.max_s": (299.7, "s"),
        "admission.total": (300_000, "people"),
        "admission.rps_peak": (1_998, "rps"),
        "seats.sold": (10_000, "seats"),
        "seats.oversold": (0, "seats"),
        "seats.sold_out_s": (26.4, "s"),
        "errors.rate_percent": (2.31, "percent"),
        "errors.client_timeout": (194_325, "requests"),
        "errors.pool_timeout": (0, "requests"),
        "gateway.cpu_mean_percent": (10.2, "percent"),
        "fairness.kendall_tau": (0.99871, "tau"),
        "fairness.max_places_lost": (4_211, "places"),
        "bots.seat_share_percent": (91.4, "percent"),
        "dynamodb.writes": (360_000, "writes"),
        "dynamodb.reads": (30_000, "reads"),
        "network.egress_gb": (8.41, "GB"),
        "network.cross_zone_gb": (6.7, "GB"),
        "network.balancer_lcu_h": (9.4, "LCU-h"),
    }
    off = {} if interval is None else {"interval": interval}
    return {name: _kpi(float(best), unit, **off) for name, (best, unit) in values.items()}


def _kpi(best: float, unit: str, interval: float | None = None) -> Kpi:
    rests_on = ("profile talk-m7g (fitted to a projection)", "assumption: network.client_one_way")
    if interval is None:
        return Kpi(None, best, None, unit, rests_on)
    return Kpi(best * (1 - interval), best, best * (1 + interval), unit, rests_on)


def manifest_of(scenario: Scenario, **changes: object) -> dict[str, object]:
    """The manifest of a run of *scenario*."""
    return {
        "scenario": scenario.name,
        "scenario_hash": "0123456789abcdef",
        "scenario_full": scenario.model_dump(mode="json"),
        "seed": 1,
        "replications": 1,
        "seeds": [1],
        "interval": None,
        "engine": "kernel",
        "profile": scenario.redis.profile,
        "profile_kind": "fitted_to_projection",
        "profile_title": "m7g.xlarge after the talk's load-test table",
        "profile_origin": f"profile {scenario.redis.profile} (fitted to a published projection, 2026-11-23)",
        "profile_machine": "cache.m7g.xlarge as published",
        "profile_reading": None,
        "profile_readings": {},
        "profile_not_reached": [],
        "profile_file": None,
        "versions": {"breakwater": "0.1.0", "python": "3.11.9", "numba": "0.68.0"},
        "created": "2026-11-23T04:00:00+00:00",
        "wall_s": 2.61,
        "compile_s": 0.0,
        "end_s": 330.0,
        "end_reason": "line empty",
    } | changes


FACTS = {
    "hot_shard": HOT,
    "events_per_shard": [0, 0, 0, 1, 0],
    "slots": [11_203],
    "sold_out_s": 26.4,
    "waiting_at_sold_out": 273_600,
    "waited_in_vain": 273_600,
    "admitted_without_seat": 290_000,
    "people": PEOPLE,
    "sessions": PEOPLE,
    "bots": 60_000,
    "connections_per_node": 30_000,
    "node_hours": None,
    "ceiling_rps": CEILING_RPS,
    "status_request_us": 29.0,
    "pods": 30,
    "failovers": [],
    "used_at_most": {},
    "outside_ranges": [],
    "node_standing": "",
    "node_known": True,
}


def spell(value: float, start: int, length: int) -> np.ndarray:
    """A column that is zero, and *value* for *length* seconds from *start*."""
    series = np.zeros(SECONDS)
    series[start : start + length] = value
    return series


def onsale_result(scenario: Scenario, **changes: object) -> RunResult:
    """The run; *changes* replace its fields, `facts` and `kpis` entry by entry, `manifest` too."""
    latencies = np.random.default_rng(3).lognormal(18, 1.2, 5_000).astype(np.int64)
    return _result(scenario, series_of(), {"latency_status": LogHistogram.of(latencies)}, (), changes)


def ladder_run(scenario: Scenario, **changes: object) -> RunResult:
    """A ladder that comes near the published engine CPU."""
    cpu = {1_000: 10.4, 5_000: 25.1, 10_000: 39.2, 20_000: 68.8, 30_000: 91.2}
    stages = tuple(
        Stage(
            name=f"{rate:,} RPS",
            rate_rps=rate,
            users=None,
            start_s=60.0 * k + 10,
            end_s=60.0 * (k + 1),
            engine_cpu_percent=percent,
            status_p50_ms=31.0,
            status_p99_ms=60.0 + percent,
            answered_rps=rate,
            error_percent=0.0,
            commands_per_s=3.1 * rate,
        )
        for k, (rate, percent) in enumerate(cpu.items())
    )
    return _result(scenario, series_of(300), {}, stages, changes)


def _result(
    scenario: Scenario,
    series: pd.DataFrame,
    histograms: dict[str, LogHistogram],
    stages: tuple[Stage, ...],
    changes: dict[str, object],
) -> RunResult:
    return RunResult(
        manifest=manifest_of(scenario, **changes.pop("manifest", {})),
        kpis=kpis_of() | changes.pop("kpis", {}),
        facts=FACTS | changes.pop("facts", {}),
        series=series.assign(**changes.pop("series", {})),
        histograms=histograms,
        stages=changes.pop("stages", stages),
    )


def difference(kpi: str, unit: str, a: float, by: float, half: float | None) -> Difference:
    """What a comparison of five pairs finds, each estimate *half* wide to both sides; of one pair if that is None."""

    def estimate(value: float) -> Estimate:
        return Estimate(None, value, None, 1) if half is None else Estimate(value - half, value, value + half, 5)

    found = estimate(by)
    return Difference(kpi, unit, estimate(a), estimate(a + by), found, found.excludes(0), ("the mean", "common draws"))


def printed(view: RenderableType, width: int = WIDTH) -> str:
    """What stands in a file that *view* is printed to."""
    page = io.StringIO()
    Console(file=page, width=width, highlight=False).print(view)
    return page.getvalue()
