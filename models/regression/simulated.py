"""The cases of a baseline that are simulated: runs with their seeds on the compiled engine, on several processes."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from models.experiments.warm_up import LOADED, prepare
from models.plan.node_costs import node_costs
from models.redis_costs.profile import Profile
from models.regression.baseline import SimulationCase
from models.regression.compare import EXTRA_CALLS, NO_EXTRA_CALLS, CaseKey, Measured
from models.results.facts import hot_node
from models.results.kpis import kpis_of, unit_of
from models.results.result import Stage
from models.results.run_result import profile_hash
from models.results.stages import stages_of
from models.run.run import Progress, run_once
from models.scenario import Scenario, load_scenario, scenario_hash
from models.scenario.waiting_room import ExtraCall
from sim.errors import BadInput
from sim.outcome import Outcome
from sim.workers import Crew, Job

ENGINE = "kernel"


@dataclass(frozen=True)
class Names:
    """The KPIs that a run knows, those that did not happen included."""

    names: frozenset[str]

    def __add__(self, other: Self) -> Self:
        return type(self)(self.names | other.names)

    def to_json(self) -> list[str]:
        """As `StagedTask.payload_from_json` reads it."""
        return sorted(self.names)


@dataclass(frozen=True)
class StagedTask:
    """A run of which the KPIs of every stage of its load are kept too, as `stage_20000_rps.engine_cpu_percent`."""

    scenario: Scenario
    profile: Profile
    key: str
    workers_import: ClassVar[str] = LOADED

    def __call__(self, seed: int) -> Outcome[Names]:
        """Run it with *seed*. BadInput if two stages of its load are alike."""
        prepare(ENGINE)
        finished = run_once(self.scenario, self.profile, seed, ENGINE)
        plan, recording = finished.plan, finished.recording
        found = {name: kpi.best for name, kpi in kpis_of(plan, recording).items()}
        for name, value in _of_stages(stages_of(plan, recording, hot_node(plan, recording))):
            if name in found:
                raise BadInput(f"clients.load.stages: two are {name.partition('.')[0]}; in a baseline each must differ")
            found[name] = value
        return Outcome({name: value for name, value in found.items() if value is not None}, Names(frozenset(found)))

    def payload_from_json(self, document: Any) -> Names:
        """The inverse of the payload's `to_json`."""
        return Names(frozenset(document))


def prepared(
    cases: Mapping[CaseKey, SimulationCase], extra: Sequence[ExtraCall]
) -> dict[CaseKey, tuple[StagedTask, dict[str, str]]]:
    """Return what runs each case and what it is made of; *extra* calls of changed scripts are added to its own.

    BadInput names the file and the case whose scenario or profile cannot be used.
    """
    tasks = {}
    for (file, name), case in cases.items():
        try:
            scenario = load_scenario(case.scenario, case.settings)
            profile = node_costs(scenario.redis)
        except BadInput as error:
            raise BadInput(f"{file}: cases.{name}: {error}") from None
        made_of = {
            "scenario": scenario_hash(scenario),
            "profile": f"{profile.name} {profile_hash(profile)}",
            EXTRA_CALLS: extra_text(extra),
        }
        room = scenario.waiting_room
        changed = room.model_copy(update={EXTRA_CALLS: (*room.extra_calls, *extra)})
        tasks[file, name] = StagedTask(scenario.model_copy(update={"waiting_room": changed}), profile, name), made_of
    return tasks


def run_cases(
    cases: Mapping[CaseKey, SimulationCase], extra: Sequence[ExtraCall], crew: Crew, progress: Progress | None = None
) -> dict[CaseKey, Measured]:
    """Run every case with its seed on *crew*, scripts changed by *extra*, and return what was measured.

    Raises as `prepared` and `sim.workers.Workers.run` do.
    """
    tasks = prepared(cases, extra)
    keys = list(tasks)
    began, requests = time.perf_counter(), 0
    found: dict[CaseKey, Measured] = {}
    for place, outcome in crew.run([Job(tasks[key][0], cases[key].seed) for key in keys]):
        values = {name: outcome.kpis.get(name) for name in outcome.payload.to_json()}
        units = {name: unit_of(name) for name in values}
        found[keys[place]] = Measured(values, units, tasks[keys[place]][1])
        requests += int(outcome.kpis["requests.total"])
        if progress is not None:
            note = f"{len(found)} of {len(keys)} cases"
            progress(len(found) / len(keys), requests, time.perf_counter() - began, note)
    return found


def extra_text(extra: Sequence[ExtraCall]) -> str:
    """Return calls that changed scripts make more or fewer as `status ZCOUNT +1`."""
    return ", ".join(f"{call.operation} {call.command} {call.calls:+d}" for call in extra) or NO_EXTRA_CALLS


def _of_stages(stages: Sequence[Stage]) -> Iterator[tuple[str, float | None]]:
    for stage in stages:
        load = f"stage_{stage.users}_users" if stage.rate_rps is None else f"stage_{stage.rate_rps:.10g}_rps"
        yield f"{load}.engine_cpu_percent", stage.engine_cpu_percent
        yield f"{load}.status_p50_ms", stage.status_p50_ms
        yield f"{load}.status_p99_ms", stage.status_p99_ms
        yield f"{load}.error_percent", stage.error_percent
