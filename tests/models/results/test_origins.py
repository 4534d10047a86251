import pytest

from models.redis_costs.profile import load_profile, profile_json
from models.results.kpis import kpis_of
from models.results.origins import SETTINGS, origin_of, rests_on
from models.scenario import load_scenario
from tests.models.recordings import blank, planned


@pytest.mark.parametrize(
    ("path", "origin"),
    [
        ("admission.rate_rps", "the talk"),
        ("admission.burst", "assumption"),
        ("network.client_one_way", "assumption"),
        ("gateway.cpu_cores", "traffic-tacos deployment-repo manifest, October 2025"),
        ("clients.arrival", "the talk"),
    ],
)
def test_an_origin_is_what_the_settings_description_says(path: str, origin: str) -> None:
    assert origin_of(load_scenario("onsale-300k"), path) == origin


def test_a_setting_that_was_changed_is_given() -> None:
    scenario = load_scenario("onsale-300k", ["admission.rate_rps=2000"])
    assert origin_of(scenario, "admission.rate_rps") == "given"


def test_every_setting_named_exists() -> None:
    scenario = load_scenario("autoscale-from-3", ("edge={}",))
    for path in {path for paths in SETTINGS.values() for path in paths}:
        assert origin_of(scenario, path)


def test_every_kpi_names_its_grounds_and_latency_the_profile() -> None:
    plan = planned()
    for name in kpis_of(plan, blank(plan, 10)):
        assert rests_on(name, plan.scenario, plan.profile)
    grounds = rests_on("latency.status_p99_ms", plan.scenario, load_profile("talk-m7g"))
    assert grounds[0] == "profile talk-m7g (fitted to a published projection, 2026-11-23, read as one_primary)"
    assert "assumption: network.client_one_way, network.client_jitter, gateway.cpu_us" in grounds


def test_a_profile_of_ones_own_is_named_with_its_file_as_it_was_given(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    mine = load_profile("x86-measured").model_copy(update={"name": "mine", "kind": "rescaled"})
    (tmp_path / "p.json").write_text(profile_json(mine), encoding="utf-8")
    plan = planned("redis.profile=p.json")
    found = [kpi.rests_on[0] for name, kpi in kpis_of(plan, blank(plan, 10)).items() if "engine_cpu" in name]
    assert len(found) > 3
    assert set(found) == {"profile mine (rescaled to production telemetry, 2026-11-23, file p.json)"}
