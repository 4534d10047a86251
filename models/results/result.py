"""What a run hands back: immutable values that carry what they rest on.

A `RunResult` holds everything a verdict, a report or a regression check needs, and nothing that is still
alive: no simulator, no per-request objects. Its size does not grow with the number of requests.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from sim.estimate import Estimate
    from sim.histogram import LogHistogram


PREDICTION, MEAN = "prediction", "mean"
INTERVALS = {
    PREDICTION: "95 % prediction interval for one more on-sale, the uncertainty of the profile included",
    MEAN: "95 % confidence interval of the mean, the profile taken for certain",
}
"""What the intervals of KPIs over replications hold, in words, by the manifest's `interval` (one replication: None).

With the profile drawn anew for each replication it must not be the mean: its interval shrinks with every replication,
and what is not known about the profile does not.
"""


@dataclass(frozen=True, slots=True)
class Kpi:
    """One figure of merit: `best` in `unit`, with an interval (see INTERVALS) if more than one replication was run.

    `low` and `high` are None together and mean "no interval". `best` is None when the thing did not happen
    in the run (`seats.sold_out_s` of a sale that never sold out, a percentile of a request nobody sent).
    `rests_on` names the grounds: "profile talk-m7g (fitted to a projection)", "assumption:
    network.client_one_way", ... `at_least`: the true value is not below this one, as it counts somebody only as far as
    the run could follow (a request that was never answered, a person who was never let in).
    """

    low: float | None
    best: float | None
    high: float | None
    unit: str
    rests_on: tuple[str, ...] = ()
    at_least: bool = False

    def __post_init__(self) -> None:
        given = [bound for bound in (self.low, self.best, self.high) if bound is not None]
        if not all(math.isfinite(value) for value in given):
            raise ValueError(f"a KPI must be finite or None, not {self.low}, {self.best}, {self.high}")
        if (self.low is None) != (self.high is None):
            raise ValueError(f"a KPI has both bounds or none, not {self.low} and {self.high}")
        if given != sorted(given) or (self.low is not None and self.best is None):
            raise ValueError(f"a KPI needs low <= best <= high, not {self.low}, {self.best}, {self.high}")

    def as_json(self) -> dict[str, float | str | bool | None]:
        """The four fields of the command's contract, low, best, high and unit; `at_least` beside them if it is so."""
        shown: dict[str, float | str | bool | None] = {
            "low": self.low,
            "best": self.best,
            "high": self.high,
            "unit": self.unit,
        }
        return shown | ({"at_least": True} if self.at_least else {})


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of a load ladder, measured between `start_s` and `end_s` (settling time left out).

    `rate_rps` is the offered rate of an open-loop stage, `users` the population of a closed-loop one; the
    other is None. Latencies are None where no status request was answered. `commands_per_s` counts Redis
    commands, as the server's own statistics would.
    """

    name: str
    rate_rps: float | None
    users: int | None
    start_s: float
    end_s: float
    engine_cpu_percent: float
    status_p50_ms: float | None
    status_p99_ms: float | None
    answered_rps: float
    error_percent: float
    commands_per_s: float


@dataclass(frozen=True, slots=True, eq=False)
class RunResult:
    """A finished run: the manifest that reproduces it, KPIs, series, latency histograms, stages and facts.

    `series` has one row per simulated second (integer index) and the columns of `series.series_of`; `facts` holds what
    a verdict needs beside the KPIs (see `facts.facts_of`). With several replications the KPIs carry intervals and the
    series is that of the first seed.
    """

    manifest: Mapping[str, Any]
    kpis: Mapping[str, Kpi]
    series: pd.DataFrame
    histograms: Mapping[str, LogHistogram]
    stages: tuple[Stage, ...]
    facts: Mapping[str, Any]

    def best(self, kpi: str) -> float | None:
        """The best value of `kpi` in its unit; None if it did not happen or the run does not measure it."""
        found = self.kpis.get(kpi)
        return None if found is None else found.best


@dataclass(frozen=True, slots=True)
class Difference:
    """One KPI of two scenarios on common random numbers: `difference` is b - a, paired by seed.

    All three have confidence intervals of their means. `detectable` considers all KPIs that were compared (see
    `sim.outcome.Comparison.detectable`), the interval this one alone.
    """

    kpi: str
    unit: str
    a: Estimate
    b: Estimate
    difference: Estimate
    detectable: bool
    rests_on: tuple[str, ...] = ()
