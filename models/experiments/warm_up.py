"""Compilation before the first run, so that no run's time has any of it."""

import subprocess
import sys
import time
from typing import Any, cast

import numba

from models.experiments.entry_points import EntryPoint, entry_points, shares
from models.plan.node_costs import node_costs
from models.results.run_result import result_of
from models.run.run import Progress, run_once
from models.scenario import load_scenario
from sim.compile_cache import directory_of, is_compiled, mark_compiled
from sim.workers import processes_for

PACKAGE = "models"
LOADED = "models.experiments.loaded"
"""The module whose import has the engine ready, for processes that others are forked from."""
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
"""Runs that call all there is to compile, as short as they can be."""
PROCESSES = 2
"""Processes that compile at once: the dispatch loop takes longer than all the rest, so a third one would not help."""

_prepared: set[str] = set()


def prepare(engine: str, progress: Progress | None = None) -> float:
    """Compile what the engine needs, or load it if that has been done before, and return the seconds that took.

    BadInput if compiled code cannot be kept.
    """
    if engine in _prepared:
        return 0.0
    began = time.perf_counter()
    if engine == "kernel":
        if not is_compiled(PACKAGE):
            if progress is not None:
                progress(0.0, 0, 0.0, "compiling (first run only)")
            _compile_at_once()
        compile_entries(entry_points())
        mark_compiled(PACKAGE)
    else:
        directory_of(PACKAGE)
        for name, settings in SMALLEST:
            scenario = load_scenario(name, settings)
            result_of(run_once(scenario, node_costs(scenario.redis), 1, engine), engine, 0.0)
    _prepared.add(engine)
    return time.perf_counter() - began


def compile_share(number: int) -> None:
    """Compile one of the shares, and keep what comes of it: the whole life of a further process."""
    compile_entries(shares(entry_points(), PROCESSES)[number])


def compile_entries(entries: list[EntryPoint]) -> None:
    """Compile entries, or load them."""
    for entry in entries:
        cast(Any, entry.function).compile(tuple(numba.typeof(argument) for argument in entry.arguments))


def _compile_at_once() -> None:
    """Compile the first share here and the others in further processes, if there are processors for them.

    What such a process has not finished, for whatever reason, is compiled here afterwards.
    """
    if processes_for(PROCESSES) < PROCESSES:
        return
    others = [_started(number) for number in range(1, PROCESSES)]
    try:
        compile_share(0)
        for other in others:
            other.wait()
    finally:
        for other in others:
            other.kill()
            other.wait()


def _started(number: int) -> subprocess.Popen[bytes]:
    """Start a process that compiles a share. Not by multiprocessing, which would run a caller's script once more."""
    program = f"import sys; sys.path[:] = {sys.path!r}; from {__name__} import compile_share; compile_share({number})"
    return subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
