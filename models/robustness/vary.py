"""The robustness of any scenario, run: each assumption by itself, on common random numbers, few seeds where few tell.

Every row begins with LEAST replications, the first of the scenario's own. It gets more where one contradicts the
scenario, and where a figure would be on the other side of its limit with another of the scenario's draws.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from models.experiments.sweep.cells import value_text
from models.judge.robustness import Cell, Origin, Robustness, Row
from models.judge.sale import is_onsale
from models.redis_costs.profile import load_profile
from models.results.run_result import profile_hash
from models.robustness.assumptions import Assumption, assumptions
from models.robustness.conclusions import Conclusion
from models.robustness.task import Concluded, ConclusionTask
from models.run.run import Progress
from models.run.source_hash import simulation_hash
from models.scenario import Scenario, scenario_hash
from models.scenario.merge import apply_override
from models.scenario.reading import scenario_from_mapping
from sim.errors import BadInput
from sim.experiment import outcomes_of
from sim.outcome import Outcome
from sim.seeds import derived_seeds
from sim.workers import Crew, Job

SOURCE = "models/robustness/vary.py"
"""This file, which all that decides about a table can be reached from."""
DRAWS = 4
"""Replications of the scenario itself, each with costs of its own."""
LEAST = 2
"""Replications of every row."""
MORE = 3
"""Replications of a row that those do not decide."""
HORIZON_S = 600.0
"""Simulated time after the opening: the line of the shipped on-sales is empty after about half of it."""
Found = dict[int, tuple[Conclusion, ...]]


@dataclass(frozen=True)
class _Point:
    """A scenario to conclude of: the base, or one of its variations."""

    scenario: Scenario
    assumption: Assumption | None = None
    value: str = ""
    found: Found = field(default_factory=dict)


def robustness_of(
    scenario: Scenario, crew: Crew, store: Path | None = None, progress: Progress | None = None, seed: int = 1
) -> Robustness:
    """Return what of the conclusions of *scenario* survives which assumption; the seeds follow from *seed*.

    BadInput for a scenario that is no on-sale. Raises as `sim.experiment.replicate` does.
    """
    if not is_onsale(scenario):
        raise BadInput(f"--robust: {scenario.name} is a load, not an on-sale; it has no conclusions to vary")
    seeds, short = derived_seeds(seed, DRAWS), shortened(scenario)
    base, (points, skipped) = _Point(short), variations(short)
    told = _Tally(progress, DRAWS + LEAST * len(points))
    first = [(point, each) for point in points for each in seeds[:LEAST]]
    _run([(base, each) for each in seeds] + first, crew, store, told)
    close = [
        point
        for point in points
        if luck(point.scenario) != luck(short)
        or any(undecided(base.found, found, each) for each, found in point.found.items())
    ]
    told.total += len(close) * (MORE - LEAST)
    _run([(point, each) for point in close for each in seeds[LEAST:MORE]], crew, store, told)
    rows = [_row(point) for point in points] + skipped
    order = {assumption.setting: place for place, assumption in enumerate(assumptions())}
    return Robustness(
        Origin(
            scenario.name,
            scenario_hash(scenario),
            profile_hash(load_profile(scenario.redis.profile)),
            simulation_hash(SOURCE),
            seeds,
            HORIZON_S,
            datetime.now(UTC).date().isoformat(),
        ),
        cells_of(base.found),
        tuple(sorted(rows, key=lambda row: order[row.setting])),
    )


def shortened(scenario: Scenario) -> Scenario:
    """Return a scenario that ends HORIZON_S after its opening, if not before."""
    length = min(scenario.run.duration_s, scenario.event.opens_at_s + HORIZON_S)
    return scenario.model_copy(update={"run": scenario.run.model_copy(update={"duration_s": length})})


def variations(scenario: Scenario) -> tuple[list[_Point], list[Row]]:
    """Return every assumption at every value but the scenario's own, and rows for values that it cannot have."""
    document = scenario.model_dump(mode="json")
    points, skipped = [], []
    for assumption in assumptions():
        for value in assumption.values:
            text = value_text(value)
            try:
                varied = scenario_from_mapping(apply_override(document, assumption.setting.split("."), value))
            except BadInput as error:
                skipped.append(Row(assumption.setting, text, assumption.says, assumption.origin, {}, str(error)))
                continue
            if scenario_hash(varied) != scenario_hash(scenario):
                points.append(_Point(varied, assumption, text))
    return points, skipped


def luck(scenario: Scenario) -> bool:
    """Whether seeds also decide on which shards events fall: of that one replication, or others, tell nothing."""
    return scenario.waiting_room.event_tags_drawn


def undecided(base: Mapping[int, Sequence[Conclusion]], found: Sequence[Conclusion], seed: int) -> bool:
    """Whether one replication is not enough: it contradicts the base, or with another draw of the base's it might.

    The factor between a draw of the base and that of *seed* is taken for that of the varied scenario, too.
    """
    own = {each.key: each for each in base[seed]}
    for each in found:
        mine = own.get(each.key)
        if mine is None or mine.says != each.says:
            return True
        if each.value is None or each.limit is None or not mine.value:
            continue
        figures = [other.value for draw in base.values() for other in draw if other.key == each.key]
        guesses = [each.value * figure / mine.value for figure in figures if figure is not None]
        if guesses and min(guesses) <= each.limit < max(guesses):
            return True
    return False


def cells_of(found: Mapping[int, Sequence[Conclusion]]) -> dict[str, Cell]:
    """Return what replications conclude together, by key: open where they do not agree."""
    keys = {each.key: None for draw in found.values() for each in draw}
    cells = {}
    for key in keys:
        all_ = [each for draw in found.values() for each in draw if each.key == key]
        says = {each.says for each in all_}
        values = [each.value for each in all_ if each.value is not None]
        low, high = (min(values), max(values)) if values else (None, None)
        agreed = next(iter(says)) if len(says) == 1 and len(all_) == len(found) else None
        cells[key] = Cell(agreed, low, high, all_[0].unit, len(all_))
    return cells


def _row(point: _Point) -> Row:
    assert point.assumption is not None
    return Row(
        point.assumption.setting, point.value, point.assumption.says, point.assumption.origin, cells_of(point.found)
    )


def _run(wanted: Sequence[tuple[_Point, int]], crew: Crew, store: Path | None, told: _Tally) -> None:
    jobs = [Job(ConclusionTask.of(point.scenario), seed) for point, seed in wanted]
    for place, outcome, stored in outcomes_of(jobs, crew, store):
        point, seed = wanted[place]
        point.found[seed] = outcome.payload.by_seed[seed]
        told.take(outcome, stored)


class _Tally:
    """Turns finished replications into progress."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self.progress, self.total = progress, total
        self.done = self.requests = 0
        self.began = time.perf_counter()

    def take(self, outcome: Outcome[Concluded], stored: bool) -> None:
        """Take a finished replication; one that was found stored took no time."""
        self.done += 1
        self.requests += 0 if stored else int(outcome.kpis["requests.total"])
        if self.progress is not None:
            note = f"{self.done} of {self.total} runs on what is assumed"
            self.progress(self.done / self.total, self.requests, time.perf_counter() - self.began, note)
