"""From baselines to the evidence on them: trace the scripts, read the profiles, run the scenarios."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from models.experiments.warm_up import prepare
from models.redis_costs.profile import load_profile
from models.regression.baseline import (
    SHIPPED,
    Baseline,
    ProfileBaseline,
    ScriptsBaseline,
    SimulationBaseline,
    SimulationCase,
    read_baselines,
)
from models.regression.compare import CaseKey, Evidence, Measured
from models.regression.costs import profile_costs
from models.regression.simulated import prepared, run_cases
from models.results.run_result import versions
from models.run.run import Progress
from models.waiting_room import scripts as lua_scripts
from real_adapter.measure.script_calls import script_calls
from sim.errors import BadInput
from sim.workers import Workers, processes_for


def wanted_baselines(folder: Path, update: bool) -> dict[str, Baseline]:
    """Return the baselines in *folder*; for an *update* where there are none, those shipped, to be measured anew.

    BadInput if the folder cannot be used, or has none and none are to be made.
    """
    if folder.exists() and not folder.is_dir():
        raise BadInput(f"--baseline: {folder} is not a directory; name one that has baselines, or a new one")
    found = read_baselines(folder)
    if not found and update:
        found = {name: _unmeasured(baseline) for name, baseline in read_baselines(SHIPPED).items()}
    if not found:
        raise BadInput(f"--baseline: {folder} has no baselines (*.json); make them with --update --reason TEXT")
    return found


def measured(baselines: Mapping[str, Baseline], progress: Progress) -> Evidence:
    """Measure all cases of *baselines*. BadInput if a scenario, profile or script cannot be used, or without a server.

    The scripts are those in `models.waiting_room.scripts.FOLDER`.
    """
    traced = script_calls(lua_scripts.FOLDER)
    found: dict[CaseKey, Measured] = {}
    simulated: dict[CaseKey, SimulationCase] = {}
    for file, baseline in baselines.items():
        if isinstance(baseline, ScriptsBaseline):
            found |= {(file, case): traced.measured for case in baseline.cases}
        elif isinstance(baseline, ProfileBaseline):
            found |= {(file, name): _costs(file, name, case.profile) for name, case in baseline.cases.items()}
        elif isinstance(baseline, SimulationBaseline):
            simulated |= {(file, name): case for name, case in baseline.cases.items()}
        else:
            raise TypeError(f"{file}: nothing is known of a {type(baseline).__name__}")
    prepared(simulated, traced.extra)  # what is wrong with one is told before anything is compiled or run
    if simulated:
        prepare("kernel", progress)  # here once, so that the processes need only load it
        with Workers(processes_for(len(simulated))) as crew:
            found |= run_cases(simulated, traced.extra, crew, progress)
    return Evidence(found, versions(), traced.notes)


def must_be_writable(folder: Path) -> None:
    """Refuse a folder, which need not be there yet, that baselines could not be written to."""
    there = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise BadInput(f"--baseline: {folder} cannot be written: {there} is no directory that can be written to")


def _costs(file: str, case: str, profile: str) -> Measured:
    try:
        return profile_costs(load_profile(profile))
    except BadInput as error:
        raise BadInput(f"{file}: cases.{case}: {error}") from None


def _unmeasured(baseline: Baseline) -> Baseline:
    """Return *baseline* without any value, so that each is a new one."""
    rows = tuple(row.model_copy(update={"value": None}) for row in baseline.rows)
    cases = {name: case.model_copy(update={"made_of": {}}) for name, case in baseline.cases.items()}
    return baseline.model_copy(update={"rows": rows, "cases": cases})
