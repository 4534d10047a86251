"""One replication as evidence: its KPIs, those of its stages, its limits and the few series that claims ask for."""

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

from models.experiments.replication import ScenarioTask
from models.experiments.warm_up import LOADED, prepare
from models.judge.gateway_load import pods_by_second
from models.judge.limit import Limit, per_second
from models.judge.limits import limits_of
from models.judge.published import TALK_ENOUGH_RPS
from models.results.kpis import highest_minute
from models.results.result import RunResult, Stage
from models.results.run_result import result_of
from models.run.run import run_once
from models.run.source_hash import simulation_hash
from models.scenario import Scenario
from sim.outcome import Outcome

SOURCE = "models/ledger/observed.py"
SERIES = ("pods_ready",)
"""Columns of the series that are kept whole."""
FACTS = ("ceiling_rps", "waited_in_vain")
"""Facts that become KPIs `fact.*`."""
STAGE = ("engine_cpu_percent", "status_p50_ms", "status_p99_ms", "answered_rps", "error_percent", "commands_per_s")
"""Figures of a stage that become KPIs `stage.<number>.*`, counted from 0."""


@dataclass(frozen=True)
class Observed:
    """What replications leave beside KPIs, by seed: limits in the order they were reached, and series by name."""

    limits: Mapping[int, tuple[Limit, ...]]
    series: Mapping[int, Mapping[str, Sequence[float]]]

    def __add__(self, other: Self) -> Self:
        return type(self)({**self.limits, **other.limits}, {**self.series, **other.series})

    def to_json(self) -> dict[str, Any]:
        """As `from_json` reads it."""
        limits = {str(seed): [asdict(limit) for limit in found] for seed, found in self.limits.items()}
        return {"limits": limits, "series": {str(seed): dict(found) for seed, found in self.series.items()}}

    @classmethod
    def from_json(cls, document: Any) -> Self:
        """The inverse of `to_json`. ValueError, TypeError or LookupError if *document* is not what that writes."""
        limits = {int(seed): tuple(Limit(**found) for found in all_) for seed, all_ in document["limits"].items()}
        return cls(limits, {int(seed): found for seed, found in document["series"].items()})


@dataclass(frozen=True)
class EvidenceTask:
    """A scenario run on the kernel as evidence. `drawn`: each seed draws its costs from its profile."""

    task: ScenarioTask
    key: str
    workers_import: ClassVar[str] = LOADED

    @classmethod
    def of(cls, scenario: Scenario, *, drawn: bool) -> Self:
        """Return the task of a scenario; BadInput if its profile cannot be read."""
        task = ScenarioTask.of(scenario, "kernel", drawn=drawn)
        return cls(task, hashlib.sha256(f"{task.key}\n{simulation_hash(SOURCE)}".encode()).hexdigest()[:32])

    def __call__(self, seed: int) -> Outcome[Observed]:
        """Run the replication of *seed*."""
        prepare("kernel")
        scenario = self.task.scenario
        finished = run_once(scenario, self.task.profile_of(seed), seed, "kernel")
        result = result_of(finished, "kernel", 0.0)
        series = {name: result.series[name].astype(float).tolist() for name in SERIES}
        return Outcome(dict(_kpis(result, scenario)), Observed({seed: limits_of(result, scenario)}, {seed: series}))

    def payload_from_json(self, document: Any) -> Observed:
        """The inverse of the payload's `to_json`."""
        return Observed.from_json(document)


def _kpis(result: RunResult, scenario: Scenario) -> Iterator[tuple[str, float]]:
    """Yield the KPIs of the run, and what claims ask for beyond them, under names of their own."""
    yield from ((name, kpi.best) for name, kpi in result.kpis.items() if kpi.best is not None)
    yield from ((f"fact.{name}", float(result.facts[name])) for name in FACTS)
    yield "fact.enough_exceeded_s", float((result.series["sent_status"] > TALK_ENOUGH_RPS).sum())
    yield "fact.expired", float(result.series["expired"].sum())
    yield "fact.lapsed", float(result.series["lapsed"].sum())
    reserved = result.series["sent_reserve"].to_numpy(dtype=float)
    yield "fact.reserve_rps_peak", float(reserved.max())
    yield "fact.reserve_rps_peak_60s", highest_minute(reserved, float(reserved.size))
    yield "fact.waiting_at_end", float(result.series["waiting"].iloc[-1] + result.series["called"].iloc[-1])
    for number, stage in enumerate(result.stages):
        yield from _stage_kpis(result, scenario, number, stage)


def _stage_kpis(result: RunResult, scenario: Scenario, number: int, stage: Stage) -> Iterator[tuple[str, float]]:
    """Yield the figures of a stage, and its gateway CPU as a share of what the pods that ran could take."""
    name = f"stage.{number}"
    found = {figure: getattr(stage, figure) for figure in STAGE}
    yield from ((f"{name}.{figure}", value) for figure, value in found.items() if value is not None)
    cores = per_second(result, "gateway_cpu_cores") / pods_by_second(result, scenario)
    rows = slice(math.ceil(stage.start_s), math.floor(stage.end_s))
    if cores[rows].size:
        yield f"{name}.gateway_cpu_percent", 100 * float(cores[rows].mean()) / scenario.gateway.cpu_cores
