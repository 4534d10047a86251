import dataclasses
import math
import pickle
from itertools import pairwise
from pathlib import Path

import pytest
from scipy.stats import kstest

from models.experiments import simulate as module
from models.experiments.replication import Histograms, ScenarioTask, outcome_of, share_of
from models.experiments.simulate import compare_scenarios, simulate, simulate_many
from models.experiments.warm_up import prepare
from models.redis_costs.parts import Draws
from models.redis_costs.profile import Profile, load_profile, profile_json
from models.results.result import INTERVALS, RunResult
from models.results.run_result import result_of
from models.run.run import expected_share, run_once
from models.scenario import Scenario, load_scenario
from models.vocabulary.units import SECOND
from sim.errors import BadInput
from sim.estimate import Estimate
from sim.seeds import derived_seeds
from tests.models.recordings import planned

SMALL = ("clients.count=300", "event.seats=30", "run.duration_s=40", "admission.rate_rps=20", "admission.burst=20")


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_scenario("onsale-small", SMALL)


@pytest.fixture(scope="module")
def result(scenario: Scenario) -> RunResult:
    return simulate(scenario)


def same(a: RunResult, b: RunResult) -> bool:
    """Whether two results agree in everything but dates, times spent and the engine's name."""
    apart = {"created", "wall_s", "compile_s", "engine"}
    manifests = [{k: v for k, v in r.manifest.items() if k not in apart} for r in (a, b)]
    return (
        manifests[0] == manifests[1]
        and a.kpis == b.kpis
        and a.facts == b.facts
        and a.stages == b.stages
        and a.histograms == b.histograms
        and a.series.equals(b.series)
    )


def test_the_same_scenario_and_seed_give_the_same_result(scenario: Scenario, result: RunResult) -> None:
    assert same(simulate(scenario), result)
    assert not same(simulate(scenario, seed=2), result)


def test_the_reference_gives_the_same_result(scenario: Scenario, result: RunResult) -> None:
    reference = simulate(scenario, engine="simpy")
    assert reference.manifest["engine"] == "simpy"
    assert same(reference, result)


def test_a_result_says_what_it_takes_to_reproduce_it(scenario: Scenario, result: RunResult) -> None:
    manifest = result.manifest
    assert manifest["scenario_full"] == scenario.model_dump(mode="json")
    assert (manifest["seed"], manifest["replications"], manifest["profile"]) == (1, 1, "talk-m7g")
    assert set(manifest["versions"]) == {"breakwater", "python", "numba", "numpy", "scipy", "simpy"}
    assert manifest["end_s"] == 40
    assert manifest["wall_s"] > 0
    assert manifest["created"].endswith("+00:00")


def test_a_run_ends_when_nobody_has_anything_left_to_do() -> None:
    result = simulate(load_scenario("onsale-small", (*SMALL, "run.duration_s=900")))
    assert result.manifest["end_s"] < 900
    assert result.manifest["end_reason"] == "nobody had anything left to do"
    assert len(result.series) == math.ceil(result.manifest["end_s"])
    assert result.series["waiting"].iloc[-1] == 0


def test_a_profile_made_without_keys_is_not_taken_for_one_in_which_they_cost_nothing(tmp_path: Path) -> None:
    """Calibrations of somebody's server have no KEYS, which would hold up others."""
    measured = load_profile("x86-valkey")
    free = measured.commands["KEYS"].model_copy(update={"call_us": 0.0, "per_key_us": 0.0})
    without = measured.model_copy(
        update={
            "name": "mine",
            "commands": {**measured.commands, "KEYS": free},
            "draws": Draws(parameters=(), values=()),
        }
    )
    path = tmp_path / "mine.json"
    path.write_text(profile_json(without), encoding="utf-8")
    settings = (*SMALL, f"redis.profile={path}")
    assert simulate(load_scenario("onsale-small", settings)).kpis["seats.sold"].best == 30
    with pytest.raises(BadInput, match=r"redis\.profile: mine has no cost for KEYS, which waiting_room\.core = keys"):
        simulate(load_scenario("onsale-small", (*settings, "waiting_room.core=keys")))


def test_the_facts_of_a_sale_that_sold_out(result: RunResult) -> None:
    facts, series = result.facts, result.series
    until = int(facts["sold_out_s"]) + 1
    assert facts["people"] == facts["sessions"] == 300
    assert facts["waiting_at_sold_out"] == 300 - series["admitted"][:until].sum()
    assert facts["waited_in_vain"] == facts["waiting_at_sold_out"]
    assert facts["admitted_without_seat"] == series["admitted"].sum() - 30
    assert facts["events_per_shard"][facts["hot_shard"]] == 1
    assert facts["connections_per_node"] == 2 * 1000


