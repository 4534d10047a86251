import pytest

from dashboards.web import hold, running
from dashboards.web.design import Design
from dashboards.web.downloads import as_asked
from dashboards.web.finished import FINISHED
from dashboards.web.jobs import Run
from dashboards.web.messages import Refused
from dashboards.words import SLO_WORDS
from models.judge.asked import asked_in
from models.judge.verdict import judge
from tests.dashboards.synthetic import onsale_result
from tests.dashboards.web.conftest import Idle, Shown, finished_run
from tests.dashboards.web.pages import changes, html, notices, texts


def test_verdict_levels_reasons_and_timeline_come_in_that_order(shown: Shown) -> None:
    finished_run(Design())
    app = shown()
    assert not app.exception
    said = html(app)
    assert "The design does not hold" in said
    assert said.index("The design does not hold") < said.index(SLO_WORDS["mean_wait_s"]) < said.index("Binds first")
    headings = ["Why", "The central questions", "What to try", "What it rests on"]
    assert [heading.value for heading in app.subheader] == headings
    assert len(app.get("plotly_chart")) == 1


def test_a_changed_knob_is_marked_can_be_undone_and_stands_in_the_address(shown: Shown) -> None:
    finished_run(Design())
    app = shown()
    app.number_input(key="setting-redis.shards").set_value(3).run()
    assert changes(app) == ["redis.shards=3"]
    assert "onsale-300k" in texts(app)
    assert "Press Run" in texts(app)
    assert not app.button(key="run").disabled
    app.button(key="undo-redis.shards").click().run()
    assert changes(app) == []
    assert app.number_input(key="setting-redis.shards").value == 5
    assert app.button(key="run").disabled


def test_a_result_that_is_there_is_shown_with_what_was_without_the_changes(shown: Shown) -> None:
    finished_run(Design())
    finished_run(Design().with_value("redis.shards", 3))
    app = shown(v="1", scenario="onsale-300k", set="redis.shards=3")
    assert "onsale-300k, redis.shards=3" in html(app)
    assert "before: " in html(app)


def test_five_events_stand_beside_one_with_the_same_changes(shown: Shown) -> None:
    finished_run(Design().with_value("redis.shards", 3))
    app = shown(v="1", scenario="onsale-300k", set="redis.shards=3")
    assert not app.exception
    said = html(app)
    assert ">onsale-300k-five</th>" in said
    assert said.index("onsale-300k-five: ") < said.index('class="tiles"')
    assert "3 shards of cache.m7g.xlarge" in said[said.index("onsale-300k-five: ") :]


def test_the_run_beside_is_asked_for_once_the_design_s_own_is_there(shown: Shown, monkeypatch) -> None:
    job, asked = finished_run(Design()), []
    other = Run(Design("onsale-300k-five").built(), 1, 1)
    monkeypatch.setattr(FINISHED, "get", lambda key, get=FINISHED.get: None if key == other.key else get(key))
    monkeypatch.setattr(hold, "ask", lambda key, page: asked.append((key, page)))
    app = shown()
    first = [(job.key, "hold"), (other.key, "hold")]  # the page is visited for the first time
    assert asked == first
    app.run()
    assert asked == first  # one that was stopped is not asked for again
    assert ">onsale-300k-five</th>" not in html(app)
    assert FINISHED.get(job.key) is not None


def test_what_is_proposed_is_applied_and_asked_for(shown: Shown) -> None:
    finished_run(Design())
    tried = Design().with_value("event.on_sold_out", "announce")
    finished_run(tried)
    app = shown()
    actions = judge(onsale_result(Design().built()), Design().built()).actions
    place = next(k for k, action in enumerate(actions) if ("event.on_sold_out", "announce") in action.settings)
    app.button(key=f"try-{place}").click().run()
    assert changes(app) == ["event.on_sold_out=announce"]
    assert tried.label in html(app)


def test_a_what_if_is_compared_with_what_it_changes(shown: Shown) -> None:
    finished_run(Design().with_value("redis.shards", 3))
    app = shown(v="1", scenario="onsale-300k", set="redis.shards=3")
    app.button(key="compare").click().run()
    assert not app.exception
    assert app.query_params["page"] == "compare"
    assert app.query_params["b.scenario"] == "onsale-300k"
    assert app.text_area(key="b changes").value == ""


def test_a_link_restores_settings_seed_and_scenario(shown: Shown) -> None:
    finished_run(Design("onsale-300k-spread").with_value("redis.shards", 10), seed=9)
    app = shown(v="1", scenario="onsale-300k-spread", set="redis.shards=10", seed="9")
    assert app.selectbox(key="scenario").value == "onsale-300k-spread"
    assert app.number_input(key="setting-redis.shards").value == 10
    assert app.text_input(key="seed").value == "9"
    assert "onsale-300k-spread, redis.shards=10" in html(app)


