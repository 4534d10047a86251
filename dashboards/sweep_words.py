"""A sweep in sentences: how many cells hold, and where each service level breaks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from models.experiments.sweep.cells import label, value_text
from models.experiments.sweep.design import GRID, HYPERCUBE, Design
from models.experiments.sweep.knee import Knee, knees, levels_of
from models.experiments.sweep.run import Sweep
from models.judge.slo_row import SloRow
from models.judge.wording import number, plural, with_unit
from models.results.result import INTERVALS

LEVEL_WORDS = {
    "mean_wait_s": "mean wait",
    "unserved_percent": "never let in",
    "status_p99_ms": "status p99",
    "error_percent": "error rate",
    "engine_cpu_percent": "engine CPU",
    "oversold": "seats sold twice",
}
"""Service levels in a word or two, for columns and titles, by their name in the scenario."""

COMBINATIONS_NAMED = 2
ROUNDING = 1e-9
"""An interval this narrow, as a share of the value, is what adding up floats leaves of none."""


def headline(sweep: Sweep) -> str:
    """How many cells hold, what others exhaust, and how many are open, as nothing is known of their node type.

    `8 of 12 cells hold. Redis memory exhausted in 2.`
    """
    outcomes = [cell.outcome for cell in sweep.cells]
    holding = outcomes.count(True)
    if outcomes.count(None) == len(outcomes):
        return f"All {cells_text(sweep)} are open: nothing is known of the Redis CPU of their node types."
    if holding == len(outcomes):
        return f"All {cells_text(sweep)} hold."
    exceeded = Counter(name for cell in sweep.cells for name in cell.exceeded)
    gone = "".join(f" {name} exhausted in {number(count)}." for name, count in exceeded.items())
    return (
        f"{number(holding) if holding else 'None'} of {cells_text(sweep)} {'holds' if holding < 2 else 'hold'}.{gone}"
        f"{_open_text(outcomes.count(None))}"
    )


def _open_text(count: int) -> str:
    """How many cells are open, as a sentence behind others; empty if none is."""
    if not count:
        return ""
    return f" {number(count)} {'is' if count == 1 else 'are'} open: nothing is known of Redis CPU there."


def cells_text(sweep: Sweep) -> str:
    """`12 cells` of a grid, `20 points` of a hypercube."""
    return plural(len(sweep.cells), "cell" if sweep.design.kind == GRID else "point")


def levels_shown(sweep: Sweep) -> list[str]:
    """Every level that all cells have, but seats sold twice where there are none."""
    twice = "oversold"
    none_twice = twice in (levels := levels_of(sweep)) and all(not cell.level(twice).value for cell in sweep.cells)
    return [level for level in levels if level != twice or not none_twice]


def rounding_note(design: Design) -> str:
    """What rounding to integers did to a hypercube; empty if it did nothing."""
    integers = [axis.path for axis in design.axes if getattr(axis, "integer", False)]
    if not integers:
        return ""
    note = f"{', '.join(integers)}: rounded to integers."
    if design.coinciding:
        note += f" {plural(design.coinciding, 'point')} of {len(design.points) + design.coinciding} became equal"
        note += " to another one and was left out." if design.coinciding == 1 else " to others and were left out."
    return note


def knee_text(knee: Knee) -> str:
    """`engine CPU passes 90 % between redis.shards=3 and redis.shards=2`, and under which conditions."""
    level, limit = LEVEL_WORDS[knee.level], with_unit(knee.limit, knee.unit)
    holds, breaks = value_text(knee.holds_at), value_text(knee.breaks_at)
    if not knee.others:
        side = "from {} up" if knee.holds_at > knee.breaks_at else "up to {}"
        text = f"{level} stays within {limit} in all {plural(knee.support, 'point')} with {knee.path} "
        text += f"{side.format(holds)}, and first passes it at {breaks}"
    else:
        text = f"{level} passes {limit} between {knee.path}={holds} and {knee.path}={breaks}{_where(knee)}"
    return text + (" (not certain: an interval spans it)" if knee.certain is False else "")


def _where(knee: Knee) -> str:
    if knee.lines == 1:
        return ""
    if len(knee.others) == knee.lines:
        return ", whatever the rest"
    named = "; ".join(label(point) for point in knee.others[:COMBINATIONS_NAMED])
    more = len(knee.others) - COMBINATIONS_NAMED
    return f", at {named}" + (f" and {more} more" if more > 0 else "")


def findings(sweep: Sweep) -> list[str]:
    """Every place where a service level breaks, then those levels that break nowhere, or in no one place.

    Last, how costs stand for each node type that their profile is not of.
    """
    found, texts = knees(sweep), level_texts(sweep)
    broken = {knee.level for knee in found}
    levels = [texts[level] for level in levels_shown(sweep) if level not in broken]
    standings = dict.fromkeys(cell.standing.text.rstrip(".") for cell in sweep.cells)
    return [*map(knee_text, found), *levels, *filter(None, standings)]


def level_texts(sweep: Sweep) -> dict[str, str]:
    """What there is to say of each service level, in a line, by its name."""
    found = knees(sweep)
    return {
        level: _level_text(sweep, level, [knee for knee in found if knee.level == level]) for level in levels_of(sweep)
    }


def _level_text(sweep: Sweep, level: str, found: Sequence[Knee]) -> str:
    if found:
        widest = max(found, key=lambda knee: len(knee.others))
        return knee_text(widest)
    rows = [cell.level(level) for cell in sweep.cells]
    broken, limit = sum(not row.met for row in rows), with_unit(rows[0].limit, rows[0].unit)
    if not broken:
        return f"{LEVEL_WORDS[level]} stays within {limit} in all {cells_text(sweep)}"
    if broken == len(rows):
        return f"{LEVEL_WORDS[level]} passes {limit} in all {cells_text(sweep)}"
    where = "; no one parameter tells which" if sweep.design.kind == HYPERCUBE else ""
    return f"{LEVEL_WORDS[level]} passes {limit} in {broken} of {cells_text(sweep)}{where}"


def level_title(sweep: Sweep, level: str) -> str:
    """`engine CPU, %`: a level with its unit, for the head of a column or an axis."""
    return f"{LEVEL_WORDS[level]}, {unit_text(sweep.cells[0].level(level).unit)}"


def unit_text(unit: str) -> str:
    """The unit as people write it: `%` for percent."""
    return with_unit(0, unit).removeprefix("0 ")


def interval_text(row: SloRow) -> str:
    """`94.1 ± 2.3`: the value of a level in its unit, and half the length of its interval if it has one."""
    half = None if row.low is None or row.high is None else (row.high - row.low) / 2
    narrow = half is None or row.value is None or half <= ROUNDING * abs(row.value)
    return number(row.value) if half is None or narrow else f"{number(row.value)} ± {half_text(half)}"


def half_text(half: float) -> str:
    """Half the length of an interval: two digits are all it is worth."""
    return number(half) if half >= 10 else f"{half:.2g}"


def interval_note(sweep: Sweep) -> str:
    """What the intervals of a sweep are, in a sentence; empty if there are none."""
    return f"± is half the {' or the '.join(INTERVALS[kind] for kind in sweep.intervals)}." if sweep.intervals else ""
