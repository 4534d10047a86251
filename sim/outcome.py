"""What is replicated and what that yields, as values: a task, its outcomes, and two tasks compared."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any, Generic, Protocol, Self, TypeVar

from sim.errors import BadInput
from sim.estimate import Estimate, adjusted, p_value, paired


class Payload(Protocol):
    """Whatever else a replication carries (histograms, say): it can be stored, and two add up to one."""

    def __add__(self, other: Self, /) -> Self:
        """Both together, as if they had been recorded in one. Must not depend on how sums are grouped."""
        ...

    def to_json(self) -> Any:
        """The same in numbers, strings, lists and dicts with string keys; numbers finite."""
        ...


P = TypeVar("P", bound=Payload)

FALSE_SHARE = 0.05
"""Share of the differences called detectable that may be none, on average."""
FEWEST_PAIRS = 5
"""Pairs below which no difference is called detectable."""


@dataclass(frozen=True)
class Outcome(Generic[P]):
    """One replication: its KPIs by name, and its payload.

    A KPI that this replication could not observe (the time of an event that did not happen) is absent.
    ValueError if a KPI is not finite.
    """

    kpis: Mapping[str, float]
    payload: P

    def __post_init__(self) -> None:
        kpis = {name: float(value) for name, value in self.kpis.items()}
        for name, value in kpis.items():
            if not math.isfinite(value):
                raise ValueError(f"{name} ({value}) must be finite; leave out what was not observed")
        object.__setattr__(self, "kpis", kpis)


class Task(Protocol[P]):
    """What is replicated. It travels to worker processes, so it must be picklable.

    It must be a pure function: the same key and seed give the same outcome, on any process. The process that workers
    are forked from imports its module, and the one that it names as `workers_import` if it has that, for all to share.
    """

    @property
    def key(self) -> str:
        """Content hash of everything the outcome depends on besides the seed. Usable as a file name."""
        ...

    def __call__(self, seed: int) -> Outcome[P]:
        """Run the replication of *seed*."""
        ...

    def payload_from_json(self, document: Any) -> P:
        """The inverse of the payload's `to_json`. ValueError if *document* is not what that gives."""
        ...


@dataclass(frozen=True)
class Replications(Generic[P]):
    """The outcomes of one task by seed, at least one. Sets of disjoint seeds of the same task add with `+`.

    *key* is the task's content hash. All results are the same in whichever order and by however many workers
    the seeds were run.
    """

    key: str
    outcomes: Mapping[int, Outcome[P]]

    def __post_init__(self) -> None:
        if not self.outcomes:
            raise ValueError("replications need at least one outcome")
        object.__setattr__(self, "outcomes", dict(sorted(self.outcomes.items())))

    def __add__(self, other: Replications[P]) -> Replications[P]:
        if not isinstance(other, Replications):
            return NotImplemented
        if self.key != other.key:
            raise BadInput(
                f"results of {self.key} and of {other.key} do not merge: scenario, profile or version differ"
            )
        common = sorted(self.outcomes.keys() & other.outcomes.keys())
        if common:
            raise BadInput(f"results share seeds {_listed(common)}; counting them twice would narrow intervals")
        return Replications(self.key, {**self.outcomes, **other.outcomes})

    @property
    def payload(self) -> P:
        """The payloads of all replications added up."""
        return reduce(add, (outcome.payload for outcome in self.outcomes.values()))

    @property
    def kpi_names(self) -> list[str]:
        """Every KPI that at least one replication observed, in alphabetical order."""
        return sorted({name for outcome in self.outcomes.values() for name in outcome.kpis})

    def samples(self, kpi: str) -> dict[int, float]:
        """Values of *kpi* by seed, of the replications that observed it. BadInput if none did."""
        values = {seed: outcome.kpis[kpi] for seed, outcome in self.outcomes.items() if kpi in outcome.kpis}
        if not values:
            raise BadInput(f"kpi: {kpi!r} was not observed; must be one of {', '.join(self.kpi_names) or 'none'}")
        return values

    def estimate(self, kpi: str) -> Estimate:
        """Mean of *kpi* over the replications that observed it; its n says how many they are."""
        return Estimate.of(self.samples(kpi).values())

    def of_one_more(self, kpi: str) -> Estimate:
        """The same with an interval not for the mean but for one replication more."""
        return Estimate.of_one_more(self.samples(kpi).values())


@dataclass(frozen=True)
class Comparison(Generic[P]):
    """Two tasks on common random numbers. BadInput unless both ran the same seeds."""

    a: Replications[P]
    b: Replications[P]

    def __post_init__(self) -> None:
        if self.a.outcomes.keys() != self.b.outcomes.keys():
            alone = sorted(self.a.outcomes.keys() ^ self.b.outcomes.keys())
            raise BadInput(
                f"a paired comparison needs the same seeds on both sides; seeds {_listed(alone)} have no pair"
            )

    def differences(self) -> dict[str, Estimate]:
        """b - a by KPI, over the seeds on which both sides observed it; KPIs without such a seed are absent.

        Each interval holds at 95 % by itself; that all of them hold together is less likely: see `detectable`.
        """
        return {kpi: paired(a, b) for kpi, (a, b) in self._pairs().items()}

    def detectable(self) -> dict[str, bool]:
        """Whether each difference is told from chance, all of them considered (Benjamini and Hochberg at FALSE_SHARE).

        Two tasks that differ in nothing show none in at least 1 - FALSE_SHARE of comparisons. Fewer than FEWEST_PAIRS
        tell nothing: a lucky small spread is too likely.
        """
        tested: dict[str, float] = {}
        for kpi, (a, b) in self._pairs().items():
            p = p_value([y - x for x, y in zip(a, b, strict=True)])
            if p is not None and len(a) >= FEWEST_PAIRS:
                tested[kpi] = p
        passed = dict(zip(tested, adjusted(list(tested.values())), strict=True))
        return {kpi: passed.get(kpi, 1.0) <= FALSE_SHARE for kpi in self._pairs()}

    def _pairs(self) -> dict[str, tuple[list[float], list[float]]]:
        """Values of both sides by KPI, paired by the seeds on which both observed it."""
        result = {}
        for kpi in sorted(set(self.a.kpi_names) & set(self.b.kpi_names)):
            a, b = self.a.samples(kpi), self.b.samples(kpi)
            seeds = sorted(a.keys() & b.keys())
            if seeds:
                result[kpi] = [a[seed] for seed in seeds], [b[seed] for seed in seeds]
        return result


def _listed(seeds: list[int]) -> str:
    shown = ", ".join(str(seed) for seed in seeds[:5])
    return shown if len(seeds) <= 5 else f"{shown} and {len(seeds) - 5} more"