def test_those_who_were_told_do_not_wait_in_vain() -> None:
    result = simulate(load_scenario("onsale-small", (*SMALL, "event.on_sold_out=announce")))
    assert result.facts["waiting_at_sold_out"] > 0
    assert result.facts["waited_in_vain"] == 0


def certain(folder: Path) -> str:
    """The path of a profile that has nothing to draw from."""
    path = folder / "certain.json"
    profile = load_profile("talk-m7g").model_copy(update={"draws": Draws(parameters=(), values=())})
    path.write_text(profile_json(profile), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("workers", [1, 2])
def test_replications_give_students_interval_of_single_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, workers: int
) -> None:
    monkeypatch.setattr(module, "processes_for", lambda jobs: workers)
    scenario = load_scenario("onsale-small", (*SMALL, f"redis.profile={certain(tmp_path)}"))
    many = simulate_many(scenario, 3)
    singles = [simulate(scenario, seed=seed) for seed in derived_seeds(1, 3)]
    for name in ("wait.mean_s", "latency.status_p99_ms", "requests.total"):
        expected = Estimate.of(single.kpis[name].best for single in singles)  # type: ignore[misc]
        kpi = many.kpis[name]
        assert (kpi.low, kpi.best, kpi.high) == (expected.low, expected.best, expected.high)
        assert kpi.rests_on[-2:] == ("3 of 3 replications", INTERVALS["mean"])
    assert many.series.equals(singles[0].series)
    assert (many.manifest["replications"], many.manifest["interval"]) == (3, "mean")
    assert many.histograms["wait"].count == sum(single.histograms["wait"].count for single in singles)


