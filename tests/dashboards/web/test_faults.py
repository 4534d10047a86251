import json

import pytest

from dashboards.web.design import Design, changed_by
from dashboards.web.faults import KINDS, SHOWN, faults_of, with_faults
from dashboards.web.knobs import knob_of_field
from models.scenario import load_scenario, scenario_names
from sim.errors import BadInput
from tests.dashboards.web.conftest import Shown, finished_run
from tests.dashboards.web.pages import changes, html

FAILOVER = {"kind": "redis_failover", "at_s": 20.0}


@pytest.mark.parametrize("name", [name for name, _ in scenario_names()])
def test_the_faults_of_a_scenario_taken_over_change_nothing(name: str) -> None:
    design = Design(name)
    assert design.with_value("faults", faults_of(design)).built().faults == design.built().faults
    assert with_faults(design, faults_of(design)) == design


def test_a_fault_that_was_changed_by_its_path_is_one_of_the_faults() -> None:
    design = changed_by(Design("failover-at-peak"), ["faults.0.detection_s=5"])
    assert faults_of(design) == [{**FAILOVER, "detection_s": 5}]
    assert with_faults(design, [FAILOVER]) == Design("failover-at-peak")
    assert with_faults(design, []).built().faults == ()


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, model in KINDS.items() for name in SHOWN[model]])
def test_the_knobs_of_faults_take_their_limits_and_words_from_the_schema(kind: str, name: str) -> None:
    shown = knob_of_field(KINDS[kind], f"faults.0.{name}")
    assert 3 < len(shown.label) < 75
    wrong = "nothing" if shown.choices else int(shown.high or 0) + 1
    settings = {"kind": kind, "at_s": 20, name: wrong}
    with pytest.raises(BadInput, match=f"faults.0.{name}: .*is not allowed"):
        load_scenario("autoscale-from-3", [f"faults=[{json.dumps(settings)}]"])


def test_a_fault_is_added_changed_and_removed(shown: Shown) -> None:
    app = shown(v="1", page="trust", scenario="onsale-small")
    app.button(key="add-redis_failover").click().run()
    assert changes(app) == ['faults=[{"kind": "redis_failover", "at_s": 20}]']
    assert not [each for each in app.button if each.key == "add-redis_failover"]  # a primary dies once
    app.selectbox(key="fault-0-redis_failover-lost").select("host").run()
    app.number_input(key="fault-0-redis_failover-at_s").set_value(9.0).run()
    assert changes(app) == ['faults=[{"kind": "redis_failover", "at_s": 9.0, "lost": "host"}]']
    app.selectbox(key="fault-0-redis_failover-lost").select("process").run()
    assert changes(app) == ['faults=[{"kind": "redis_failover", "at_s": 9.0}]']
    app.button(key="remove-fault-0").click().run()
    assert changes(app) == []


def test_what_goes_wrong_with_pods_is_offered_where_they_scale(shown: Shown) -> None:
    app = shown(v="1", page="trust", scenario="onsale-small")
    assert not [each for each in app.button if each.key == "add-deploy"]
    app = shown(v="1", page="trust", scenario="spot-wave")
    app.button(key="add-deploy").click().run()
    assert app.number_input(key="fault-0-spot_wave-share_percent").value == 50
    app.button(key="undo-faults").click().run()
    assert changes(app) == []


def test_a_fault_that_cannot_be_is_told_beside_it(shown: Shown) -> None:
    finished_run(Design())
    app = shown(v="1", scenario="onsale-300k")
    app.button(key="add-redis_failover").click().run()
    app.number_input(key="fault-0-redis_failover-at_s").set_value(86_400.0).run()
    assert "faults.0.at_s: 86400 is not allowed; must be before the end of the run" in html(app)
    assert app.button(key="run").disabled
