"""Simulated cases: KPIs of stages, what an extra call adds, and what cannot be run."""

import pytest

from models.redis_costs.profile import load_profile
from models.regression.baseline import SimulationCase
from models.regression.simulated import run_cases
from models.scenario.waiting_room import ExtraCall
from sim.errors import BadInput
from sim.workers import Workers

KEY = ("f.json", "a")
STAGES = "stages: [{rate_rps: 2000, duration_s: 2}, {rate_rps: %s, duration_s: 2}]"


def a_case(second_rate: int = 4000, scenario: str = "ladder-index") -> SimulationCase:
    load = f"mode: open_loop, settle_s: 0, mix: {{status: 1, join: 0, enter: 0}}, {STAGES % second_rate}"
    settings = ("clients.count=1000", "run.duration_s=4", f"clients.load={{{load}}}")
    return SimulationCase(made_of={}, scenario=scenario, settings=settings, seed=1)


def cpu_percent(*extra: ExtraCall) -> float:
    with Workers(1) as crew:
        found = run_cases({KEY: a_case()}, extra, crew)[KEY]
    assert found.units["stage_4000_rps.engine_cpu_percent"] == "percent"
    assert found.made_of["extra_calls"] == ("status ZSCORE +20" if extra else "none")
    value = found.values["stage_4000_rps.engine_cpu_percent"]
    assert value is not None
    return value


def test_extra_calls_cost_what_the_exact_law_of_the_engine_thread_says() -> None:
    extra = ExtraCall(operation="status", command="ZSCORE", on="none", calls=20)
    plain, changed = cpu_percent() / 100, cpu_percent(extra) / 100
    cost = load_profile("talk-m7g").commands["ZSCORE"]
    more_s = 20 * (cost.call_us + cost.element_us) / 1e6
    # U = L(a + b) / (1 + La): b more per request adds at most L more, and less as there are fewer wake-ups
    assert 0.5 * 4000 * more_s < changed - plain < 4000 * more_s


def test_two_stages_alike_are_refused() -> None:
    with Workers(1) as crew, pytest.raises(BadInput, match="two are stage_2000_rps"):
        run_cases({KEY: a_case(2000)}, (), crew)


def test_a_scenario_that_is_not_there_is_told_with_its_case() -> None:
    with Workers(1) as crew, pytest.raises(BadInput, match=r"^f\.json: cases\.a: scenario: .*nowhere"):
        run_cases({KEY: a_case(scenario="nowhere")}, (), crew)
