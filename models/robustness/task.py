"""One replication and what is concluded of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

from models.experiments.replication import ScenarioTask
from models.experiments.warm_up import LOADED, prepare
from models.judge.verdict import judge
from models.results.run_result import result_of
from models.robustness.conclusions import Conclusion, conclusions_of
from models.run.run import run_once
from models.run.source_hash import simulation_hash
from models.scenario import Scenario
from sim.outcome import Outcome

SOURCE = "models/robustness/task.py"
"""This file, which all that decides about a conclusion can be reached from."""


@dataclass(frozen=True)
class Concluded:
    """Conclusions by seed."""

    by_seed: Mapping[int, tuple[Conclusion, ...]]

    def __add__(self, other: Self) -> Self:
        return type(self)({**self.by_seed, **other.by_seed})

    def to_json(self) -> dict[str, Any]:
        """As `from_json` reads it."""
        return {str(seed): [asdict(each) for each in found] for seed, found in self.by_seed.items()}

    @classmethod
    def from_json(cls, document: Any) -> Self:
        """The inverse of `to_json`. ValueError, TypeError or LookupError if *document* is not what that writes."""
        return cls({int(seed): tuple(Conclusion(**each) for each in found) for seed, found in document.items()})


@dataclass(frozen=True)
class ConclusionTask:
    """A scenario run on the kernel for what is concluded; each seed draws its costs from its profile."""

    task: ScenarioTask
    key: str
    workers_import: ClassVar[str] = LOADED

    @classmethod
    def of(cls, scenario: Scenario) -> Self:
        """Return the task of a scenario; BadInput if its profile cannot be read."""
        task = ScenarioTask.of(scenario, "kernel", drawn=True)
        return cls(task, hashlib.sha256(f"{task.key}\n{simulation_hash(SOURCE)}".encode()).hexdigest()[:32])

    def __call__(self, seed: int) -> Outcome[Concluded]:
        """Run the replication of *seed*."""
        prepare("kernel")
        scenario = self.task.scenario
        result = result_of(run_once(scenario, self.task.profile_of(seed), seed, "kernel"), "kernel", 0.0)
        found = conclusions_of(result, scenario, judge(result, scenario))
        kpis = {each.key: each.value for each in found if each.value is not None}
        kpis["requests.total"] = result.best("requests.total") or 0.0
        return Outcome(kpis, Concluded({seed: found}))

    def payload_from_json(self, document: Any) -> Concluded:
        """The inverse of the payload's `to_json`."""
        return Concluded.from_json(document)