def test_a_link_that_is_wrong_shows_the_default_and_why(shown: Shown) -> None:
    finished_run(Design())
    app = shown(v="1", scenario="onsale-300k", set="redis.shards=0")
    assert notices(app) == [
        "This link cannot be restored, the default is shown. "
        "redis.shards: 0 is not allowed; must be an integer from 1 to 500"
    ]
    assert app.number_input(key="setting-redis.shards").value == 5


def test_settings_that_contradict_each_other_are_told_at_the_field_and_not_run(shown: Shown) -> None:
    finished_run(Design())
    app = shown()
    app.number_input(key="setting-admission.call_window").set_value(500).run()
    assert "admission.call_window: 500 is not allowed" in html(app)
    assert app.button(key="run").disabled


def test_a_scenario_of_ones_own_begins_with_the_changes_and_shows_its_errors(shown: Shown) -> None:
    design = Design().with_value("redis.shards", 3)
    finished_run(design)
    finished_run(Design())
    app = shown(v="1", scenario="onsale-300k", set="redis.shards=3")
    app.selectbox(key="scenario").select("a scenario of your own").run()
    text = app.text_area(key="own text").value
    assert "extends: onsale-300k" in text
    assert "shards: 3" in text
    app.text_area(key="own text").set_value("extends: onsale-300k\nredis: {shards: 0}\n").run()
    assert "redis.shards: 0 is not allowed" in html(app)
    assert app.button(key="run").disabled
    app.text_area(key="own text").set_value("[").run()
    assert not app.exception
    assert "not valid YAML" in html(app)


def test_any_other_setting_can_be_changed_and_undone(shown: Shown) -> None:
    finished_run(Design())
    app = shown()
    app.text_input(key="any").set_value("gateway.heap.gogc=1000000").run()
    assert "gateway.heap.gogc: 1000000 is not allowed" in html(app)
    app.text_input(key="any").set_value("gateway.heap.gogc=50").run()
    assert changes(app) == ["gateway.heap.gogc=50"]
    app.button(key="undo-gateway.heap.gogc").click().run()
    assert changes(app) == []


def test_scaling_shows_its_knobs_when_it_is_on(shown: Shown) -> None:
    finished_run(Design())
    app = shown()
    assert not [each for each in app.number_input if each.key == "setting-autoscaling.min_pods"]
    app.toggle(key="setting-autoscaling").set_value(True).run()
    assert changes(app) == ["autoscaling={}"]
    app.number_input(key="setting-autoscaling.min_pods").set_value(7).run()
    assert changes(app) == ["autoscaling={}", "autoscaling.min_pods=7"]
    app.toggle(key="setting-autoscaling").set_value(False).run()
    assert changes(app) == []


def test_run_takes_settings_that_change_while_it_is_pressed(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Run] = []

    class Refusing(Idle):
        def ask(self, job: Run, page: str) -> None:
            asked.append(job)
            Refusing.key = job.key  # it is busy with that, whoever looks at it

        def listen(self, seconds: float) -> Refused:
            Refusing.key = None
            return Refused(asked[-1].key, "not now")

    finished_run(Design())
    app = shown()
    monkeypatch.setattr(running, "worker", Refusing)
    app.number_input(key="setting-redis.shards").set_value(4).run()
    assert asked == []
    app.number_input(key="setting-clients.poll_interval_s").set_value(2.0)
    app.button(key="run").click().run()
    assert [(job.scenario.redis.shards, job.scenario.clients.poll_interval_s) for job in asked] == [(4, 2)]
    assert "not now" in notices(app)


def test_a_download_of_a_what_if_says_what_was_changed_in_its_name_and_in_itself(shown: Shown) -> None:
    design = Design().with_value("redis.shards", 3)
    finished_run(design)
    app = shown(v="1", scenario="onsale-300k", set="redis.shards=3")
    assert [
        button.proto.id for button in app.get("download_button") if "onsale-300k-redis.shards=3.html" in button.proto.id
    ]
    result = onsale_result(design.built())
    verdict = judge(result, design.built())
    mine, judged = as_asked(result, verdict, design.built(), design.asked)
    assert asked_in(mine.manifest).words == "redis.shards = 3 (was 5)"
    assert all("--set redis.shards=3" in action.command for action in judged.actions)
    assert "asked" not in result.manifest  # what sessions share is as it was
