"""Sweeps made up to order: real cells, with figures that a test decides."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from models.experiments.sweep.cells import cells_of
from models.experiments.sweep.design import Design, Point
from models.experiments.sweep.run import Judged, Sweep
from models.judge.verdict import slo_rows
from sim.estimate import Estimate

FIGURES: Mapping[str, float] = MappingProxyType(
    {
        "requests.total": 1e6,
        "requests.status_rps_mean": 1e3,
        "wait.mean_s": 60.0,
        "people.unserved_percent": 0.0,
        "latency.status_p99_ms": 120.0,
        "errors.rate_percent": 0.0,
        "redis.engine_cpu_peak_60s_percent": 50.0,
        "seats.oversold": 0.0,
    }
)


def sweep_of(design: Design, kpis: Mapping[str, Callable[[Point], float]], half: float | None = None) -> Sweep:
    """A sweep of `onsale-small` in which *kpis* depend on the point; *half* is half the length of their intervals."""
    judged = []
    for cell in cells_of("onsale-small", (), design):
        values = {**FIGURES, **{name: of_point(cell.point) for name, of_point in kpis.items()}}
        estimates = {name: _estimate(value, half if name in kpis else 0.0) for name, value in values.items()}
        if half is None:
            estimates = {name: _estimate(value, None) for name, value in values.items()}
        bare = Judged(cell, estimates, ())
        judged.append(Judged(cell, estimates, slo_rows({name: bare.kpi(name) for name in values}, cell.scenario)))
    seeds = (1,) if half is None else (1, 2, 3)
    return Sweep(design, tuple(judged), seeds, found=0, run=len(judged) * len(seeds), wall_s=12.5)


def _estimate(value: float, half: float | None) -> Estimate:
    return Estimate(None, value, None, 1) if half is None else Estimate(value - half, value, value + half, 3)