@pytest.mark.parametrize("workers", [1, 2])
def test_every_replication_draws_its_profile_and_the_interval_is_for_one_more(
    scenario: Scenario, result: RunResult, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    monkeypatch.setattr(module, "processes_for", lambda jobs: workers)
    many = simulate_many(scenario, 3)
    best = load_profile("talk-m7g")
    seeds = derived_seeds(1, 3)
    profiles = [best.drawn(share_of(seed)) for seed in seeds]
    assert len({profile.script_overhead_us for profile in (best, *profiles)}) == 4
    singles = [result_of(run_once(scenario, profiles[k], seeds[k], "kernel"), "kernel", 0.0) for k in range(3)]
    for name in ("wait.mean_s", "latency.status_p99_ms", "redis.engine_cpu_mean_percent"):
        expected = Estimate.of_one_more(single.kpis[name].best for single in singles)  # type: ignore[misc]
        kpi = many.kpis[name]
        assert (kpi.low, kpi.best, kpi.high) == (max(0, expected.low), expected.best, expected.high)  # type: ignore[type-var]
        assert kpi.rests_on[-2:] == ("3 of 3 replications", INTERVALS["prediction"])
    assert many.series.equals(singles[0].series)
    manifest = {key: many.manifest[key] for key in ("replications", "seeds", "interval", "profile", "profile_hash")}
    assert manifest == {
        "replications": 3,
        "seeds": [1, *derived_seeds(1, 3)[1:]],
        "interval": "prediction",
        "profile": "talk-m7g",
        "profile_hash": result.manifest["profile_hash"],
    }


def test_the_interval_does_not_shrink_below_what_is_not_known_about_the_profile(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "processes_for", lambda jobs: 1)
    name, best = "redis.engine_cpu_mean_percent", load_profile("talk-m7g")
    values = [simulate_with(scenario, best.drawn((k + 0.5) / 50), name) for k in range(50)]
    for replications in (6, 24):
        kpi = simulate_many(scenario, replications).kpis[name]
        held = sum(kpi.low <= value <= kpi.high for value in values)  # type: ignore[operator]
        assert held >= 43  # 47.5 on average; of an interval of the mean of 24, less than 20


def simulate_with(scenario: Scenario, profile: Profile, kpi: str) -> float:
    found = result_of(run_once(scenario, profile, 1, "kernel"), "kernel", 0.0).best(kpi)
    assert found is not None
    return found


def test_an_interval_ends_where_a_kpi_can_be_no_further(scenario: Scenario) -> None:
    kpis = simulate_many(scenario, 2).kpis  # t with one degree of freedom is 12.7
    for name, kpi in kpis.items():
        if kpi.low is None or kpi.high is None:
            continue
        assert kpi.low >= (-1 if kpi.unit == "tau" else 0), name
        assert kpi.high <= {"percent": 100, "tau": 1}.get(kpi.unit, math.inf), name


def test_one_replication_has_no_interval(scenario: Scenario, result: RunResult) -> None:
    one = simulate_many(scenario, 1)
    assert {name: kpi.best for name, kpi in one.kpis.items()} == {name: kpi.best for name, kpi in result.kpis.items()}
    assert all(kpi.low is None for kpi in one.kpis.values())


def test_what_no_replication_observed_stays_unknown() -> None:
    unsold = load_scenario("onsale-small", (*SMALL, "event.seats=400"))
    kpi = simulate_many(unsold, 2).kpis["seats.sold_out_s"]
    assert (kpi.low, kpi.best, kpi.high) == (None, None, None)


def test_finished_replications_are_taken_from_the_store(
    scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "processes_for", lambda jobs: 1)
    before = simulate_many(scenario, 3, store=tmp_path)
    # from now on a run that is not stored fails, but for the first, which is run for its series
    monkeypatch.setattr(ScenarioTask, "__call__", None)
    after = simulate_many(scenario, 3, store=tmp_path)
    assert same(before, after)


def test_a_scenario_does_not_differ_from_itself_and_differs_from_another(scenario: Scenario) -> None:
    differences = compare_scenarios(scenario, scenario, 2)
    assert all(item.difference.best == 0 and not item.detectable for item in differences.values())
    slower = load_scenario("onsale-small", (*SMALL, "admission.rate_rps=12"))
    wait = compare_scenarios(scenario, slower, 5)["wait.mean_s"]
    assert wait.detectable
    assert wait.difference.best > 0
    assert wait.unit == "s"
    assert wait.b.best - wait.a.best == pytest.approx(wait.difference.best)
    assert wait.rests_on == (
        "95 % confidence interval of the mean difference",
        "every pair has its own draw of the profile talk-m7g, the same for both",
        wait.rests_on[2],
    )
    assert f"procedure over all {len(differences)} figures" in wait.rests_on[2]
    few = compare_scenarios(scenario, slower, 4)["wait.mean_s"]
    assert not few.detectable
    assert few.rests_on[2] == "with fewer than 5 pairs no difference is called detectable"


def test_both_of_a_pair_have_the_same_draw(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    """With twice the people the CPU doubles for every draw: its share varies much less than the CPU itself."""
    monkeypatch.setattr(module, "processes_for", lambda jobs: 1)
    few = load_scenario("onsale-small", (*SMALL, "clients.count=150", "event.seats=15"))
    cpu = compare_scenarios(few, scenario, 6)["redis.engine_cpu_mean_percent"]
    assert cpu.detectable
    assert cpu.difference.half_width < 0.6 * math.hypot(cpu.a.half_width, cpu.b.half_width)  # type: ignore[operator, arg-type]
    one = compare_scenarios(few, scenario, 1)["redis.engine_cpu_mean_percent"]
    assert one.rests_on == ()
    assert one.b.best == simulate(scenario).kpis["redis.engine_cpu_mean_percent"].best


def test_two_profiles_are_each_drawn(scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "processes_for", lambda jobs: 1)
    measured = load_scenario("onsale-small", (*SMALL, "redis.profile=x86-measured"))
    without = load_scenario("onsale-small", (*SMALL, f"redis.profile={certain(tmp_path)}"))
    told = {
        name: compare_scenarios(a, b, 2)["wait.mean_s"].rests_on[1]
        for name, a, b in (("both", scenario, measured), ("one", without, measured), ("none", without, without))
    }
    assert told == {
        "both": "every pair has its own draw of the profile talk-m7g and x86-measured",
        "one": "every pair has its own draw of the profile x86-measured",
        "none": "profiles are taken for certain",
    }


def test_one_pair_tells_no_difference_from_chance(scenario: Scenario) -> None:
    other = load_scenario("onsale-small", (*SMALL, "admission.rate_rps=12"))
    assert not any(item.detectable for item in compare_scenarios(scenario, other, 1).values())


@pytest.mark.parametrize("count", [0, -1])
def test_at_least_one_replication(scenario: Scenario, count: int) -> None:
    with pytest.raises(BadInput, match="replications"):
        simulate_many(scenario, count)
    with pytest.raises(BadInput, match="replications"):
        compare_scenarios(scenario, scenario, count)


def test_an_engine_nobody_knows_is_refused(scenario: Scenario) -> None:
    with pytest.raises(BadInput, match="'warp' is not known; must be one of kernel, simpy"):
        simulate(scenario, engine="warp")


def test_progress_goes_up_and_ends_with_the_runs(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.run.run.REPORT_EVERY_S", 0.0)
    told: list[tuple[float, int, float, str]] = []
    simulate_many(scenario, 2, progress=lambda *state: told.append(state))
    for earlier, later in pairwise(told):
        assert earlier[0] <= later[0]
        assert earlier[1] <= later[1]
    assert all(0 <= fraction <= 1 for fraction, *_ in told)
    assert told[-1][0] == 1
    assert told[-1][3] == "2 of 2 runs"


@pytest.mark.parametrize("name", ["onsale-small", "ladder-index", "ladder-keys-closed"])
def test_the_expected_share_rises_from_0_to_nearly_all(name: str) -> None:
    plan = planned(name=name)
    end_s = plan.params.run.end // SECOND
    shares = [expected_share(plan, second * SECOND) for second in range(end_s + 1)]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert 0.98 < shares[-1] <= 1


def test_preparing_happens_once() -> None:
    prepare("kernel")
    assert prepare("kernel") == 0


def test_a_task_travels_and_its_key_stands_for_all_that_decides(scenario: Scenario) -> None:
    task = ScenarioTask.of(scenario, "kernel")
    assert pickle.loads(pickle.dumps(task)) == task
    renamed = scenario.model_copy(update={"name": "other"})
    assert ScenarioTask.of(renamed, "kernel").key == task.key
    other_profile = load_scenario("onsale-small", (*SMALL, "redis.profile=x86-measured"))
    slower = load_scenario("onsale-small", (*SMALL, "admission.rate_rps=12"))
    keys = {
        task.key,
        *(ScenarioTask.of(s, "kernel").key for s in (other_profile, slower)),
        ScenarioTask.of(scenario, "simpy").key,
        ScenarioTask.of(scenario, "kernel", drawn=True).key,
    }
    assert len(keys) == 5


def test_a_task_with_a_trace_runs_where_the_file_of_its_profile_is_not(tmp_path: Path) -> None:
    trace, profile = tmp_path / "t.csv", tmp_path / "p.json"
    trace.write_text("arrival_s\n" + "1\n" * 300, encoding="utf-8")
    profile.write_text(profile_json(load_profile("x86-measured")), encoding="utf-8")
    changes = (f"clients.arrival={{profile: trace, file: {trace}}}", f"redis.profile={profile}")
    task = ScenarioTask.of(load_scenario("onsale-small", (*SMALL, *changes)), "kernel")
    profile.unlink()
    assert task(1).kpis["admission.total"] > 0
    trace.write_text("arrival_s\n" + "2\n" * 300, encoding="utf-8")
    with pytest.raises(BadInput, match=r"t\.csv has changed since the start"):
        task(1)


def test_what_has_nothing_to_draw_from_is_not_drawn(tmp_path: Path) -> None:
    scenario = load_scenario("onsale-small", (*SMALL, f"redis.profile={certain(tmp_path)}"))
    drawn = ScenarioTask.of(scenario, "kernel", drawn=True)
    assert drawn == ScenarioTask.of(scenario, "kernel")
    assert drawn.profile_of(7) is drawn.profile


def test_shares_are_spread_evenly_and_the_seeds_alone() -> None:
    shares = [share_of(seed) for seed in range(2000)]
    assert kstest(shares, "uniform").pvalue > 0.01
    assert shares[:3] == [share_of(seed) for seed in range(3)]


def test_histograms_of_replications_add_up_and_can_be_stored(scenario: Scenario) -> None:
    finished = run_once(scenario, load_profile("talk-m7g"), 1, "kernel")
    payload = outcome_of(finished).payload
    both = payload + payload
    assert both.by_name["wait"].count == 2 * payload.by_name["wait"].count
    assert Histograms.from_json(both.to_json()).by_name == both.by_name
    with pytest.raises(ValueError, match="by name"):
        Histograms.from_json([])


def test_a_result_is_immutable(result: RunResult) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.kpis = {}  # type: ignore[misc]
