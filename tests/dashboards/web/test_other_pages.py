"""The pages beside *Will it hold?*, on results that are made up."""

from datetime import date
from html import escape

import pytest

from dashboards.web.breaks import current_sweep, default_values
from dashboards.web.compare import current_comparison
from dashboards.web.design import Design
from dashboards.web.finished import FINISHED
from dashboards.web.jobs import Run, Validate
from dashboards.web.link import View
from models.experiments.sweep.design import design_of
from models.judge.verdict import judge
from models.judge.wording import plural
from models.ledger.book import judged, wanted_claims
from models.ledger.measured import read_measured
from models.redis_costs.profile import load_profile
from real_adapter.calibrate.accuracy import document_of, stored_verification, verification_of
from tests.dashboards.synthetic import difference, ladder_run
from tests.dashboards.web.conftest import Shown, finished_run
from tests.dashboards.web.pages import html, notices, texts
from tests.models.ledger.made_up import sources
from tests.sweeps import sweep_of

CPU = "redis.engine_cpu_peak_60s_percent"


def test_designs_are_added_changed_compared_and_removed(shown: Shown) -> None:
    other = Design().with_value("redis.shards", 3)
    view = View(page="compare", others=(other,))
    found = {
        "wait.mean_s": difference("wait.mean_s", "s", 200, 20, 5),
        CPU: difference(CPU, "percent", 50, 1, 5),
    }
    FINISHED.put(current_comparison(view).key, (found,))
    app = shown(v="1", page="compare")
    app.button(key="add-a copy of A, to change").click().run()
    app.text_area(key="b changes").set_value("redis.shards=3").run()
    assert app.query_params["b.set"] == "redis.shards=3"
    said = html(app)
    assert "+20 s (+15 s to +25 s)" in said
    assert "no detectable difference" in said
    assert len(app.get("plotly_chart")) == 1
    app.button(key="remove-b").click().run()
    assert "b.scenario" not in app.query_params


def test_a_wrong_change_of_a_design_is_told_under_it_and_not_taken(shown: Shown) -> None:
    app = shown(v="1", page="compare", b__scenario="onsale-small")
    app.text_area(key="b changes").set_value("redis.shards=0").run()
    assert "redis.shards: 0 is not allowed" in html(app)
    assert app.text_area(key="b changes").value == "redis.shards=0"
    assert "b.set" not in app.query_params


def test_a_link_restores_up_to_four_designs(shown: Shown) -> None:
    app = shown(v="1", page="compare", b__scenario="onsale-small", c__set="redis.shards=3", c__scenario="onsale-small")
    assert app.selectbox(key="b scenario").value == "onsale-small"
    assert app.text_area(key="c changes").value == "redis.shards=3"
    assert app.query_params["c.set"] == "redis.shards=3"


def test_what_breaks_first_is_said_and_drawn(shown: Shown) -> None:
    vary = ("redis.shards=1,2,5",)
    job, problem = current_sweep(View(design=Design("onsale-small"), vary=vary), vary)
    assert problem is None
    assert job is not None
    made = sweep_of(design_of(vary, None, 1), {CPU: lambda point: 180 / point["redis.shards"]})
    FINISHED.put(job.key, made)
    app = shown(v="1", page="breaks", scenario="onsale-small", vary="redis.shards=1,2,5")
    assert not app.exception
    assert "2 of 3 cells hold." in html(app)
    assert "between redis.shards=2 and redis.shards=1" in html(app)
    assert len(app.get("plotly_chart")) == 2
    app.text_input(key="values 0").set_value("1,x").run()
    assert escape("redis.shards: 'x' is not allowed") in html(app)
    app.text_input(key="values 0").set_value(",".join(map(str, range(1, 100)))).run()
    assert "99 cells are too many for this page" in html(app)


def test_the_settings_that_are_varied_can_be_chosen(shown: Shown) -> None:
    app = shown(v="1", page="breaks", scenario="onsale-small")
    assert app.selectbox(key="vary 0").value == "clients.count"
    app.selectbox(key="vary 1").select("redis.shards").run()
    assert app.query_params["vary"] == ["clients.count=750,1500,2250,3000,4500", "redis.shards=1,2,4,5,8"]
    app.selectbox(key="vary 1").select("nothing else").run()
    assert app.query_params["vary"] == "clients.count=750,1500,2250,3000,4500"


@pytest.mark.parametrize("path", ["redis.node_type", "waiting_room.core", "clients.bots.share", "slo.oversold"])
def test_values_that_are_offered_can_be_run(path: str) -> None:
    vary = (default_values(Design("onsale-small"), path),)
    job, problem = current_sweep(View(design=Design("onsale-small"), vary=vary), vary)
    assert problem is None
    assert job is not None


def test_the_bill_is_shown_with_what_moves_it(shown: Shown) -> None:
    finished_run(Design())
    app = shown(v="1", page="cost")
    assert not app.exception
    assert "An event costs" in html(app)
    assert "Redis nodes" in html(app)
    assert len(app.get("plotly_chart")) == 2


def test_a_ladder_has_no_bill(shown: Shown) -> None:

    ladder = Design("ladder-index").built()
    result = ladder_run(ladder)
    FINISHED.put(Run(ladder, 1, 1).key, (result, judge(result, ladder)))
    app = shown(v="1", page="cost", scenario="ladder-index")
    assert not app.exception
    assert "has no bill" in app.info[0].value


def test_a_profile_says_what_it_is_how_old_and_how_exact(shown: Shown) -> None:
    app = shown(v="1", page="trust")
    assert not app.exception
    said = html(app)
    assert "fitted to a published projection" in said
    made = load_profile("talk-m7g").date
    assert f"{plural((date.today() - date.fromisoformat(made)).days, 'day')}, of {made}" in said
    assert "settings that are assumptions" in said
    assert "has not been held against a server" in notices(app)[0]
    assert len(app.get("plotly_chart")) == 2  # residuals, and the profile that was verified


def test_a_verified_profile_is_shown_with_its_own_verification(shown: Shown) -> None:
    app = shown(v="1", page="trust", scenario="onsale-small", set="redis.profile=x86-valkey")
    assert not notices(app)
    found = stored_verification("x86-valkey")
    assert found is not None
    assert f"All {len(found.cases)} comparisons" in html(app)


def test_a_stored_verification_is_the_contracts_document() -> None:
    found = stored_verification("x86-valkey")
    assert found is not None
    assert verification_of(document_of(found)) == found
    assert found.profile == "x86-valkey"
    assert stored_verification("talk-m7g") is None


def test_the_ledger_is_made_when_asked_for(shown: Shown) -> None:
    app = shown(v="1", page="trust")
    assert "Each figure that the talk publishes" in texts(app)
    assert [button.label for button in app.button if "claim" in button.label] == ["Check every claim"]
    made = judged(wanted_claims(()), sources(lambda run, name, seed: 10.0 + seed), questions=True)
    FINISHED.put(Validate().key, (made, read_measured()))
    app.run()
    assert not app.exception
    assert f"{len(made.entries)} claims:" in html(app)
