"""From the cells of a sweep to its files: on processes here or on a cluster, taken up where an earlier start ended."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dashboards.output import checked_target, unfinished
from dashboards.progress import ProgressLine
from dashboards.sweep.output import SWEEP_FILES, cached_store, write_sweep
from models.experiments.replication import identity
from models.experiments.sweep.cells import Cell
from models.experiments.sweep.design import Design
from models.experiments.sweep.run import Sweep, run_sweep
from models.experiments.warm_up import prepare
from models.judge.asked import Asked
from sim.workers import Workers, processes_for

if TYPE_CHECKING:
    from sim.dask_crew import Cluster


def swept(
    design: Design,
    cells: Sequence[Cell],
    seeds: Sequence[int],
    scheduler: str | None,
    out: Path | None,
    asked: Asked,
) -> Sweep:
    """Run the sweep of what was *asked* for, with its progress shown, and write it to *out* if that is given.

    What has been finished is kept beside *out* (or in the cache) until all is, so a start after a kill goes on there.
    BadInput before anything is written if *scheduler* or *out* cannot be used.
    """
    crew, where = _crew(scheduler, len(cells) * len(seeds))
    with crew, ProgressLine() as progress:
        target = None if out is None else checked_target(out, SWEEP_FILES)
        store = cached_store(cells, seeds) if target is None else unfinished(target)
        if scheduler is None:
            prepare("kernel", progress)  # here once, so that the processes need only load it
        result = run_sweep(design, cells, seeds, crew, store, progress)
    if target is not None:
        write_sweep(target, result, asked, where)
    shutil.rmtree(store, ignore_errors=True)
    return result


def _crew(scheduler: str | None, jobs: int) -> tuple[Workers | Cluster, str]:
    """Who runs the jobs, and that in words."""
    if scheduler is None:
        return Workers(processes_for(jobs)), "processes of one machine"
    from sim.dask_crew import Cluster

    return Cluster(scheduler, identity), f"Dask cluster {scheduler}"
