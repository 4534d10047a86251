"""Evidence that is made up: every KPI a number of one's choosing, so that verdicts can be driven anywhere."""

from collections.abc import Callable, Mapping
from functools import cache

from models.judge.limit import Limit
from models.ledger.book import CHECKS
from models.ledger.checks import Sources
from models.ledger.evidence import Evidence
from models.ledger.measured import Measured, Quantity, read_measured
from models.ledger.observed import Observed
from models.ledger.questions import QUESTIONS
from models.ledger.runs import RUNS
from models.ledger.searches import SEARCHES, FlipPlace
from models.scenario import Scenario
from sim.bisection import Bracket, Crossing
from sim.estimate import Estimate
from sim.outcome import Outcome, Replications

Value = Callable[[str, str, int], float]
"""The value of a KPI in a run, by the name of the run, the name of the KPI and the seed."""


class Kpis(dict[str, float]):
    """KPIs that are made when they are asked for."""

    def __init__(self, run: str, seed: int, value: Value) -> None:
        super().__init__()
        self.run, self.seed, self.value = run, seed, value

    def __contains__(self, name: object) -> bool:
        return True

    def __getitem__(self, name: str) -> float:
        return self.value(self.run, name, self.seed)


class MadeUp(Evidence):
    """Evidence in which everything was observed."""

    def seen(self, name: str) -> bool:
        return True


@cache
def loaded(name: str) -> Scenario:
    """The scenario of a run, read once."""
    return RUNS[name].load()


def evidence(name: str, value: Value, pods: Callable[[int], float] = lambda second: 3.0) -> Evidence:
    """Evidence of the run *name* whose KPIs are *value* and whose ready pods by second are *pods*."""
    run = RUNS[name]
    outcomes = {}
    for seed in range(1, run.least + 1):
        limits = {seed: (Limit("engine", "engine thread", 100.0, 3, 5, "made up"),)}
        series = {seed: {"pods_ready": [pods(second) for second in range(3000)]}}
        outcome: Outcome[Observed] = Outcome({}, Observed(limits, series))
        object.__setattr__(outcome, "kpis", Kpis(name, seed, value))
        outcomes[seed] = outcome
    return MadeUp(run, loaded(name), Replications("made-up", outcomes))


def measured(value: Callable[[str], float]) -> Measured:
    """Measurements of the names that are shipped, with these values."""
    names = read_measured().quantities
    found: Mapping[str, Quantity] = {
        name: Quantity.of(Estimate(None, value(name), None, 1), quantity.unit, "made up")
        for name, quantity in names.items()
    }
    return Measured(
        schema_version=1, date="2026-01-01", server="x", machine="y", windows_discarded={}, quantities=dict(found)
    )


def sources(
    value: Value,
    real: Callable[[str], float] = lambda name: 1.0,
    pods: Callable[[int], float] = lambda second: 3.0,
) -> Sources:
    """All evidence that any claim or question asks for."""
    names = {run for check in CHECKS.values() for run in check.runs}
    names |= {run for question in QUESTIONS for run in question.runs}
    runs = {name: evidence(name, value, pods) for name in names}
    return Sources(runs, measured(real), {name: flip(name) for name in SEARCHES})


def flip(name: str) -> FlipPlace:
    """A flip in the middle of what is searched."""
    search = SEARCHES[name]
    middle, half = (search.kept + search.lost) / 2, search.resolution / 2 * (1 if search.lost > search.kept else -1)
    brackets = tuple(Bracket(middle - half + offset, middle + half + offset) for offset in (-half, 0.0, half))
    return FlipPlace(search, Crossing(brackets), (1, 2, 3))
