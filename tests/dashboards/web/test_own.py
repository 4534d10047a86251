import time
from html import escape

import pytest

from dashboards.web.design import Design, changed_by
from dashboards.web.own import annotated, changes_as_yaml, problems_in, scenario_yaml
from models.documents.yaml_text import composed, line_in
from models.scenario import scenario_names, text_varied


def test_every_error_stands_at_its_line() -> None:
    text = "extends: onsale-300k\nredis:\n  shards: 0\nclients:\n  poll_intervall_s: 2\n"
    problems = problems_in(Design(text=text))
    assert len(problems) == 2
    said = annotated(text, problems)
    assert said.index('<span class="no">3</span>  shards: 0') < said.index("redis.shards: 0 is not allowed")
    assert said.index('<span class="no">5</span>') < said.index("did you mean clients.poll_interval_s")


def test_every_contradiction_is_told() -> None:
    text = "gateway: {pods: 2}\nautoscaling: {min_pods: 3, max_pods: 9}\nevent: {opens_at_s: 4000}\n"
    assert len(problems_in(Design(text=text))) > 1


@pytest.mark.parametrize("text", ["", "just words", "a: [1", "x: &a 1", "extends: nope", "extends: 3", "\x00"])
def test_a_text_that_is_no_scenario_is_one_line(text: str) -> None:
    (problem,) = problems_in(Design(text=text))
    assert "\n" not in problem
    assert escape(problem) in annotated(text, (problem,))


def test_text_is_not_taken_for_html() -> None:
    text = "redis: {shards: '<script>alert(1)</script>'}\n"
    assert "<script>" not in annotated(text, problems_in(Design(text=text)))


@pytest.mark.parametrize("name", [name for name, _ in scenario_names()])
def test_a_downloaded_scenario_is_the_scenario(name: str) -> None:
    scenario = Design(name).built()
    assert text_varied(scenario_yaml(scenario), "again")({}) == scenario


def test_changes_begin_a_scenario_of_ones_own() -> None:
    design = Design().with_value("redis.shards", 3).with_value("clients.poll_interval_s", 2)
    own = Design(text=f"extends: onsale-300k\n{changes_as_yaml(design)}")
    assert own.built().redis == design.built().redis
    assert own.built().clients == design.built().clients


def test_the_line_of_a_setting_or_of_the_section_around_it() -> None:
    text = "clients:\n  count: 3\n  load:\n    stages:\n      - {rate_rps: 1}\n      - {rate_rps: 2}\n"
    assert line_in(composed(text), "clients.count") == 2
    assert line_in(composed(text), "clients.load.stages.1.rate_rps") == 6
    assert line_in(composed(text), "clients.timeout_s") == 1
    assert line_in(composed(text), "redis.shards") is None


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("ladder-index", ["clients.load.stages.1.rate_rps=7000"]),
        ("spot-wave", ["faults.0.share_percent=20"]),
        ("onsale-300k", ["faults=[{kind: redis_failover, at_s: 9}]", "faults.0.shard=2"]),
    ],
)
def test_changed_items_of_a_list_begin_it_too(name: str, changes: list[str]) -> None:
    design = changed_by(Design(name), changes)
    own = Design(text=f"extends: {name}\n{changes_as_yaml(design)}")
    assert own.built().faults == design.built().faults
    assert own.built().clients == design.built().clients


def test_many_problems_are_told_soon_the_first_of_them_in_the_order_of_the_lines() -> None:
    """A thousand unknown keys took minutes, as the text was read once for each."""
    text = "extends: onsale-small\n" + "".join(f"unknown_{k}: 1\n" for k in range(1000))
    problems = problems_in(Design(text=text))
    assert len(problems) == 1000
    began = time.process_time()
    said = annotated(text, problems)
    assert time.process_time() - began < 5
    assert said.count("✗") == 20
    assert "and 980 more problems" in said
    text = "redis: {shards: 0}\nclients: {count: 0}\nadmission: {rate_rps: 0}\n"
    said = annotated(text, problems_in(Design(text=text)))
    assert said.index("redis.shards: 0") < said.index("clients.count: 0") < said.index("admission.rate_rps: 0")
