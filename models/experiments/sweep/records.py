"""A sweep as others read it: a table of one row per cell and KPI, one JSON document, and what reproduces it."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from models.experiments.replication import identity
from models.experiments.sweep.cells import value_text
from models.experiments.sweep.design import Axis, Design
from models.experiments.sweep.knee import knees
from models.experiments.sweep.run import Judged, Sweep
from models.judge.asked import Asked
from models.results.kpis import unit_of
from models.results.run_result import profile_hash
from models.scenario import scenario_hash

if TYPE_CHECKING:
    import pandas as pd


def table_of(sweep: Sweep) -> pd.DataFrame:
    """Return one row per cell and KPI observed there: cell, the parameters, kpi, low, best, high, n and unit.

    It holds no times, so the same sweep gives the same table wherever it ran. A parameter whose values are not all
    numbers, all texts or all true or false is written as text.
    """
    import pandas as pd

    rows = [
        (number, name, found.low, found.best, found.high, found.n, unit_of(name))
        for number, cell in enumerate(sweep.cells)
        for name, found in cell.estimates.items()
    ]
    table = pd.DataFrame(rows, columns=["cell", "kpi", "low", "best", "high", "n", "unit"])
    table = table.astype({"low": "float64", "best": "float64", "high": "float64"})
    for place, path in enumerate(sweep.design.paths, start=1):
        values = _column([cell.cell.point[path] for cell in sweep.cells])
        table.insert(place, path, [values[number] for number in table["cell"]])
    return table


def document_of(sweep: Sweep) -> dict[str, Any]:
    """Return what `sweep --json` prints."""
    return {
        "scenario": sweep.cells[0].cell.scenario.name,
        "seed": sweep.seeds[0],
        "replications": len(sweep.seeds),
        "seeds": list(sweep.seeds),
        "intervals": list(sweep.intervals),
        "design": sweep.design.kind,
        "wall_s": sweep.wall_s,
        "profile": ", ".join(dict.fromkeys(cell.cell.task.profile.name for cell in sweep.cells)),
        "parameters": [dataclasses.asdict(axis) for axis in sweep.design.axes],
        "cells": [_cell(cell) for cell in sweep.cells],
        "knees": [dataclasses.asdict(knee) for knee in knees(sweep)],
    }


def manifest_of(sweep: Sweep, asked: Asked, where: str) -> dict[str, Any]:
    """Return what reproduces a sweep of what was *asked* for, and *where* it ran."""
    design = sweep.design
    return {
        "scenario": sweep.cells[0].cell.scenario.name,
        "asked": asked.as_json(),
        "settings": list(asked.settings),
        "intervals": list(sweep.intervals),
        "design": design.kind,
        "points": len(design.points) + design.coinciding,
        "points_coinciding": design.coinciding,
        "parameters": [dataclasses.asdict(axis) for axis in design.axes],
        "seed": sweep.seeds[0],
        "replications": len(sweep.seeds),
        "seeds": list(sweep.seeds),
        "engine": "kernel",
        "cells": [_origin(cell) for cell in sweep.cells],
        "versions": dict(identity()),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "where": where,
        "wall_s": sweep.wall_s,
        "replications_run": sweep.run,
        "replications_found_stored": sweep.found,
    }


def parameters_text(design: Design) -> list[str]:
    """Return the varied parameters as they are written after `--vary`."""
    return [
        f"{axis.path}={','.join(value_text(value) for value in axis.values)}"
        if isinstance(axis, Axis)
        else f"{axis.path}={axis.low:g}..{axis.high:g}"
        for axis in design.axes
    ]


def _cell(cell: Judged) -> dict[str, Any]:
    return {
        "settings": dict(cell.cell.point),
        "scenario_hash": scenario_hash(cell.cell.scenario),
        "holds": cell.holds,
        "standing": dataclasses.asdict(cell.standing),
        "slo": [row.as_json() for row in cell.slo],
        "exhausted": list(cell.exceeded),
        "kpis": {name: dataclasses.asdict(found) | {"unit": unit_of(name)} for name, found in cell.estimates.items()},
    }


def _origin(cell: Judged) -> dict[str, Any]:
    profile = cell.cell.task.profile
    return {
        "settings": dict(cell.cell.point),
        "scenario_hash": scenario_hash(cell.cell.scenario),
        "scenario_full": cell.cell.scenario.model_dump(mode="json"),
        "profile": profile.name,
        "profile_kind": profile.kind,
        "profile_hash": profile_hash(profile),
    }


def _column(values: list[Any]) -> list[Any]:
    kinds = {type(value) for value in values}
    plain = kinds <= {int, float} or kinds == {bool} or kinds == {str}
    return values if plain else [value_text(value) for value in values]
