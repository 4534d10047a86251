"""A sweep in one call, for notebooks: a scenario, what is changed in it, and what is varied."""

from collections.abc import Sequence
from pathlib import Path

from models.experiments.sweep.cells import cells_of
from models.experiments.sweep.design import design_of
from models.experiments.sweep.run import Sweep, run_sweep
from models.experiments.warm_up import prepare
from sim.seeds import derived_seeds
from sim.workers import Workers, processes_for


def sweep_scenario(
    scenario: str | Path, vary: Sequence[str], settings: Sequence[str] = (), replications: int = 2, seed: int = 1
) -> Sweep:
    """Run a scenario over a grid of values, `path=v1,v2,...` each, with *settings* changed, on processes here.

    BadInput as `models.experiments.sweep.cells.cells_of` and `models.experiments.sweep.design.design_of` raise it.
    """
    design = design_of(vary, None, seed)
    cells = cells_of(scenario, settings, design, drawn=replications > 1)
    prepare("kernel")
    with Workers(processes_for(len(cells) * replications)) as crew:
        return run_sweep(design, cells, derived_seeds(seed, replications), crew)
