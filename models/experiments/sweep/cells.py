"""The cells of a sweep: each point made a scenario, and refused before anything runs if one of them cannot be."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.documents.text import shown
from models.experiments.replication import ScenarioTask
from models.experiments.sweep.design import Design, Point
from models.scenario import Scenario, load_varied
from sim.errors import BadInput


@dataclass(frozen=True)
class Cell:
    """One point of a sweep, its scenario, and what runs it."""

    point: Point
    scenario: Scenario
    task: ScenarioTask


def cells_of(scenario: str | Path, settings: Sequence[str], design: Design, *, drawn: bool = False) -> tuple[Cell, ...]:
    """Return a cell for each point of *design*, on the kernel; *drawn* as `replication.ScenarioTask` takes it.

    BadInput for the first that the scenario's models refuse, naming it and the parameter, and for two that are the
    same simulation.
    """
    twice = [path for path in design.paths if any(text.partition("=")[0].strip() == path for text in settings)]
    if twice:
        raise BadInput(f"--set: {twice[0]} is varied too; leave one of them out")
    return cells_from(load_varied(scenario, settings), design, drawn=drawn)


def cells_from(variant: Callable[[Point], Scenario], design: Design, *, drawn: bool = False) -> tuple[Cell, ...]:
    """Do as `cells_of` with the scenarios that *variant* makes of the points."""
    cells: dict[str, Cell] = {}
    for point in design.points:
        try:
            made = variant(point)
        except BadInput as error:
            raise BadInput(_located(str(error), point)) from None
        cell = Cell(point, made, ScenarioTask.of(made, "kernel", drawn=drawn))
        same = cells.setdefault(cell.task.key, cell)
        if same is not cell:
            raise BadInput(f"--vary: {label(same.point)} and {label(point)} are the same simulation; vary what matters")
    return tuple(cells.values())


def label(point: Point) -> str:
    """Return the point in a few words: `redis.shards=3, clients.poll_interval_s=5`."""
    return ", ".join(f"{path}={value_text(value)}" for path, value in point.items())


def value_text(value: Any) -> str:
    """Return a parameter's value as it is written after `--set`, numbers to five digits."""
    if isinstance(value, float):
        return f"{value:.5g}"
    if isinstance(value, dict | list):
        return json.dumps(value, default=str)
    return value if isinstance(value, str) else shown(value)


def _located(message: str, point: Point) -> str:
    """Return the message with the cell it is about, unless it names a varied parameter itself."""
    named = any(message.startswith(f"{path}:") for path in point)
    return message if named else f"{label(point)}: {message}"
