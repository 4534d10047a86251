"""Where a service level stops holding: between which two values of a parameter."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from models.experiments.sweep.design import GRID, Point
from models.experiments.sweep.run import Judged, Sweep
from models.judge.slo_row import SloRow

CHANCE = 0.05
"""A run of holding points that chance would give more often than this is no finding."""


@dataclass(frozen=True)
class Knee:
    """A service level that holds at one value of a parameter and breaks at the next.

    In a grid the values are neighbours and `others` are the other parameters of each line of cells on which this
    was found, out of `lines`. In a Latin hypercube `others` is empty: all `support` points from `holds_at` outwards
    hold, and the next one breaks. `certain` is False if an interval spans the limit at either value, None without
    intervals.
    """

    level: str
    limit: float
    unit: str
    path: str
    holds_at: Any
    breaks_at: Any
    certain: bool | None
    others: tuple[Point, ...] = ()
    lines: int = 1
    support: int = 1


def knees(sweep: Sweep) -> tuple[Knee, ...]:
    """Return where each service level that all cells have breaks along each parameter, in the order of the levels."""
    find = _in_grid if sweep.design.kind == GRID else _in_hypercube
    return tuple(knee for level in levels_of(sweep) for knee in find(sweep, level))


def levels_of(sweep: Sweep) -> list[str]:
    """Return the names of the service levels that every cell has: a load ladder has no waits."""
    return [row.name for row in sweep.cells[0].slo if all(_has(cell, row.name) for cell in sweep.cells)]


def _has(cell: Judged, level: str) -> bool:
    return any(row.name == level for row in cell.slo)


def _in_grid(sweep: Sweep, level: str) -> Iterator[Knee]:
    """Yield the knees between neighbours; lines of cells that have it at the same place share one."""
    for axis in sweep.design.axes:
        lines = _lines(axis.path, sweep.cells)
        places: dict[tuple[int, int], list[int]] = {}
        for number, (_, line) in enumerate(lines):
            for k in range(len(line) - 1):
                before, after = line[k].level(level).met, line[k + 1].level(level).met
                if before != after:
                    places.setdefault((k, k + 1) if before else (k + 1, k), []).append(number)
        for (holds, breaks), numbers in places.items():
            pairs = [(lines[number][1][holds], lines[number][1][breaks]) for number in numbers]
            others = tuple(lines[number][0] for number in numbers)
            yield _knee(level, axis.path, pairs, others=others, lines=len(lines))


def _lines(path: str, cells: Sequence[Judged]) -> list[tuple[Point, list[Judged]]]:
    """Return the cells that differ in *path* alone, line by line, with what else they have; numbers in order."""
    lines: dict[str, tuple[Point, list[Judged]]] = {}
    for cell in cells:
        others = {other: value for other, value in cell.cell.point.items() if other != path}
        lines.setdefault(repr(others), (others, []))[1].append(cell)
    if all(is_number(cell.cell.point[path]) for cell in cells):
        for _, line in lines.values():
            line.sort(key=lambda cell: cell.cell.point[path])
    return list(lines.values())


def _in_hypercube(sweep: Sweep, level: str) -> Iterator[Knee]:
    """Yield, from either end of each parameter, the point up to which all hold, unless chance would have it so."""
    for path in sweep.design.paths:
        ordered = sorted(sweep.cells, key=lambda cell: cell.cell.point[path])
        for line in (ordered, ordered[::-1]):
            broken = next((cell for cell in line if not cell.level(level).met), None)
            if broken is None:
                continue
            end = broken.cell.point[path]
            holding = [cell for cell in line[: line.index(broken)] if cell.cell.point[path] != end]
            met = sum(cell.level(level).met for cell in line)
            if _beyond_chance(len(line), met, len(holding), 2 * len(sweep.design.paths)):
                yield _knee(level, path, [(holding[-1], broken)], support=len(holding))


def _beyond_chance(n: int, met: int, first: int, looks: int) -> bool:
    """Whether a parameter without influence would seldom have its *first* points all hold, out of *n* with *met* so.

    Exactly: the first r of a random order all hold with C(n - r, h - r) / C(n, h) if h of n do; compared with CHANCE
    over the number of *looks* (Bonferroni).
    """
    return first > 0 and math.comb(n - first, met - first) / math.comb(n, met) <= CHANCE / looks


def _knee(
    level: str,
    path: str,
    pairs: Sequence[tuple[Judged, Judged]],
    others: tuple[Point, ...] = (),
    lines: int = 1,
    support: int = 1,
) -> Knee:
    """Return the knee between the cells of each pair, the first of which holds."""
    holds, breaks = pairs[0]
    row = breaks.level(level)
    certain = _certain([cell.level(level) for pair in pairs for cell in pair])
    values = holds.cell.point[path], breaks.cell.point[path]
    return Knee(level, row.limit, row.unit, path, *values, certain, others, lines, support)


def _certain(rows: Sequence[SloRow]) -> bool | None:
    if any(row.certain is False for row in rows):
        return False
    return True if all(row.certain for row in rows) else None


def is_number(value: Any) -> bool:
    """Whether a parameter's value has a place on a scale."""
    return isinstance(value, int | float) and not isinstance(value, bool)
