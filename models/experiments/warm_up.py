"""Compilation before the first run, so that no run's time has any of it."""

import time

from models.plan.node_costs import node_costs
from models.results.run_result import result_of
from models.run.run import Progress, run_once
from models.scenario import load_scenario
from sim.compile_cache import is_compiled, mark_compiled

SMALLEST = (
    ("onsale-small", ("clients.count=10", "event.seats=5", "run.duration_s=5")),
    (
        "ladder-index",
        (
            "clients.count=10",
            "run.duration_s=1",
            "clients.load.settle_s=0",
            "clients.load.stages=[{rate_rps: 9, duration_s: 1}]",
        ),
    ),
    (
        "autoscale-from-3",
        (
            "clients.count=10",
            "event.seats=5",
            "run.duration_s=5",
            "gateway.rollout={max_unavailable_percent: 100, pre_stop_s: 0, grace_s: 0.1}",
            "autoscaling.nodes={launch_median_s: 0, image_pull_s: 0, start_s: 0}",
            "faults=[{kind: deploy, at_s: 1}, {kind: redis_failover, at_s: 2, detection_s: 0, topology_refresh_s: 0}]",
        ),
    ),
)
"""Runs that use all there is to compile, as short as they can be."""
PACKAGE = "models"

_prepared: set[str] = set()


def prepare(engine: str, progress: Progress | None = None) -> float:
    """Compile what the engine needs, or load it if that has been done before, and return the seconds that took."""
    if engine in _prepared:
        return 0.0
    began = time.perf_counter()
    if progress is not None and not is_compiled(PACKAGE):
        progress(0.0, 0, 0.0, "compiling (first run only)")
    for name, settings in SMALLEST:
        scenario = load_scenario(name, settings)
        result_of(run_once(scenario, node_costs(scenario.redis), 1, engine), engine, 0.0)
    if engine == "kernel":
        mark_compiled(PACKAGE)
    _prepared.add(engine)
    return time.perf_counter() - began
