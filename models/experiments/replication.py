"""A scenario as something to replicate: what a worker process runs, and what it sends back."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Self

from models.experiments.warm_up import LOADED, prepare
from models.plan.node_costs import node_costs
from models.redis_costs.profile import Profile
from models.results.kpis import histograms_of, kpis_of
from models.results.run_result import profile_hash, versions
from models.run.run import Finished, run_once
from models.run.source_hash import simulation_hash
from models.scenario import Scenario, scenario_hash
from models.scenario.arrival import TraceArrival
from models.vocabulary.streams import Stream
from sim.draws import stream_starts, uniform
from sim.errors import BadInput
from sim.histogram import LogHistogram
from sim.outcome import Outcome

SOURCE = "models/experiments/replication.py"
"""This file, which all imports that decide about an outcome can be reached from."""


@cache
def identity() -> Mapping[str, str]:
    """Versions and sources: what decides about an outcome besides scenario, profile and seed."""
    return versions() | {"sources": simulation_hash(SOURCE)}


@dataclass(frozen=True, eq=False)
class Histograms:
    """Histograms by name that add up over replications."""

    by_name: Mapping[str, LogHistogram]

    def __add__(self, other: Self) -> Self:
        return type(self)({name: mine + other.by_name[name] for name, mine in self.by_name.items()})

    def to_json(self) -> dict[str, Any]:
        """As `from_json` reads it."""
        return {name: histogram.to_json() for name, histogram in self.by_name.items()}

    @classmethod
    def from_json(cls, document: Any) -> Self:
        """The inverse of `to_json`. ValueError if *document* is not what that writes."""
        if not isinstance(document, dict):
            raise ValueError(f"histograms are stored by name, not as {type(document).__name__}")
        return cls({name: LogHistogram.from_json(stored) for name, stored in document.items()})


@dataclass(frozen=True)
class ScenarioTask:
    """One scenario on one engine; `key` is the hash of everything but the seed that decides about its outcome.

    `drawn`: each seed draws its costs from those that the profile has to draw from, so that replications differ as much
    as is not known about the profile; else all have its best ones.
    """

    scenario: Scenario
    profile: Profile
    engine: str
    drawn: bool
    key: str

    @classmethod
    def of(cls, scenario: Scenario, engine: str, *, drawn: bool = False) -> Self:
        """Return the task of a scenario; BadInput if its profile cannot be read."""
        profile = node_costs(scenario.redis)
        drawn = drawn and bool(profile.draws.values)
        return cls(scenario, profile, engine, drawn, _key(scenario, profile, engine, drawn))

    @property
    def workers_import(self) -> str:
        """The module that processes are forked with which run it: none of them loads the engine by itself."""
        return LOADED if self.engine == "kernel" else __name__

    def profile_of(self, seed: int) -> Profile:
        """Return the profile that the replication of *seed* has."""
        return self.profile.drawn(share_of(seed)) if self.drawn else self.profile

    def __call__(self, seed: int) -> Outcome[Histograms]:
        """Run the replication of *seed*. BadInput if its trace of arrivals is not what it was, or not here."""
        arrival = self.scenario.clients.arrival
        if isinstance(arrival, TraceArrival) and self.key != _key(self.scenario, self.profile, self.engine, self.drawn):
            raise BadInput(f"clients.arrival.file: {arrival.file} has changed since the start, or is another file here")
        prepare(self.engine)
        return outcome_of(run_once(self.scenario, self.profile_of(seed), seed, self.engine))

    def payload_from_json(self, document: Any) -> Histograms:
        """The inverse of the payload's `to_json`."""
        return Histograms.from_json(document)


def _key(scenario: Scenario, profile: Profile, engine: str, drawn: bool) -> str:
    # the profile enters by its content; where its file lies, if it is one, says nothing and may not be known here
    named = scenario.model_copy(update={"redis": scenario.redis.model_copy(update={"profile": profile.name})})
    costs, same = "drawn" if drawn else "best", identity()
    parts = (scenario_hash(named), profile_hash(profile), costs, engine, same["breakwater"], same["sources"])
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def share_of(seed: int) -> float:
    """Return the number from 0 to 1 by which a seed picks its draw of a profile, of whatever profile and scenario."""
    return float(uniform(stream_starts(seed, len(Stream))[Stream.PROFILE], 0, 0))


def outcome_of(finished: Finished) -> Outcome[Histograms]:
    """Return what of a run is kept when there are many."""
    kpis = kpis_of(finished.plan, finished.recording)
    observed = {name: kpi.best for name, kpi in kpis.items() if kpi.best is not None}
    return Outcome(observed, Histograms(histograms_of(finished.recording)))
