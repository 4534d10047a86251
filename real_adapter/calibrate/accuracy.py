"""Predicted against measured, as data: what a verification found, and its JSON document."""

import json
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.redis_costs.profile import PROFILES
from sim.estimate import Estimate

CPU, P50, P99, CEILING, DIFFERENCE = (
    "engine_cpu_percent",
    "p50_us",
    "p99_us",
    "ceiling_rps",
    "engine_cpu_difference_percent",
)
MEDIAN_CPU_PERCENT, WORST_CPU_PERCENT = 5.0, 10.0
"""How far a prediction may be off in an unchanged machine state."""
SLOWER = ("core", "memory")
STORED = PROFILES / "accuracy"
"""Verifications of shipped profiles, by their names."""


@dataclass(frozen=True)
class Comparison:
    """One metric of one case. `allowed_percent` is the bound on the error, or the repeatability where that is worse."""

    name: str
    metric: str
    predicted: Estimate
    measured: Estimate
    allowed_percent: float

    @property
    def error_percent(self) -> float:
        """Predicted over measured, less 100 %."""
        return 100 * (self.predicted.best / self.measured.best - 1)

    @property
    def met(self) -> bool:
        """Whether the error is within its bound."""
        return abs(self.error_percent) <= self.allowed_percent


@dataclass(frozen=True)
class Verification:
    """All comparisons of one profile with one server, and what kept windows from counting.

    `state_percent`: by how much more engine CPU loads take now that the calibration measured too, over what the speed
    of the processor explains; None if it did not. `slower`: how many times as long a step of arithmetic and a load
    from memory took as at the speed that the profile's costs are of; None if either is not known.
    """

    profile: str
    server: str
    machine: str
    cases: tuple[Comparison, ...]
    discarded: Mapping[str, int]
    not_measured: tuple[str, ...]
    state_percent: Estimate | None = None
    slower: tuple[float, float] | None = None

    @property
    def state_changed(self) -> bool:
        """Whether the machine is in another state than when it was calibrated, in which no target can be judged."""
        return self.state_percent is not None and abs(self.state_percent.best) > MEDIAN_CPU_PERCENT

    @property
    def cpu_errors_percent(self) -> list[float]:
        """Return the absolute errors of engine CPU."""
        return [abs(case.error_percent) for case in self.cases if case.metric == CPU]

    @property
    def median_error_percent(self) -> float:
        """Of engine CPU."""
        return statistics.median(self.cpu_errors_percent)

    @property
    def worst_error_percent(self) -> float:
        """Of engine CPU."""
        return max(self.cpu_errors_percent)

    @property
    def within_bounds(self) -> bool:
        """Whether every target is met and everything was measured."""
        return (
            self.median_error_percent <= MEDIAN_CPU_PERCENT
            and all(case.met for case in self.cases)
            and not self.not_measured
        )


def document_of(verification: Verification) -> dict[str, Any]:
    """Return what `verify-calibration --json` prints."""

    def estimate(value: Estimate) -> dict[str, float | None]:
        return {"low": value.low, "best": value.best, "high": value.high}

    return {
        "profile": verification.profile,
        "server": verification.server,
        "machine": verification.machine,
        "cases": [
            {
                "name": case.name,
                "metric": case.metric,
                "predicted": estimate(case.predicted),
                "measured": estimate(case.measured),
                "error_percent": case.error_percent,
                "allowed_percent": case.allowed_percent,
                "met": case.met,
            }
            for case in verification.cases
        ],
        "median_error_percent": verification.median_error_percent,
        "worst_error_percent": verification.worst_error_percent,
        "discarded_windows": dict(verification.discarded),
        "not_measured": list(verification.not_measured),
        "machine_state_change_percent": None
        if verification.state_percent is None
        else estimate(verification.state_percent),
        "processor_slower_times": None
        if verification.slower is None
        else dict(zip(SLOWER, verification.slower, strict=True)),
    }


def verification_of(document: Mapping[str, Any]) -> Verification:
    """Return the verification in a document as `document_of` makes it."""
    cases = tuple(
        Comparison(
            name=case["name"],
            metric=case["metric"],
            predicted=_estimate(case["predicted"]),
            measured=_estimate(case["measured"]),
            allowed_percent=case["allowed_percent"],
        )
        for case in document["cases"]
    )
    return Verification(
        profile=document["profile"],
        server=document["server"],
        machine=document["machine"],
        cases=cases,
        discarded=document["discarded_windows"],
        not_measured=tuple(document["not_measured"]),
        state_percent=_estimate(state) if (state := document.get("machine_state_change_percent")) else None,
        slower=(slower["core"], slower["memory"]) if (slower := document.get("processor_slower_times")) else None,
    )


def stored_verification(profile: str) -> Verification | None:
    """Return what was found when a shipped profile was verified; None if that is not stored."""
    path = STORED / Path(f"{profile}.json").name
    return verification_of(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None


def _estimate(ends: Mapping[str, float | None]) -> Estimate:
    """Return the estimate that was written as its ends; how many windows it rests on was not."""
    low, best, high = ends["low"], ends["best"], ends["high"]
    if best is None:
        raise ValueError("an estimate has a best value")
    return Estimate(low, best, high, 1 if low is None else 2)
