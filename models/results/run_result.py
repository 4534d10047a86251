"""From a finished run to its result, and the manifest that reproduces it."""

import hashlib
import platform
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from typing import Any

from models.redis_costs.profile import Profile, profile_json
from models.results.facts import facts_of, hot_node
from models.results.kpis import histograms_of, kpis_of
from models.results.origins import profile_origin
from models.results.result import RunResult
from models.results.series import series_of
from models.results.stages import stages_of
from models.run.run import Finished
from models.scenario import Scenario, scenario_hash
from models.vocabulary.units import SECOND
from sim import clock

PACKAGES = ("breakwater", "numba", "numpy", "scipy", "simpy")
REASONS = {clock.DRAINED: "nobody had anything left to do", clock.REACHED: "run.duration_s was reached"}


def result_of(finished: Finished, engine: str, compile_s: float) -> RunResult:
    """Return the result of one run."""
    plan, recording = finished.plan, finished.recording
    return RunResult(
        manifest=_manifest(finished, engine, compile_s),
        kpis=kpis_of(plan, recording),
        series=series_of(plan, recording),
        histograms=histograms_of(recording),
        stages=stages_of(plan, recording, hot_node(plan, recording)),
        facts=facts_of(plan, recording),
    )


def profile_hash(profile: Profile) -> str:
    """Return 16 hexadecimal digits that stand for the content of a profile."""
    return hashlib.sha256(profile_json(profile).encode()).hexdigest()[:16]


@cache
def versions() -> dict[str, str]:
    """Return the versions of everything that could change a result."""
    return {"python": platform.python_version()} | {package: version(package) for package in PACKAGES}


def _manifest(finished: Finished, engine: str, compile_s: float) -> dict[str, Any]:
    plan = finished.plan
    scenario: Scenario = plan.scenario
    return {
        "scenario": scenario.name,
        "scenario_hash": scenario_hash(scenario),
        "scenario_full": scenario.model_dump(mode="json"),
        "seed": plan.seed,
        "replications": 1,
        "seeds": [plan.seed],
        "interval": None,
        "engine": engine,
        "profile": plan.profile.name,
        "profile_kind": plan.profile.kind,
        "profile_title": plan.profile.title,
        "profile_origin": profile_origin(scenario, plan.profile),
        "profile_machine": plan.profile.machine,
        "profile_reading": scenario.redis.profile_reading or plan.profile.own_reading,
        "profile_readings": {name: reading.factor for name, reading in plan.profile.readings.items()},
        "profile_not_reached": list(plan.profile.precision.not_reached),
        "profile_file": scenario.redis.profile_file,
        "profile_hash": profile_hash(plan.profile),
        "versions": versions(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "wall_s": finished.wall_s,
        "compile_s": compile_s,
        "end_s": finished.stop.time / SECOND,
        "end_reason": REASONS[finished.stop.cause],
    }
